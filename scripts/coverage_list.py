# SPDX-License-Identifier: Apache-2.0
"""docs/coverage_unreached.txt: what no test and no sweep reaches, and why that is so.

    engine/wal/recovery.cc Walker::Run
      line: return Fail(status.error());
      true: offset > limit
      why: one sentence, which may go on
        in lines that are indented further

A block names a file and a function, then what is not reached in it: `line`, a line by its text (`*`: the
whole function, none of whose lines is); `true` or `false`, the side of a condition that is not taken, by the condition's
text. `why` ends a group and applies to all since the last one. `varies` in its place: reached in some runs,
for a reason that the text gives (real threads). Entries survive edits elsewhere: no line numbers.
"""

import collections

KINDS = ("line", "true", "false")


class ListError(Exception):
    pass


Entry = collections.namedtuple("Entry", "path function kind text varies why")


def parse(text):
    entries, where, waiting = [], None, []
    why_lines = None  # of the last group, to be continued
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            if waiting:
                raise ListError(f"line {number}: the entries before have no reason")
            where = line.split(maxsplit=1)
            if len(where) != 2:
                raise ListError(f"line {number}: expected FILE FUNCTION")
            why_lines = None
            continue
        if line.startswith("    ") and why_lines is not None:
            why_lines.append(line.strip())
            continue
        kind, colon, rest = line.strip().partition(":")
        rest = rest.strip()
        if where is None or not colon or not rest:
            raise ListError(f"line {number}: expected `KIND: TEXT` below FILE FUNCTION")
        if kind in ("why", "varies"):
            if not waiting:
                raise ListError(f"line {number}: a reason for nothing")
            why_lines = [rest]
            entries += [Entry(*where, of, what, kind == "varies", why_lines) for of, what in waiting]
            waiting = []
        elif kind in KINDS:
            waiting.append((kind, rest))
            why_lines = None
        else:
            raise ListError(f"line {number}: `{kind}` is none of {', '.join(KINDS)}, why, varies")
    if waiting:
        raise ListError("the last entries have no reason")
    return entries


def judge(missed, entries, unreached):
    """missed: (path, line, function, kind, text) of what was not reached; unreached: (path, function) of
    which no line was. Returns those that no entry names, and the entries that name nothing of it."""
    index = {}
    for entry in entries:
        index.setdefault((entry.path, entry.function, entry.kind, entry.text), []).append(entry)
    used, not_listed = set(), []
    for item in missed:
        path, _, function, kind, text = item
        found = index.get((path, function, kind, text))
        if not found and (path, function) in unreached:
            found = index.get((path, function, "line", "*"))
        if found:
            used.update(id(entry) for entry in found)
        else:
            not_listed.append(item)
    stale = [e for e in entries if id(e) not in used and not e.varies]
    return not_listed, stale
