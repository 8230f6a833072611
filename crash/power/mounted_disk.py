# SPDX-License-Identifier: Apache-2.0
"""A disk that `beachcrash mount` serves, for Python programs: mounted by `with`, and gone with it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time


def can_mount():
    """Whether this machine lets us mount file systems of programs."""
    return os.access("/dev/fuse", os.R_OK | os.W_OK)


class ControlError(Exception):
    """The disk refused what it was told."""


class MountedDisk:
    """A new disk of a seed. What is told to it goes over its control socket, not through a process."""

    def __init__(self, beachcrash, *options, workspace=None):
        self.beachcrash = beachcrash
        self.options = options
        self.own_workspace = workspace is None
        self.workspace = workspace or tempfile.mkdtemp(prefix="beachcrash-")
        self.directory = os.path.join(self.workspace, "disk")
        self.socket_path = self.directory + ".socket"
        self.process = None

    def __enter__(self):
        os.makedirs(self.directory, exist_ok=True)
        self.process = subprocess.Popen(
            [self.beachcrash, "mount", self.directory, *self.options], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("mounted "):
            raise RuntimeError(f"not mounted: exit code {self.process.wait()}")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        subprocess.run(["umount", "-l", self.directory], stderr=subprocess.DEVNULL, check=False)
        if self.own_workspace:
            shutil.rmtree(self.workspace, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def raw(self, line, timeout_s=30.0):
        """Sends bytes as they are, and gives the first line that comes back."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_s)
            connection.connect(self.socket_path)
            try:
                connection.sendall(line)
            except BrokenPipeError:
                pass  # refused before all of it was read; the answer says so
            with connection.makefile("rb") as answers:
                return answers.readline()

    def tell(self, verb, **fields):
        """The answer to a command, as a dictionary; ControlError where it says no."""
        answer = json.loads(self.raw(json.dumps({"do": verb, **fields}).encode() + b"\n"))
        if not answer["ok"]:
            raise ControlError(answer["error"])
        return answer

    def cut(self):
        return self.tell("cut")

    def power_on(self):
        return self.tell("power-on")


def kill_and_wait(process, limit_s=5.0):
    """Kills a process with SIGKILL; how many seconds it took to go."""
    began = time.monotonic()
    process.kill()
    process.wait(limit_s)
    return time.monotonic() - began
