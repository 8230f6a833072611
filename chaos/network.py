# SPDX-License-Identifier: Apache-2.0
"""A network of this machine's own: a namespace for each server, one for the clients, a bridge between them."""
import ctypes
import os
import subprocess

SUBNET = "10.77.0"
CLIENTS = 100  # last byte of the clients' address
CLONE_NEWNET = 0x40000000


def run(*words):
    """Raises with what the command said."""
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def address(node):
    return f"{SUBNET}.{node}"


class Network:
    """Nodes 1 to n. What is cut, lost or slowed is so until heal()."""

    def __init__(self, nodes):
        self.nodes = range(1, nodes + 1)
        self.clients = f"beach{os.getpid()}-clients"
        self.made = []

    def namespace(self, node):
        return f"beach{os.getpid()}-{node}"

    def make(self):
        """The calling process goes over to the clients' side."""
        self._add(self.clients)
        ip = ["ip", "-n", self.clients]
        run(*ip, "link", "add", "bridge", "type", "bridge")
        run(*ip, "addr", "add", f"{address(CLIENTS)}/24", "dev", "bridge")
        run(*ip, "link", "set", "bridge", "up")
        for node in self.nodes:
            there = self.namespace(node)
            self._add(there)
            run(*ip, "link", "add", f"to{node}", "type", "veth", "peer", "name", "wire", "netns", there)
            run(*ip, "link", "set", f"to{node}", "master", "bridge")
            run(*ip, "link", "set", f"to{node}", "up")
            run("ip", "-n", there, "addr", "add", f"{address(node)}/24", "dev", "wire")
            run("ip", "-n", there, "link", "set", "wire", "up")
            self._nft(node, "add table inet chaos")
            self._nft(node, "add chain inet chaos in { type filter hook input priority 0; }")
            self._nft(node, "add chain inet chaos out { type filter hook output priority 0; }")
        self._enter(self.clients)

    def _add(self, name):
        run("ip", "netns", "add", name)
        self.made.append(name)
        run("ip", "-n", name, "link", "set", "lo", "up")

    @staticmethod
    def _enter(name):
        libc = ctypes.CDLL(None, use_errno=True)
        with open(f"/run/netns/{name}") as there:
            if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns", name)

    def _nft(self, node, rule):
        run("ip", "netns", "exec", self.namespace(node), "nft", rule)

    def command_on(self, node, *words):
        return ["ip", "netns", "exec", self.namespace(node), *words]

    def deafen(self, node, sources):
        """What these send does not reach the node; what it sends reaches them."""
        for source in sources:
            self._nft(node, f"add rule inet chaos in ip saddr {address(source)} drop")

    def part(self, side, other):
        for node in side:
            self.deafen(node, other)
        for node in other:
            if node != CLIENTS:
                self.deafen(node, side)
            else:
                for one in side:
                    self._nft(one, f"add rule inet chaos out ip daddr {address(CLIENTS)} drop")

    def lose(self, node, percent):
        """Of all packets that come to the node."""
        self._nft(node, f"add rule inet chaos in numgen random mod 100 < {percent} drop")

    def narrow(self, node, kbit):
        """The node sends no more than that in a second."""
        run("tc", "-n", self.namespace(node), "qdisc", "replace", "dev", "wire", "root",
            "tbf", "rate", f"{kbit}kbit", "burst", "16kb", "latency", "200ms")

    def heal(self):
        for node in self.nodes:
            self._nft(node, "flush table inet chaos")
            subprocess.run(["tc", "-n", self.namespace(node), "qdisc", "del", "dev", "wire", "root"],
                           capture_output=True)  # there may be none

    def remove(self):
        for name in reversed(self.made):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
