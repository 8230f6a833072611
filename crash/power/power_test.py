#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Power that goes and comes under real programs, and what they find; databases among them.

    crash/power/power_test.py BEACHCRASH BEACHDB KILL9_WORKER
"""

import errno
import fcntl
import mmap
import os
import sqlite3
import subprocess
import sys
import time

from mount_case import BLOCK, KILLED_S, MountCase, Programs, main, read, sync_directory, write
from mounted_disk import ControlError, MountedDisk, kill_and_wait


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


class PowerTest(MountCase):
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
            with MountedDisk(Programs.beachcrash, "--seed", str(seed)) as disk:
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
            with MountedDisk(Programs.beachcrash, "--seed", str(seed)) as disk:
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
            with MountedDisk(Programs.beachcrash, "--seed", str(seed)) as disk:
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
        self.await_waiting(disk, len(calls))
        for name, process in waiting.items():
            self.assertIsNone(process.poll(), name)
        for name, process in waiting.items():
            self.assertLess(kill_and_wait(process), KILLED_S, name)
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
        self.await_waiting(disk, 3 * 41)
        time.sleep(0.2)  # of signals
        for process in waiting:
            self.assertIsNone(process.poll())
            self.assertLess(kill_and_wait(process), KILLED_S)
            self.assertEqual(process.stdout.read(), "")

    def test_at_power_on_those_who_waited_fail(self):
        disk = self.disk()
        write(disk.path("f"), b"x", sync=True)
        sync_directory(disk.directory)
        fd = os.open(disk.path("f"), os.O_RDWR)
        disk.cut()
        waits = self.start("import os, sys\ntry: os.mkdir(sys.argv[1])\nexcept OSError as e: print(e.errno)",
                      disk.path("d"))
        self.await_waiting(disk, 1)
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
        with MountedDisk(Programs.beachcrash, "--seed", str(seed), "--torn", "100") as disk:
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


class DatabasesTest(MountCase):
    def beachdb(self, *words):
        return subprocess.run([Programs.beachdb, *words], capture_output=True, text=True, timeout=60, check=False)

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
                with subprocess.Popen([Programs.beachdb_worker, "sync", disk.path("db"), "4"], stdout=file) as worker:
                    self.assertTrue(disk.tell("wait-cut", ms=30_000)["lost"])
                    # Its writes go through a ring where there is one, and it dies of a kill all the same.
                    self.assertLess(kill_and_wait(worker), KILLED_S)
            disk.power_on()
            check = subprocess.run([Programs.beachdb_worker, "check", disk.path("db"), acks], capture_output=True,
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
    main("beachcrash", "beachdb", "beachdb_worker")
