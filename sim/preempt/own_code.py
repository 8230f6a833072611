#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes of an archive of instrumented objects one object that shares no code with the rest of a program.

    own_code.py --ld LD --objcopy OBJCOPY --nm NM --ar AR LIBRARY.a [PRIVATE.a...]

The linker keeps one copy of each inline function, of whichever object it meets first. The simulator uses the
same ones as the code under test, and neither may get the other's: an access of the simulator is no access of
the program, and must not switch threads. So inline functions become local to the object, and so does all of
the PRIVATE archives. Calls that the compilers do not instrument are sent to the runtime (runtime_*.cc).
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

REDIRECTED = {
    "memcpy": "__tsan_memcpy",
    "memmove": "__tsan_memmove",
    "memset": "__tsan_memset",
    "memcmp": "beach_preempt_memcmp",
    "bcmp": "beach_preempt_bcmp",
    "memchr": "beach_preempt_memchr",
    "strlen": "beach_preempt_strlen",
    "_ZdlPv": "beach_preempt_delete",
    "_ZdlPvm": "beach_preempt_delete_sized",
    "_ZdaPv": "beach_preempt_delete_array",
    "_ZdaPvm": "beach_preempt_delete_array_sized",
}


def defined(nm, path):
    """Global and weak symbols: name to nm's letter."""
    listed = subprocess.run([nm, "--defined-only", "--extern-only", path], check=True, capture_output=True, text=True)
    symbols = {}
    for line in listed.stdout.splitlines():
        words = line.split()
        if len(words) == 3:
            symbols[words[2]] = words[1]
    return symbols


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for tool in ("ld", "objcopy", "nm", "ar"):
        parser.add_argument(f"--{tool}", required=True)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("private", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(dir=arguments.library.parent) as folder:
        whole = os.path.join(folder, "whole.o")
        subprocess.run([arguments.ld, "-r", "--force-group-allocation", "-o", whole, "--whole-archive",
                        arguments.library, *arguments.private], check=True)
        # What inline functions keep (_ZZ...) belongs to them, and is not always weak.
        hidden = {name for name, letter in defined(arguments.nm, whole).items()
                  if letter in "WVu" or name.startswith("_ZZ")}
        for archive in arguments.private:
            hidden |= set(defined(arguments.nm, archive))
        names = os.path.join(folder, "local.txt")
        pathlib.Path(names).write_text("".join(f"{name}\n" for name in sorted(hidden)))
        code = os.path.join(folder, arguments.library.stem + ".o")
        renames = [f"--redefine-sym={old}={new}" for old, new in REDIRECTED.items()]
        subprocess.run([arguments.objcopy, f"--localize-symbols={names}", *renames, whole, code], check=True)
        arguments.library.unlink()
        subprocess.run([arguments.ar, "rcsD", arguments.library, code], check=True)


if __name__ == "__main__":
    sys.exit(main())
