#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes one page of page/*: what comes before the data, and what comes after, as C++ arrays.

    embed.py --page page/page.html --style page/page.css --script page/a.js page/b.js --output page.inc

In the page, lines that are a mark alone stand for the style, the data and the scripts:
@STYLE@, @DATA@, @SCRIPT@. Exit code 2: a mark is missing, or a part has a byte that is not ASCII or
would end the element that it stands in.
"""

import argparse
import pathlib
import sys


def read(path):
    text = path.read_bytes()
    if not text.isascii():
        sys.exit(f"{path}: write it in ASCII (\\u2026 in a script, &hellip; in a page)")
    return text.decode("ascii")


def array(name, text):
    numbers = [str(byte) for byte in text.encode("ascii")]
    lines = [",".join(numbers[i:i + 32]) for i in range(0, len(numbers), 32)]
    return f"constexpr char {name}[] = {{\n" + ",\n".join(lines) + "};\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", type=pathlib.Path, required=True)
    parser.add_argument("--style", type=pathlib.Path, required=True)
    parser.add_argument("--script", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    page = read(arguments.page)
    style = read(arguments.style)
    script = "\n".join(read(path) for path in arguments.script)
    for text, end in ((style, "</style"), (script, "</script"), (script, "<!--")):
        if end in text:
            sys.exit(f"a part has {end!r} in it")
    for mark in ("@STYLE@\n", "@DATA@\n", "@SCRIPT@\n"):
        if page.count(mark) != 1:
            print(f"{arguments.page}: wants one line {mark.strip()}", file=sys.stderr)
            return 2
    page = page.replace("@STYLE@\n", style)
    before, after = page.split("@DATA@\n")
    after = after.replace("@SCRIPT@\n", "'use strict';\n" + script)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text("// Made by embed.py.\n" + array("kPageBefore", before) +
                                array("kPageAfter", after), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
