#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a cluster tells over HTTP, and its admin page in a browser, while it is loaded and its leader is killed.
Usage: http_test.py BEACHDB. With PICTURE=FILE.png the page under load is kept there."""

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

BEACHDB = sys.argv.pop(1)
WAIT_S = 60
BROWSER = os.environ.get("BROWSER", "chromium-headless-shell")


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


def get(node, path):
    """Status, and what was said; 0: it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{node['http']}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def document(node, name):
    status, text = get(node, f"/api/{name}.json")
    return json.loads(text) if status == 200 else {}


def write(node, batches):
    """Batches of SETs to one node's Redis port, each of 128 values of 8 KiB."""
    host, port = node["resp"].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=WAIT_S) as stream:
        answers = stream.makefile("rb")
        for batch in range(batches):
            value = os.urandom(4096).hex()
            stream.sendall(b"".join(f"SET key{batch}-{i} {value}\r\n".encode() for i in range(128)))
            for _ in range(128):
                answer = answers.readline()
                if answer != b"+OK\r\n":
                    raise RuntimeError(answer)


def browse(node, folder, *words):
    """The page of a node, some seconds after it was opened, as the browser has it then."""
    assert shutil.which(BROWSER), f"{BROWSER} is not installed: scripts/packages.txt"
    done = subprocess.run(
        [BROWSER, "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr",
         f"--user-data-dir={folder}/profile", "--virtual-time-budget=4000", *words, f"http://{node['http']}/"],
        capture_output=True, text=True, check=False, timeout=WAIT_S)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not console, console
    return done.stdout


def seen(page, name):
    """The text of the element of that id."""
    return re.search(rf'id="{name}"[^>]*>([^<]*)<', page).group(1)


def levels(page):
    return re.findall(r'class="level"[^>]*>([^<]*)<', page)


class HttpTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.cluster = subprocess.Popen(
            [BEACHDB, "cluster", "3", "--json", "--data", self.directory.name + "/c", "--port", str(free_port())],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.nodes = json.loads(self.cluster.stdout.readline())["nodes"]

    def tearDown(self):
        self.cluster.send_signal(signal.SIGTERM)
        self.cluster.wait(timeout=WAIT_S)
        self.cluster.stdout.close()
        self.directory.cleanup()

    def wait_for(self, condition, what):
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            found = condition()
            if found:
                return found
            time.sleep(0.1)
        self.fail(f"{what}: not within {WAIT_S} s")

    def leader(self, nodes):
        leaders = {document(node, "status").get("leader", 0) for node in nodes}
        return leaders.pop() if len(leaders) == 1 and leaders != {0} else None

    def test_levels_and_leader_are_told_as_they_change(self):
        leader = self.wait_for(lambda: self.leader(self.nodes), "a leader that all know")
        for node in self.nodes:
            self.assertEqual(get(node, "/livez")[0], 200)
            self.wait_for(lambda node=node: get(node, "/readyz")[0] == 200, "ready")
        first = document(self.nodes[0], "levels")
        self.assertEqual(sum(level["bytes"] for level in first["levels"]), 0)
        idle = browse(self.nodes[0], self.directory.name, "--dump-dom")
        self.assertEqual(seen(idle, "state"), "ready")
        write(self.nodes[0], 100)
        self.wait_for(lambda: document(self.nodes[0], "levels")["flushes"] > 0, "a flush")
        self.wait_for(lambda: sum(level["bytes"] for level in document(self.nodes[0], "levels")["levels"]) > 0,
                      "tables in levels")
        self.assertTrue(all(level.startswith("0 B in 0") for level in levels(idle)), levels(idle))
        page = browse(self.nodes[0], self.directory.name, "--dump-dom")
        self.assertNotEqual(levels(page), levels(idle))
        self.assertEqual(seen(page, "leader"), f"node {leader}")
        self.assertGreater(int(seen(page, "applied").replace(",", "")), int(seen(idle, "applied").replace(",", "")))
        if "PICTURE" in os.environ:
            browse(self.nodes[leader - 1], self.directory.name, "--window-size=1200,900",
                   f"--screenshot={os.environ['PICTURE']}")
        members = document(self.nodes[leader - 1], "members")["members"]
        self.assertEqual([member["node"] for member in members], [1, 2, 3])
        self.assertTrue(all("lag" in member for member in members))

        os.kill(self.nodes[leader - 1]["pid"], signal.SIGKILL)
        rest = [node for node in self.nodes if node["node"] != leader]
        self.wait_for(lambda: self.leader(rest) not in (None, leader), "another leader")
        for node in rest:
            self.wait_for(lambda node=node: get(node, "/readyz")[0] == 200, "ready without the one that was killed")
            self.assertIn(f"\nbeachdb_raft_leader {self.leader(rest)}\n", get(node, "/metrics")[1])
        self.assertEqual(get(self.nodes[leader - 1], "/livez")[0], 0)
        self.assertEqual(seen(browse(rest[0], self.directory.name, "--dump-dom"), "leader"), f"node {self.leader(rest)}")


if __name__ == "__main__":
    unittest.main()
