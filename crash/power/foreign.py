#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Databases that others wrote, unmodified, on a disk that loses power.

    crash/power/foreign.py BIN_DIR [--cuts 100] [--seed 1] [--only sqlite] [--verbose]

Each cut has a disk of its own. A writer commits transactions of several rows and tells of each one that
was acknowledged; power goes right before a drawn operation of the disk; the writer is killed, power comes
back, the database is opened again and looked at: is it whole, are transactions whole and in order, is all
there that was acknowledged? Exit code 0: every system kept what it promises; 1: one did not.
"""

import argparse
import collections
import json
import os
import random
import sqlite3
import subprocess
import sys

from mounted_disk import MountedDisk, can_mount, kill_and_wait

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = 4
OPERATIONS_MAX = 400  # of the disk, before which power goes
WAIT_MS = 30_000
CHECK_S = 60

# `durable`: an acknowledged transaction survives. `whole`: what is there is a prefix of what was committed.
System = collections.namedtuple("System", "name setting names promise durable whole write check")
Outcome = collections.namedtuple("Outcome", "acknowledged lost torn holes corrupt note")


def json_check(command):
    """A check that says what it found, for `judge`."""
    def check(disk, acknowledged):
        ran = run(command(disk))
        if ran.returncode != 0:
            return Outcome(acknowledged, 0, False, False, True, ran.stderr.strip()[-200:])
        return judge(json.loads(ran.stdout), acknowledged)
    return check


def sqlite(journal_mode, synchronous, promise, durable, whole):
    worker = [sys.executable, os.path.join(HERE, "sqlite_worker.py")]
    return System(f"SQLite {sqlite3.sqlite_version}", f"{journal_mode}, {synchronous}", "posix", promise, durable,
                  whole,
                  lambda disk: [*worker, "write", disk.path("db"), journal_mode, synchronous],
                  json_check(lambda disk: [*worker, "check", disk.path("db")]))


def leveldb(worker, setting, names, promise, durable):
    def write(disk):
        # It does not sync the directory that its own is made in, and says nothing of it: granted.
        os.mkdir(disk.path("db"))
        root = os.open(disk.directory, os.O_RDONLY)
        os.fsync(root)
        os.close(root)
        return [worker, "write", disk.path("db"), setting]
    return System("LevelDB 1.23", setting, names, promise, durable, True, write,
                  json_check(lambda disk: [worker, "check", disk.path("db")]))


def beachdb(worker):
    """Ours, beside them: the writer and the check of `make crash`, with one thread."""
    def check(disk, acknowledged):
        acks = os.path.join(disk.workspace, "acks")
        with open(acks, "w", encoding="ascii") as file:
            file.write(f"0 {acknowledged}\n" if acknowledged else "")
        ran = run([worker, "check", disk.path("db"), acks])
        violation = ran.returncode == 1  # of any kind; its words tell which
        return Outcome(acknowledged, 0, violation, violation, ran.returncode not in (0, 1), ran.stdout + ran.stderr)
    return System("BeachDB", "sync", "posix", "durable", True, True,
                  lambda disk: [worker, "sync", disk.path("db"), "1"], check)


def systems(binaries):
    """What is measured; the promises are those of its documentation."""
    found = [
        sqlite("DELETE", "EXTRA", "durable", True, True),
        sqlite("DELETE", "FULL", "whole; the last may go", False, True),
        sqlite("DELETE", "NORMAL", "nearly whole", False, False),
        sqlite("DELETE", "OFF", "nothing", False, False),
        sqlite("WAL", "FULL", "durable", True, True),
        sqlite("WAL", "NORMAL", "whole; the last may go", False, True),
        sqlite("WAL", "OFF", "nothing", False, False),
    ]
    worker = os.path.join(binaries, "leveldb_worker")
    if os.path.exists(worker):
        for names in ("posix", "journal"):
            found.append(leveldb(worker, "synced", names, "durable", True))
            found.append(leveldb(worker, "unsynced", names, "whole; the last may go", False))
    found.append(beachdb(os.path.join(binaries, "beachdb_worker")))
    return found


def run(command):
    return subprocess.run(command, capture_output=True, text=True, timeout=CHECK_S, check=False)


def judge(found, acknowledged):
    """What the check found, held against what the writer was told."""
    rows = {int(n): count for n, count in found["rows"].items()}
    last = max(rows, default=0)
    torn = any(count != ROWS for count in rows.values()) or found["counter"] != last
    holes = sorted(rows) != list(range(1, last + 1))
    return Outcome(acknowledged, max(0, acknowledged - last), torn, holes, bool(found["error"] or found["wrong"]),
                   found["error"])


def lose_power(beachcrash, system, seed):
    """One writer, one cut, one look at what is left."""
    at = random.Random(seed).randint(1, OPERATIONS_MAX)
    with MountedDisk(beachcrash, "--seed", str(seed), "--names", system.names) as disk:
        command = system.write(disk)
        disk.tell("cut-at", n=at)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            lost = disk.tell("wait-cut", ms=WAIT_MS)["lost"]
            kill_and_wait(writer)
            acknowledged = int((writer.stdout.read().split() or ["0"])[-1])
        if not lost:
            raise RuntimeError(f"{system.name}, {system.setting}, seed {seed}: the writer ended before the cut")
        disk.power_on()
        return system.check(disk, acknowledged)


def measure(beachcrash, system, seeds, verbose):
    outcomes = []
    for seed in seeds:
        outcome = lose_power(beachcrash, system, seed)
        outcomes.append(outcome)
        if verbose and (outcome.lost or outcome.torn or outcome.holes or outcome.corrupt):
            print(f"# {system.name} {system.setting} seed {seed}: {outcome}", file=sys.stderr, flush=True)
    return outcomes


def row(system, outcomes):
    lost = [outcome.lost for outcome in outcomes if outcome.lost and not outcome.corrupt]
    return [system.name, system.setting, system.names, system.promise, len(outcomes),
            sum(outcome.acknowledged for outcome in outcomes), len(lost), max(lost, default=0),
            sum(outcome.torn and not outcome.corrupt for outcome in outcomes),
            sum(outcome.holes and not outcome.corrupt for outcome in outcomes),
            sum(outcome.corrupt for outcome in outcomes)]


def kept(system, outcomes):
    """Whether none of the outcomes breaks the promise."""
    broken_whole = any(outcome.torn or outcome.holes or outcome.corrupt for outcome in outcomes)
    broken_durable = any(outcome.lost for outcome in outcomes)
    return not (system.whole and broken_whole) and not (system.durable and broken_durable)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binaries", help="where beachcrash is")
    parser.add_argument("--cuts", type=int, default=100, help="of each system")
    parser.add_argument("--seed", type=int, default=1, help="of the first cut; the next is one more")
    parser.add_argument("--only", default="", help="systems whose name or setting has this in it")
    parser.add_argument("--verbose", action="store_true", help="tell of each loss")
    arguments = parser.parse_args()
    if not can_mount():
        print("foreign: no /dev/fuse here", file=sys.stderr)
        return 3
    beachcrash = os.path.join(arguments.binaries, "beachcrash")
    print("| system | setting | names | promised | cuts | acknowledged | cuts that lost some | most lost | torn | holes | corrupt |")
    print("|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|")
    broken = 0
    for system in systems(arguments.binaries):
        if arguments.only.lower() not in f"{system.name}, {system.setting}, {system.names}".lower():
            continue
        seeds = range(arguments.seed, arguments.seed + arguments.cuts)
        outcomes = measure(beachcrash, system, seeds, arguments.verbose)
        broken += not kept(system, outcomes)
        print("| " + " | ".join(str(cell) for cell in row(system, outcomes)) + " |", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
