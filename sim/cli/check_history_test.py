#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests `beachsim check-history` on all of oracle/histories/, each of which says what is expected of it, and on what it prints."""

import json
import pathlib
import subprocess
import sys
import unittest

BINARY = None
HISTORIES = pathlib.Path(__file__).resolve().parent.parent.parent / "oracle/histories"
EXIT_CODES = {"linearizable": 0, "not-linearizable": 1, "error": 3}
PREFIXES = {"linearizable": "ok-", "not-linearizable": "bad-", "error": "error-"}


def call(*arguments, text=None):
    return subprocess.run([BINARY, "check-history", *map(str, arguments)], input=text, capture_output=True, text=True,
                          check=False)


def expectation(path):
    """Verdict, and what it takes besides: a rule, or the beginning of a message."""
    second = path.read_text(encoding="utf-8").splitlines()[1]
    assert second.startswith("# expect: "), path
    verdict, _, rest = second.removeprefix("# expect: ").partition(" ")
    return verdict, rest


class CheckHistoryTest(unittest.TestCase):
    def test_each_history_is_judged_as_it_says(self):
        paths = sorted(HISTORIES.glob("*.jsonl"))
        self.assertGreater(len(paths), 60)
        for path in paths:
            with self.subTest(path.name):
                verdict, rest = expectation(path)
                self.assertTrue(path.name.startswith(PREFIXES[verdict]))
                result = call(path, "--json")
                self.assertEqual(result.returncode, EXIT_CODES[verdict], result.stdout + result.stderr)
                if verdict == "error":
                    self.assertIn(rest, result.stderr)
                    self.assertIn(path.name, result.stderr)
                    self.assertEqual(result.stdout, "")
                    continue
                report = json.loads(result.stdout)
                self.assertEqual(report["verdict"], verdict)
                self.assertEqual(report.get("rule", ""), rest, report.get("message"))

    def test_culprits_fail_by_themselves_and_each_is_needed(self):
        for path in sorted(HISTORIES.glob("bad-*.jsonl")):
            with self.subTest(path.name):
                lines = path.read_text(encoding="utf-8").splitlines()
                culprits = json.loads(call(path, "--json").stdout)["culprits"]
                alone = "\n".join(lines[culprit["line"] - 1] for culprit in culprits)
                self.assertEqual(call("-", text=alone).returncode, 1)

    def test_text_has_a_timeline(self):
        text = call(HISTORIES / "bad-stale-read.jsonl")
        self.assertEqual(text.returncode, 1)
        self.assertIn("rule             stale-read\n", text.stdout)
        self.assertIn('  line 3  client 1: put x "1" [0, 1]     |---|\n'
                      '  line 4  client 1: put x "2" [2, 3]             |---|\n'
                      '  line 5  client 2: get x -> "1" [4, 5]                  |---|\n', text.stdout)
        unknown = call(HISTORIES / "bad-unknown-put-before-its-call.jsonl").stdout
        self.assertRegex(unknown, r'\[2, unknown\] +\|-+>\n')

    def test_stdin_and_empty_lines(self):
        self.assertEqual(call("-", text="").returncode, 0)
        self.assertEqual(call("-", text="\n# nothing\n\n").returncode, 0)
        wrong = call("-", text='\n\n{"client": 1}\n')
        self.assertEqual(wrong.returncode, 3)
        self.assertIn("line 3", wrong.stderr)

    def test_undecided_is_no_pass(self):
        lines = []
        for client in range(12):
            lines.append({"client": client, "op": "append", "key": "x", "args": ["ab"[client % 2]], "call": 0,
                          "return": 9})
        lines.append({"client": 20, "op": "get", "key": "x", "result": "ab" * 5 + "ba", "call": 10, "return": 11})
        text = "\n".join(map(json.dumps, lines))
        self.assertEqual(call("-", text=text).returncode, 0)
        cut = call("-", "--json", "--configurations", "2", text=text)
        self.assertEqual(cut.returncode, 3)
        self.assertIn("undecided", cut.stderr)
        self.assertEqual(json.loads(cut.stdout)["verdict"], "undecided")

    def test_usage_and_files(self):
        self.assertEqual(call().returncode, 2)
        self.assertEqual(call("-", "--configurations", "0", text="").returncode, 2)
        self.assertEqual(call(HISTORIES / "no-such.jsonl").returncode, 3)
        self.assertEqual(call(HISTORIES).returncode, 3)
        self.assertIn("Example:", call("--help").stdout)


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main()
