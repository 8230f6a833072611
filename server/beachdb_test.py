#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the beachdb binary: commands, output and exit codes. Usage: beachdb_test.py BINARY"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

BINARY = sys.argv.pop(1)


def run(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True)


class BeachdbTest(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.data = pathlib.Path(self.scratch.name) / "db"

    def cli(self, *arguments):
        return run("cli", "--data", self.data, *arguments)

    def files(self, pattern):
        return sorted(self.data.glob(pattern))

    def test_put_get_del_scan(self):
        self.assertEqual(self.cli("put", "a", "1").returncode, 0)
        self.assertEqual(self.cli("put", "b", "2").returncode, 0)
        self.assertEqual(self.cli("get", "a").stdout, "1\n")
        self.assertEqual(self.cli("scan").stdout, "a\t1\nb\t2\n")
        self.assertEqual(self.cli("scan", "a", "b").stdout, "a\t1\n")
        lines = self.cli("--json", "scan").stdout.splitlines()
        self.assertEqual(json.loads(lines[1]), {"key": "b", "value": "2"})
        self.assertEqual(self.cli("del", "a").returncode, 0)
        gone = self.cli("get", "a")
        self.assertEqual((gone.returncode, gone.stdout), (6, ""))
        self.assertEqual(json.loads(self.cli("get", "a", "--json").stdout)["value"], None)

    def test_absent_database_and_usage(self):
        self.assertEqual(self.cli("get", "a").returncode, 3)
        self.assertFalse(self.data.exists())
        self.assertEqual(run().returncode, 2)
        self.assertEqual(run("no-such-command").returncode, 2)
        self.assertEqual(run("cli", "get", "a").returncode, 2)
        self.assertEqual(run("verify", self.data).returncode, 3)

    def test_help_and_version(self):
        self.assertTrue(run("--version").stdout.startswith("beachdb "))
        self.assertIn("Example", run("--help").stdout)
        for command in ("cli", "verify", "wal-dump", "sst-dump", "manifest-dump"):
            answer = run(command, "--help")
            self.assertEqual(answer.returncode, 0)
            self.assertIn("Example", answer.stdout)

    def test_verify_and_dumps_of_a_sound_database(self):
        for i in range(8):  # enough lives that recovery writes a table
            self.cli("put", f"key{i}", "value")
        answer = run("verify", self.data, "--json")
        self.assertEqual(answer.returncode, 0, answer.stdout)
        self.assertEqual(json.loads(answer.stdout)["damage"], [])
        self.assertIn("sound", run("verify", self.data).stdout)
        manifest = run("manifest-dump", self.data)
        self.assertEqual(manifest.returncode, 0)
        self.assertIn("checksum good", manifest.stdout)
        log = "".join(run("wal-dump", f).stdout for f in self.files("*.wal"))
        self.assertIn("key7", log)
        tables = self.files("*.sst")
        self.assertTrue(tables)
        self.assertIn("key0", run("sst-dump", tables[0], "--entries").stdout)
        document = json.loads(run("manifest-dump", self.data, "--json").stdout)
        self.assertIsNone(document["error"])

    def test_damage_is_found_and_refused(self):
        for i in range(8):
            self.cli("put", f"key{i}", "value")
        table = self.files("*.sst")[0]
        content = bytearray(table.read_bytes())
        content[5] ^= 1
        table.write_bytes(content)
        answer = run("verify", self.data, "--json")
        self.assertEqual(answer.returncode, 1)
        self.assertIn(table.name, json.loads(answer.stdout)["damage"][0]["path"])
        self.assertEqual(run("sst-dump", table).returncode, 1)
        (self.data / "CURRENT").write_text("MANIFEST-000001\n")
        self.assertEqual(run("verify", self.data).returncode, 1)
        self.assertEqual(run("manifest-dump", self.data).returncode, 1)
        self.assertEqual(self.cli("get", "key0").returncode, 4)
        (self.data / "CURRENT").unlink()
        self.assertEqual(self.cli("put", "a", "1").returncode, 4)


if __name__ == "__main__":
    unittest.main()
