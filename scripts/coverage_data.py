# SPDX-License-Identifier: Apache-2.0
"""What `llvm-cov export` says, as lines and branches of source files.

A line counts as llvm-cov counts it: by the regions that start in it, or else by the one that wraps it.
A branch is one side of one condition; conditions inside a macro (a check that fails) are not counted.
"""

import bisect
import collections
import re
import subprocess

# What is not code under test, by path.
TEST = re.compile(r"(_test\.cc$|_testing\.h$|_stub\.cc$|/test_|/testing/|/testdata/|/fixtures/|conformance)")


class File:
    """lines: number to count. branches: (line, column, text, side) to count. functions: sorted
    (first line, last line, name), those that lie in another one left out."""

    def __init__(self, path):
        self.path = path
        self.lines = {}
        self.branches = {}
        self.functions = []

    def function_at(self, line):
        at = bisect.bisect_right(self.functions, (line, 1 << 30, "")) - 1
        if at >= 0 and self.functions[at][1] >= line:
            return self.functions[at][2]
        return "-"


def line_counts(segments):
    """Line to count, from a file's segments: [line, column, count, has_count, is_entry, is_gap]."""
    counts = {}
    by_line = collections.defaultdict(list)
    for segment in segments:
        by_line[segment[0]].append(segment)
    wrapped = None
    if not segments:
        return counts
    for line in range(segments[0][0], segments[-1][0] + 1):
        here = by_line.get(line, [])
        starts = [s for s in here if s[3] and s[4] and not s[5]]
        skipped = bool(here) and not here[0][3] and here[0][4]
        wrapped_counts = wrapped is not None and wrapped[3]
        if not skipped and (starts or wrapped_counts):
            of_wrapped = wrapped[2] if wrapped_counts else 0
            counts[line] = max([of_wrapped, *(s[2] for s in starts)]) if starts else of_wrapped
        if here:
            wrapped = here[-1]
    return counts


def text_between(source, first_line, first_column, last_line, last_column):
    """The text of a region, white space folded."""
    lines = source[first_line - 1:last_line]
    if not lines:
        return ""
    lines[-1] = lines[-1][:last_column - 1]
    lines[0] = lines[0][first_column - 1:]
    return " ".join(" ".join(lines).split())


def short_name(demangled):
    """`beach::engine::(anonymous namespace)::Walker::Run() const` is `Walker::Run`."""
    text = demangled.replace("(anonymous namespace)::", "").replace("[abi:cxx11]", "")
    depth, plain = 0, []
    for index, letter in enumerate(text):
        if letter == "<" and not text[:index].endswith("operator"):
            depth += 1
        elif letter == ">" and depth > 0:
            depth -= 1
        elif depth == 0:
            if letter == "(" and plain and not "".join(plain).endswith("operator"):
                break
            plain.append(letter)
    name = "".join(plain).split(" ")[-1] if "operator" not in text else "".join(plain)
    parts = name.split("::")
    of_class = len(parts) > 1 and parts[-2][:1].isupper()
    return "::".join(parts[-2:] if of_class else parts[-1:])


def demangled(names, tool):
    names = sorted(set(names))
    listed = subprocess.run([tool], input="\n".join(names), text=True, capture_output=True, check=True)
    return dict(zip(names, listed.stdout.split("\n")))


def outermost(ranges):
    kept = []
    for first, last, name in sorted(ranges, key=lambda r: (r[0], -r[1])):
        if not kept or first > kept[-1][1]:
            kept.append((first, last, name))
    return kept


def without_compile_time(file, source):
    """Takes out what runs in the compiler alone, which no test can reach: consteval functions."""
    for first, last, _ in file.functions:
        if re.search(r"\bconsteval\b", source[first - 1]):
            file.lines = {line: hits for line, hits in file.lines.items() if not first <= line <= last}
            file.branches = {key: hits for key, hits in file.branches.items() if not first <= key[0] <= last}


def read(export, root, demangle):
    """path to File, for sources below `root` that are no tests. `demangle`: names to a map of names."""
    data = export["data"][0]
    prefix = str(root) + "/"
    files = {}
    for entry in data["files"]:
        path = entry["filename"].removeprefix(prefix)
        if path.startswith(("/", "build/")) or TEST.search(path):
            continue
        file = files[path] = File(path)
        file.lines = line_counts(entry["segments"])
        source = (root / path).read_text(encoding="utf-8").split("\n")
        for first, column, last, last_column, true, false, *_ in entry["branches"]:
            if source[first - 1].endswith("= default;"):
                continue  # the compiler's own, of a comparison
            text = text_between(source, first, column, last, last_column)
            for side, count in (("true", true), ("false", false)):
                key = (first, column, text, side)
                file.branches[key] = file.branches.get(key, 0) + count
    ranges = collections.defaultdict(set)
    for function in data["functions"]:
        path = function["filenames"][0].removeprefix(prefix)
        if path in files:
            body = function["regions"][0]
            ranges[path].add((body[0], body[2], function["name"].split(":")[-1]))
    names = demangle({name for found in ranges.values() for _, _, name in found})
    for path, found in ranges.items():
        files[path].functions = outermost(
            {(first, last, short_name(names[name])) for first, last, name in found})
        without_compile_time(files[path], (root / path).read_text(encoding="utf-8").split("\n"))
    return files
