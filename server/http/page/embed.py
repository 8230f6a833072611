#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files of the admin page as C++ arrays: embed.py --output page.inc FILE..."""
import argparse
import pathlib


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("files", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    text = "// Made by embed.py.\n"
    for path in arguments.files:
        numbers = [str(byte) for byte in path.read_text(encoding="ascii").encode("ascii")]
        lines = [",".join(numbers[i:i + 32]) for i in range(0, len(numbers), 32)]
        text += f"constexpr char k_{path.name.replace('.', '_')}[] = {{\n" + ",\n".join(lines) + "};\n"
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
