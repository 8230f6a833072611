#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Style as a program: layers, banned calls, shape. Each message says what to use instead.

    python3 tools/tidy.py            checks every source git knows of; exit 1 on findings
    python3 tools/tidy.py --self-test  plants each kind of finding and expects it found
"""

import pathlib
import re
import subprocess
import sys

import draw_order

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What each layer may include (docs/internals/README.md). Longest prefix wins. A folder that is no
# layer of its own may be named too: then no more of its layer is meant.
LAYERS = {
    "base": [],
    "command_line": ["base"],
    "env": ["base"],
    "engine": ["base", "env"],
    "wire": ["base", "env"],
    "raft": ["base"],
    "raft/disk": ["base", "env", "engine/wal", "raft"],
    "raft/transfer": ["base", "env", "wire", "raft"],
    "raft/node": ["base", "env", "wire", "raft", "raft/disk", "raft/transfer"],
    "oracle": ["base"],
    "artifacts": ["base"],
    "sim": ["base", "env", "artifacts", "oracle"],
    "sim/scenarios": ["base", "env", "artifacts", "oracle", "engine", "wire", "raft", "raft/disk",
                      "raft/transfer", "raft/node", "server/command", "server/protocol",
                      "server/machine", "server/client", "server/service", "server/resp",
                      "server/http", "server/run"],
    "sim/cli": ["base", "env", "artifacts", "oracle", "command_line", "sim/scenarios"],
    "server/command": ["base"],
    "server/protocol": ["base", "env", "wire", "server/command"],
    "server/machine": ["base", "env", "engine", "raft", "raft/transfer", "raft/node",
                       "server/command"],
    "server/client": ["base", "env", "wire", "server/command", "server/protocol"],
    "server/load": ["base", "env", "server/command", "server/protocol", "server/client"],
    "server/service": ["base", "env", "engine", "wire", "raft", "raft/transfer", "raft/node",
                       "server/command",
                       "server/protocol", "server/machine"],
    "server/resp": ["base", "env", "raft", "raft/node", "server/command", "server/service"],
    "server/http": ["base", "env", "engine", "raft"],
    "server/users": ["base", "server/service"],
    "server/run": ["base", "env", "engine", "wire", "raft", "raft/disk", "raft/transfer",
                   "raft/node", "server/command", "server/protocol", "server/machine",
                   "server/service", "server/resp", "server/http", "server/users"],
    "server": ["base", "env", "engine", "command_line", "raft", "raft/disk",
               "raft/transfer", "raft/node", "server/command", "server/protocol",
               "server/machine", "server/client", "server/load", "server/service",
               "server/resp", "server/run", "server/users"],
    "chaos": ["base", "env", "wire", "server/command", "server/protocol", "server/client"],
    "crash": ["base", "env", "engine", "oracle", "artifacts", "command_line", "sim", "server"],
    "fuzz": ["base", "env", "engine", "oracle", "artifacts", "sim", "sim/scenarios", "wire",
             "raft", "raft/disk", "raft/transfer", "server/command", "server/protocol",
             "server/machine", "server/resp", "server/http"],
    "examples": ["base", "env", "engine", "server/client"],
    "docs/demo": ["base", "env", "engine"],
    "examples/journaled_queue": ["base", "env", "sim", "sim/cli"],
    "examples/mirrored_log": ["base", "env", "sim", "sim/cli"],
    "bench": ["base", "env", "engine", "oracle", "artifacts", "command_line", "sim", "sim/cli",
              "sim/scenarios", "raft", "server"],
}
FOLDERS = tuple(sorted({layer.split("/")[0] for layer in LAYERS}))

# The only places that may touch the real OS: the Linux binding, the runner of real worker
# processes, program entry points, and the crash tools.
REAL_OS = ("env/os/", "env/threads.cc", "base/check.cc", "sim/sweep/os_", "sim/crashpoints/os_", "sim/cli/",
           "server/beachdb_main.cc", "server/cli/",
           "crash/", "sim/memory/", "sim/fibers/", "examples/")
# May keep state beyond one object: the seams' own switches.
GLOBAL_STATE = ("env/virtual_os", "env/marks", "env/os/", "sim/memory/", "sim/fibers/", "sim/preempt/watcher",
                "sim/sweep/os_")

# (pattern, where it is allowed, what to use instead)
BANNED = [
    (r"\bstd::(thread|jthread|async|this_thread)\b", ("env/os/",), "env::Thread (env/threads.h)"),
    (r"\bstd::(recursive_|shared_|timed_)?mutex\b|\bstd::(lock_guard|unique_lock|scoped_lock)\b",
     ("env/os/",), "env::Mutex and env::MutexLock (env/threads.h)"),
    (r"\bstd::condition_variable", ("env/os/",), "env::CondVar (env/threads.h)"),
    (r"\bstd::(call_once|once_flag)\b", (), "a constructor, or a value passed in"),
    (r"\bstd::chrono\b|_clock::now\b|\bclock_gettime\b|\bgettimeofday\b|\btime\(nullptr\)",
     REAL_OS, "env::Clock (env/clock.h)"),
    (r"\bstd::(random_device|mt19937(_64)?|default_random_engine|rand)\b|\brand\(\)|\bgetrandom\(",
     (), "RandomStream or RandomValue (base/random.h)"),
    (r"\bstd::\w+_distribution\b", (), "RandomStream::Below (base/random.h): the same everywhere"),
    (r"\bstd::unordered_(multi)?(map|set)\b", (), "std::map, or a sorted vector: order must not "
     "depend on a hash"),
    (r"\bstd::hash\b", (), "Site::Hash or Mix64 (base/): std::hash differs between libraries"),
    (r"\bstd::(i|o)?fstream\b|\bstd::filesystem\b|\bfopen\(|\b::open\(", REAL_OS,
     "env::FileSystem (env/files.h)"),
    (r"\bgetenv\(", REAL_OS, "an option passed in through a constructor"),
    (r"\bstd::(print|println|format)\b|<print>|<format>", (), "fmt: GCC 12 has no std::format"),
    (r"\bstd::(cout|cerr|clog)\b", REAL_OS, "env::EventSink in the core, fmt::print in programs"),
    (r"\bu?sleep\(|\bnanosleep\(", REAL_OS, "env::Clock::SleepUntil"),
    (r"\bassert\(", (), "BEACH_CHECK (base/check.h): it stays on in production"),
    (r"\bthread_local\b", GLOBAL_STATE, "a slot of an object that is passed in"),
    (r"\bdynamic_cast\b|\btypeid\b", (), "an interface that answers the question"),
    (r"\bstd::(sqrt|pow|log|log2|exp|sin|cos)\b", (), "integers: floating point differs between "
     "compilers"),
]
CORE = ("base/", "env/", "engine/", "wire/", "raft/", "oracle/", "sim/", "artifacts/",
        "server/command/", "server/protocol/", "server/machine/", "server/client/",
        "server/service/", "server/resp/", "server/http/", "server/users/", "server/run/")

LINES_MAX = 600
COLUMNS_MAX = 100
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def strip_comments_and_strings(text):
    """The code alone, line numbers kept."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
                         re.S)

    def blank(match):
        found = match.group(0)
        return '""' if found.startswith(('"', "R")) else "\n" * found.count("\n")

    return pattern.sub(blank, text)


