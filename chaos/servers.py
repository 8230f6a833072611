# SPDX-License-Identifier: Apache-2.0
"""The servers: processes of `beachdb serve`, each with a small disk of its own."""
import os
import pathlib
import signal
import subprocess

from network import address, run

NATIVE_PORT = 7700
RESP_PORT = 6379
DISK_MIB = 512
CONFIG = """data = "{disk}/node"
node = {node}
listen = "{native}"
resp = "{resp}"
peers = "{peers}"
memory = "64M"
log-bytes = "16M"
allow-anyone = "true"
"""


class Server:
    def __init__(self, binary, network, node, workspace):
        self.binary, self.network, self.node = binary, network, node
        self.disk = pathlib.Path(workspace) / f"disk{node}"
        self.config = pathlib.Path(workspace) / f"node{node}.toml"
        self.log = pathlib.Path(workspace) / f"node{node}.log"
        self.process = None
        self.stopped = False

    @property
    def native(self):
        return f"{address(self.node)}:{NATIVE_PORT}"

    @property
    def resp(self):
        return address(self.node), RESP_PORT

    def make(self):
        self.disk.mkdir()
        run("mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "beach-chaos", str(self.disk))
        peers = ",".join(f"{n}={address(n)}:{NATIVE_PORT}" for n in self.network.nodes)
        self.config.write_text(CONFIG.format(disk=self.disk, node=self.node, native=self.native,
                                             resp=f"{address(self.node)}:{RESP_PORT}", peers=peers))

    def start(self):
        if self.running():
            return
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                self.network.command_on(self.node, self.binary, "serve", "--config", str(self.config)),
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.running():
            self.process.kill()
            self.process.wait()
        self.stopped = False

    def leave(self):
        """As an operator stops it: it may take its time."""
        self.go_on()
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                raise RuntimeError(f"node {self.node} does not end when it is told to") from None

    def stop(self):
        if self.running():
            self.process.send_signal(signal.SIGSTOP)
            self.stopped = True

    def go_on(self):
        if self.stopped and self.running():
            self.process.send_signal(signal.SIGCONT)
        self.stopped = False

    def fill_disk(self):
        """To the last byte."""
        with open(self.disk / "filler", "ab", buffering=0) as filler:
            for size in (1 << 20, 4096, 1):
                piece = bytes(size)
                try:
                    while filler.write(piece) == size:
                        pass
                except OSError:
                    pass

    def empty_disk(self):
        (self.disk / "filler").unlink(missing_ok=True)

    def said(self, event):
        """How often its log has that event."""
        return self.log.read_text(errors="replace").count(f" {event} ") if self.log.exists() else 0

    def remove(self):
        self.kill()
        if self.disk.exists():
            subprocess.run(["umount", str(self.disk)], capture_output=True)
            if not os.path.ismount(self.disk):
                self.disk.rmdir()
