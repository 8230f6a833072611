#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The mounted disk as a file system, its control socket, and how it is mounted and unmounted.

    crash/power/mount_test.py BEACHCRASH
"""

import errno
import fcntl
import json
import mmap
import os
import signal
import socket
import subprocess
import tempfile

from mount_case import BLOCK, MountCase, Programs, main, read, sync_directory, write
from mounted_disk import ControlError, MountedDisk, kill_and_wait


class FilesTest(MountCase):
    def test_names_and_content(self):
        disk = self.disk()
        write(disk.path("a"), b"one")
        os.rename(disk.path("a"), disk.path("b"))
        os.link(disk.path("b"), disk.path("c"))
        os.mkdir(disk.path("d"))
        write(disk.path("d", "e"), b"")
        self.assertEqual(sorted(os.listdir(disk.directory)), ["b", "c", "d"])
        self.assertEqual(os.stat(disk.path("b")).st_ino, os.stat(disk.path("c")).st_ino)
        self.assertEqual(os.stat(disk.path("b")).st_nlink, 2)
        os.unlink(disk.path("c"))
        self.assertEqual(os.stat(disk.path("b")).st_nlink, 1)
        self.assertEqual(read(disk.path("b")), b"one")
        self.assertErrno(errno.ENOTEMPTY, os.rmdir, disk.path("d"))
        self.assertErrno(errno.ENOENT, os.unlink, disk.path("none"))
        self.assertErrno(errno.EEXIST, os.link, disk.path("b"), disk.path("d"))
        self.assertErrno(errno.EPERM, os.symlink, "b", disk.path("s"))
        self.assertErrno(errno.ENAMETOOLONG, write, disk.path("n" * 256), b"")
        os.unlink(disk.path("d", "e"))
        os.rmdir(disk.path("d"))
        self.assertEqual(os.listdir(disk.directory), ["b"])

    def test_truncate_append_gaps_and_what_is_removed_but_open(self):
        disk = self.disk()
        write(disk.path("f"), b"0123456789")
        os.truncate(disk.path("f"), 4)
        write(disk.path("f"), b"xy", flags=os.O_APPEND)
        self.assertEqual(read(disk.path("f")), b"0123xy")
        fd = os.open(disk.path("f"), os.O_RDWR)
        os.pwrite(fd, b"end", 100)
        self.assertEqual(os.fstat(fd).st_size, 103)
        self.assertEqual(os.pread(fd, 20, 90), bytes(10) + b"end")
        os.unlink(disk.path("f"))
        self.assertEqual(os.pread(fd, 4, 0), b"0123")
        os.ftruncate(fd, 2)
        self.assertEqual(os.pread(fd, 4, 0), b"01")
        os.close(fd)
        write(disk.path("g"), b"long")
        write(disk.path("g"), b"", flags=os.O_TRUNC)
        self.assertEqual(read(disk.path("g")), b"")
        large = os.urandom(3 << 20)  # several requests
        write(disk.path("large"), large)
        self.assertEqual(read(disk.path("large")), large)

    def test_mapped_files_are_shared_and_written_back(self):
        disk = self.disk()
        write(disk.path("m"), bytes(2 * BLOCK))
        fd = os.open(disk.path("m"), os.O_RDWR)
        with mmap.mmap(fd, 2 * BLOCK) as mapped, mmap.mmap(fd, 2 * BLOCK) as same:
            mapped[0:5] = b"hello"
            self.assertEqual(same[0:5], b"hello")
            mapped.flush()
            os.pwrite(fd, b"written", BLOCK)
            self.assertEqual(mapped[BLOCK:BLOCK + 7], b"written")
        os.close(fd)
        self.assertEqual(read(disk.path("m"))[:5], b"hello")

    def test_allocation_and_room(self):
        disk = self.disk("--size", "1M")
        fd = os.open(disk.path("f"), os.O_CREAT | os.O_RDWR)
        os.posix_fallocate(fd, 0, 1 << 19)
        about = os.statvfs(disk.directory)
        self.assertEqual(about.f_bavail * about.f_frsize, 1 << 19)
        self.assertEqual(os.fstat(fd).st_size, 1 << 19)
        self.assertErrno(errno.ENOSPC, os.posix_fallocate, fd, 0, 1 << 21)
        os.close(fd)
        os.unlink(disk.path("f"))
        write(disk.path("g"), bytes(1 << 20))
        self.assertErrno(errno.ENOSPC, write, disk.path("h"), b"one more")

    def test_permissions_owners_and_times_are_kept(self):
        disk = self.disk()
        write(disk.path("f"), b"x", sync=True)
        sync_directory(disk.directory)
        os.chmod(disk.path("f"), 0o640)
        os.chown(disk.path("f"), 7, 8)
        os.utime(disk.path("f"), ns=(1_000_000_001, 2_000_000_002))
        about = os.stat(disk.path("f"))
        self.assertEqual((about.st_mode & 0o7777, about.st_uid, about.st_gid), (0o640, 7, 8))
        self.assertEqual((about.st_atime_ns, about.st_mtime_ns), (1_000_000_001, 2_000_000_002))
        disk.cut()
        disk.power_on()
        self.assertEqual(os.stat(disk.path("f")).st_mode & 0o7777, 0o640)

    def test_locks_hold_between_processes(self):
        disk = self.disk()
        write(disk.path("lock"), b"")
        for kind in ("flock", "lockf"):
            holder = self.start(f"""
                import fcntl, sys, time
                file = open(sys.argv[1], "r+")
                fcntl.{kind}(file, fcntl.LOCK_EX)
                print("held", flush=True)
                time.sleep(60)""", disk.path("lock"))
            self.assertEqual(holder.stdout.readline(), "held\n")
            with open(disk.path("lock"), "r+", encoding="utf-8") as file:
                with self.assertRaises(BlockingIOError):
                    getattr(fcntl, kind)(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                kill_and_wait(holder)
                getattr(fcntl, kind)(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FaultsTest(MountCase):
    def test_faults_strike_at_their_rate_and_are_counted(self):
        disk = self.disk()
        write(disk.path("f"), b"x")
        disk.tell("fault", site="disk.eio.sync", per_million=1_000_000)
        self.assertErrno(errno.EIO, write, disk.path("f"), b"y", True)
        disk.tell("fault", site="disk.eio.sync", per_million=0)
        write(disk.path("f"), b"z", sync=True)
        struck = {fault["site"]: fault["strikes"] for fault in disk.tell("faults")["faults"]}
        self.assertEqual(struck["disk.eio.sync"], 1)
        self.assertEqual(struck["disk.eio.read"], 0)
        disk.tell("fault", site="disk.read_only", per_million=1_000_000)
        self.assertErrno(errno.EROFS, os.mkdir, disk.path("d"))

    def test_unknown_faults_are_refused(self):
        disk = self.disk()
        for site, rate in (("disk.none", 1), ("disk.full", 1), ("disk.eio.sync", 1_000_001)):
            with self.assertRaises(ControlError):
                disk.tell("fault", site=site, per_million=rate)


class ControlTest(MountCase):
    def command(self, disk, *words):
        return subprocess.run([Programs.beachcrash, "disk", disk.socket_path, *words], capture_output=True,
                              text=True, timeout=30, check=False)

    def test_hostile_input_is_answered_with_an_error(self):
        disk = self.disk()
        for line in (b"\n", b"{\n", b"[]\n", b'{"do":1}\n', b'{"do":"cut-at"}\n', b"\xff\xfe\n",
                     b'{"do":"cut-at","n":-1}\n', b'{"do":"cut-at","n":1e30}\n', b"[" * 100_000 + b"\n",
                     b'{"do":"wait-cut","ms":18446744073709551615}\n', b'{"do":"\xff"}\n',
                     b'{"do":"cut-at","n":18446744073709551616}\n', b"x" * (1 << 21), b"\0" * 10 + b"\n"):
            answer = json.loads(disk.raw(line))
            self.assertIs(answer["ok"], False, line[:40])
            self.assertTrue(answer["error"])
        self.assertTrue(disk.tell("status")["powered"])

    def test_several_clients_at_once(self):
        disk = self.disk()
        with socket.socket(socket.AF_UNIX) as waiting:
            waiting.settimeout(30)
            waiting.connect(disk.socket_path)
            waiting.sendall(b'{"do":"wait-cut","ms":30000}\n')
            self.assertEqual(disk.tell("status")["cuts"], 0)  # answered behind it
            # Power is back before the one that waits can look.
            answer = disk.raw(b'{"do":"cut"}\n{"do":"power-on"}\n')
            self.assertTrue(json.loads(answer)["ok"])
            self.assertEqual(json.loads(waiting.recv(1000)), {"ok": True, "lost": True})

    def test_commands_and_their_exit_codes(self):
        disk = self.disk()
        write(disk.path("f"), b"x")
        self.assertEqual(self.command(disk, "wait-cut", "10").returncode, 1)
        self.assertIn("name f", self.command(disk, "pending").stdout)
        self.assertIn("operations: 2", self.command(disk, "status").stdout)
        self.assertTrue(json.loads(self.command(disk, "cut", "--json").stdout)["ok"])
        self.assertEqual(self.command(disk, "cut").returncode, 2)
        self.assertEqual(self.command(disk, "wait-cut", "10").returncode, 0)
        self.assertEqual(self.command(disk, "power-on").returncode, 0)
        self.assertEqual(self.command(disk, "cut-at", "x").returncode, 2)
        self.assertEqual(self.command(disk, "nothing").returncode, 2)
        self.assertEqual(self.command(disk, "quit").returncode, 0)
        self.assertFalse(os.path.ismount(disk.directory))
        self.assertEqual(disk.process.wait(10), 0)
        self.assertEqual(self.command(disk, "status").returncode, 3)


class MountingTest(MountCase):
    def mount(self, *arguments):
        return subprocess.run([Programs.beachcrash, "mount", *arguments], capture_output=True, text=True,
                              timeout=30, check=False)

    def test_what_cannot_be_mounted_is_refused(self):
        disk = self.disk()
        with tempfile.TemporaryDirectory() as other:
            self.assertEqual(self.mount(other + "/none").returncode, 3)
            second = self.mount(other, "--socket", disk.socket_path)
            self.assertEqual(second.returncode, 3)
            self.assertIn("another mount listens", second.stderr)
            self.assertEqual(self.mount(other, "--profile", "fat").returncode, 2)
            self.assertEqual(self.mount(other, "--size", "much").returncode, 2)
            self.assertEqual(self.mount(other, "--torn", "101").returncode, 2)
            self.assertEqual(self.mount(other, "--names", "any").returncode, 2)
            write(other + "/f", b"")
            full = self.mount(other)
            self.assertEqual(full.returncode, 3)
            self.assertIn("not empty", full.stderr)
            taken = self.mount(other, "--socket", other + "/f")
            self.assertEqual(taken.returncode, 3)
            self.assertIn("something else than a socket", taken.stderr)
        self.assertEqual(self.mount().returncode, 2)
        self.assertIn("Example", self.mount("--help").stdout)
        self.assertTrue(disk.tell("status")["powered"])

    def test_signals_unmount_also_with_files_open_and_power_off(self):
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            disk = self.disk()
            fd = os.open(disk.path("f"), os.O_CREAT | os.O_RDWR)
            disk.cut()
            waits = self.start("import os, sys\nos.stat(sys.argv[1])", disk.path("f"))
            self.await_waiting(disk, 1)
            disk.process.send_signal(signal_number)
            self.assertEqual(disk.process.wait(10), 0)
            self.assertFalse(os.path.ismount(disk.directory))
            self.assertFalse(os.path.exists(disk.socket_path))
            waits.communicate()
            os.close(fd)

    def test_it_ends_when_somebody_else_unmounts(self):
        disk = self.disk()
        subprocess.run(["umount", disk.directory], check=True)
        self.assertEqual(disk.process.wait(10), 0)

    def test_a_killed_one_leaves_a_mount_that_can_be_removed(self):
        disk = self.disk()
        disk.process.kill()
        disk.process.wait()
        self.assertErrno(errno.ENOTCONN, os.listdir, disk.directory)
        again = self.mount(disk.directory)
        self.assertEqual(again.returncode, 3)
        self.assertIn("umount -l", again.stderr)
        subprocess.run(["fusermount3", "-u", disk.directory], check=True)
        self.assertEqual(os.listdir(disk.directory), [])
        with MountedDisk(Programs.beachcrash, workspace=disk.workspace) as next_disk:  # the socket is stale
            self.assertTrue(next_disk.tell("status")["powered"])


if __name__ == "__main__":
    main("beachcrash")