def layer_of(path):
    matches = [layer for layer in LAYERS if path.startswith(layer + "/")]
    return max(matches, key=len) if matches else None


def is_test(path):
    return bool(re.search(r"(_test\.cc$|/test_|/testing/|/testdata/|conformance|_stub\.cc$)", path))


def check_layers(path, text):
    layer = layer_of(path)
    if layer is None or is_test(path):
        return
    for match in INCLUDE.finditer(text):
        target = match.group(1)
        if not target.startswith(tuple(folder + "/" for folder in FOLDERS)):
            continue
        target_layer = layer_of(target)
        allowed = [layer, *LAYERS[layer]]
        if layer.startswith("sim"):
            allowed.append("sim")
        if path == "sim/beachsim_main.cc":
            allowed += ["sim/cli", "sim/scenarios"]
        inside = any(target.startswith(part + "/") for part in allowed if part not in LAYERS)
        if target_layer not in allowed and not inside:
            line = text.count("\n", 0, match.start()) + 1
            yield line, (f"{layer}/ may not include {target_layer}/ (allowed: "
                         f"{', '.join(LAYERS[layer]) or 'nothing of ours'}); pass an interface in, "
                         f"or move the code to the layer that may")


def check_banned(path, code):
    if not path.startswith(CORE) or is_test(path):
        return
    for pattern, allowed, instead in BANNED:
        if path.startswith(tuple(allowed)):
            continue
        for match in re.finditer(pattern, code):
            line = code.count("\n", 0, match.start()) + 1
            yield line, f"`{match.group(0)}` is banned here; use {instead}"


