#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists every named site of the sources.

A site is a string literal in a mark (BEACH_SOMETIMES, BEACH_BUGGIFY, BEACH_FAILPOINT), in a draw of
the simulation (decisions.Fault("disk.eio.read"), Choose, Draw, Stream), or in a constant
(constexpr Site kName("...")). Random values depend on its name, and reports count by it, so a mark's
name stands in one place only: a duplicate is an error. Only a failpoint and a reached-state mark of
one file may share a name, when they mark the same moment: their kinds tell them apart.

  tools/sites.py --root .                                  prints the table
  tools/sites.py --root . --output sites.inc --depfile d   writes it for the build
"""

import argparse
import os
import re
import sys

FOLDERS = ["base", "env", "engine", "raft", "server", "oracle", "artifacts", "sim"]
MARKS = {
    "BEACH_SOMETIMES": "sometimes",
    "BEACH_BUGGIFY": "buggify",
    "BEACH_FAILPOINT": "failpoint",
}
SAME_MOMENT = {"failpoint", "sometimes"}
DRAWS = {"Fault": "fault", "SetFault": "fault", "CountFault": "fault", "Choose": "choice",
         "ChooseFor": "choice", "Draw": "choice", "Stream": "stream"}

NAME = r'"([A-Za-z0-9_.:-]+)"'
MARK = re.compile(r"\b(" + "|".join(MARKS) + r")\s*\(\s*" + NAME)
DRAW = re.compile(r"(?:\.|->)\s*(" + "|".join(DRAWS) + r")\s*\(\s*(?:Site\s*[({]\s*)?" + NAME)
# The same with a constant of that file: CountFault(kKill) after constexpr Site kKill = "crash.kill".
NAMED_DRAW = re.compile(r"(?:\.|->)\s*(" + "|".join(DRAWS) + r")\s*\(\s*(k[A-Z]\w*)")
NAMED = re.compile(r"\bSite\s+(k[A-Z]\w*)\s*(?:=|[({])\s*" + NAME)
CONSTANT = re.compile(r"\bSite\s+\w+\s*[({]\s*" + NAME)
# Comments, keeping string and character literals whole.
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|("(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\')', re.S)


def without_comments(text):
    return COMMENT.sub(lambda match: match.group(1) or " ", text)


def sources(root):
    """Yields the folders and the source files of our code, tests left out."""
    for folder in FOLDERS:
        for path, folders, files in os.walk(os.path.join(root, folder)):
            folders[:] = sorted(f for f in folders if f not in ("testdata", "testing"))
            yield path, [
                os.path.join(path, name) for name in sorted(files)
                if name.endswith((".cc", ".h")) and not name.endswith("_test.cc")
            ]


def sites_of(text):
    """The (kind, name) pairs of one source text, with repeats."""
    text = without_comments(text)
    found = [(MARKS[m.group(1)], m.group(2)) for m in MARK.finditer(text)]
    found += [(DRAWS[m.group(1)], m.group(2)) for m in DRAW.finditer(text)]
    constants = {m.group(1): m.group(2) for m in NAMED.finditer(text)}
    found += [(DRAWS[m.group(1)], constants[m.group(2)]) for m in NAMED_DRAW.finditer(text)
              if m.group(2) in constants]
    found += [("constant", m.group(1)) for m in CONSTANT.finditer(text)]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True, help="the top of the source tree")
    parser.add_argument("--output", help="the header to write")
    parser.add_argument("--depfile", help="a Makefile rule of what was read")
    arguments = parser.parse_args()

    read = []
    table = {}  # (kind, name) -> file
    mark_of = {}  # name -> [(kind, file)], of marks
    duplicates = []
    for folder, files in sources(arguments.root):
        read.append(folder)
        for file in files:
            read.append(file)
            relative = os.path.relpath(file, arguments.root)
            with open(file, encoding="utf-8") as source:
                found = sites_of(source.read())
            for kind, name in found:
                if kind in MARKS.values():
                    others = mark_of.setdefault(name, [])
                    duplicates += [f"{relative}: the site name '{name}' is taken by {place}: "
                                   "give this mark a name of its own"
                                   for other, place in others
                                   if place != relative or {kind, other} != SAME_MOMENT]
                    others.append((kind, relative))
                table.setdefault((kind, name), relative)
    if duplicates:
        print("\n".join(duplicates), file=sys.stderr)
        return 1

    lines = [f'BEACH_SITE("{kind}", "{name}", "{file}")\n'
             for (kind, name), file in sorted(table.items())]
    if not arguments.output:
        sys.stdout.writelines(lines)
        return 0
    text = "".join(lines)
    old = None
    if os.path.exists(arguments.output):
        with open(arguments.output, encoding="utf-8") as output:
            old = output.read()
    if text != old:
        os.makedirs(os.path.dirname(os.path.abspath(arguments.output)), exist_ok=True)
        with open(arguments.output, "w", encoding="utf-8") as output:
            output.write(text)
    if arguments.depfile:
        with open(arguments.depfile, "w", encoding="utf-8") as rule:
            rule.write(arguments.output + ": " + " ".join(os.path.abspath(f) for f in read) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
