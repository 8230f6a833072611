#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Redis' own clients against a cluster of three: redis-cli in both protocols, redis-benchmark, a program with hiredis.
Usage: redis_test.py BEACHDB HIREDIS_CLIENT"""
import csv
import io
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest

HIREDIS_CLIENT = sys.argv.pop(2)
BEACHDB = sys.argv.pop(1)

# As redis-benchmark names them: what it has of commands that there are.
BENCHMARKS = ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"]

# What is said, and answered in RESP2 and in RESP3, as redis-cli shows it to a person.
SAID = [
    ("SET colour blue", "OK"),
    ("GET colour", '"blue"'),
    ("SET colour red NX", "(nil)"),
    ("SET colour red XX GET", '"blue"'),
    ("APPEND colour dish", "(integer) 7"),
    ("STRLEN colour", "(integer) 7"),
    ("MSET a 1 b 2", "OK"),
    ("MGET a b none", '1) "1"\n2) "2"\n3) (nil)'),
    ("INCRBY a 41", "(integer) 42"),
    ("INCR colour", "(error) ERR value is not an integer or out of range"),
    ("DECR b", "(integer) 1"),
    ("EXISTS a b none", "(integer) 2"),
    ("EXPIRE a 100", "(integer) 1"),
    ("TTL none", "(integer) -2"),
    ("PERSIST a", "(integer) 1"),
    ("TTL a", "(integer) -1"),
    ("TYPE a", "string"),
    ("GETDEL b", '"1"'),
    ("DEL a colour none", "(integer) 2"),
    ("DBSIZE", "(integer) 0"),
    ("SELECT 1", "(error) ERR DB index is out of range"),
    ("LPUSH list 1", "(error) ERR unknown command 'LPUSH'"),
]
TRANSACTION = "MULTI\nSET a 1\nINCR a\nGET a\nEXEC\n"
EXECUTED = 'OK\nQUEUED\nQUEUED\nQUEUED\n1) OK\n2) (integer) 2\n3) "2"\n'


def any_port():
    """From which on, and from a hundred above, a few are free, most likely: no port that the kernel gives away by itself."""
    return random.randrange(20000, 32000)


class RedisClients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.cluster = subprocess.Popen(
            [BEACHDB, "cluster", "3", "--data", str(pathlib.Path(cls.scratch.name) / "c"), "--port", str(any_port()),
             "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.addClassCleanup(cls.cluster.stdout.close)
        cls.addClassCleanup(cls.cluster.wait, 30)
        cls.addClassCleanup(cls.cluster.terminate)
        nodes = json.loads(cls.cluster.stdout.readline())["nodes"]
        cls.addresses = [node["resp"].rsplit(":", 1) for node in nodes]

    def tearDown(self):
        keys = self.cli(0, "--scan").split()
        for begin in range(0, len(keys), 100):
            self.cli(0, "DEL", *keys[begin:begin + 100])

    def cli(self, node, *words, said=None):
        host, port = self.addresses[node]
        return subprocess.run(["redis-cli", "-h", host, "-p", port, "--no-auth-warning", *words], input=said,
                              capture_output=True, text=True, timeout=60).stdout

    def test_redis_cli_in_both_protocols(self):
        for protocol in ("-2", "-3"):
            for i, (said, answer) in enumerate(SAID):
                with self.subTest(protocol=protocol, said=said):
                    self.assertEqual(self.cli(i % 3, protocol, "--no-raw", *said.split()).rstrip("\n"), answer)
            self.assertEqual(self.cli(0, protocol, "--no-raw", said=TRANSACTION), EXECUTED)
            self.assertEqual(self.cli(1, protocol, "DEL", "a"), "1\n")

    def test_a_value_is_piped_in(self):
        value = "sea " * 10000
        self.assertEqual(self.cli(0, "-x", "SET", "long", said=value), "OK\n")
        self.assertEqual(self.cli(2, "GET", "long"), value + "\n")

    def test_mass_insertion(self):
        """redis-cli --pipe: commands as they are on the wire."""
        many = "".join(f"*3\r\n$3\r\nSET\r\n$8\r\nkey:{i:04}\r\n$4\r\n{i:04}\r\n" for i in range(2000))
        self.assertIn("errors: 0, replies: 2000", self.cli(0, "--pipe", said=many))
        self.assertEqual(len(self.cli(1, "--scan", "--pattern", "key:*").split()), 2000)

    def test_redis_benchmark(self):
        for flags in ([], ["-P", "16"], ["-3"]):
            host, port = self.addresses[0]
            done = subprocess.run(["redis-benchmark", "-h", host, "-p", port, "-n", "2000", "-c", "20", "-r", "100",
                                   "-t", "ping,set,get,incr,mset", "--csv", *flags],
                                  capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stderr)
            rows = list(csv.DictReader(io.StringIO(done.stdout)))
            self.assertEqual([row["test"] for row in rows], BENCHMARKS, flags)
            self.assertTrue(all(float(row["rps"]) > 0 for row in rows))
            self.assertNotRegex(done.stdout + done.stderr, re.compile("error", re.IGNORECASE))

    def test_a_program_with_hiredis(self):
        done = subprocess.run([HIREDIS_CLIENT, *self.addresses[2]], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout, "bytes: 5, the same\ncounter: 100, in order\ndisturbed: nothing done\ncounter: 7\n"
                                      "absent: nil\nwrong: ERR wrong number of arguments for 'get' command\n")


if __name__ == "__main__":
    unittest.main()
