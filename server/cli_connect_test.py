#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`beachdb cli --connect` against a cluster of three: output, exit codes, orders. Usage: cli_connect_test.py BEACHDB"""
import base64
import fcntl
import json
import os
import pathlib
import pty
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
import unittest

BEACHDB = sys.argv.pop(1)
FINE, FOUND, USAGE, ENVIRONMENT, KEY_ABSENT = 0, 1, 2, 3, 6
WAIT_S = 60


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


def run(*arguments, said=None):
    return subprocess.run([BEACHDB, "cli", *map(str, arguments)], input=said, capture_output=True, timeout=WAIT_S)


class CliConnectTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.cluster = subprocess.Popen(
            [BEACHDB, "cluster", "3", "--json", "--data", str(pathlib.Path(cls.scratch.name) / "c"),
             "--port", str(free_port())], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.addClassCleanup(cls.cluster.stdout.close)
        cls.addClassCleanup(cls.cluster.wait, WAIT_S)
        cls.addClassCleanup(cls.cluster.terminate)
        cls.nodes = [node["native"] for node in json.loads(cls.cluster.stdout.readline())["nodes"]]

    def tearDown(self):
        lines = map(json.loads, self.said("scan", "--json").splitlines())
        keys = [line["key"].encode() if "key" in line else base64.b64decode(line["key_base64"]) for line in lines]
        script = "".join('del "' + "".join(f"\\x{byte:02x}" for byte in key) + '"\n' for key in keys)
        run("--connect", self.nodes[0], said=script.encode())

    def cli(self, *arguments, node=None):
        """At all nodes, or at that one."""
        addresses = ",".join(self.nodes) if node is None else self.nodes[node]
        command = [BEACHDB, "cli", "--connect", addresses, *arguments]
        return subprocess.run(command, capture_output=True, timeout=WAIT_S)

    def said(self, *arguments, code=FINE, node=None):
        answer = self.cli(*arguments, node=node)
        self.assertEqual(answer.returncode, code, answer.stderr)
        return answer.stdout.decode()

    def document(self, *arguments, code=FINE):
        return json.loads(self.said(*arguments, "--json", code=code))

    def test_what_one_node_was_told_the_others_know(self):
        self.assertEqual(self.said("put", "colour", "dark blue", node=0), "")
        for node in range(3):
            self.assertEqual(self.said("get", "colour", node=node), "dark blue\n")
        self.assertEqual(self.said("del", "colour", node=1), "")
        self.assertEqual(self.said("del", "colour", node=1), "")
        absent = self.cli("get", "colour", node=2)
        self.assertEqual((absent.returncode, absent.stdout), (KEY_ABSENT, b""))
        self.assertIn(b"no such key", absent.stderr)

    def test_json_has_any_bytes(self):
        self.assertTrue(self.document("put", "colour", "größe")["ok"])
        self.assertEqual(self.document("get", "colour")["value"], "größe")
        self.assertIsNone(self.document("get", "none", code=KEY_ABSENT)["value"])
        self.said("put", "odd", b"\xff\xfe")
        self.assertEqual(base64.b64decode(self.document("get", "odd")["value_base64"]), b"\xff\xfe")
        self.assertEqual(self.cli("get", "odd").stdout, b"\xff\xfe\n")
        self.assertEqual(self.said("get", "odd", "--output", "table"), '"\\xff\\xfe"\n')

    def test_scans_in_three_forms(self):
        for key, value in (("a", "1"), ("b", "two words"), ("c", "3")):
            self.said("put", key, value)
        self.assertEqual(self.said("scan"), "a\t1\nb\ttwo words\nc\t3\n")
        self.assertEqual(self.said("scan", "--output", "table"), 'key  value\na    1\nb    "two words"\nc    3\n')
        self.assertEqual(self.said("scan", "b", "c"), "b\ttwo words\n")
        self.assertEqual(self.said("scan", "--limit", "2", "a"), "a\t1\nb\ttwo words\n")
        lines = self.said("scan", "--json").splitlines()
        self.assertEqual(json.loads(lines[2]), {"key": "c", "value": "3"})

    def test_a_scan_of_many_pages(self):
        """More entries than one reply may have."""
        count = 5000
        script = "".join(f"put key{i:05} {i}\n" for i in range(count))
        answer = run("--connect", self.nodes[0], said=script.encode())
        self.assertEqual((answer.returncode, answer.stdout), (FINE, b""), answer.stderr)
        for consistency in ("linearizable", "lease"):
            lines = self.said("scan", "key", "--consistency", consistency).splitlines()
            self.assertEqual(lines, [f"key{i:05}\t{i}" for i in range(count)])
        self.assertEqual(len(self.said("scan", "--limit", "4097").splitlines()), 4097)

    def test_compare_and_set(self):
        self.assertEqual(self.said("cas", "colour", "blue", "--absent"), "")
        refused = self.cli("cas", "colour", "red", "--absent")
        self.assertEqual((refused.returncode, refused.stdout), (FOUND, b"blue\n"))
        self.assertIn(b"nothing was done: another value is there", refused.stderr)
        self.assertEqual(self.said("cas", "colour", "blue", "green"), "")
        self.assertEqual(self.document("cas", "colour", "blue", "red", code=FOUND), {"ok": False, "value": "green"})
        self.assertEqual(self.document("cas", "none", "blue", "red", code=FOUND), {"ok": False, "value": None})
        self.assertEqual(self.said("get", "colour"), "green\n")
        self.assertIn(b"usage: cas", self.cli("cas", "colour", "blue").stderr)

    def test_transactions(self):
        self.assertEqual(self.said("txn", "then", "put", "a", "1", "put", "b", "2", "get", "a"), "a\t1\n")
        moved = ("txn", "if", "a", "=", "1", "and", "c", "absent", "then", "del", "a", "put", "c", "1", "else", "get", "c")
        self.assertEqual(self.said(*moved), "")
        self.assertEqual(self.said(*moved, code=FOUND), "c\t1\n")
        self.assertEqual(self.said("scan"), "b\t2\nc\t1\n")
        told = self.document("txn", "if", "b", "exists", "then", "get", "b", "get", "none")
        self.assertEqual((told["ok"], told["reads"]), (True, [{"key": "b", "value": "2"}, {"key": "none", "value": None}]))
        wrong = self.cli("txn", "put", "a", "1")
        self.assertEqual(wrong.returncode, USAGE)
        self.assertIn(b"expected if or then, not 'put'", wrong.stderr)

    def test_a_value_that_expires(self):
        self.said("put", "past", "1", "1000")
        self.assertEqual(self.cli("get", "past").returncode, KEY_ABSENT)
        self.said("put", "future", "1", str(2**42))
        self.assertEqual(self.said("get", "future"), "1\n")
        self.assertEqual(self.cli("put", "a", "1", "soon").returncode, USAGE)

    def test_status_and_members(self):
        status = self.document("status")
        self.assertIn(status["leader"], (1, 2, 3))
        self.assertEqual([node["address"] for node in status["nodes"]], self.nodes)
        self.assertEqual({node["membership"] for node in status["nodes"]}, {"voter"})
        self.assertGreaterEqual(status["commit"], status["applied"])
        self.assertIn(f"leader\t{status['leader']}\n", self.said("status"))
        # Whoever is asked, the leader answers: it alone knows how far behind each is.
        for node in range(3):
            rows = [row.split("\t") for row in self.said("members", node=node).splitlines()]
            self.assertEqual([row[0] for row in rows], ["1", "2", "3"])
            self.assertEqual([row[0] for row in rows if row[2] == "leader"], [str(status["leader"])])
            self.assertTrue(all(row[4] != "" for row in rows))
        self.assertIn("membership", self.said("members", "--output", "table").splitlines()[0])

    def eventually(self, condition, what):
        until = time.monotonic() + WAIT_S
        while not condition():
            self.assertLess(time.monotonic(), until, what)
            time.sleep(0.05)

    def membership(self, node):
        rows = [row.split("\t") for row in self.said("members").splitlines()]
        return next(row[1] for row in rows if row[0] == str(node))

    def test_leadership_is_handed_over(self):
        leader = self.document("status")["leader"]
        target = leader % 3 + 1
        self.assertEqual(self.said("transfer-leader", str(target), node=leader - 1), f"{target}\n")
        self.assertEqual([row.split("\t")[0] for row in self.said("members").splitlines() if "\tleader\t" in row],
                         [str(target)])
        # One node is enough to be told: the leader is found by its address.
        chosen = json.loads(self.said("transfer-leader", "--json", node=leader - 1))["leader"]
        self.assertNotEqual(chosen, target)
        self.assertEqual(self.cli("transfer-leader", "9").returncode, USAGE)
        self.assertEqual(self.cli("transfer-leader", "some").returncode, USAGE)

    def test_members_come_and_go(self):
        leader = self.document("status")["leader"]
        node, other = leader % 3 + 1, (leader + 1) % 3
        for action, what, before, after in (("demote", "is no voter", "voter", "learner"),
                                            ("promote", "is no learner", "learner", "voter"),
                                            ("remove", "is no member", "voter", "none"),
                                            ("add", "is a member already", "none", "learner"),
                                            ("promote", "is no learner", "learner", "voter")):
            self.assertEqual(self.membership(node), before)
            self.assertEqual(self.said("member", action, str(node), node=other), "")
            self.assertEqual(self.membership(node), after)
            again = self.cli("member", action, str(node))
            self.assertEqual(again.returncode, USAGE)
            self.assertIn(f"node {node} {what}: nothing was done".encode(), again.stderr)
            self.said("put", "colour", action)
        self.eventually(lambda: self.cli("get", "colour", "--consistency", "stale", node=node - 1).stdout == b"promote\n",
                        "what it was told as a voter")
        for wrong in (("paint", "1"), ("add", "many"), ("add", "0"), ("add", "9")):
            self.assertEqual(self.cli("member", *wrong).returncode, USAGE)

    def watch(self, *arguments):
        return subprocess.Popen([BEACHDB, "cli", "--connect", self.nodes[0], "watch", *arguments],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_changes_are_told_as_they_are_made(self):
        with self.watch("b", "d", "--count", "3", "--json") as watch:
            begin = int(watch.stderr.readline().removeprefix("watching from "))
            for words in (("put", "a", "1"), ("put", "b", "2"), ("put", "c", "3", str(2**42)), ("del", "b")):
                self.said(*words, node=1)
            told = [json.loads(line) for line in watch.communicate(timeout=WAIT_S)[0].splitlines()]
        self.assertEqual(watch.returncode, FINE)
        self.assertEqual([(change["change"], change["key"], change["value"], change["expires_at_ms"]) for change in told],
                         [("put", "b", "2", None), ("put", "c", "3", 2**42), ("del", "b", None, None)])
        # Once more from where it began, and from behind the first.
        rows = [f"{change['index']}\t{change['change']}\t{change['key']}" for change in told]
        for place, left in ((begin, rows), (told[0]["index"], rows[1:])):
            again = self.said("watch", "b", "d", "--from", str(place), "--count", str(len(left)))
            self.assertEqual([line.rsplit("\t", 2)[0] for line in again.splitlines()], left)
        # One at a time, each from where the one before says.
        place, found = begin, []
        for _ in rows:
            one = self.cli("watch", "b", "d", "--from", str(place), "--count", "1")
            found.append(one.stdout.decode().rsplit("\t", 2)[0])
            place = int(one.stderr.split()[2])
        self.assertEqual(found, rows)
        self.assertEqual(self.cli("watch", "--count", "0").returncode, USAGE)
        self.assertEqual(self.cli("watch", "--from", "now").returncode, USAGE)

    def test_a_watch_ends_at_ctrl_c_and_says_where_to_go_on(self):
        with self.watch() as watch:
            begin = int(watch.stderr.readline().removeprefix("watching from "))
            self.said("put", "a", "1")
            index = int(watch.stdout.readline().split("\t")[0])
            self.assertGreater(index, begin)
            watch.send_signal(signal.SIGINT)
            said = watch.communicate(timeout=WAIT_S)
        self.assertEqual((watch.returncode, said[0]), (FINE, ""))
        self.assertGreaterEqual(int(said[1].split()[2]), index)
        self.assertIn("goes on here", said[1])

    def test_who_does_not_answer(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{closed.getsockname()[1]}"
            read = run("--connect", address, "--timeout", "200ms", "get", "a")
            written = run("--connect", address, "--timeout", "200ms", "put", "a", "1")
        self.assertEqual((read.returncode, read.stdout), (ENVIRONMENT, b""))
        self.assertIn(b"get: deadline", read.stderr)
        self.assertIn(b"Asking again is safe", read.stderr)
        self.assertEqual(written.returncode, ENVIRONMENT)
        self.assertIn(b"Nothing was done: asking again is safe", written.stderr)
        # Another node is asked instead.
        found = run("--connect", f"{address},{self.nodes[1]}", "status")
        self.assertEqual(found.returncode, FINE, found.stderr)

    def test_what_makes_no_sense(self):
        node = ("--connect", self.nodes[0])
        for wrong, why in ((("--connect", "here", "get", "a"), b"addresses are like"),
                           (("--connect", "a:1,", "get", "a"), b"addresses are like"),
                           ((*node, "--data", "/tmp", "get", "a"), b"either --connect or --data"),
                           ((*node, "--create"), b"for --data"),
                           ((*node, "--timeout", "soon", "get", "a"), b"soon"),
                           ((*node, "--consistency", "some", "get", "a"), b"consistency is"),
                           ((*node, "--output", "xml", "get", "a"), b"output is"),
                           ((*node, "--output", "raw", "--json", "get", "a"), b"--json is not"),
                           ((*node, "compact"), b"beachdb compact DIR"),
                           ((*node, "tables"), b"beachdb cli --data DIR tables"),
                           ((*node, "scan", "--limit", "many"), b"a limit is a number"),
                           (("--data", "/nowhere", "status"), b"beachdb cli --connect ADDR,... status"),
                           (("--data", "/nowhere", "--timeout", "1s", "get", "a"), b"for --connect")):
            with self.subTest(wrong=wrong):
                answer = run(*wrong)
                self.assertEqual((answer.returncode, answer.stdout), (USAGE, b""))
                self.assertIn(why, answer.stderr)

    def test_a_script(self):
        said = "put a 1  # a remark\nput 'b c' \"\\x41\"\nget 'b c'\nget none\nscan --limit 1\nexit\nget a\n"
        answer = run("--connect", self.nodes[0], said=said.encode())
        self.assertEqual((answer.returncode, answer.stdout), (FINE, b"A\na\t1\n"))
        for line, why in (("nonsense", b"no command 'nonsense'"), ("verify", b"beachdb verify DIR"),
                          ("get", b"usage: get KEY")):
            stopped = run("--connect", self.nodes[0], said=f"{line}\nput a 2\n".encode())
            self.assertEqual(stopped.returncode, USAGE)
            self.assertIn(why, stopped.stderr)
            self.assertIn(b"stopped at line 1", stopped.stderr)
        self.assertEqual(self.said("get", "a"), "1\n")

    def converse(self, typed, **environment):
        """What is shown to a person who types that at the prompt. Each part waits for what comes before it."""
        controller, terminal = pty.openpty()
        shown = b""
        with subprocess.Popen([BEACHDB, "cli", "--connect", self.nodes[0]], stdin=terminal, stdout=terminal,
                              stderr=terminal, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                              env={"TERM": "xterm", "HOME": "/nonexistent", **environment}) as program:
            os.close(terminal)
            try:
                for awaited, said in [*typed, (b"> ", b"exit\n")]:
                    begin = len(shown)
                    while awaited not in shown[begin:]:
                        self.assertTrue(select.select([controller], [], [], WAIT_S)[0], (awaited, shown))
                        shown += os.read(controller, 4096)
                    os.write(controller, said)
                self.assertEqual(program.wait(WAIT_S), FINE)
            finally:
                program.kill()
        os.close(controller)
        return shown

    def test_the_prompt(self):
        state = pathlib.Path(self.scratch.name) / "state"
        leader = self.document("status")["leader"]
        shown = self.converse([
            (f"{self.nodes[0]} leader {leader}> ".encode(), b"nonsense\n"),
            (b"> ", b"pu\tcolour blue\n"),  # completed
            (b"> ", b"put \t"), (b"put KEY VALUE [UNTIL]", b"\n"),  # what it takes
            (b"> ", b"member rem\t\n"),
            (b"> ", b"scan --l\t1\n"),
            (b"> ", b"put auth secret\n"),
            (b"> ", b"watch\n"), (b"watching from", b"\x03"),  # the prompt survives Ctrl-C
            (b"> ", b"get auth\n"),
            (b"> ", b"get colour\n"),
        ], XDG_STATE_HOME=str(state))
        for said in (b"no command 'nonsense'", b"usage: put KEY VALUE", b"usage: member add|promote|demote|remove NODE",
                     b"colour  blue\r\n", b"goes on here", b"\nsecret\r\n", b"\nblue\r\n"):
            self.assertIn(said, shown)
        history = state / "beachdb_history"
        kept = history.read_text()
        self.assertIn("put", kept)
        self.assertIn("member", kept)
        self.assertNotIn("auth", kept)
        self.assertEqual(history.stat().st_mode & 0o777, 0o600)
        # It is there the next time, and the owner's alone, whatever it was.
        history.chmod(0o644)
        self.converse([(b"> ", b"del colour\n"), (b"> ", b"\x1b[A\x1b[A\x1b[A\n")], XDG_STATE_HOME=str(state))
        self.assertEqual(history.stat().st_mode & 0o777, 0o600)
        self.assertIn("del", history.read_text())


if __name__ == "__main__":
    unittest.main()
