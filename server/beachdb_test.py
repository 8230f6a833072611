#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the beachdb binary: commands, output and exit codes. Usage: beachdb_test.py BINARY"""
import fcntl
import json
import os
import pathlib
import pty
import struct
import subprocess
import sys
import tempfile
import unittest

BINARY = sys.argv.pop(1)


FINE, FOUND, USAGE, ENVIRONMENT, REFUSED, KEY_ABSENT = 0, 1, 2, 3, 4, 6
FOOTER_SIZE = 104  # of a table
SALT = 0x0123456789ABCDEF  # of a log


def run(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True)


def flip(path, offset, bit=1):
    content = bytearray(path.read_bytes())
    content[offset] ^= bit
    path.write_bytes(content)


def crc32c(data, begun_with=0):
    crc = begun_with ^ 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def sealed(data, crc_offset, begun_with=0):
    """Whole blocks, with the checksum of all but its own four bytes in its place."""
    data += bytes(-len(data) % 4096)
    crc = crc32c(data[:crc_offset] + data[crc_offset + 4:], begun_with)
    return data[:crc_offset] + struct.pack("<I", crc) + data[crc_offset + 4:]


def write_raft_log(directory, entries=3):
    """The log of node 3 of cluster 7, as docs/formats/raft_log.md has it: each entry in a flight, which
    vouches for those before it."""
    directory.mkdir(parents=True)
    segment = sealed(b"BEACHWAL" + struct.pack("<II7Q", 2, 0, 1, 1, 65536, 0, 0, 0, SALT), 12)
    for index in range(1, entries + 1):
        runs = [1, 1, 1] if index > 1 else [0]
        payload = bytes([2, 5, 1, 0, 0, index - 1, 0, *runs, 3, 0, index, 1, 3]) + b"sea"
        at = index * 4096
        segment += sealed(struct.pack("<IIBBHIQIIQQQII", 0, len(payload), 1, 1, 0, 2, 1, at, at, 1, 0, 1, at, SALT >> 32) +
                          payload, 0, SALT & 0xFFFFFFFF)
    (directory / "000001.wal").write_bytes(segment + bytes(65536 - len(segment)))
    fields = [7, 3, 1, 2, 2, 0, 0, 1, 4096, 1, SALT, 1, 1, 65536, 2**64 - 1]
    copy = sealed(b"BEACHRLR" + struct.pack("<II15Q", 3, 0, *fields) + bytes([1, 0, 0, 0, 0, 0]), 12)
    (directory / "REGISTER").write_bytes(copy * 2)