def check_draw_order(path, code):
    if not path.startswith(CORE) or is_test(path):
        return
    for at in draw_order.unordered_draws(code):
        yield code.count("\n", 0, at) + 1, (
            "two draws in one expression, in an order that C++ leaves open: compilers differ, and "
            "with them what a seed gives; give the first a name of its own")


def check_shape(path, text):
    lines = text.split("\n")
    if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(lines[:2]):
        yield 1, "the first line is `// SPDX-License-Identifier: Apache-2.0`"
    if path.endswith(".h") and "#pragma once" not in text:
        yield 1, "a header begins with #pragma once"
    if len(lines) > LINES_MAX:
        yield LINES_MAX, f"{len(lines)} lines; above {LINES_MAX} split by operation"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            yield number, f"{len(line)} columns; at most {COLUMNS_MAX}"
        if UNFINISHED.search(line):
            yield number, "unfinished by its own words; finish it or take it out"
        if line.rstrip() != line:
            yield number, "white space at the end of the line"


def findings(path, text):
    code = strip_comments_and_strings(text)
    yield from check_layers(path, text)
    yield from check_banned(path, code)
    yield from check_draw_order(path, code)
    yield from check_shape(path, text)


def sources():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard",
                             "*.h", "*.cc"], cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted(set(listed.stdout.split()))


def self_test():
    header = "// SPDX-License-Identifier: Apache-2.0\n"
    planted = {
        "base/a.cc": (header + '#include "env/files.h"\n', "may not include"),
        "engine/a.cc": (header + '#include "sim/simulation.h"\n', "may not include"),
        "sim/a.cc": (header + '#include "engine/db.h"\n', "may not include"),
        "engine/b.cc": (header + "std::mutex m;\n", "env::Mutex"),
        "engine/c.cc": (header + "int x = std::chrono::seconds(1);\n", "env::Clock"),
        "oracle/a.cc": (header + "std::unordered_map<int, int> m;\n", "std::map"),
        "sim/b.cc": (header + "thread_local int x;\n", "passed in"),
        "engine/d.h": (header, "#pragma once"),
        "sim/c.cc": (header + "F(s.Below(3), s.Below(4));\n", "two draws"),
        "sim/h.cc": (header + "F(DrawTable(s, 3), DrawKey(s));\n", "two draws"),
        "sim/d.cc": (header + "int x = (s.Next()) + G(\n  t.Next());\n", "two draws"),
        "sim/e.cc": (header + "x = a[s.Below(2)] * clock.MonotonicNow();\n", "two draws"),
        "engine/e.cc": ("int x;\n", "SPDX"),
        "engine/f.cc": (header + "// " + "x" * 100 + "\n", "columns"),
        "engine/g.cc": (header + "\n" * 601, "lines"),
        "engine/h.cc": (header + "// TO" "DO\n", "unfinished"),
    }
    clean = {
        "engine/ok.cc": header + '#include "env/files.h"\n// std::mutex in prose\n'
                                 'const char* s = "std::mutex";\n',
        "sim/ordered.cc": header + "x = s.Chance(1, 2) ? s.Below(s.Next()) : s.Below(4);\n"
                                   "if (s.Chance(1, 8)) x = s.Below(2);\nT t{s.Next(), s.Next()};\n"
                                   "F({.a = s.Next(), .b = s.Next()});\nF([&] { s.Next(); s.Next(); });\n"
                                   "return s.Chance(1, 2) && s.Chance(1, 3);\n",
        "sim/scenarios/ok.cc": header + '#include "engine/db.h"\n',
        "env/os/ok.cc": header + "int fd = ::open(p, 0);\n",
    }
    wrong = 0
    for path, (text, expected) in planted.items():
        if not any(expected in message for _, message in findings(path, text)):
            print(f"self-test: {path}: expected a finding with {expected!r}")
            wrong += 1
    for path, text in clean.items():
        for line, message in findings(path, text):
            print(f"self-test: {path}:{line}: unexpected: {message}")
            wrong += 1
    return wrong


def main():
    if "--self-test" in sys.argv[1:]:
        return 1 if self_test() else 0
    count = 0
    for path in sources():
        full = ROOT / path
        if not full.exists():
            continue
        for line, message in findings(path, full.read_text(encoding="utf-8")):
            print(f"{path}:{line}: {message}")
            count += 1
    print(f"tidy: {count} findings")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
