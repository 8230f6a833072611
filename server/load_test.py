#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`beachdb load` against a cluster, and against a node that stops for a while: load_test.py BEACHDB"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BEACHDB = sys.argv.pop(1)
WAIT_S = 60
STOPPED_S = 0.6


def free_port():
    """A base whose ports, as `beachdb cluster 3` has them, nobody listens at now."""
    while True:
        base = random.randrange(10_000, 30_000)
        try:
            for port in [base + kind + node for kind in (0, 100, 200) for node in (1, 2, 3)]:
                with socket.socket() as taken:
                    taken.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue


class Load(unittest.TestCase):
    @classmethod
    def start(cls, count):
        """Nodes, as the cluster tells of them."""
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cluster = subprocess.Popen(
            [BEACHDB, "cluster", str(count), "--data", os.path.join(scratch.name, "c"), "--port", str(free_port()), "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.addClassCleanup(cluster.stdout.close)
        cls.addClassCleanup(cluster.wait, WAIT_S)
        cls.addClassCleanup(cluster.terminate)
        return json.loads(cluster.stdout.readline())["nodes"]

    @classmethod
    def setUpClass(cls):
        cls.three = cls.start(3)
        cls.one = cls.start(1)

    def begin(self, nodes, *words):
        addresses = ",".join(node["native"] for node in nodes)
        load = subprocess.Popen([BEACHDB, "load", "--connect", addresses, "--warmup", "0", "--records", "500", *words],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(load.stdout.close)
        self.addCleanup(load.stderr.close)
        self.addCleanup(load.kill)
        return load

    def end(self, load):
        said, _ = load.communicate(timeout=WAIT_S)
        self.assertEqual(load.returncode, 0)
        return json.loads(said)

    def await_line(self, load, word):
        for line in load.stderr:
            if word in line:
                return
        self.fail(f"no line with {word}")

    def stop_for_a_while(self, node):
        os.kill(node["pid"], signal.SIGSTOP)
        time.sleep(STOPPED_S)
        os.kill(node["pid"], signal.SIGCONT)

    def test_every_workload_has_its_kinds_done(self):
        kinds = {"a": {"read", "update"}, "b": {"read", "update"}, "c": {"read"}, "d": {"read", "insert"},
                 "e": {"scan", "insert"}, "f": {"read", "read_modify_write"}, "fill": {"insert"}, "read": {"read"},
                 "update": {"update"}}
        loads = {name: self.begin(self.three, "--workload", name, "--seconds", "1", "--clients", "5", "--threads", "2",
                                  "--value-size", "100", "--json") for name in kinds}
        for name, load in loads.items():
            with self.subTest(workload=name):
                said = self.end(load)
                self.assertEqual(set(said["kinds"]), kinds[name])
                self.assertEqual(said["operations"], sum(kind["operations"] for kind in said["kinds"].values()))
                self.assertEqual((said["errors"], said["absent"], said["not_begun"]), ({}, 0, 0))
                self.assertEqual((said["loop"], said["clients"], said["threads"]), ("closed", 5, 2))
                self.assertGreater(said["ops_per_s"], 0)
                figures = [said[name] for name in ("p50_us", "p90_us", "p99_us", "p99_9_us", "max_us")]
                self.assertEqual(figures, sorted(figures))

    def test_as_many_as_are_due(self):
        said = self.end(self.begin(self.three, "--workload", "c", "--seconds", "2", "--rate", "150", "--clients", "3",
                                   "--threads", "2", "--json"))
        self.assertEqual((said["loop"], said["rate"]), ("open", 150))
        self.assertEqual(said["operations"] + said["not_begun"], 300)

    def test_what_was_due_while_the_node_was_stopped_counts_as_late(self):
        """Also what the one client could not begin: it has so many under way at most."""
        load = self.begin(self.one, "--workload", "update", "--seconds", "3", "--rate", "400", "--clients", "1", "--json")
        self.await_line(load, "1 s:")
        self.stop_for_a_while(self.one[0])
        said = self.end(load)
        self.assertEqual(said["operations"] + said["not_begun"], 1200)
        self.assertGreater(said["max_us"], STOPPED_S * 0.8e6)
        # Of 1200 every fifth was due in that time: half of them waited for half of it, or longer.
        self.assertGreater(said["p90_us"], STOPPED_S * 0.25e6)

    def test_what_was_due_and_not_begun_counts(self):
        load = self.begin(self.one, "--workload", "update", "--seconds", "3", "--rate", "400", "--clients", "1", "--json")
        self.await_line(load, "1 s:")
        os.kill(self.one[0]["pid"], signal.SIGSTOP)
        time.sleep(2.5)
        os.kill(self.one[0]["pid"], signal.SIGCONT)
        said = self.end(load)
        self.assertGreater(said["not_begun"], 100)
        self.assertEqual(said["operations"] + said["not_begun"], 1200)

    def test_errors_by_kind(self):
        load = self.begin(self.one, "--workload", "a", "--seconds", "3", "--clients", "8", "--deadline", "200", "--json")
        self.await_line(load, "1 s:")
        self.stop_for_a_while(self.one[0])
        errors = self.end(load)["errors"]
        self.assertGreater(sum(errors.values()), 0)
        self.assertLessEqual(set(errors), {"deadline", "unknown outcome", "overloaded", "no leader", "unavailable"})

    def test_ends_when_it_is_told_to_and_says_what_it_has(self):
        load = self.begin(self.one, "--workload", "fill", "--seconds", "600", "--json")
        self.await_line(load, "1 s:")
        load.send_signal(signal.SIGINT)
        said = self.end(load)
        self.assertGreater(said["operations"], 0)
        self.assertLess(said["seconds"], 60)

    def test_text(self):
        load = self.begin(self.three, "--workload", "b", "--seconds", "1")
        said, _ = load.communicate(timeout=WAIT_S)
        self.assertIn("operations a second", said)
        self.assertIn("p99.9", said)

    def test_mistakes(self):
        port = free_port()
        for words, code in [(["--workload", "g"], 2), (["--workload", "a", "--distribution", "even"], 2),
                            (["--workload", "a", "--consistency", "none"], 2), ([], 2),
                            (["--workload", "a", "--deadline", "200"], 3), (["--workload", "fill", "--deadline", "200"], 3)]:
            done = subprocess.run([BEACHDB, "load", "--connect", f"127.0.0.1:{port}", *words], capture_output=True, text=True,
                                  timeout=WAIT_S)
            self.assertEqual((done.returncode, done.stdout), (code, ""), words)
            self.assertNotEqual(done.stderr, "")


if __name__ == "__main__":
    unittest.main()
