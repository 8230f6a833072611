#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does the crash harness find bugs? Plants those of sim/mutants/ one at a time in a scratch copy, kills the real
process until it is reported, takes power from it until it is, shrinks each artifact, and runs it ten times again.

    crash/planted.py [NAME...]      those of the two lists below, or the named ones

Environment: CYCLES (300) of kills and of losses of power at most for each bug, SEED (from the clock) of the first,
JOBS processors to build with. A bug is *only of power* where no kill shows it: not CYCLES of them, and not every
passage of a short workload either. Prints a row for each: after how many lives it was found, how many operations the shrunk artifact has, and how often that
fails again; all of them are in build/planted/results.json.

Exit 1: fewer than 8 bugs were found by kills, or fewer than 8 by power alone, or an artifact does not
replay ten times of ten; 3: a patch does not apply, or something does not build.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import mutants  # noqa: E402

WORK = ROOT / "build" / "planted"
mutants.TREE, mutants.RESULTS = WORK / "tree", WORK / "results"
REPLAYS = 10
WANTED = 8
TRIES = 6  # seeds that found it, until one replays each time
LIMIT_S = 600  # of one campaign
SHRINK = "30s"
COLUMNS = "{:<31} {:>5} {:>5} {:>5} {:>7} {:>11}  {}"

OF_KILLS = [
    "sequence-reused", "replay-drops-full-memtable", "range-delete-not-replayed", "number-reused",
    "half-made-refused", "inputs-removed-before-edit", "unfinished-copy-stays", "log-retired-before-edit",
    "chunk-start-not-tried", "recycled-ordinal-ignored", "end-not-listed", "reserve-not-listed",
]
OF_POWER = [
    "ack-before-sync", "run-not-synced", "table-not-synced", "table-directory-not-synced",
    "outputs-directory-not-synced", "current-before-manifest-sync", "current-directory-not-synced",
    "missing-directory-sync", "recycled-header-not-synced", "tail-not-relogged", "checkpoint-folder-not-synced",
    "backup-table-not-synced", "backup-names-not-synced", "acknowledged-out-of-order",
]


def build(name, jobs):
    log = mutants.RESULTS / f"{name}.build.txt"
    with log.open("w") as out:
        for command in (["cmake", "-S", mutants.TREE, "-B", WORK / "build", "-G", "Ninja",
                         "-DCMAKE_BUILD_TYPE=Release"],
                        ["cmake", "--build", WORK / "build", "--parallel", str(jobs), "--target", "beachcrash"]):
            if subprocess.run(command, stdout=out, stderr=out, check=False).returncode:
                raise mutants.Broken(f"{name}: does not build, see {log}")


def beachcrash(*arguments):
    try:
        return subprocess.run([WORK / "build" / "bin" / "beachcrash", *map(str, arguments)], capture_output=True,
                              text=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise mutants.Broken(f"beachcrash {' '.join(map(str, arguments))}: no end in {LIMIT_S} s") from None


def campaign(folder, *flags):
    """The report of one run of beachcrash."""
    name = folder.parent.name
    done = beachcrash("run", "--json", "--artifacts", folder, *flags)
    if done.returncode not in (0, 1, 5):
        raise mutants.Broken(f"{name}: beachcrash ended with exit code {done.returncode}: {done.stderr[-400:]}")
    return json.loads(done.stdout)


def replays(artifact):
    """How many times of REPLAYS it fails as recorded; a replay exits with 1 if it is each time."""
    done = beachcrash("replay", artifact, "--times", REPLAYS)
    last = done.stdout.strip().splitlines()[-1]
    return int(last.split()[0]) if done.returncode in (0, 1, 5) else 0


def made_small(report):
    """What was found, shrunk, and how often it fails again."""
    small = report["artifact"].replace(".json", "-small.json")
    if beachcrash("shrink", report["artifact"], "-o", small, "--time", SHRINK).returncode:
        small = report["artifact"]
    operations = len(json.loads(pathlib.Path(small).read_text())["operations"])
    return {"signature": report["signature"], "lives": report["lives"], "artifact": small,
            "operations": operations, "replays": replays(small)}


def look_for(folder, options, *flags):
    """Goes through seeds until what is found replays each time; the best, or None."""
    best, seed, left = None, options["seed"], options["cycles"]
    for _ in range(TRIES):
        report = campaign(folder, "--seed", seed, "--cycles", left, *flags)
        if report["verdict"] == "ok":
            break
        found = made_small(report)
        if best is None or found["replays"] > best["replays"]:
            best = found
        if best["replays"] == REPLAYS:
            break
        seed += report["runs"]
        left -= 10 * report["runs"]
        if left <= 0:
            break
    return best


def exhaustively(folder, options):
    report = campaign(folder, "--seed", options["seed"], "--exhaustive", "--ops", 3)
    if report["verdict"] == "ok":
        return None
    return made_small(report)


def measure(name, options):
    mutants.refresh()
    mutants.plant(mutants.PATCHES / f"{name}.patch")
    build(name, options["jobs"])
    folder = mutants.RESULTS / name
    kills = look_for(folder / "kills", options) or exhaustively(folder / "passages", options)
    power = look_for(folder / "power", options, "--power")
    return {"name": name, "kills": kills, "power": power}


def text_of(row):
    cell = lambda found: str(found["lives"]) if found else "–"
    best = row["kills"] or row["power"]
    again = " ".join(f"{found['replays']}/{REPLAYS}" for found in (row["kills"], row["power"]) if found)
    only = "yes" if row["power"] and not row["kills"] else ""
    small = str(best["operations"]) if best else "–"
    return COLUMNS.format(row["name"], cell(row["kills"]), cell(row["power"]), only, small, again or "–",
                          best["signature"] if best else "not found")


def main():
    names = sys.argv[1:] or OF_POWER + OF_KILLS
    options = {"cycles": int(os.environ.get("CYCLES", 300)), "jobs": int(os.environ.get("JOBS", os.cpu_count() or 1)),
               "seed": int(os.environ.get("SEED", int(time.time())))}
    mutants.RESULTS.mkdir(parents=True, exist_ok=True)
    print(f"from seed {options['seed']}, at most {options['cycles']} kills and losses of power each")
    print(COLUMNS.format("bug", "kills", "power", "only", "small", "again", "signature"), flush=True)
    rows = []
    try:
        for name in names:
            rows.append(measure(name, options))
            print(text_of(rows[-1]), flush=True)
            (WORK / "results.json").write_text(json.dumps(rows, indent=1))
    except mutants.Broken as broken:
        print(broken, file=sys.stderr)
        return 3
    exact = [found for row in rows for found in (row["kills"], row["power"]) if found
             and found["replays"] == REPLAYS]
    kills = [row for row in rows if row["kills"] and row["kills"]["replays"] == REPLAYS]
    power = [row for row in rows if row["power"] and not row["kills"] and row["power"]["replays"] == REPLAYS]
    print(f"{len(kills)} bugs found by kills, {len(power)} by losses of power alone; {len(exact)} artifacts replay "
          f"{REPLAYS} times of {REPLAYS}")
    return 0 if sys.argv[1:] or (len(kills) >= WANTED and len(power) >= WANTED) else 1


if __name__ == "__main__":
    sys.exit(main())
