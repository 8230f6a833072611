#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A node that has users: redis-cli, native frames, the file of users, what its log says. Usage: users_test.py BEACHDB"""
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

BEACHDB = sys.argv.pop(1)
WAIT_S = 60
FINE, USAGE = 0, 2
STATUS, GET, AUTHENTICATE = 35, 33, 39  # docs/formats/client.md
GOT, STATUS_REPLY, FAILED, AUTHENTICATED = 49, 51, 52, 56
OVERLOADED, UNAUTHENTICATED, FORBIDDEN = 3, 11, 12


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def frame(kind, request, payload):
    """docs/formats/frame.md."""
    header = struct.pack("<4sIHHQI", b"BDB1", len(payload), kind, 0, request, crc32c(payload))
    return header + struct.pack("<I", crc32c(header)) + payload


def sized(text):
    return bytes([len(text)]) + text.encode()


class Native:
    """A client's connection."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.stream = socket.create_connection((host, int(port)), timeout=WAIT_S)
        self.stream.sendall(frame(1, 0, struct.pack("<HH16sQQ", 1, 1, bytes(16), 0, 0)))
        self.read()

    def read(self):
        try:
            header = self.stream.recv(28, socket.MSG_WAITALL)
        except ConnectionResetError:
            header = b""
        if len(header) < 28:
            return None, b""
        length, kind = struct.unpack_from("<IH", header, 4)
        return kind, self.stream.recv(length, socket.MSG_WAITALL) if length else b""

    def ask(self, kind, payload=b""):
        """The reply's type, and of a failure the kind."""
        self.stream.sendall(frame(kind, 7, struct.pack("<I", 0) + payload))
        replied, payload = self.read()
        return (replied, payload[8]) if replied == FAILED else replied

    def get(self):
        return self.ask(GET, b"\x02" + sized("a"))

    def login(self, user, token):
        return self.ask(AUTHENTICATE, sized(user) + sized(token))


class UsersTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = pathlib.Path(scratch.name)
        self.users = self.directory / "users.toml"
        self.log = self.directory / "log"
        self.tokens = {}
        for name, role in (("reader", "read"), ("writer", "write"), ("keeper", "admin")):
            self.add(name, role)

    def add(self, name, role):
        drawn = subprocess.run([BEACHDB, "token", name, "--role", role], capture_output=True, text=True, check=True)
        self.tokens[name] = drawn.stdout.strip()
        with open(self.users, "a", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as users:
            users.write(drawn.stderr)

    def serve(self, *options):
        listen = () if "--listen" in options else ("--listen", "127.0.0.1:0")
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [BEACHDB, "serve", "--data", self.directory / "node", *listen, "--resp", "127.0.0.1:0", "--log", "all",
                 *map(str, options)], stderr=log)
        self.addCleanup(self.stop)
        self.wait_for(" server.leads ")
        line = next(line for line in self.log.read_text().splitlines() if " server.ready " in line)
        self.addresses = dict(word.split("=", 1) for word in line.split() if "=" in word)

    def stop(self):
        self.process.terminate()
        self.process.wait(WAIT_S)

    def wait_for(self, word, count=1):
        end = time.monotonic() + WAIT_S
        while self.log.read_text().count(word) < count:
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"{word} is not in {self.log.read_text()}")
            time.sleep(0.02)

    def native(self):
        client = Native(self.addresses["address"])
        self.addCleanup(client.stream.close)
        return client

    def redis(self, user, *words, token=None):
        host, port = self.addresses["resp"].rsplit(":", 1)
        login = ("--user", user, "--pass", token or self.tokens[user], "--no-auth-warning") if user else ()
        done = subprocess.run(["redis-cli", "-h", host, "-p", port, *login, *words], capture_output=True, text=True,
                              timeout=WAIT_S)
        return done.stdout.strip() + done.stderr.strip()

    def refused(self, *options):
        """What is said; or its code, if that is none of usage."""
        done = subprocess.run([BEACHDB, "serve", "--data", self.directory / "none", *map(str, options)],
                              capture_output=True, text=True, timeout=WAIT_S)
        return done.stderr if done.returncode == USAGE else done.returncode

    def test_clients_of_redis_have_roles(self):
        self.serve("--users", self.users)
        self.assertIn("NOAUTH", self.redis(None, "GET", "a"))
        self.assertEqual(self.redis("writer", "SET", "a", "1"), "OK")
        self.assertEqual(self.redis("reader", "GET", "a"), "1")
        self.assertIn("NOPERM", self.redis("reader", "SET", "a", "2"))
        self.assertIn("NOPERM", self.redis("writer", "CONFIG", "GET", "x"))
        self.assertNotIn("NOPERM", self.redis("keeper", "CONFIG", "GET", "x"))
        self.assertIn("WRONGPASS", self.redis("writer", "PING", token=self.tokens["reader"]))

    def test_native_clients_have_them_too(self):
        self.serve("--users", self.users)
        client = self.native()
        self.assertEqual(client.ask(STATUS), STATUS_REPLY)
        self.assertEqual(client.get(), (FAILED, UNAUTHENTICATED))
        self.assertEqual(client.login("reader", self.tokens["writer"]), (FAILED, UNAUTHENTICATED))
        self.assertEqual(client.get(), (FAILED, UNAUTHENTICATED))
        self.assertEqual(client.login("reader", self.tokens["reader"]), AUTHENTICATED)
        self.assertEqual(client.get(), GOT)
        transfer = 37
        self.assertEqual(client.ask(transfer, struct.pack("<Q", 1)), (FAILED, FORBIDDEN))
        # A stranger may not have much kept; nobody else is disturbed.
        stranger = self.native()
        write = 32
        self.assertIsNone(stranger.ask(write, bytes(100_000)))
        self.assertEqual(client.get(), GOT)

    def cli(self, *words, command="cli", environment=None):
        return subprocess.run([BEACHDB, command, "--connect", self.addresses["address"], *map(str, words)], text=True,
                              capture_output=True, timeout=WAIT_S, env={**os.environ, **(environment or {})})

    def test_our_own_clients_say_who_they_are(self):
        self.serve("--users", self.users)
        for name, token in self.tokens.items():
            (self.directory / f"{name}.token").write_text(token + "\n")
        def as_user(name):
            return "--user", name, "--token-file", self.directory / f"{name}.token"
        self.assertEqual(self.cli(*as_user("writer"), "put", "a", "1").returncode, FINE)
        self.assertEqual(self.cli(*as_user("reader"), "get", "a").stdout, "1\n")
        told = self.cli(*as_user("reader"), "put", "a", "2")
        self.assertIn("put: forbidden: ", told.stderr)
        self.assertIn("takes a user with the role", told.stderr)
        self.assertIn("get: unauthenticated: ", self.cli("get", "a").stderr)
        here = {"BEACHDB_TOKEN": self.tokens["reader"]}
        self.assertEqual(self.cli("--user", "reader", "get", "a", environment=here).stdout, "1\n")
        load = ("--workload", "fill", "--seconds", "1", "--warmup", "0", "--clients", "2")
        self.assertEqual(self.cli(*as_user("writer"), *load, command="load").returncode, FINE)
        self.assertNotEqual(self.cli(*as_user("reader"), *load, command="load").returncode, FINE)
        # What makes no sense is told, and no token with it.
        two = self.directory / "two.token"
        two.write_text("seashell seashell")
        for words in (("--token-file", two), ("--token-file", self.directory / "none"), ("--user", "reader"),
                      ("--user", "r" * 65, *as_user("reader")[2:])):
            done = self.cli(*words, "get", "a")
            self.assertEqual(done.returncode, USAGE)
            self.assertNotIn("seashell", done.stderr)

    def test_no_secret_is_in_the_log(self):
        self.serve("--users", self.users)
        wrong = "beachdb_" + "5ea" * 21
        self.redis("writer", "SET", "a", "1")
        self.redis("writer", "GET", "a", token=wrong)
        client = self.native()
        client.login("reader", wrong)
        client.login("reader", self.tokens["reader"])
        client.ask(AUTHENTICATE, sized("reader") + sized(wrong) + b"more")  # no request: the connection ends
        self.stop()
        said = self.log.read_text()
        self.assertIn("server.ready", said)
        for token in (wrong, *self.tokens.values()):
            self.assertNotIn(token[8:], said)
            self.assertNotIn(token[8:], self.users.read_text())

    def test_users_are_read_again_at_a_hang_up(self):
        self.serve("--users", self.users)
        self.users.unlink()
        old = self.tokens["reader"]
        self.add("reader", "write")
        self.assertNotIn("OK", self.redis("reader", "SET", "a", "1"))
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(" server.reloaded")
        self.assertEqual(self.redis("reader", "SET", "a", "1"), "OK")
        self.assertIn("WRONGPASS", self.redis("reader", "PING", token=old))
        self.assertIn("WRONGPASS", self.redis("keeper", "PING"))
        # Who is connected is who he is now.
        client = self.native()
        self.assertEqual(client.login("reader", self.tokens["reader"]), AUTHENTICATED)
        self.assertEqual(client.get(), GOT)
        with open(self.users, "a", encoding="utf-8") as users:
            users.write("rate = 1\nburst = 2\n")
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(" server.reloaded", 2)
        told = [client.get() for _ in range(4)]
        self.assertEqual(told[0], GOT)
        self.assertIn((FAILED, OVERLOADED), told)
        self.users.unlink()
        self.add("keeper", "admin")
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(" server.reloaded", 3)
        self.assertEqual(client.get(), (FAILED, UNAUTHENTICATED))
        self.add("reader", "read")
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(" server.reloaded", 4)
        # What makes no sense changes nothing.
        self.users.write_text("nonsense")
        self.process.send_signal(signal.SIGHUP)
        self.wait_for("this is no TOML")
        self.assertEqual(self.redis("reader", "GET", "a"), "1")

    def test_files_that_make_no_sense_are_refused_and_not_repeated(self):
        good = self.users.read_text()
        cases = {
            "no user": "", "role": good.replace('"read"', '"reed"'), "no TOML": good + "token = \"seashell",
            "1 to 1000000": good + "rate = 0\n", "both texts": good + "rat = 1\n", "is of a rate": good + "burst = 9\n",
            "sha256": good.replace("sha256:", "seashell"), "role and token": good + 'colour = "seashell"\n',
            "a role is missing": '[gull]\n' + good.splitlines()[2], "a token is missing": '[gull]\nrole = "read"\n',
            "1 to 64 bytes": good.replace("[reader]", "[" + "r" * 65 + "]"), "[NAME]": 'gull = "seashell"\n',
        }
        for said, text in cases.items():
            self.users.write_text(text)
            told = self.refused("--users", self.users)
            self.assertIn(said, told)
            self.assertIn(str(self.users), told)
            self.assertNotIn("seashell", told)
        self.users.write_text(good)
        for mode in (0o640, 0o604, 0o620):
            self.users.chmod(mode)
            self.assertIn("chmod 600", self.refused("--users", self.users))
        for words in (("a b", "--role", "read"), ("gull", "--role", "reed"), ("gull",)):
            self.assertEqual(subprocess.run([BEACHDB, "token", *words], capture_output=True).returncode, USAGE)

    def test_what_others_can_reach_asks_who_they_are(self):
        here = ("--listen", "127.0.0.1:0")
        for options in (("--listen", "0.0.0.0:0"), ("--listen", "[::]:0"), (*here, "--resp", "0.0.0.0:0"),
                        (*here, "--http", "0.0.0.0:0"), ("--listen", "127.0.0.1.example:0"), ("--listen", ":0")):
            self.assertIn("allow-anyone", self.refused(*options))
        self.serve("--listen", "0.0.0.0:0", "--allow-anyone", "true")
        self.assertEqual(self.redis(None, "SET", "a", "1"), "OK")
        self.stop()
        self.assertNotIn("server.tokens_in_clear", self.log.read_text())
        self.serve("--listen", "0.0.0.0:0", "--users", self.users)
        self.assertIn("server.tokens_in_clear address=0.0.0.0:0", self.log.read_text())


if __name__ == "__main__":
    unittest.main()
