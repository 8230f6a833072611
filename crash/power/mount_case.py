# SPDX-License-Identifier: Apache-2.0
"""What the tests of a mounted disk share: programs, processes, short ways to use files."""

import errno
import os
import subprocess
import sys
import textwrap
import time
import unittest

from mounted_disk import MountedDisk, can_mount

BLOCK = 4096
SKIPPED = 77
AWAIT_S = 30.0
KILLED_S = 2.0  # within which a killed process goes, however busy the machine


class Programs:
    """Where the programs under test are; set by `main`."""
    beachcrash = ""
    beachdb = ""
    beachdb_worker = ""


def write(path, data, sync=False, flags=0):
    fd = os.open(path, os.O_CREAT | os.O_RDWR | flags)
    os.write(fd, data)
    if sync:
        os.fsync(fd)
    os.close(fd)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def sync_directory(path):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(fd)
    os.close(fd)


class MountCase(unittest.TestCase):
    def disk(self, *options):
        disk = MountedDisk(Programs.beachcrash, *options)
        self.addCleanup(disk.__exit__)
        return disk.__enter__()

    def start(self, code, *arguments):
        """Another process, of Python code; what it says is read from its stdout."""
        process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), *arguments],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()

    def assertHangs(self, process):
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(0.3)

    def await_waiting(self, disk, count):
        """Until so many requests wait for power."""
        deadline = time.monotonic() + AWAIT_S
        while disk.tell("status")["waiting"] < count:
            self.assertLess(time.monotonic(), deadline, "requests do not come to wait")
            time.sleep(0.01)

    def assertErrno(self, number, function, *arguments):
        with self.assertRaises(OSError) as raised:
            function(*arguments)
        self.assertEqual(errno.errorcode[raised.exception.errno], errno.errorcode[number])


def main(*programs):
    """Runs the tests of the calling file, whose command line names these of the Programs."""
    if not can_mount():
        print("skipped: no /dev/fuse here")
        sys.exit(SKIPPED)
    for program in programs:
        setattr(Programs, program, sys.argv.pop(1))
    unittest.main()
