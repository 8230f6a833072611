#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the coverage scripts: what counts, how the list is read, what is not listed or stale.

The last one compiles a program with the flags of cmake/BeachFlags.cmake, so it needs Clang and LLVM 19.
"""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import coverage_data
import coverage_list

ROOT = pathlib.Path(__file__).resolve().parent.parent

LIST = """# A comment.
a/b.cc Walker::Run
  line: return Fail(x);
  true: a && b
  why: none of the two happens,
    since the caller looks first
  line: throw;
  varies: threads

a/b.cc Free
  line: *
  why: for debuggers
"""

# A child that ends at once, one that is killed half-way, one that goes on where its parent does.
FORKING = """#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
void InChild(int written) {
  if (written > 1) _exit(2);
  _exit(0);
}
void Killed(int status) {
  kill(getpid(), status);
  if (status == 0) return;
  InChild(2);
}
int Both(bool is_child) {
  if (is_child) {
    return 1;
  }
  return 2;
}
int main() {
  if (fork() == 0) InChild(1);
  if (fork() == 0) Killed(SIGKILL);
  const bool is_child = fork() == 0;
  if (Both(is_child) == 1) _exit(0);
  while (wait(nullptr) > 0) {
  }
  return 0;
}
"""

RETURNING = """#include <cstdlib>
#define CHECK(condition) do { if (!(condition)) std::abort(); } while (0)
struct Pair {
  int a = 0, b = 0;
  friend bool operator==(const Pair&, const Pair&) = default;
};
consteval int Six() {
  return 6;
}
template <class T>
T Twice(T value, bool negative) {
  CHECK(value > 0);
  if (negative) return -2 * value;
  return 2 * value;
}
int main(int count, char**) {
  if (count > 1 && count > 2) return 1;
  if (count == Six()) return 6;
  const Pair pair{Twice(1, false), count};
  return pair == Pair{2, count} ? 0 : 1;
}
"""


class TheList(unittest.TestCase):
    def test_entries_have_the_reason_that_follows_them(self):
        entries = coverage_list.parse(LIST)
        self.assertEqual([(e.function, e.kind, e.text, e.varies) for e in entries], [
            ("Walker::Run", "line", "return Fail(x);", False), ("Walker::Run", "true", "a && b", False),
            ("Walker::Run", "line", "throw;", True), ("Free", "line", "*", False)])
        self.assertEqual(entries[1].why, ["none of the two happens,", "since the caller looks first"])

    def test_what_it_cannot_read_is_an_error(self):
        for wrong in ("a/b.cc F\n  line: x\n", "a/b.cc F\n  line: x\nc/d.cc G\n", "  line: x\n  why: y\n",
                      "a/b.cc\n  line: x\n  why: y\n", "a/b.cc F\n  why: y\n", "a/b.cc F\n  lines: x\n  why: y\n",
                      "a/b.cc F\n  line:\n  why: y\n"):
            with self.assertRaises(coverage_list.ListError, msg=wrong):
                coverage_list.parse(wrong)

    def test_each_missed_line_is_listed_and_each_entry_missed(self):
        entries = coverage_list.parse(LIST)
        run = ("a/b.cc", 10, "Walker::Run", "line", "return Fail(x);")
        side = ("a/b.cc", 12, "Walker::Run", "true", "a && b")
        other_side = ("a/b.cc", 12, "Walker::Run", "false", "a && b")
        elsewhere = ("a/c.cc", 10, "Walker::Run", "line", "return Fail(x);")
        free = ("a/b.cc", 30, "Free", "line", "int x = 1;")
        whole = {("a/b.cc", "Free")}

        missing, stale = coverage_list.judge([run, side, free], entries, whole)
        self.assertEqual((missing, stale), ([], []))
        missing, stale = coverage_list.judge([run, other_side, elsewhere, free], entries, whole)
        self.assertEqual(missing, [other_side, elsewhere])
        self.assertEqual([e.text for e in stale], ["a && b"])
        missing, stale = coverage_list.judge([run, side, free], entries, set())
        self.assertEqual((missing, [e.function for e in stale]), ([free], ["Free"]))


class TheData(unittest.TestCase):
    def test_a_line_counts_by_the_regions_that_start_in_it(self):
        segments = [[1, 1, 5, True, True, False], [2, 3, 0, True, True, False], [2, 9, 5, True, False, False],
                    [3, 9, 0, True, True, False], [5, 2, 0, False, False, False]]
        self.assertEqual(coverage_data.line_counts(segments), {1: 5, 2: 5, 3: 5, 4: 0, 5: 0})
        self.assertEqual(coverage_data.line_counts([]), {})

    def test_names_are_short(self):
        for name, short in {
                "beach::engine::wal::(anonymous namespace)::Walker::Run()": "Walker::Run",
                "std::expected<void, beach::Error> beach::Check<int, (x)1>(std::map<int, int> const&)": "Check",
                "beach::engine::Db::Open(beach::env::Env const&, std::function<void (int)>)": "Db::Open",
                "void beach::engine::F(std::vector<int, std::allocator<int> > const&) const": "F"}.items():
            self.assertEqual(coverage_data.short_name(name), short)

    def test_tests_are_not_under_test(self):
        for path in ("engine/db_test.cc", "engine/testing/memory_files.cc", "engine/wal/test_files.h",
                     "engine/sst/table_testing.h", "env/conformance/files.cc"):
            self.assertTrue(coverage_data.TEST.search(path), path)
        for path in ("engine/db_open.cc", "oracle/model.cc", "engine/wal/log.cc"):
            self.assertFalse(coverage_data.TEST.search(path), path)


def build_flags(of, folder):
    text = (ROOT / "cmake" / "BeachFlags.cmake").read_text(encoding="utf-8")
    both = re.search(r"set\(BEACH_COVERAGE_FLAGS\s+(.*?)\)", text, re.S).group(1)
    own = re.findall(r"list\(APPEND BEACH_COVERAGE_FLAGS\s+(.*?)\)", text, re.S)[("lines", "branches").index(of)]
    words = f"{both} {own}".replace("${BEACH_PROFILES}", f"{folder}/profiles")
    return words.replace('"', "").replace("SHELL:", "").split()


class TheFlags(unittest.TestCase):
    def counted(self, of, program):
        tools = {name: shutil.which(f"{name}-19") for name in ("clang++", "llvm-profdata", "llvm-cov", "llvm-cxxfilt")}
        if None in tools.values():
            self.fail(f"scripts/install.sh installs what is missing: {tools}")
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "program.cc").write_text(program, encoding="utf-8")
            subprocess.run([tools["clang++"], "-O1", "-std=c++20", *build_flags(of, folder),
                            f"-ffile-prefix-map={folder}/=", "program.cc", "-o", "program"], cwd=folder, check=True)
            subprocess.run([folder / "program"], check=True)
            subprocess.run([tools["llvm-profdata"], "merge", "-o", folder / "data", folder / "profiles"], check=True)
            document = subprocess.run(
                [tools["llvm-cov"], "export", folder / "program", "-instr-profile", folder / "data",
                 f"-compilation-dir={folder}"], capture_output=True, check=True).stdout
            return coverage_data.read(json.loads(document), folder, lambda names: coverage_data.demangled(
                names, tools["llvm-cxxfilt"]))["program.cc"]

    def test_lines_of_forked_and_killed_processes_count(self):
        file = self.counted("lines", FORKING)
        # The rest of a function that was entered, did not return early, and did not come that far.
        self.assertEqual([line for line, hits in file.lines.items() if hits == 0], [11, 12])
        self.assertEqual([file.function_at(line) for line in (1, 5, 9, 17)], ["-", "InChild", "Killed", "Both"])

    def test_branches_are_those_of_conditions_of_ours(self):
        file = self.counted("branches", RETURNING)
        self.assertEqual({(text, side) for (_, _, text, side), hits in file.branches.items() if hits == 0},
                         {("negative", "true"), ("count > 1", "true"), ("count > 2", "true"), ("count > 2", "false"),
                          ("count == Six()", "true"), ("pair == Pair{2, count}", "false")})
        self.assertEqual(file.function_at(13), "Twice")

    def test_what_runs_in_the_compiler_is_not_counted(self):
        file = self.counted("lines", RETURNING)
        self.assertEqual([line for line in range(7, 10) if line in file.lines], [])
        self.assertIn(12, file.lines)


if __name__ == "__main__":
    unittest.main()