class BeachdbTest(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.data = pathlib.Path(self.scratch.name) / "db"

    def cli(self, *arguments):
        return run("cli", "--data", self.data, *arguments)

    def files(self, pattern):
        return sorted(self.data.glob(pattern))

    def test_put_get_del_scan(self):
        self.assertEqual(self.cli("put", "a", "1").returncode, 0)
        self.assertEqual(self.cli("put", "b", "2").returncode, 0)
        self.assertEqual(self.cli("get", "a").stdout, "1\n")
        self.assertEqual(self.cli("scan").stdout, "a\t1\nb\t2\n")
        self.assertEqual(self.cli("scan", "a", "b").stdout, "a\t1\n")
        lines = self.cli("--json", "scan").stdout.splitlines()
        self.assertEqual(json.loads(lines[1]), {"key": "b", "value": "2"})
        self.assertEqual(self.cli("del", "a").returncode, 0)
        gone = self.cli("get", "a")
        self.assertEqual((gone.returncode, gone.stdout), (6, ""))
        self.assertEqual(json.loads(self.cli("get", "a", "--json").stdout)["value"], None)

    def test_values_expire_by_the_time_that_is_said(self):
        self.assertEqual(self.cli("put", "a", "1", "100").returncode, 0)
        self.assertEqual(self.cli("time").stdout, "0\n")
        self.assertEqual(self.cli("time", "99").returncode, 0)
        self.assertEqual(self.cli("get", "a").stdout, "1\n")
        self.assertEqual(self.cli("time", "100").returncode, 0)
        self.assertEqual(self.cli("get", "a").returncode, 6)
        self.assertEqual(self.cli("time", "7").returncode, 0)  # it never goes back
        self.assertEqual(json.loads(self.cli("time", "--json").stdout), {"time": 100})
        for wrong in ("soon", "-1", "18446744073709551616"):
            refused = self.cli("put", "a", "1", wrong)
            self.assertEqual(refused.returncode, USAGE)
            self.assertIn("a time is a number", refused.stderr)

    def script(self, text, *arguments):
        return subprocess.run([BINARY, "cli", "--data", self.data, *arguments], input=text,
                              capture_output=True, text=True)

    def test_a_script_on_standard_input(self):
        self.assertEqual(self.script("get a\n").returncode, ENVIRONMENT)  # nobody asked for a database
        said = self.script("put a 1  # a remark\nput 'b c' \"\\x41\"\n\nget 'b c'\nget none\nscan\nflush\nexit\nget a\n",
                           "--create")
        self.assertEqual((said.returncode, said.stdout), (FINE, "A\na\t1\nb c\tA\n"))
        self.assertIn("no such key", said.stderr)
        stats = json.loads(self.script("stats\n", "--json").stdout)
        self.assertEqual(sum(level["tables"] for level in stats["levels"]), 1)

    def test_a_directory_is_compared_limited_and_backed_up_at_the_prompt(self):
        place, second = (pathlib.Path(self.scratch.name) / name for name in ("backups", "second"))
        said = self.script(f"cas a 1 --absent\ncas a 1 2\nput b 3\nscan --limit 1\nbackup {place}\ncheckpoint {second}\n",
                           "--create", "--json")
        self.assertEqual(said.returncode, FINE, said.stderr)
        lines = [json.loads(line) for line in said.stdout.splitlines()]
        self.assertEqual(lines[3], {"key": "a", "value": "2"})
        self.assertEqual((lines[4]["backup"], lines[4]["last_sequence"]), (1, lines[5]["last_sequence"]))
        self.assertEqual(run("cli", "--data", second, "scan").stdout, "a\t2\nb\t3\n")
        self.assertEqual(run("restore", place, self.data / "restored").returncode, FINE)
        refused = self.cli("cas", "a", "1", "3")
        self.assertEqual((refused.returncode, refused.stdout), (FOUND, "2\n"))
        for tool in ("verify", "repair", "restore"):
            elsewhere = self.script(f"{tool} x\n")
            self.assertEqual(elsewhere.returncode, USAGE)
            self.assertIn(f"beachdb {tool} ", elsewhere.stderr)

    def test_a_script_ends_at_a_mistake(self):
        self.cli("put", "a", "1")
        for line, said in {"nonsense": "no command 'nonsense'", "put a": "usage: put KEY VALUE",
                           "get 'a": "not closed", "scan a b c": "usage: scan [FROM] [TO]"}.items():
            stopped = self.script(f"get a\n{line}\ndel a\n")
            self.assertEqual((stopped.returncode, stopped.stdout), (USAGE, "1\n"))
            self.assertIn(said, stopped.stderr)
            self.assertIn("line 2", stopped.stderr)
        self.assertEqual(self.cli("get", "a").stdout, "1\n")

    def test_the_prompt(self):
        """On a terminal: completion, a mistake that is survived, and a history."""
        history = pathlib.Path(self.scratch.name) / "history"
        controller, terminal = pty.openpty()
        with subprocess.Popen([BINARY, "cli", "--data", self.data, "--create"], stdin=terminal, stdout=terminal,
                              stderr=terminal, env={**os.environ, "TERM": "xterm", "BEACHDB_HISTORY": str(history)}):
            os.close(terminal)
            os.write(controller, b"nonsense\npu\tkey value-of-it\nget key\nexit\n")
            shown = b""
            while True:
                try:
                    part = os.read(controller, 4096)
                except OSError:  # what Linux says of a terminal that nobody has open any more
                    break
                if not part:
                    break
                shown += part
        os.close(controller)
        self.assertIn(b"no command 'nonsense'", shown)
        self.assertIn(b"\nvalue-of-it\r\n", shown)
        self.assertEqual(self.cli("get", "key").stdout, "value-of-it\n")
        self.assertIn("value-of-it", history.read_text())
        self.assertEqual(history.stat().st_mode & 0o077, 0)

    def test_read_only_writes_nothing(self):
        self.assertNotEqual(self.cli("--read-only", "get", "a").returncode, FINE)
        self.cli("put", "a", "1")
        files = lambda: {path.name: path.read_bytes() for path in pathlib.Path(self.data).iterdir()}  # noqa: E731
        before = files()
        self.assertEqual(self.cli("--read-only", "get", "a").stdout, "1\n")
        refused = self.cli("--read-only", "put", "a", "2")
        self.assertNotEqual(refused.returncode, FINE)
        self.assertIn("to be read alone", refused.stderr)
        self.assertEqual(files(), before)

    def test_flush_compact_and_stats(self):
        self.cli("put", "a", "1")
        self.assertEqual(self.cli("flush").returncode, FINE)
        self.cli("put", "b", "1")
        self.assertEqual(self.cli("compact").returncode, FINE)
        levels = json.loads(self.cli("stats", "--json").stdout)["levels"]
        self.assertEqual([level["tables"] for level in levels if level["tables"]], [1])
        self.assertIn("level ", self.cli("stats").stdout)

    def test_budget(self):
        said = json.loads(run("budget", "--memory", "64M", "--profile", "writes", "--json").stdout)
        options = said["options"]
        self.assertLessEqual(3 * options["memtable_size"] + options["block_cache_size"], 64 << 20)
        self.assertTrue(said["sync"])
        self.assertIn("memtable_size", run("budget").stdout)
        for wrong in (["--memory", "1K"], ["--memory", "lots"], ["--profile", "x"], ["--durability", "x"]):
            answer = run("budget", *wrong)
            self.assertEqual((answer.returncode, answer.stdout), (USAGE, ""))
            self.assertIn(wrong[0].strip("-"), answer.stderr) if wrong[1] != "lots" else None

    def test_absent_database_and_usage(self):
        self.assertEqual(self.cli("get", "a").returncode, 3)
        self.assertFalse(self.data.exists())
        self.assertEqual(run().returncode, 2)
        self.assertEqual(run("no-such-command").returncode, 2)
        self.assertEqual(run("cli", "--data", self.data, "--connect", "a:1", "get", "a").returncode, 2)
        self.assertEqual(run("verify", self.data).returncode, 3)

    def test_help_and_version(self):
        self.assertTrue(run("--version").stdout.startswith("beachdb "))
        self.assertIn("Example", run("--help").stdout)
        for command in ("budget", "cli", "verify", "repair", "wal-dump", "sst-dump", "manifest-dump",
                        "raft-dump"):
            answer = run(command, "--help")
            self.assertEqual(answer.returncode, 0)
            self.assertIn("Example", answer.stdout)

    def test_verify_and_dumps_of_a_sound_database(self):
        for i in range(8):  # enough lives that recovery writes a table
            self.cli("put", f"key{i}", "value")
        answer = run("verify", self.data, "--json")
        self.assertEqual(answer.returncode, 0, answer.stdout)
        report = json.loads(answer.stdout)
        self.assertEqual(report["damage"], [])
        self.assertEqual(sum(report["levels"]), report["tables"])
        self.assertIn("sound", run("verify", self.data).stdout)
        self.assertIn("level 0: ", run("verify", self.data).stdout)
        manifest = run("manifest-dump", self.data)
        self.assertEqual(manifest.returncode, 0)
        self.assertIn("checksum good", manifest.stdout)
        log = "".join(run("wal-dump", f).stdout for f in self.files("*.wal"))
        self.assertIn("key7", log)
        tables = self.files("*.sst")
        self.assertTrue(tables)
        self.assertIn("key0", run("sst-dump", tables[0], "--entries").stdout)
        document = json.loads(run("manifest-dump", self.data, "--json").stdout)
        self.assertIsNone(document["error"])

    def test_verify_of_a_raft_log(self):
        log = self.data / "log"
        write_raft_log(log)
        before = {file.name: file.read_bytes() for file in log.iterdir()}
        self.assertEqual(self.codes(("raft-dump", log), ("verify", log)), [FINE] * 2)
        self.assertIn("log of node 3 of cluster 7", run("verify", log).stdout)
        self.assertIn("entries: 1 to 3\n", run("verify", log).stdout)
        report = json.loads(run("verify", log, "--json").stdout)
        self.assertEqual([report[name] for name in ("node", "first", "last", "lost", "flights", "damage")],
                         [3, 1, 3, 0, 3, []])

        flip(log / "000001.wal", 3 * 4096 + 70)  # nothing vouches for the last one
        torn = run("verify", log)
        self.assertEqual((torn.returncode, "torn tail" in torn.stdout), (FINE, True))
        flip(log / "000001.wal", 3 * 4096 + 70)
        for name, offset, place, lost in (("000001.wal", 2 * 4096 + 70, 2 * 4096, 1), ("000001.wal", 20, 0, 0),
                                          ("REGISTER", 40, 0, 0), ("REGISTER", 4096 + 40, 4096, 0)):
            flip(log / name, offset)
            answer = run("verify", log, "--json")
            self.assertEqual(answer.returncode, FOUND, name)
            report = json.loads(answer.stdout)
            self.assertEqual([(each["path"], each["offset"]) for each in report["damage"]],
                             [(str(log / name), place)])
            self.assertEqual((report["last"], report["lost"]), (3, lost))
            flip(log / name, offset)
        self.assertEqual({file.name: file.read_bytes() for file in log.iterdir()}, before)

    def test_verify_of_a_node_looks_at_its_tables_and_its_log(self):
        node = self.data
        node.mkdir()
        self.data = node / "db"
        self.assertEqual(self.cli("put", "a", "1").returncode, FINE)
        write_raft_log(node / "log")
        self.assertEqual(run("verify", node).returncode, FINE)
        self.assertEqual(run("verify", node).stdout.count("sound"), 2)
        report = json.loads(run("verify", node, "--json").stdout)
        self.assertEqual((report["db"]["damage"], report["log"]["last"]), ([], 3))
        for part in (node / "db" / "IDENTITY", node / "log" / "000001.wal"):
            flip(part, 20)
            self.assertEqual(run("verify", node).returncode, FOUND, part.name)
            flip(part, 20)
        (node / "log" / "REGISTER").unlink()
        answer = run("verify", node, "--json")
        self.assertEqual(answer.returncode, FOUND)
        self.assertEqual(json.loads(answer.stdout)["log"]["error"]["code"], "not found")

    def test_tables_have_keys_of_their_own(self):
        self.assertEqual(self.cli("create", "orders").returncode, FINE)
        self.assertEqual(self.cli("create", "orders").returncode, ENVIRONMENT)
        self.assertEqual(self.cli("put", "k", "unnamed").returncode, FINE)
        self.assertEqual(self.cli("--table", "orders", "put", "k", "named").returncode, FINE)
        self.assertEqual(self.cli("get", "k").stdout, "unnamed\n")
        self.assertEqual(self.cli("scan", "--table", "orders").stdout, "k\tnamed\n")
        self.assertEqual(self.cli("--table", "others", "get", "k").returncode, ENVIRONMENT)
        self.assertEqual(self.cli("create", "a b").returncode, USAGE)
        script = self.script("tables\nuse orders\nget k\nuse\nget k\nuse orders\nflush\ndrop orders\nget k\ntables\n")
        self.assertEqual((script.returncode, script.stdout), (FINE, "orders\nnamed\nunnamed\nunnamed\n"))
        self.assertEqual(self.cli("drop", "orders").returncode, ENVIRONMENT)
        dumped = "".join(run("sst-dump", file, "--entries").stdout for file in self.files("*.sst"))
        self.assertIn('table 2 "k"', dumped)

    def test_damage_is_found_and_refused(self):
        for i in range(8):
            self.cli("put", f"key{i}", "value")
        table = self.files("*.sst")[0]
        content = bytearray(table.read_bytes())
        content[5] ^= 1
        table.write_bytes(content)
        answer = run("verify", self.data, "--json")
        self.assertEqual(answer.returncode, 1)
        self.assertIn(table.name, json.loads(answer.stdout)["damage"][0]["path"])
        self.assertEqual(run("sst-dump", table).returncode, 1)
        (self.data / "CURRENT").write_text("MANIFEST-000001\n")
        self.assertEqual(run("verify", self.data).returncode, 1)
        self.assertEqual(run("manifest-dump", self.data).returncode, 1)
        self.assertEqual(self.cli("get", "key0").returncode, 4)
        (self.data / "CURRENT").unlink()
        self.assertEqual(self.cli("put", "a", "1").returncode, 4)

    # Exit codes. Each test holds every command that looks at the thing against the one table.

    def make(self):
        for i in range(8):  # enough lives that recovery writes a table
            self.assertEqual(self.cli("put", f"key{i}", "value" * 20).returncode, FINE)
        # The newest is damaged where the log is read; older ones may be wholly replayed.
        return self.files("*.sst")[0], self.files("*.wal")[-1], self.files("MANIFEST-*")[0]

    def codes(self, *commands):
        return [run(*command).returncode for command in commands]

    def test_what_is_absent_is_the_environment(self):
        nowhere = self.data / "nothing"
        every = [("wal-dump", nowhere), ("sst-dump", nowhere), ("manifest-dump", nowhere),
                 ("raft-dump", nowhere), ("verify", nowhere), ("cli", "--data", nowhere, "get", "a"),
                 ("cli", "--data", nowhere, "scan"), ("cli", "--data", nowhere, "del", "a")]
        self.assertEqual(self.codes(*every), [ENVIRONMENT] * len(every))
        nowhere.mkdir(parents=True)  # a directory, and no database in it
        # What is not a file is no log and no table of any version.
        self.assertEqual(self.codes(*every), [REFUSED] * 2 + [ENVIRONMENT] * (len(every) - 2))
        self.assertEqual(list(nowhere.iterdir()), [])
        file = self.data / "file"
        file.write_text("")
        for command in ("verify", "manifest-dump"):
            self.assertEqual(run(command, file).returncode, ENVIRONMENT)
        self.assertEqual(run("cli", "--data", file, "put", "a", "1").returncode, ENVIRONMENT)

    def test_a_part_that_is_missing_is_damage(self):
        table, log, manifest = self.make()
        parts = [table, log, manifest, self.data / "IDENTITY"]
        for part in parts:
            content = part.read_bytes()
            part.unlink()
            self.assertEqual(run("verify", self.data).returncode, FOUND, part.name)
            self.assertEqual(self.cli("get", "key0").returncode, REFUSED, part.name)
            expected = FOUND if part == manifest else FINE
            self.assertEqual(run("manifest-dump", self.data).returncode, expected, part.name)
            part.write_bytes(content)
        self.assertEqual(run("verify", self.data).returncode, FINE)
        (self.data / "CURRENT").unlink()  # whose data these are is not known: nothing is judged
        self.assertEqual(self.codes(("verify", self.data), ("manifest-dump", self.data),
                                    ("cli", "--data", self.data, "put", "a", "1")), [REFUSED] * 3)

    def test_a_damaged_part_is_found_by_tools_and_refused_by_open(self):
        table, log, manifest = self.make()
        cases = [(table, table.stat().st_size - 30, ("sst-dump", table)),
                 (log, 20, ("wal-dump", log)),
                 (manifest, manifest.stat().st_size // 2, ("manifest-dump", self.data)),
                 (self.data / "CURRENT", 3, ("manifest-dump", self.data)),
                 (self.data / "IDENTITY", 20, ("verify", self.data))]
        for part, offset, dump in cases:
            flip(part, offset)
            self.assertEqual(self.codes(dump, ("verify", self.data)), [FOUND] * 2, part.name)
            self.assertEqual(self.cli("get", "key0").returncode, REFUSED, part.name)
            flip(part, offset)
        self.assertEqual(run("verify", self.data).returncode, FINE)

    def test_repair_cuts_a_damaged_log_and_tells_the_loss(self):
        for i in range(3):
            self.assertEqual(self.cli("put", f"key{i}", "value").returncode, FINE)
        sound = run("repair", self.data)
        self.assertEqual((sound.returncode, "sound" in sound.stdout), (FINE, True))
        self.assertIsNone(json.loads(run("repair", self.data, "--json").stdout)["log"])
        log = self.files("*.wal")[0]  # of the life that wrote key0
        flip(log, 4096 + 70)
        self.assertEqual(run("verify", self.data).returncode, FOUND)
        self.assertEqual(self.cli("get", "key1").returncode, REFUSED)

        before = {file.name: file.read_bytes() for file in self.data.iterdir()}
        trial = run("repair", self.data, "--dry-run")
        self.assertEqual(trial.returncode, FOUND)
        self.assertIn(f"({log}, offset 4096)", trial.stdout)
        self.assertIn("nothing was changed", trial.stdout)
        report = json.loads(run("repair", self.data, "--dry-run", "--json").stdout)
        self.assertEqual((report["dry_run"], report["repaired"]), (True, False))
        loss = report["log"]
        self.assertEqual(loss["end"]["offset"], 4096)
        self.assertEqual([loss[name] for name in ("operations_kept", "operations_lost", "keys_lost",
                                                  "first_sequence_lost", "last_sequence_lost",
                                                  "operations_unreadable")], [0, 2, 2, 2, 3, 1])
        self.assertEqual({file.name: file.read_bytes() for file in self.data.iterdir()}, before)

        with (self.data / "LOCK").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            fcntl.lockf(lock, fcntl.LOCK_EX)
            self.assertEqual(run("repair", self.data).returncode, REFUSED)
        done = run("repair", self.data)
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (FINE, "repaired"))
        self.assertEqual(self.codes(("repair", self.data), ("verify", self.data),
                                    ("cli", "--data", self.data, "get", "key1"),
                                    ("cli", "--data", self.data, "put", "key1", "again"),
                                    ("cli", "--data", self.data, "get", "key1")),
                         [FINE, FINE, KEY_ABSENT, FINE, FINE])

    def test_backups_are_made_listed_and_restored(self):
        out, back = self.data.parent / "out", self.data.parent / "back"
        self.cli("put", "a", "1")
        first = run("backup", self.data, out, "--json")
        self.assertEqual(first.returncode, FINE, first.stderr)
        report = json.loads(first.stdout)
        self.assertEqual((report["backup"]["number"], report["tables_copied"]), (1, 1))
        self.cli("put", "a", "2")
        second = run("backup", self.data, out)
        self.assertEqual(second.returncode, FINE, second.stderr)
        self.assertIn("copied 1 tables", second.stdout)
        listed = json.loads(run("backups", out, "--json").stdout)["backups"]
        self.assertEqual([backup["number"] for backup in listed], [1, 2])
        self.assertEqual(run("restore", out, back, "--number", 1).returncode, FINE)
        self.assertEqual(run("cli", "--data", back, "get", "a").stdout, "1\n")
        self.assertEqual(run("verify", back).returncode, FINE)
        self.assertEqual(run("restore", out, back).returncode, ENVIRONMENT)
        newest = json.loads(run("restore", out, self.data.parent / "newest", "--json").stdout)
        self.assertEqual(newest["backup"]["number"], 2)
        third = json.loads(run("backup", self.data, out, "--keep", 1, "--json").stdout)
        self.assertEqual((third["tables_copied"], third["backups_removed"]), (0, 2))

        for table in out.glob("*.sst"):
            flip(table, 5)
        damaged = run("restore", out, self.data.parent / "damaged")
        self.assertEqual(damaged.returncode, FOUND)
        self.assertIn(".sst", damaged.stderr)
        self.assertEqual(run("cli", "--data", self.data.parent / "damaged", "put", "a", "1").returncode, REFUSED)
        self.assertEqual(run("backup", self.data, self.data).returncode, REFUSED)
        self.assertEqual(run("backup", self.data.parent / "none", out).returncode, ENVIRONMENT)
        self.assertEqual(run("restore", self.data.parent / "none", back).returncode, ENVIRONMENT)

    def test_checkpoint_and_compact(self):
        copy = self.data.parent / "copy"
        for value in range(3):
            self.cli("put", "a", value)
            self.assertEqual(run("checkpoint", self.data, self.data.parent / f"copy{value}").returncode, FINE)
        self.assertEqual(run("checkpoint", self.data, self.data.parent / "copy0").returncode, ENVIRONMENT)
        compacted = run("compact", self.data, "--json")
        self.assertEqual(compacted.returncode, FINE, compacted.stderr)
        report = json.loads(compacted.stdout)
        self.assertLess(report["bytes_after"], report["bytes_before"])
        self.assertEqual(len(self.files("*.sst")), 1)
        for value in range(3):
            got = run("cli", "--data", self.data.parent / f"copy{value}", "get", "a")
            self.assertEqual(got.stdout, f"{value}\n")
        self.assertEqual(run("compact", copy).returncode, ENVIRONMENT)

    def test_what_repair_cannot_mend_it_leaves(self):
        table, _, _ = self.make()
        flip(table, table.stat().st_size - 30)
        before = {file.name: file.read_bytes() for file in self.data.iterdir()}
        refused = run("repair", self.data)
        self.assertEqual((refused.returncode, "beyond repair" in refused.stdout), (FOUND, True))
        self.assertEqual({file.name: file.read_bytes() for file in self.data.iterdir()}, before)
        self.assertEqual(run("repair", self.data / "nothing").returncode, ENVIRONMENT)

    def test_damage_met_by_a_read_after_a_good_open_is_found(self):
        table, _, _ = self.make()
        flip(table, 5)
        for arguments in (("get", "key0"), ("scan",), ("--json", "get", "key0")):
            answer = self.cli(*arguments)
            self.assertEqual(answer.returncode, FOUND, arguments)
            self.assertIn(table.name, answer.stderr)
        self.assertEqual(self.cli("put", "other", "1").returncode, FINE)

    def test_an_unknown_version_is_refused(self):
        table, log, manifest = self.make()
        # Whole but for their version: (file, where its header is, where its checksum is in that).
        for part, begin, crc_at, size, dump in (
                (table, table.stat().st_size - FOOTER_SIZE, 100, FOOTER_SIZE, ("sst-dump", table)),
                (log, 0, 12, 4096, ("wal-dump", log)),
                (manifest, 0, 32, 36, ("manifest-dump", self.data))):
            content = part.read_bytes()
            head = bytearray(content[begin:begin + size])
            head[8] = 0x41
            # Of a log segment it covers what is behind it too.
            covered = head[:crc_at] + (head[crc_at + 4:] if part == log else b"")
            head[crc_at:crc_at + 4] = crc32c(covered).to_bytes(4, "little")
            part.write_bytes(content[:begin] + head + content[begin + size:])
            self.assertEqual(self.codes(dump, ("verify", self.data),
                                        ("cli", "--data", self.data, "get", "a")),
                             [REFUSED] * 3, part.name)
            part.write_bytes(content)
        self.assertEqual(run("verify", self.data).returncode, FINE)

    def test_a_failed_read_is_the_environment_and_no_damage(self):
        table, log, manifest = self.make()
        for part, dump in ((table, ("sst-dump", table)), (log, ("wal-dump", log)),
                           (manifest, ("manifest-dump", self.data))):
            content = part.read_bytes()
            part.unlink()
            part.symlink_to(part)  # reading it fails with ELOOP
            self.assertEqual(self.codes(dump, ("verify", self.data),
                                        ("cli", "--data", self.data, "get", "a")),
                             [ENVIRONMENT] * 3, part.name)
            self.assertNotIn("damage", run("verify", self.data).stdout)
            if part == table:  # damage elsewhere outranks what could not be read
                flip(log, 20)
                self.assertEqual(run("verify", self.data).returncode, FOUND)
                flip(log, 20)
            part.unlink()
            part.write_bytes(content)
        self.assertEqual(run("verify", self.data).returncode, FINE)

    def test_a_database_in_use_is_refused(self):
        self.make()
        with open(self.data / "LOCK", "r+", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            fcntl.lockf(lock, fcntl.LOCK_EX)
            self.assertEqual(self.codes(("verify", self.data),
                                        ("cli", "--data", self.data, "get", "a")), [REFUSED] * 2)

    def test_a_request_beyond_a_limit_is_usage(self):
        self.assertEqual(self.cli("put", "k" * 70000, "1").returncode, USAGE)

    def test_output_that_cannot_be_written_is_the_environment(self):
        self.make()
        for command in (("verify", self.data), ("manifest-dump", self.data, "--json"),
                        ("cli", "--data", self.data, "scan")):
            with open("/dev/full", "w", encoding="utf-8") as full:
                answer = subprocess.run([BINARY, *map(str, command)], stdout=full,
                                        stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual(answer.returncode, ENVIRONMENT, command)
            self.assertIn("beachdb: ", answer.stderr)


class Serve(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.scratch.name)
        self.addCleanup(self.scratch.cleanup)

    def config(self, text):
        path = self.root / "beachdb.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, *arguments, **environment):
        """Until it is ready; its first line."""
        server = subprocess.Popen([BINARY, "serve", *map(str, arguments)], stderr=subprocess.PIPE, text=True,
                                  env={**os.environ, **environment})
        self.addCleanup(server.stderr.close)
        self.addCleanup(server.kill)
        return server, server.stderr.readline()

    def test_it_leaves_when_it_is_told_to_and_comes_back(self):
        for _ in range(2):
            server, line = self.start("--data", self.root / "node", "--listen", "127.0.0.1:0")
            self.assertIn(" server.ready node=1 address=127.0.0.1:", line)
            second = run("serve", "--data", self.root / "node", "--listen", "127.0.0.1:0")
            self.assertEqual(second.returncode, REFUSED, second.stderr)
            server.terminate()
            self.assertEqual(server.wait(20), FINE)

    def test_the_command_line_counts_before_the_environment_and_that_before_the_file(self):
        path = self.config(f'data = "{self.root}/node"\nnode = 7\nlisten = "127.0.0.1:0"\nlog = "none"\n')
        server, line = self.start("--config", path, "--node", "9", BEACHDB_NODE="8", BEACHDB_LOG="main")
        self.assertIn(" server.ready node=9 ", line)
        server.kill()
        server.wait(20)

    def test_what_is_wrong_is_told_with_its_place(self):
        for text, told in (('lisen = "x"', "beachdb.toml:1:1: there is no setting 'lisen'; 'listen', perhaps"),
                           ('\nheartbeat = "3q"', "beachdb.toml:2:13: heartbeat: "),
                           ('data = "x', "beachdb.toml:1:"), ("data = [1]", "'data' is one value")):
            answer = run("serve", "--config", self.config(text))
            self.assertEqual(answer.returncode, USAGE, text)
            self.assertIn(told, answer.stderr)
        self.assertEqual(run("serve", "--config", self.root / "none.toml").returncode, ENVIRONMENT)
        self.assertEqual(run("serve").returncode, USAGE)
        self.assertIn("--node: ", run("serve", "--data", "x", "--node", "one").stderr)

    def test_the_sample_is_a_file_that_it_takes(self):
        sample = run("serve", "--print-config").stdout.replace('data = ""', f'data = "{self.root}/node"')
        server, line = self.start("--config", self.config(sample), "--listen", "127.0.0.1:0")
        self.assertIn(" server.ready ", line)
        server.terminate()
        self.assertEqual(server.wait(20), FINE)


if __name__ == "__main__":
    unittest.main()
