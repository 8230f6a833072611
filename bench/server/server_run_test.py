#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`beachbench server` and `cluster`, on real servers: short runs. Peers that are not installed are left out."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

BINARY = sys.argv.pop(1)


class Run(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def call(self, *words, code=0):
        done = subprocess.run([BINARY, *words, "--data", self.scratch], capture_output=True, text=True, check=False, timeout=200)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertEqual(os.listdir(self.scratch), [])
        return done

    def check(self, command, peer, program):
        peers = [peer] if shutil.which(program) else []
        words = ["--peers", ",".join(peers)] if peers else []
        said = json.loads(self.call(command, *words, "--clients", "1,4", "--seconds", "1", "--rounds", "1", "--keys", "100",
                                    "--json").stdout)
        rows = [(row["workload"], row["clients"], row["system"]) for row in said["rows"]]
        self.assertEqual(rows, [(work, clients, system) for work in ("put", "get") for clients in (1, 4)
                                for system in ["beachdb", *peers]])
        for row in said["rows"]:
            self.assertGreater(row["ops_per_s"], 0)
            self.assertGreaterEqual(row["p99_us"], row["p50_us"])
            self.assertEqual(list(row["ratio"]), peers if row["system"] == "beachdb" else [])
        self.assertTrue(any("linearizable" in note for note in said["notes"]))

    def test_server(self):
        self.check("server", "redis", "redis-server")

    def test_cluster(self):
        self.check("cluster", "etcd", "etcd")

    def test_text(self):
        said = self.call("server", "--clients", "1", "--seconds", "1", "--rounds", "1", "--keys", "100").stdout
        self.assertIn("redis-benchmark drives each", said)

    def test_mistakes(self):
        self.call("server", "--peers", "memcached", code=2)
        self.call("cluster", "--peers", "redis", code=2)
        self.call("server", "--clients", "none", code=2)


if __name__ == "__main__":
    unittest.main()
