#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests gdb.py on a run that is stopped where one thread waits for a condition, one for a time, and one runs.

    gdb_test.py FIXTURE          exit 77, with the reason: this machine does not let gdb stop a program
"""

import pathlib
import re
import shutil
import subprocess
import sys

SCRIPT = pathlib.Path(__file__).resolve().parent / "gdb.py"
SKIPPED = 77
REFUSED = re.compile(r"ptrace: Operation not permitted|Cannot PTRACE_GETREGS|Couldn't get (CS )?register")


def gdb(fixture, *commands):
    words = ["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-ex", "set pagination off",
             "-ex", "break GdbStopsHere", "-ex", "run", "-ex", f"source {SCRIPT}"]
    for command in commands:
        words += ["-ex", f"echo == {command}\\n", "-ex", command]
    done = subprocess.run([*words, fixture], capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


def parts(output):
    """What each command printed."""
    found = re.split(r"^== (.*)\n", output, flags=re.MULTILINE)[1:]
    return dict(zip(found[0::2], found[1::2]))


def row_of(listing, name):
    rows = [line for line in listing.splitlines() if f" {name} " in line]
    assert len(rows) == 1, (name, listing)
    return rows[0]


def main(fixture):
    if shutil.which("gdb") is None:
        sys.exit("there is no gdb (scripts/packages.txt)")
    plain = subprocess.run([fixture], capture_output=True, text=True)
    assert plain.returncode == 0 and "verdict ok" in plain.stdout, plain
    output = gdb(fixture, "sim threads", "sim stacks", "sim stack 9999", "sim nonsense",
                 "sim threads ", "continue")
    if REFUSED.search(output):
        print(f"SKIPPED: gdb may not stop a program here:\n{output[-600:]}")
        return SKIPPED
    said = parts(output)
    threads = said["sim threads"]
    assert re.match(r"\*.*main +server, life 1 +\w+", row_of(threads, "main")), threads
    assert "server, life 1" in row_of(threads, "waiter") and "waits: LockOrCondition" in row_of(threads, "waiter"), threads
    assert "waits: Time" in row_of(threads, "sleeper"), threads
    assert "harness" in row_of(threads, "harness") and "waits: Process" in row_of(threads, "harness"), threads
    # Each stack stands below its thread's row, and is that thread's.
    stacks = said["sim stacks"]
    places = {name: stacks.index(row_of(stacks, name)) for name in ("main", "waiter", "sleeper", "harness")}
    order = sorted(places.values()) + [len(stacks)]
    stack = {name: stacks[at:order[order.index(at) + 1]] for name, at in places.items()}
    assert "GdbStopsHere" in stack["main"] and "WaitUntilItIsOver" in stack["waiter"], stacks
    assert "SleepLong" in stack["sleeper"] and "GdbStopsHere" not in stack["sleeper"], stacks
    assert "beach::sim::Kernel::Wait" in stack["harness"], stacks
    assert "there is no thread 9999" in output and "sim threads, sim stack ID" in output, output
    # The registers are what they were: the run goes on and ends like one that nobody looked at.
    assert said["sim threads "].strip() == threads.strip(), output
    assert plain.stdout.strip() in said["continue"], output
    print(f"{len(threads.splitlines())} threads and their stacks; the run then ends as without gdb")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
