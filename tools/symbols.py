#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps core code behind the seams, judged by what the compiler made of it.

    symbols.py undefined ALLOWED ARCHIVE...   every undefined symbol of the core archives is defined
                                              in one of them or stands in the reviewed list ALLOWED,
                                              or one of several: LIST,LIST
    symbols.py globals ARCHIVE...             no object or TLS symbol in a writable section
    symbols.py same BINARY BINARY ARCHIVE...  each function of the archives has the same machine code
                                              in both linked programs (where both have it). Inline
                                              functions are counted only: each file that uses one
                                              brings a copy, made with the same flags, and the
                                              compiler may inline differently into each.

ALLOWED holds one demangled name or fnmatch pattern a line; `#` begins a comment.
"""

import collections
import fnmatch
import re
import subprocess
import sys


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def demangle(names):
    names = list(names)
    out = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True,
                         check=True).stdout.splitlines()
    return dict(zip(names, out))


def undefined(allowed_paths, archives):
    patterns = []
    for allowed_path in allowed_paths.split(","):
        with open(allowed_path, encoding="utf-8") as file:
            patterns += [line.split("#")[0].strip() for line in file]
    patterns = [pattern for pattern in patterns if pattern]
    exact = set(patterns)
    globs = [re.compile(fnmatch.translate(p)) for p in patterns if any(c in p for c in "*?")]
    defined, wanted = set(), collections.defaultdict(set)
    for archive in archives:
        member = ""
        for line in run("nm", archive).splitlines():
            if line.endswith(":"):
                member = line[:-1]
                continue
            fields = line.split()
            if len(fields) >= 2 and fields[-2] in "UwvT" "WVBDRtbdru":
                kind, name = fields[-2], fields[-1]
                if kind in "Uwv" and len(fields) == 2:
                    wanted[name].add(member)
                else:
                    defined.add(name)
    missing = sorted(set(wanted) - defined)
    names = demangle(missing)
    bad = 0
    for name in missing:
        plain = names[name]
        if plain in exact or any(glob.match(plain) for glob in globs):
            continue
        print(f"{plain}  (wanted by {', '.join(sorted(wanted[name]))}): not in a core archive and not "
              f"in {allowed_paths}; go through a seam of env/, or have the name reviewed")
        bad += 1
    print(f"symbols: {len(missing)} undefined outside the core, {bad} not allowed")
    return bad


def writable_globals(archives):
    bad = 0
    for archive in archives:
        member, sections = "", {}
        for line in run("readelf", "-SsW", archive).splitlines():
            if line.startswith("File: "):
                member, sections = line[6:], {}
                continue
            section = re.match(r"\s*\[\s*(\d+)\]\s+(\S+)\s+\S+\s+\S+\s+\S+\s+\S+\s+\S+\s+(\S*)", line)
            if section:
                sections[section.group(1)] = (section.group(2), section.group(3))
                continue
            fields = line.split()
            if len(fields) < 8 or fields[3] not in ("OBJECT", "TLS"):
                continue
            name, flags = sections.get(fields[6], ("", ""))
            if "W" not in flags or name.startswith(".data.rel.ro"):
                continue
            plain = demangle([fields[7]])[fields[7]]
            # Sanitizers and the ABI keep their own bookkeeping.
            if plain.startswith(("__asan", "__ubsan", "DW.ref.")):
                continue
            print(f"{member}: {plain} in {name}: mutable global state; make it a member of an object "
                  f"that is passed in")
            bad += 1
    print(f"globals: {bad} in writable sections")
    return bad


def functions_of(binary, wanted):
    """Name to normalized machine code: addresses out, symbol names in."""
    bodies, name = {}, None
    for line in run("objdump", "-d", "--no-show-raw-insn", "-w", binary).splitlines():
        head = re.match(r"[0-9a-f]+ <(.+)>:$", line)
        if head:
            name = head.group(1) if head.group(1) in wanted else None
            if name is not None:
                bodies[name] = []
            continue
        if name is None or ":\t" not in line:
            continue
        code = line.split(":\t", 1)[1]
        code = re.sub(r"\s*#.*", "", code).replace("@plt", "")  # rip-relative targets, stubs
        code = re.sub(r"-?0x[0-9a-f]+(?=\(%rip\))", "X", code)
        code = re.sub(r"\b[0-9a-f]{4,} <", "<", code)    # branch targets keep their names
        code = re.sub(r"\$?0x[0-9a-f]{6,}", "X", code)   # absolute addresses of a non-PIE link
        bodies[name].append(code.strip())
    # Padding behind a function belongs to the layout.
    for body in bodies.values():
        while body and re.match(r"(nop|xchg\s+%ax,%ax|cs nop|data16)", body[-1]):
            body.pop()
    return bodies


def same_code(left, right, archives):
    wanted, inline = set(), set()
    for archive in archives:
        for line in run("nm", "--defined-only", archive).splitlines():
            fields = line.split()
            if len(fields) == 3 and fields[1] in "TW" and fields[2].startswith("_ZN"):
                wanted.add(fields[2])
                if fields[1] == "W":
                    inline.add(fields[2])
    wanted = {name for name in wanted if "5beach" in name}
    first, second = functions_of(left, wanted), functions_of(right, wanted)
    both = sorted(set(first) & set(second))
    bad = inlined = 0
    for name in both:
        if first[name] == second[name]:
            continue
        if name in inline:
            inlined += 1
            continue
        print(f"{demangle([name])[name]}: differs between {left} and {right}")
        bad += 1
    print(f"same code: {len(both)} functions in both programs, {bad} differing, and {inlined} inline "
          f"functions with another copy")
    if not both:
        print("nothing was compared: are these the right programs?")
        return 1
    return bad


def main(arguments):
    if len(arguments) >= 3 and arguments[0] == "undefined":
        return undefined(arguments[1], arguments[2:])
    if len(arguments) >= 2 and arguments[0] == "globals":
        return writable_globals(arguments[1:])
    if len(arguments) >= 4 and arguments[0] == "same":
        return same_code(arguments[1], arguments[2], arguments[3:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
