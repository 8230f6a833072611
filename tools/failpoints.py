#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists every failpoint of the sources with what its comment says, for `beachcrash points`.

A failpoint is BEACH_FAILPOINT("name"), where the process may die, or BEACH_FAULTPOINT("name"), where a call
may fail. In the lines right above it stands

    // FAILPOINT: name: what a crash here leaves, or what fails

An error is one without its comment, a comment without its failpoint, a name that stands twice, and a name
that is not of the form: words of lower case with underscores; of a fault, ending in _error.

  tools/failpoints.py --root .                                   prints the table
  tools/failpoints.py --root . --output points.inc --depfile d   writes it for the build
"""

import argparse
import os
import re
import sys

# What the worker of beachcrash passes: the driver of a node is struck in the simulator alone.
FOLDERS = ["engine", "server"]
MARK = re.compile(r'\bBEACH_(FAILPOINT|FAULTPOINT)\("([^"]*)"\)')
COMMENT = re.compile(r"^\s*// FAILPOINT: (\S+): (.*)$")
MORE = re.compile(r"^\s*// (.*)$")
NAME = re.compile(r"[a-z]+(_[a-z0-9]+)+")


def sources(root, folders):
    for folder in folders:
        for path, below, files in os.walk(os.path.join(root, folder)):
            below[:] = sorted(name for name in below if name not in ("testing", "testdata"))
            yield path, [os.path.join(path, name) for name in sorted(files)
                         if name.endswith((".cc", ".h")) and not name.endswith("_test.cc")]


def comment_above(lines, number):
    """The name and text of the comment that ends within two lines above a mark; None: there is none."""
    for back in (1, 2):  # the mark may stand behind the beginning of its statement
        at = number - back
        text = []
        while at >= 0:
            named = COMMENT.match(lines[at])
            if named:
                return at, named.group(1), " ".join([named.group(2), *reversed(text)])
            more = MORE.match(lines[at])
            if not more:
                break
            text.append(more.group(1))
            at -= 1
    return None


def points_of(path, text):
    """The (kind, name, text) of one source, and what is wrong with it."""
    lines = text.split("\n")
    points, wrong, used = [], [], set()
    for number, line in enumerate(lines):
        mark = MARK.search(line)
        if not mark or line.lstrip().startswith(("//", "#define")):
            continue
        kind = "crash" if mark.group(1) == "FAILPOINT" else "fault"
        name = mark.group(2)
        where = f"{path}:{number + 1}: {name}"
        if not NAME.fullmatch(name) or (kind == "fault") != name.endswith("_error"):
            wrong.append(f"{where}: a crash point is words with underscores, a fault point ends in _error")
        above = comment_above(lines, number)
        if above is None or above[1] != name:
            wrong.append(f"{where}: say above it `// FAILPOINT: {name}: what it leaves`")
            continue
        used.add(above[0])
        points.append((kind, name, above[2].rstrip(".")))
    for number, line in enumerate(lines):
        if COMMENT.match(line) and number not in used:
            wrong.append(f"{path}:{number + 1}: this comment stands above no failpoint")
    return points, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True, help="the top of the source tree")
    parser.add_argument("--output", help="the header to write")
    parser.add_argument("--depfile", help="a Makefile rule of what was read")
    arguments = parser.parse_args()
    rows, wrong, read, seen = [], [], [], {}
    for folder, files in sources(arguments.root, FOLDERS):
        read.append(folder)
        for file in files:
            read.append(file)
            path = os.path.relpath(file, arguments.root)
            with open(file, encoding="utf-8") as source:
                points, errors = points_of(path, source.read())
            wrong += errors
            for kind, name, text in points:
                if name in seen:
                    wrong.append(f"{path}: {name} stands in {seen[name]} too: give it a name of its own")
                seen[name] = path
                rows.append((name, kind, path, text))
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    text = "".join(f'BEACH_POINT("{name}", PointKind::k{kind.capitalize()}, "{path}",\n'
                   f'            "{what}")\n'.replace("\\", "\\\\")
                   for name, kind, path, what in sorted(rows))
    if not arguments.output:
        print(text, end="")
        return 0
    os.makedirs(os.path.dirname(arguments.output), exist_ok=True)
    with open(arguments.output, "w", encoding="utf-8") as output:
        output.write(text)
    if arguments.depfile:
        with open(arguments.depfile, "w", encoding="utf-8") as depfile:
            depfile.write(f"{arguments.output}: {' '.join(read)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
