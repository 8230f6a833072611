#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws what `beachbench engine --json` printed as an SVG chart: a group of bars for each workload, a bar for
each engine, as long as its rate is of the group's best; the rates stand beside them.

    beachbench engine --peers rocksdb,leveldb,lmdb --json > run.json
    python3 scripts/engine_chart.py run.json docs/images/engine.svg

Exit code 3 when the file cannot be read or holds no rows. Needs nothing but Python.
"""

import json
import sys
from xml.sax.saxutils import escape

COLORS = {"beachdb": "#0b6e99", "rocksdb": "#d98c3f", "leveldb": "#8aa63c", "lmdb": "#9a7bb0"}
OTHER_COLOR = "#888888"
WIDTH, LABEL, RATE, MARGIN = 760, 170, 70, 16
BAR, GAP, HEAD = 14, 12, 62


def rate(per_second):
    """482k, 8.40M: as the table has it."""
    if per_second >= 1e6:
        return f"{per_second / 1e6:.2f}M"
    if per_second >= 1e4:
        return f"{per_second / 1e3:.0f}k"
    if per_second >= 1e3:
        return f"{per_second / 1e3:.1f}k"
    return f"{per_second:.0f}"


def groups_of(rows):
    """[(label, [(engine, ops_per_s)])], in the order of the rows."""
    groups = {}
    for row in rows:
        groups.setdefault((row["workload"], row["threads"]), []).append((row["engine"], row["ops_per_s"]))
    several = {workload for workload, _ in groups if sum(w == workload for w, _ in groups) > 1}
    return [(f"{workload}, {threads} thr." if workload in several else workload, bars)
            for (workload, threads), bars in groups.items()]


def text(x, y, words, anchor="start", size=12, weight="normal"):
    return (f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}">'
            f"{escape(words)}</text>")


def draw(document):
    """The chart as SVG. ValueError where there is nothing to draw."""
    groups = groups_of(document.get("rows", []))
    if not groups:
        raise ValueError("no rows")
    engines = [engine["name"] for engine in document["engines"]]
    settings = document["settings"]
    out = [text(MARGIN, 24, "Operations a second; longer is faster", size=15, weight="bold"),
           text(WIDTH - MARGIN, 24, f'{settings["n"]} records, medians of {settings["rounds"]} rounds', "end")]
    x = MARGIN
    for engine in engines:
        out.append(f'<rect x="{x}" y="36" width="12" height="12" fill="{COLORS.get(engine, OTHER_COLOR)}"/>')
        out.append(text(x + 18, 46, engine))
        x += 110
    y = HEAD
    full = WIDTH - LABEL - RATE - 2 * MARGIN
    for label, bars in groups:
        best = max(value for _, value in bars) or 1
        out.append(text(MARGIN, y + BAR * len(bars) / 2 + 4, label))
        for engine, value in bars:
            length = round(full * value / best, 1)
            out.append(f'<rect x="{MARGIN + LABEL}" y="{y}" width="{length}" height="{BAR - 2}" '
                       f'fill="{COLORS.get(engine, OTHER_COLOR)}"/>')
            out.append(text(MARGIN + LABEL + length + 6, y + BAR - 4, rate(value), size=10))
            y += BAR
        y += GAP
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" '
            f'font-family="sans-serif" fill="#222222">\n<rect width="{WIDTH}" height="{y}" fill="#ffffff"/>\n'
            + "\n".join(out) + "\n</svg>\n")


def main(arguments):
    if len(arguments) != 2 or arguments[0] in ("-h", "--help"):
        print(__doc__.strip(), file=sys.stderr)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    try:
        with open(arguments[0], encoding="utf-8") as source:
            svg = draw(json.load(source))
        with open(arguments[1], "w", encoding="utf-8") as target:
            target.write(svg)
    except (OSError, ValueError, KeyError) as error:
        print(f"engine_chart.py: {arguments[0]}: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
