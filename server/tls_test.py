#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nodes under TLS, with certificates made for the test: redis-cli, HTTP, the client library, strangers.
Usage: tls_test.py BEACHDB REMOTE"""
import pathlib
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

REMOTE = sys.argv.pop(2)
BEACHDB = sys.argv.pop(1)
WAIT_S = 60
USAGE = 2


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    """Its own certificate, and those that it signs, as files NAME.pem and NAME.key of a directory."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        self.file = directory / "ca.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=authority", "-keyout", directory / "ca.key", "-out", self.file)

    def sign(self, name, alternative):
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request)
        extensions.write_text(f"subjectAltName={alternative}\n")
        openssl("x509", "-req", "-days", "2", "-in", request, "-CA", self.file, "-CAkey", self.directory / "ca.key",
                "-CAcreateserial", "-extfile", extensions, "-out", certificate)
        return certificate, key


def free_port(host):
    with socket.socket() as taken:
        taken.bind((host, 0))
        return taken.getsockname()[1]


class Node:
    """One `beachdb serve`; what it says is in a file."""

    def __init__(self, directory, host, *options):
        self.data = directory
        self.addresses = {}
        self.log = pathlib.Path(f"{directory}.log")
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [BEACHDB, "serve", "--data", directory, "--resp", f"{host}:0", "--http", f"{host}:0", *map(str, options)],
                stderr=log)

    def said(self):
        return self.log.read_text(encoding="utf-8")

    def wait_for(self, word, count=1):
        end = time.monotonic() + WAIT_S
        while self.said().count(word) < count:
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"{word} is not in {self.said()}")
            time.sleep(0.02)

    def wait_until_ready(self):
        self.wait_for(" server.ready ")
        line = next(line for line in self.said().splitlines() if " server.ready " in line)
        self.addresses = dict(word.split("=", 1) for word in line.split() if "=" in word)

    def stop(self):
        self.process.terminate()
        self.process.wait(WAIT_S)

    def redis(self, *words, tls=()):
        host, port = self.addresses["resp"].rsplit(":", 1)
        done = subprocess.run(["redis-cli", "-h", host, "-p", port, *map(str, tls), *words], capture_output=True,
                              text=True, timeout=WAIT_S)
        return done.stdout.strip() or done.stderr.strip()


def trusting(authority, identity=None):
    """What redis-cli is told."""
    own = ("--cert", identity[0], "--key", identity[1]) if identity else ()
    return ("--tls", "--cacert", authority.file, *own)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def hello(cluster, sender, target):
    """The frame with which a node begins (docs/formats/frame.md)."""
    payload = struct.pack("<HH16sQQ", 1, 1, cluster, sender, target)
    header = struct.pack("<4sIHHQI", b"BDB1", len(payload), 1, 0, 0, crc32c(payload))
    return header + struct.pack("<I", crc32c(header)) + payload


class TlsTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = pathlib.Path(scratch.name)
        self.ours = Authority(self.directory / "ours")
        self.others = Authority(self.directory / "others")

    def serve(self, name, host, identity, *options):
        node = Node(self.directory / name, host, "--tls-cert", identity[0], "--tls-key", identity[1], *options)
        self.addCleanup(node.stop)
        return node

    def alone(self, *options):
        node = self.serve("alone", "127.0.0.1", self.ours.sign("alone", "IP:127.0.0.1"), "--listen", "127.0.0.1:0",
                          *options)
        node.wait_until_ready()
        return node

    def eventually(self, wanted, ask):
        end = time.monotonic() + WAIT_S
        while (answer := ask()) != wanted:
            if time.monotonic() > end:
                self.fail(answer)
            time.sleep(0.05)

    def outcome_of_hello(self, node, cluster, identity, sender):
        """Whether it stays connected that says it is node `sender`."""
        context = ssl.create_default_context(cafile=self.ours.file)
        if identity:
            context.load_cert_chain(*identity)
        host, port = node.addresses["address"].rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=1) as plain:
            with context.wrap_socket(plain, server_hostname=host) as stream:
                stream.sendall(hello(cluster, sender, 1))
                try:
                    while stream.recv(4096):
                        pass
                    return "closed"
                except TimeoutError:
                    return "stays"

    def test_a_cluster_whose_nodes_prove_who_they_are(self):
        hosts = {1: "127.0.0.1", 2: "127.0.0.2", 3: "127.0.0.3"}
        natives = {node: f"{host}:{free_port(host)}" for node, host in hosts.items()}
        peers = ",".join(f"{node}={address}" for node, address in natives.items())
        identities = {node: self.ours.sign(f"node{node}", f"IP:{host}") for node, host in hosts.items()}
        nodes = {node: self.serve(f"n{node}", host, identities[node], "--tls-ca", self.ours.file, "--node", node,
                                  "--listen", natives[node], "--peers", peers)
                 for node, host in hosts.items()}
        for node in nodes.values():
            node.wait_until_ready()
        tls = trusting(self.ours)
        self.eventually("OK", lambda: nodes[2].redis("SET", "colour", "blue", tls=tls))
        for node in nodes.values():
            self.assertEqual(node.redis("GET", "colour", tls=tls), "blue")

        # HTTP, with a client that looks at the host's name.
        context = ssl.create_default_context(cafile=self.ours.file)
        with urllib.request.urlopen(f"https://{nodes[3].addresses['http']}/livez", context=context, timeout=10) as answer:
            self.assertEqual(answer.status, 200)

        # The client library, which finds the leader by itself.
        remote = subprocess.run([REMOTE, "--ca", self.ours.file, *natives.values()], capture_output=True, text=True,
                                timeout=WAIT_S)
        self.assertIn("Petrel has berth 4", remote.stdout, remote.stderr)
        wary = subprocess.run([REMOTE, "--ca", self.others.file, *natives.values()], capture_output=True, text=True,
                              timeout=WAIT_S)
        self.assertIn("put: deadline", wary.stderr)

        # Who does not speak TLS, and who trusts others.
        self.assertNotEqual(nodes[1].redis("GET", "colour"), "blue")
        self.assertNotEqual(nodes[1].redis("GET", "colour", tls=trusting(self.others)), "blue")

        # To speak as a node takes that node's certificate.
        cluster = (nodes[1].data / "NODE").read_bytes()[6:22]
        client = self.ours.sign("client", "DNS:client")
        self.assertEqual(self.outcome_of_hello(nodes[1], cluster, identities[2], 2), "stays")
        self.assertEqual(self.outcome_of_hello(nodes[1], cluster, client, 0), "stays")
        for identity, sender in ((client, 2), (None, 2), (identities[3], 2), (identities[2], 7)):
            self.assertEqual(self.outcome_of_hello(nodes[1], cluster, identity, sender), "closed")

    def test_clients_show_a_certificate_where_it_is_required(self):
        node = self.alone("--tls-ca", self.ours.file, "--tls-clients", "required")
        client = self.ours.sign("client", "DNS:client")
        self.eventually("OK", lambda: node.redis("SET", "a", "1", tls=trusting(self.ours, client)))
        self.assertNotEqual(node.redis("GET", "a", tls=trusting(self.ours)), "1")
        stranger = self.others.sign("client", "DNS:client")
        self.assertNotEqual(node.redis("GET", "a", tls=trusting(self.ours, stranger)), "1")
        # Our own client, and the one that makes load.
        def cli(identity, *words, command="cli"):
            own = ("--tls-cert", identity[0], "--tls-key", identity[1]) if identity else ()
            return subprocess.run([BEACHDB, command, "--connect", node.addresses["address"], "--tls-ca", self.ours.file,
                                   *map(str, own), *words], capture_output=True, text=True, timeout=WAIT_S)
        self.assertEqual(cli(client, "get", "a").stdout, "1\n")
        for identity in (None, stranger):
            self.assertIn("deadline", cli(identity, "--timeout", "500ms", "get", "a").stderr)
        load = ("--workload", "fill", "--seconds", "1", "--warmup", "0", "--clients", "2")
        self.assertEqual(cli(client, *load, command="load").returncode, 0)
        self.assertEqual(cli((client[0], stranger[1]), "get", "a").returncode, USAGE)

    def test_certificates_are_read_again_at_a_hang_up(self):
        node = self.alone()
        self.eventually("OK", lambda: node.redis("SET", "a", "1", tls=trusting(self.ours)))
        certificate, key = self.ours.directory / "alone.pem", self.ours.directory / "alone.key"
        for new, old in zip(self.others.sign("next", "IP:127.0.0.1"), (certificate, key)):
            shutil.copy(new, old)
        self.assertEqual(node.redis("GET", "a", tls=trusting(self.ours)), "1")  # nobody has told it
        node.process.send_signal(signal.SIGHUP)
        node.wait_for(" server.reloaded")
        self.assertEqual(node.redis("GET", "a", tls=trusting(self.others)), "1")
        self.assertNotEqual(node.redis("GET", "a", tls=trusting(self.ours)), "1")
        # What cannot be read changes nothing.
        certificate.write_text("nonsense")
        node.process.send_signal(signal.SIGHUP)
        node.wait_for("beachdb: TLS certificate")
        self.assertIn(str(certificate), node.said())
        self.assertEqual(node.redis("GET", "a", tls=trusting(self.others)), "1")

    def test_settings_that_make_no_sense_are_told(self):
        certificate, key = self.ours.sign("node", "IP:127.0.0.1")
        given = ("--tls-cert", certificate, "--tls-key", key)
        pair = ("--peers", "1=127.0.0.1:1,2=127.0.0.1:2")
        for options, said in (((*given[:2],), "give both"), (("--tls-ca", self.ours.file), "no certificate"),
                              ((*given, "--tls-clients", "required"), "no authority"), ((*given, *pair), "no authority"),
                              ((*given, "--tls-clients", "some"), "none, optional or required"),
                              ((*given, "--tls-nodes", "some"), "name, authority or nothing"),
                              (("--tls-cert", key, "--tls-key", certificate), "TLS certificate")):
            done = subprocess.run([BEACHDB, "serve", "--data", self.directory / "none", "--listen", "127.0.0.1:0",
                                   *options], capture_output=True, text=True, timeout=WAIT_S)
            self.assertEqual(done.returncode, USAGE, options)
            self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main()
