#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The mounted disk from outside: real programs on it, real kills, power that goes and comes.

    crash/power/power_test.py BEACHCRASH BEACHDB KILL9_WORKER
"""

import errno
import fcntl
import json
import mmap
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

from mounted_disk import ControlError, MountedDisk, can_mount, kill_and_wait

BEACHCRASH, BEACHDB, KILL9_WORKER = "", "", ""
SKIPPED = 77
BLOCK = 4096


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


def contents(disk):
    """All names, with what is in them."""
    found = {}
    for folder, folders, files in os.walk(disk.directory):
        for name in folders:
            found[os.path.relpath(os.path.join(folder, name), disk.directory)] = None
        for name in files:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, disk.directory)] = read(path)
    return found


class MountTest(unittest.TestCase):
    def disk(self, *options):
        disk = MountedDisk(BEACHCRASH, *options)
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

    def assertErrno(self, number, function, *arguments):
        with self.assertRaises(OSError) as raised:
            function(*arguments)
        self.assertEqual(errno.errorcode[raised.exception.errno], errno.errorcode[number])


class FilesTest(MountTest):
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


class PowerTest(MountTest):
    def test_what_was_synced_survives(self):
        for seed in range(6):
            disk = self.disk("--seed", str(seed))
            data = os.urandom(3 * BLOCK + 7)
            write(disk.path("f"), data, sync=True)
            sync_directory(disk.directory)
            write(disk.path("durable"), b"")
            fd = os.open(disk.path("durable"), os.O_RDWR | os.O_DSYNC)
            os.pwrite(fd, b"by itself", 0)
            os.close(fd)
            sync_directory(disk.directory)
            disk.cut()
            disk.power_on()
            self.assertEqual(read(disk.path("f")), data)
            self.assertEqual(read(disk.path("durable")), b"by itself")

    def test_what_was_not_synced_may_go_or_stay(self):
        data, names = set(), set()
        for seed in range(16):
            with MountedDisk(BEACHCRASH, "--seed", str(seed)) as disk:
                write(disk.path("f"), b"old", sync=True)
                sync_directory(disk.directory)
                write(disk.path("f"), b"new")
                self.assertEqual(read(disk.path("f")), b"new")  # is in the kernel's cache now
                write(disk.path("g"), b"", sync=True)
                disk.cut()
                disk.power_on()
                data.add(read(disk.path("f")))
                names.add(os.path.exists(disk.path("g")))
        self.assertLessEqual({b"old", b"new"}, data)
        self.assertEqual(names, {True, False})

    def test_the_kernel_forgets_what_was_lost(self):
        """Content and size that were cached, by writes and by a mapping, are those of the cut afterwards."""
        lost = False
        for seed in range(12):
            with MountedDisk(BEACHCRASH, "--seed", str(seed)) as disk:
                write(disk.path("f"), b"o" * BLOCK, sync=True)
                sync_directory(disk.directory)
                fd = os.open(disk.path("f"), os.O_RDWR)
                with mmap.mmap(fd, BLOCK) as mapped:
                    mapped[0:3] = b"map"
                    mapped.flush()  # a sync
                    os.pwrite(fd, b"n" * BLOCK, BLOCK)
                    self.assertEqual(len(read(disk.path("f"))), 2 * BLOCK)
                    mapped[3:6] = b"ped"
                    summary = disk.cut()
                    disk.power_on()
                    self.assertErrno(errno.EIO, os.pread, fd, 1, 0)
                os.close(fd)
                data = read(disk.path("f"))
                if summary["kept"] == 0:
                    lost = True
                    self.assertEqual(data, b"map" + b"o" * (BLOCK - 3))
                self.assertIn(len(data), (BLOCK, 2 * BLOCK))
                self.assertNotIn(b"ped", data)  # never reached the disk before the cut
        self.assertTrue(lost)

    def test_direct_writes_are_durable_by_themselves(self):
        for seed in range(6):
            with MountedDisk(BEACHCRASH, "--seed", str(seed)) as disk:
                write(disk.path("f"), b"", sync=True)
                sync_directory(disk.directory)
                block = mmap.mmap(-1, BLOCK)  # aligned
                block.write(b"d" * BLOCK)
                fd = os.open(disk.path("f"), os.O_RDWR | os.O_DSYNC)
                fcntl.fcntl(fd, fcntl.F_SETFL, os.O_DIRECT)  # later, as the engine does
                self.assertEqual(os.pwritev(fd, [block], 0), BLOCK)
                self.assertErrno(errno.EINVAL, os.pwrite, fd, b"short", 0)
                os.close(fd)
                self.assertEqual(disk.tell("status")["pending"], 0)
                disk.cut()
                disk.power_on()
                self.assertEqual(read(disk.path("f")), b"d" * BLOCK)

    def test_nobody_hears_of_a_cut_and_all_can_be_killed(self):
        calls = {
            "write": "os.write(fd, b'x')",
            "fsync": "os.fsync(fd)",
            "read": "os.pread(fd, 10, 0)",
            "open": "os.open(sys.argv[1], os.O_RDONLY)",
            "stat": "os.stat(sys.argv[1])",
            "rename": "os.rename(sys.argv[1], sys.argv[1] + '2')",
            "unlink": "os.unlink(sys.argv[1])",
            "mkdir": "os.mkdir(sys.argv[1] + '.d')",
            "list": "os.listdir(os.path.dirname(sys.argv[1]))",
            "mapped": "print(other[0])",
        }
        disk = self.disk()
        waiting = {}
        for name, call in calls.items():
            # Each has files of its own: on one, the kernel has them wait for each other.
            write(disk.path(name), bytes(BLOCK), sync=True)
            write(disk.path(name + "o"), bytes(BLOCK))
            waiting[name] = self.start(f"""
                import mmap, os, sys
                fd = os.open(sys.argv[1], os.O_RDWR)
                mapped = mmap.mmap(fd, 4096)
                mapped[0] = 1  # dirty when the process dies
                other = mmap.mmap(os.open(sys.argv[1] + "o", os.O_RDWR), 4096)
                print("ready", flush=True)
                sys.stdin.readline()
                try:
                    {call}
                    print("done", flush=True)
                except OSError as error:
                    print("failed", error, flush=True)
                """, disk.path(name))
        for process in waiting.values():
            self.assertEqual(process.stdout.readline(), "ready\n")
        disk.cut()
        for process in waiting.values():
            process.stdin.write("go\n")
            process.stdin.flush()
        time.sleep(0.5)
        for name, process in waiting.items():
            self.assertIsNone(process.poll(), name)
        self.assertEqual(disk.tell("status")["waiting"], len(calls))
        for name, process in waiting.items():
            self.assertLess(kill_and_wait(process), 1.0, name)
            self.assertEqual(process.stdout.read(), "", name)
        # What the mapping asked for stays asked; nobody waits for it.
        self.assertLessEqual(disk.tell("status")["waiting"], 1)
        disk.power_on()
        write(disk.path("after"), b"", sync=True)

    def test_many_wait_at_once_and_a_signal_that_is_taken_ends_no_wait(self):
        disk = self.disk()
        disk.cut()
        code = """
            import os, signal, sys, threading
            signal.signal(signal.SIGALRM, lambda *_: None)
            signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
            for n in range(40):
                threading.Thread(target=lambda n=n: os.stat(sys.argv[1] + str(n))).start()
            print(os.path.exists(sys.argv[1]), flush=True)"""
        waiting = [self.start(code, disk.path(f"f{n}-")) for n in range(3)]
        deadline = time.monotonic() + 10
        while disk.tell("status")["waiting"] < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
        for process in waiting:
            self.assertIsNone(process.poll())
            self.assertLess(kill_and_wait(process), 1.0)
            self.assertEqual(process.stdout.read(), "")

    def test_at_power_on_those_who_waited_fail(self):
        disk = self.disk()
        write(disk.path("f"), b"x", sync=True)
        sync_directory(disk.directory)
        fd = os.open(disk.path("f"), os.O_RDWR)
        disk.cut()
        waits = self.start("import os, sys\ntry: os.mkdir(sys.argv[1])\nexcept OSError as e: print(e.errno)",
                      disk.path("d"))
        self.assertHangs(waits)
        self.assertEqual(disk.power_on(), {"ok": True, "released": 1})
        self.assertEqual(waits.communicate()[0], f"{errno.EIO}\n")
        for use in (lambda: os.write(fd, b"x"), lambda: os.fsync(fd), lambda: os.pread(fd, 1, 0),
                    lambda: os.ftruncate(fd, 0)):
            self.assertErrno(errno.EIO, use)
        os.close(fd)
        write(disk.path("g"), b"works again")
        with self.assertRaises(ControlError):
            disk.power_on()

    def steps(self, disk):
        """A program of many kinds of operation, in a process that the cut leaves hanging."""
        return self.start("""
            import os, sys
            os.chdir(sys.argv[1])
            for n in range(40):
                fd = os.open(f"f{n}", os.O_CREAT | os.O_RDWR)
                os.write(fd, f"content {n} ".encode() * 200)
                os.write(fd, b"more")
                if n % 3 == 0: os.fsync(fd)
                os.close(fd)
                if n % 4 == 1: os.rename(f"f{n}", f"g{n}")
                elif n % 7 == 2: os.unlink(f"f{n}")
                print(n, flush=True)""", disk.directory)

    def run_cut_at(self, seed, at):
        with MountedDisk(BEACHCRASH, "--seed", str(seed), "--torn", "100") as disk:
            disk.tell("cut-at", n=at)
            program = self.steps(disk)
            self.assertTrue(disk.tell("wait-cut", ms=20_000)["lost"])
            self.assertHangs(program)
            done = disk.tell("status")
            kill_and_wait(program)
            disk.power_on()
            return done["operations"], done["last_cut"], contents(disk)

    def test_cut_at_is_exact_and_the_seed_decides(self):
        runs = [self.run_cut_at(seed=9, at=57) for _ in range(2)]
        self.assertEqual(runs[0], runs[1])
        self.assertEqual(runs[0][0], 57)
        others = [self.run_cut_at(seed=seed, at=57)[2] for seed in (10, 11, 12)]
        self.assertTrue(any(other != runs[0][2] for other in others))
        self.assertNotEqual(self.run_cut_at(seed=9, at=1)[2], runs[0][2])

    def test_a_cut_at_nothing_never_comes(self):
        disk = self.disk()
        disk.tell("cut-at", n=2)
        disk.tell("cut-at", n=0)
        write(disk.path("f"), b"x", sync=True)
        self.assertFalse(disk.tell("wait-cut", ms=10)["lost"])


class FaultsTest(MountTest):
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


class ControlTest(MountTest):
    def command(self, disk, *words):
        return subprocess.run([BEACHCRASH, "disk", disk.socket_path, *words], capture_output=True,
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
        waiting = subprocess.Popen([BEACHCRASH, "disk", disk.socket_path, "wait-cut", "30000"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end, waiting)
        self.assertHangs(waiting)
        self.assertEqual(disk.tell("status")["cuts"], 0)
        # Back before the one that waits can look.
        answer = disk.raw(b'{"do":"cut"}\n{"do":"power-on"}\n')
        self.assertTrue(json.loads(answer)["ok"])
        self.assertEqual(waiting.communicate()[0], "lost: true\n")
        self.assertEqual(waiting.returncode, 0)

    def test_commands_and_their_exit_codes(self):
        disk = self.disk()
        write(disk.path("f"), b"x")
        self.assertEqual(self.command(disk, "wait-cut", "10").returncode, 1)
        self.assertIn("name f", self.command(disk, "pending").stdout)
        self.assertIn("operations: 2", self.command(disk, "status").stdout)
        self.assertTrue(json.loads(self.command(disk, "cut", "--json").stdout)["ok"])
        self.assertEqual(self.command(disk, "cut").returncode, 2)
        self.assertEqual(self.command(disk, "power-on").returncode, 0)
        self.assertEqual(self.command(disk, "cut-at", "x").returncode, 2)
        self.assertEqual(self.command(disk, "nothing").returncode, 2)
        self.assertEqual(self.command(disk, "quit").returncode, 0)
        self.assertEqual(disk.process.wait(10), 0)
        self.assertFalse(os.path.ismount(disk.directory))
        self.assertEqual(self.command(disk, "status").returncode, 3)


class MountingTest(MountTest):
    def mount(self, *arguments):
        return subprocess.run([BEACHCRASH, "mount", *arguments], capture_output=True, text=True,
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
            self.assertHangs(waits)
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
        with MountedDisk(BEACHCRASH, workspace=disk.workspace) as next_disk:  # the socket is stale
            self.assertTrue(next_disk.tell("status")["powered"])


class DatabasesTest(MountTest):
    def beachdb(self, *words):
        return subprocess.run([BEACHDB, *words], capture_output=True, text=True, timeout=60, check=False)

    def test_our_own_engine(self):
        disk = self.disk("--seed", "3")
        path = disk.path("db")
        for n in range(5):
            self.assertEqual(self.beachdb("cli", "--data", path, "put", f"key{n}", "x" * 5000).returncode, 0)
        disk.cut()
        disk.power_on()
        verified = self.beachdb("verify", path)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        for n in range(5):
            self.assertEqual(self.beachdb("cli", "--data", path, "get", f"key{n}").returncode, 0)

    def test_our_own_engine_in_the_midst_of_its_writes(self):
        for seed in range(4):
            disk = self.disk("--seed", str(seed))
            acks = os.path.join(disk.workspace, "acks")
            disk.tell("cut-at", n=60 + 97 * seed)
            with open(acks, "w", encoding="ascii") as file:
                with subprocess.Popen([KILL9_WORKER, "sync", disk.path("db"), "4"], stdout=file) as worker:
                    self.assertTrue(disk.tell("wait-cut", ms=30_000)["lost"])
                    # Its writes go through a ring where there is one, and it dies of a kill all the same.
                    self.assertLess(kill_and_wait(worker), 1.0)
            disk.power_on()
            check = subprocess.run([KILL9_WORKER, "check", disk.path("db"), acks], capture_output=True,
                                   text=True, timeout=60, check=False)
            self.assertEqual(check.returncode, 0, f"seed {seed}: {check.stdout}{check.stderr}")
            self.assertEqual(self.beachdb("verify", disk.path("db")).returncode, 0)

    def test_sqlite(self):
        # With `full`, the last transaction is durable only when the removal of its journal is.
        for mode, synchronous in (("delete", "extra"), ("wal", "full")):
            disk = self.disk("--seed", "4")
            path = disk.path("db")
            database = sqlite3.connect(path)
            self.assertEqual(database.execute(f"pragma journal_mode={mode}").fetchone(), (mode,))
            database.execute(f"pragma synchronous={synchronous}")
            database.execute("create table t (n integer primary key)")
            for n in range(20):
                with database:
                    database.execute("insert into t values (?)", (n,))
            reader = subprocess.run([sys.executable, "-c", "import sqlite3, sys\n"
                                     "print(sqlite3.connect(sys.argv[1]).execute("
                                     "'select count(*) from t').fetchone()[0])", path],
                                    capture_output=True, text=True, check=True)
            self.assertEqual(reader.stdout, "20\n")
            disk.cut()
            disk.power_on()
            del database
            database = sqlite3.connect(path)
            self.assertEqual(database.execute("pragma integrity_check").fetchone(), ("ok",))
            self.assertEqual(database.execute("select count(*) from t").fetchone(), (20,))
            database.close()


if __name__ == "__main__":
    if not can_mount():
        print("skipped: no /dev/fuse here")
        sys.exit(SKIPPED)
    KILL9_WORKER = sys.argv.pop(3)
    BEACHDB = sys.argv.pop(2)
    BEACHCRASH = sys.argv.pop(1)
    unittest.main()
