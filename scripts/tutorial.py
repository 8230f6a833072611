#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does what a document says, and compares what comes of it with what the document shows.

  scripts/tutorial.py docs/tutorial.md --sources examples/journaled_queue --home DIR --prefix DIR

Of its fenced blocks:
  sh            each line is run, in the order of the document; `cd` holds for those after it. A line
                that ends in "# exit code N" must end so, others with 0. `$HOME/beach` is --prefix,
                `$HOME` else is --home. What has been done before (git, make) is left out.
  text          what the last line before it printed, in that order: "..." stands for any lines, a
                number for any number.
  cpp, cmake,   must stand in one of the files of --sources, line for line; "// ..." stands for any
  diff          lines of it.
Exit code 1: something differs; 2: usage.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
EXIT = re.compile(r"\s+# exit code (\d+)$")
DONE_BEFORE = ("git clone", "make ", "cd beachdb")
NUMBER = re.compile(r"[0-9][0-9a-f]{15,}|[0-9][0-9 .]*[0-9]|[0-9]")
TIMEOUT_S = 600


class Differs(Exception):
    pass


def pattern_of(line):
    """Matches the line, whatever its numbers and the width of its columns."""
    words = []
    for word in NUMBER.sub("\0", line.strip()).split():
        words.append(re.escape(word).replace("\0", r"[0-9a-f][0-9a-f .]*"))
    return re.compile(r"\s*" + r"\s*".join(words) + r"\s*")


def compare_output(shown, printed):
    lines = printed.splitlines()
    at = 0
    skips = False
    for line in shown.splitlines():
        if not line.strip():
            continue
        if line.strip() == "...":
            skips = True
            continue
        pattern = pattern_of(line)
        while at < len(lines) and not pattern.fullmatch(lines[at]):
            if not skips and lines[at].strip():
                raise Differs(f"shown is\n  {line}\nand printed was\n  {lines[at]}")
            at += 1
        if at == len(lines):
            raise Differs(f"nothing like this line was printed:\n  {line}\nbut\n{printed}")
        at += 1
        skips = False


def compare_source(shown, sources):
    pieces = re.split(r"^\s*// \.\.\.\n", shown, flags=re.M)
    for text in sources.values():
        at = 0
        for piece in pieces:
            found = text.find(piece, at)
            if found < 0:
                break
            at = found + len(piece)
        else:
            return
    raise Differs(f"this stands in none of {', '.join(sorted(sources))}:\n{shown}")


class Shell:
    def __init__(self, home, prefix):
        self.home = home
        self.prefix = prefix
        self.folder = home
        self.commands = 0

    def run(self, line):
        expected = EXIT.search(line)
        code = int(expected.group(1)) if expected else 0
        command = EXIT.sub("", line)
        command = command.replace("$HOME/beach", self.prefix).replace("$HOME", self.home)
        if command.startswith("cd "):
            self.folder = os.path.join(self.folder, command[3:])
            return ""
        print(f"tutorial: {command}", flush=True)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=self.folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=TIMEOUT_S, check=False)
        if done.returncode != code:
            raise Differs(f"exit code {done.returncode}, not {code}, of\n  {command}\n"
                          f"{done.stdout}{done.stderr}")
        self.commands += 1
        return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("document", type=pathlib.Path)
    parser.add_argument("--sources", type=pathlib.Path, required=True)
    parser.add_argument("--home", required=True, help="a directory that commands may fill")
    parser.add_argument("--prefix", required=True, help="where the packages are installed")
    arguments = parser.parse_args()

    sources = {path.name: path.read_text(encoding="utf-8")
               for path in sorted(arguments.sources.iterdir()) if path.is_file()}
    shell = Shell(os.path.abspath(arguments.home), os.path.abspath(arguments.prefix))
    document = arguments.document.read_text(encoding="utf-8")
    printed = ""
    for block in FENCE.finditer(document):
        language, text = block.groups()
        number = document.count("\n", 0, block.start()) + 1
        try:
            if language == "sh":
                for line in text.splitlines():
                    if line.strip() and not line.startswith(("#", *DONE_BEFORE)):
                        printed = shell.run(line)
            elif language == "text":
                compare_output(text, printed)
            elif language in ("cpp", "cmake", "diff"):
                compare_source(text, sources)
            else:
                raise Differs(f"a block is of no known language: '{language}'")
        except Differs as difference:
            print(f"{arguments.document}:{number}: {difference}", file=sys.stderr)
            return 1
    print(f"tutorial: {shell.commands} commands ran, all as shown")
    return 0 if shell.commands > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
