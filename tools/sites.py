#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists every named site of the sources.

A site is a string literal in a mark (BEACH_SOMETIMES, BEACH_BUGGIFY, BEACH_FAILPOINT, BEACH_FAULTPOINT), in a draw of
the simulation (decisions.Fault("disk.eio.read"), Choose, Draw, Stream), or in a constant
(constexpr Site kName("...")). Random values depend on its name, and reports count by it, so a mark's
name stands in one place only: a duplicate is an error. Only a failpoint and a reached-state mark of
one file may share a name, when they mark the same moment: their kinds tell them apart.

  tools/sites.py --root .                                  prints the table
  tools/sites.py --root . --output sites.inc --depfile d   writes it for the build
  tools/sites.py --root . --without engine --without sim/scenarios   a part; duplicates are sought in all
  sites.py --root ~/queue --folder . --with framework_sites.inc   of other sources: the framework's
      sites come first, and their names are taken
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
    "BEACH_FAULTPOINT": "faultpoint",
}
ENDINGS = (".cc", ".h", ".cpp", ".hpp", ".cxx", ".hxx")
TEST_ENDINGS = ("_test.cc", "_test.cpp", "_test.cxx")
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
ROW = re.compile(r'BEACH_SITE\("([^"]*)", "([^"]*)", "([^"]*)"\)')
# Comments, keeping string and character literals whole.
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|("(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\')', re.S)


def without_comments(text):
    return COMMENT.sub(lambda match: match.group(1) or " ", text)


def sources(root, wanted):
    """Yields the folders and the source files of the code, tests and build trees left out."""
    for folder in wanted:
        for path, folders, files in os.walk(os.path.normpath(os.path.join(root, folder))):
            if "CMakeCache.txt" in files:
                folders[:] = []
                continue
            folders[:] = sorted(f for f in folders
                                if f not in ("testdata", "testing") and not f.startswith("."))
            yield path, [
                os.path.join(path, name) for name in sorted(files)
                if name.endswith(ENDINGS) and not name.endswith(TEST_ENDINGS)
            ]


def table_of(path):
    """The (kind, name, file) rows of a table that an earlier call has written."""
    with open(path, encoding="utf-8") as table:
        rows = [ROW.fullmatch(line.rstrip("\n")) for line in table]
    if not all(rows):
        raise ValueError(f"{path} is not a table of sites: make it with sites.py --output")
    return [row.groups() for row in rows]


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
    parser.add_argument("--folder", action="append", default=[],
                        help="where in it sources are; for each (default: BeachDB's)")
    parser.add_argument("--without", action="append", default=[],
                        help="leaves a folder's sites out of the table; for each")
    parser.add_argument("--with", action="append", default=[], dest="tables", metavar="TABLE",
                        help="a table whose sites belong here too; for each")
    arguments = parser.parse_args()

    read = []
    table = {}  # (kind, name) -> file
    mark_of = {}  # name -> [(kind, file)], of marks
    duplicates = []
    for path in arguments.tables:
        try:
            rows = table_of(path)
        except (OSError, ValueError) as error:
            print(error, file=sys.stderr)
            return 3
        read.append(path)
        for kind, name, file in rows:
            table[(kind, name)] = file
            if kind in MARKS.values():
                mark_of.setdefault(name, []).append((kind, file))
    left_out = tuple(name if name.endswith((".cc", ".h")) else name.rstrip("/") + "/"
                     for name in arguments.without)
    for folder, files in sources(arguments.root, arguments.folder or FOLDERS):
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
                if not relative.startswith(left_out):
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
