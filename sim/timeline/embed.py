#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes one page of page/*: what comes before the data, and what comes after, as C++ arrays.

    embed.py --page page/page.html --style page/page.css --script page/a.js page/b.js --output page.inc

tools/page_parts.py says how. Exit code 2: a part is not as it wants it.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import page_parts


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

    try:
        before, after = page_parts.parts(arguments.page, arguments.style, arguments.script)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text("// Made by embed.py.\n" + array("kPageBefore", before) +
                                array("kPageAfter", after), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
