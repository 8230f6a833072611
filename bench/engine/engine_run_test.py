#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs `beachbench engine` on BeachDB alone, with few records: what it prints is complete and adds up."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BINARY = None
WORKLOADS = ["fillseq", "fillsync1", "fillsync16", "fillsync64", "fillrandom", "readseq", "readrandom",
             "readmissing", "seekrandom", "mix-c", "readwhilewriting", "mix-b", "mix-a", "overwrite"]
FIELDS = {"workload", "engine", "threads", "ops_per_s", "p50_us", "p99_us", "disk_bytes", "write_amp",
          "peak_rss_bytes", "ratio"}


class EngineRunTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(dir=pathlib.Path(BINARY).parent)
        self.addCleanup(self.folder.cleanup)

    def call(self, *arguments, code=0):
        result = subprocess.run([BINARY, "engine", "--data", self.folder.name, *arguments],
                                capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def rows(self, *arguments):
        out = self.call("--n", "2000", "--rounds", "1", "--json", *arguments).stdout
        return json.loads(out)["rows"]

    def test_every_workload_runs_and_leaves_nothing(self):
        rows = self.rows()
        self.assertEqual([row["workload"] for row in rows], WORKLOADS)
        for row in rows:
            self.assertEqual(set(row), FIELDS)
            self.assertEqual(row["engine"], "beachdb")
            self.assertGreater(row["ops_per_s"], 0, row)
            self.assertGreaterEqual(row["p99_us"], row["p50_us"], row)
            self.assertGreater(row["disk_bytes"], 2000, row)
            self.assertGreater(row["peak_rss_bytes"], 1 << 20, row)
            self.assertEqual(row["ratio"], {})
        by_name = {row["workload"]: row for row in rows}
        self.assertEqual(by_name["fillsync64"]["threads"], 64)
        self.assertIsNone(by_name["readrandom"]["write_amp"])
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_threads_are_rows_of_their_own(self):
        rows = self.rows("--workloads", "readrandom,fillseq", "--threads", "1,2")
        self.assertEqual([(row["workload"], row["threads"]) for row in rows],
                         [("fillseq", 1), ("readrandom", 1), ("readrandom", 2)])

    def test_text_says_what_was_run(self):
        out = self.call("--n", "1000", "--rounds", "2", "--workloads", "fillseq").stdout
        for words in ["1000 records", "medians of 2 rounds", "beachdb: ", "fillseq", "write amp"]:
            self.assertIn(words, out)

    def test_help_names_workloads_and_has_examples(self):
        out = self.call("--help").stdout
        for words in [*WORKLOADS, "Example:", "--peers"]:
            self.assertIn(words, out)

    def test_usage_errors(self):
        self.call("--workloads", "no-such", code=2)
        self.call("--peers", "sqlite", code=2)
        self.call("--threads", "0", code=2)
        self.call("--n", "1", code=2)
        self.call("--cache", "lots", code=2)
        self.call("--memtable", "1", code=2)  # refused by the engine, by name

    def test_too_little_room_is_said_before_anything_is_written(self):
        result = self.call("--n", "1000000000", code=3)
        self.assertIn("MiB free", result.stderr)
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_asked_to_end_it_leaves_nothing(self):
        # A terminal asks the whole group, a script this process alone.
        for ask in [lambda process: os.killpg(process.pid, signal.SIGINT), subprocess.Popen.terminate]:
            process = subprocess.Popen(
                [BINARY, "engine", "--data", self.folder.name, "--workloads", "fillseq"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
            deadline = time.monotonic() + 60
            while not os.listdir(self.folder.name) and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.2)
            ask(process)
            _, error = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 3, error)
            self.assertEqual(os.listdir(self.folder.name), [])

    def test_the_simulators_memory_is_not_measured(self):
        native = pathlib.Path(BINARY).parent / "beachbench_native"
        names = subprocess.run(["nm", "-C", native], capture_output=True, text=True, check=True).stdout
        self.assertIn("beach::bench::RunCell", names)
        self.assertNotIn("beach::sim::", names)


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main()
