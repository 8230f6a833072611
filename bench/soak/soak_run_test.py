#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs `beachbench soak` for seconds on real files."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BINARY = None


class SoakRunTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(dir=pathlib.Path(BINARY).parent)
        self.addCleanup(self.folder.cleanup)

    def call(self, *arguments, code=0):
        # What the machine does beside a test is no finding here.
        result = subprocess.run([BINARY, "soak", "--data", self.folder.name, "--stall", "10m",
                                 *arguments],
                                capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertEqual(os.listdir(self.folder.name), [])
        return result

    def test_a_short_soak_checks_out(self):
        out = self.call("--user-bytes", "1M", "--memory", "16M", "--time", "3s").stdout
        lines = [line for line in out.splitlines() if "longest" in line and "/s" in line]
        self.assertIn(len(lines), [1, 2, 3], out)
        for words in ["memory", "disk", "scans", "not judged", "every value was as it was put"]:
            self.assertIn(words, out)

    def test_json_is_alone_on_stdout(self):
        out = self.call("--user-bytes", "1M", "--time", "2s", "--clients", "3", "--json").stdout
        report = json.loads(out)
        self.assertEqual(report["findings"], [])
        self.assertGreaterEqual(report["seconds"], 2)
        for kind in ["put", "delete", "get", "scan"]:
            self.assertGreater(report["operations"][kind], 0)
        self.assertGreater(report["live_records"], 0)
        self.assertIsNone(report["rss_bytes_judged"])

    def test_too_much_disk_ends_it(self):
        result = self.call("--user-bytes", "1M", "--time", "60s", "--disk", "8M", code=3)
        self.assertIn("MiB of disk", result.stderr)

    def test_usage_errors(self):
        self.call("--user-bytes", "many", code=2)
        self.call("--user-bytes", "100", code=2)
        self.call("--memory", "1M", code=2)
        self.call("--time", "0.5", code=2)
        self.call("--stall", "soon", code=2)
        self.call("--clients", "0", code=2)

    def test_help_says_what_it_finds(self):
        out = self.call("--help").stdout
        for words in ["a stall (--stall)", "Example:", "--user-bytes"]:
            self.assertIn(words, out)


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main()
