#!/usr/bin/env python3
"""Does the simulator find bugs? Plants those of sim/mutants/*.patch one at a time in a scratch copy,
sweeps fresh ranges of seeds until each is reported, and prints what that took.

    scripts/mutants.py [NAME...]     exit 1: one is missed in some range, or its artifact does not replay
    scripts/mutants.py --check       only whether every patch still applies; exit 1 when one does not
    scripts/mutants.py --compile [NAME...]
                                     whether each compiles, what it changes alone: minutes, not hours; exit 1: one
                                     does not
    scripts/mutants.py --list        the bugs as the table of docs/bug-finding.md
    scripts/mutants.py --unrelated [NAME...]
                                     what was found before an unrelated edit (sim/mutants/unrelated/) must be
                                     found after it: each bug is planted, FOUND (8) of the SEEDS that fail are
                                     kept with their artifacts; then each edit is made as well, and the same
                                     seeds and artifacts must fail with the same signatures; exit 1: one does not
    scripts/mutants.py --ablate [NAME...]
                                     each bug swept without one group of faults or oracles at a time (SEEDS: 300;
                                     scripts/ablation.py): which bugs are lost without it, or take twice the seeds;
                                     exit 0; all counts are in build/mutants/results/ablation.json

Environment: SEEDS (200) of at most so many seeds, RANGES (5) ranges, START the first seed of the first
(default: from the clock), JOBS processors, SHARD=K/N only each N-th bug, from the K-th. Results are
kept in build/mutants/cache and printed again while neither sources nor patch have changed; with START
or FRESH=1 they are made anew. SCENARIO=NAME sweeps that one, whatever the patches say. The tree without
a bug is swept first, and must be clean. Reports count only if the planted line was reached at all,
where the patch marks it (raft/ may not know of marks: what is reported there is the bug's). A
patch whose text has the line `Scenario: NAME` is swept with that scenario instead of engine-crash, one
with `Seeds: NUMBER` over ranges of so many, one with `Build: preempt` in the preemption build
(docs/preemption.md), where the tree without a bug is swept by that scenario alone. `Depth: N` says how many events must line up beyond a normal
run, `Rules: N, M` which of the contract's rules it breaks, `Row: ID` which one of a longer list of bugs
of such systems it stands for. The first artifact of
each bug is shrunk, for at most SHRINK (60s); what is left (operations, faults, milliseconds to replay)
is printed, and it must run clean on the tree without the bug.

Exit 3: a patch does not apply, something does not build, or a sweep gives no report.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time

import ablation

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "mutants"
TREE, RESULTS, CACHE = (WORK / name for name in ("tree", "results", "cache"))
# Folder and CMake's options of each build that a patch may ask for.
BUILDS = {"release": (WORK / "build", []), "preempt": (WORK / "preempt", ["-DBEACH_PREEMPT=ON"])}
PATCHES = ROOT / "sim" / "mutants"
EDITS = PATCHES / "unrelated"
RANGE_STRIDE = 1_000_000
COLUMNS = "{:<31} {:>5} {:>5} {:>6} {:>7} {:>8} {:>7} {:>4} {:>6} {:>6} {:>5}  {}"
SHALLOW = 2  # of that depth at most, a bug is to be found within so many seeds:
SHALLOW_SEEDS = 50
OPERATIONS_MAX, FAULTS_MAX = 12, 3  # of a small artifact
COMPILED = re.compile(r"(\.(h|cc|cmake)|CMakeLists\.txt)$")


class Broken(Exception):
    """The check itself cannot be made."""


def environment():
    shard = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", os.environ.get("SHARD", "1/1"))
    if not shard or int(shard[1]) > int(shard[2]):
        sys.exit(f"SHARD={os.environ['SHARD']} is not like 1/4")
    fixed = os.environ.get("START")
    return {
        "seeds": int(os.environ.get("SEEDS", 300 if "--ablate" in sys.argv else 200)),
        "ranges": int(os.environ.get("RANGES", 5)),
        "start": int(fixed) if fixed else int(time.time()) * 1000,
        "fresh": bool(fixed) or os.environ.get("FRESH") == "1",
        "shrink": os.environ.get("SHRINK", "60s"),
        "scenario": os.environ.get("SCENARIO"),
        "found": int(os.environ.get("FOUND", 8)),
        "jobs": int(os.environ.get("JOBS", os.cpu_count() or 1)),
        "shard": (int(shard[1]), int(shard[2])),
    }


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    names = listed.stdout.decode().split("\0")[:-1]
    return [name for name in names if (ROOT / name).is_file()]


def refresh():
    """The tracked files alone; equal ones keep their time, so that builds stay incremental."""
    names = set(tracked())
    for name in names:
        source, target = ROOT / name, TREE / name
        if target.is_file() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for path in TREE.rglob("*"):
        if path.is_file() and str(path.relative_to(TREE)) not in names:
            path.unlink()


def key_of(patch, options):
    """What a result depends on."""
    digest = hashlib.sha256(f"{options['seeds']} {options['ranges']} {options['scenario']}".encode())
    for name in sorted(filter(COMPILED.search, tracked())):
        digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    digest.update(patch.read_bytes())
    return digest.hexdigest()[:16]


def run_patch(patch, *flags):
    command = ["patch", "-s", "-p1", "--no-backup-if-mismatch", *flags]
    return subprocess.run(command, stdin=patch.open("rb"), capture_output=True, text=True)


def program(kind):
    return BUILDS[kind][0] / "bin" / "beachsim"


def control(kind):
    """The program without a bug."""
    return WORK / f"control-{kind}"


def build(name, kind, jobs):
    log = RESULTS / f"{name}.build.txt"
    folder, flags = BUILDS[kind]
    with log.open("w") as out:
        for command in (["cmake", "-S", TREE, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", *flags],
                        ["cmake", "--build", folder, "--parallel", str(jobs), "--target", "beachsim"]):
            if subprocess.run(command, stdout=out, stderr=out).returncode:
                raise Broken(f"{name}: does not build, see {log}")


def seeds_of(patch, options):
    named = re.search(r"^Seeds: (\d+)$", patch.read_text(), re.MULTILINE)
    return max(int(named[1]), options["seeds"]) if named else options["seeds"]


def scenario_of(patch):
    named = re.search(r"^Scenario: (\S+)$", patch.read_text(), re.MULTILINE)
    return named[1] if named else "engine-crash"


def rules_of(patch):
    """Numbers of the contract's rules that it breaks."""
    named = re.search(r"^Rules: (.+)$", patch.read_text(), re.MULTILINE)
    return [int(number) for number in named[1].split(",")] if named else []


def table(names):
    """Lines of Markdown: each bug, what is wrong, and the rules that it breaks."""
    yield "| bug | what is wrong | rules |"
    yield "|---|---|---|"
    for name in names:
        patch = PATCHES / f"{name}.patch"
        said = re.split(r"\n(?:[A-Z][a-z]+: |\n)", patch.read_text())[0].replace("\n", " ")
        yield f"| `{name}` | {said} | {', '.join(map(str, rules_of(patch))) or '–'} |"


def build_of(patch):
    named = re.search(r"^Build: (\S+)$", patch.read_text(), re.MULTILINE)
    kind = named[1] if named else "release"
    if kind not in BUILDS:
        raise Broken(f"{patch.stem}: there is no build '{kind}'")
    return kind


def sweep(name, kind, scenario, number, options):
    """The report of one range, and the processor seconds it took."""
    first = options["start"] + number * RANGE_STRIDE
    command = [program(kind), "sweep", scenario, "--seeds", f"{first}..{first + options['seeds']}",
               "--jobs", str(options["jobs"]), "--json", "--artifacts", RESULTS / name]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode > 1:
        raise Broken(f"{name}: the sweep from {first} ended with exit code {done.returncode}: "
                     f"{done.stderr[-400:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout), cpu


def measure(name, options):
    """Plants the bug of that name and sweeps; the row that is printed and cached."""
    patch = PATCHES / f"{name}.patch"
    kind = build_of(patch)
    marked = '"mutant.' in patch.read_text()
    refresh()
    plant(patch)
    build(name, kind, options["jobs"])
    scenario = options["scenario"] or scenario_of(patch)
    options = options | {"seeds": seeds_of(patch, options)}
    row = {"found": 0, "ranges": options["ranges"], "seeds": [], "cpu": [], "reached": 0,
           "replays": 0, "signature": "-"}
    for number in range(options["ranges"]):
        report, cpu = sweep(name, kind, scenario, number, options)
        reached = sum(n for site, n in report["sometimes"].items() if site.startswith("mutant."))
        row["reached"] += reached
        row["cpu"].append(cpu)
        failures = report["failures"]
        # A run that dies tells no counts, and the control shows that nothing else makes it die.
        died = failures and not failures[0]["signature"].startswith(scenario + "/")
        if not failures or not (reached or died or not marked):
            row["seeds"].append(options["seeds"] + 1)
            continue
        row["found"] += 1
        row["seeds"].append(report["seeds"])
        row["signature"] = failures[0]["signature"]
        row["replays"] += replay(program(kind), failures[0]["artifact"]) == 1
        if "small" not in row:
            row["small"] = shrink(name, kind, failures[0]["artifact"], options)
    return row


def replay(beachsim, artifact):
    return subprocess.run([beachsim, "replay", artifact], capture_output=True).returncode


def shrink(name, kind, artifact, options):
    """What is left of the artifact, and whether it ends well without the bug."""
    small = RESULTS / f"{name}.small.json"
    done = subprocess.run([program(kind), "shrink", artifact, "-o", small, "--time", options["shrink"], "--json",
                           "--jobs", str(options["jobs"])], capture_output=True, text=True)
    if done.returncode not in (0, 5):
        raise Broken(f"{name}: shrink ended with exit code {done.returncode}: {done.stderr[-400:]}")
    if done.returncode == 5:
        return None
    report = json.loads(done.stdout)
    return {"operations": report["after"]["operations"], "faults": report["after"]["faults"],
            "ms": report["replay_ms"], "clean": replay(control(kind), small) == 0}


def depth_of(name):
    """What the patch says, or nothing."""
    depth = re.search(r"^Depth: (\d+)$", (PATCHES / f"{name}.patch").read_text(), re.MULTILINE)
    return int(depth[1]) if depth else None


def summarize(rows, options):
    """What the table comes to, against what it is to be."""
    def names(chosen):
        return ", ".join(chosen) or "none"

    found = sum(row["found"] for row in rows.values())
    ranges = sum(row["ranges"] for row in rows.values())
    late = [f"{name} {round(statistics.median(row['seeds']))}" for name, row in rows.items()
            if (depth_of(name) or SHALLOW + 1) <= SHALLOW
            and statistics.median(row["seeds"]) > SHALLOW_SEEDS]
    large = [name for name, row in rows.items() if row.get("small") and
             (row["small"]["operations"] > OPERATIONS_MAX or row["small"]["faults"] > FAULTS_MAX)]
    print(f"found in {found} of {ranges} ranges ({100 * found / max(ranges, 1):.1f} %) of {options['seeds']} seeds\n"
          f"of depth 1 and 2, not within {SHALLOW_SEEDS} seeds: {names(late)}\n"
          f"not shrunk to {OPERATIONS_MAX} operations and {FAULTS_MAX} faults: {names(large)}")


def print_row(name, row):
    small = row.get("small")
    left = ["-"] * 4
    if small:
        left = [small["operations"], small["faults"], f"{small['ms']:.1f}",
                "yes" if small["clean"] else "NO"]
    print(COLUMNS.format(name, depth_of(name) or "-", f"{row['found']}/{row['ranges']}",
                         round(statistics.median(row["seeds"])),
                         f"{statistics.median(row['cpu']):.1f}", row["reached"],
                         f"{row['replays']}/{row['found']}", *left, row["signature"][:60]),
          flush=True)


def sound(row):
    small = row.get("small")
    return row["found"] == row["ranges"] == row["replays"] and bool(small and small["clean"])


def plant(patch):
    """The bug or edit of that patch, in the scratch copy as it is."""
    applied = run_patch(patch, "-d", str(TREE))
    if applied.returncode:
        raise Broken(f"{patch.stem}: does not apply: {applied.stdout}")


def signature_of(beachsim, scenario, seed, *flags):
    """None: that seed ends well."""
    done = subprocess.run([beachsim, "run", scenario, "--seed", str(seed), "--json", *flags],
                          capture_output=True, text=True)
    if done.returncode > 1:
        raise Broken(f"seed {seed}: run ended with exit code {done.returncode}: {done.stderr[-400:]}")
    return json.loads(done.stdout)["verdict"] if done.returncode else None


def unrelated(names, options):
    """Exit code 1 when an edit hides what was found before it."""
    for folder in (TREE, RESULTS):
        folder.mkdir(parents=True, exist_ok=True)
    line = "{:<31} {:<24} {:>7} {:>9}  {}"
    print(line.format("bug", "edit", "seeds", "artifacts", "signatures"))
    hidden = 0
    for name in names:
        patch = PATCHES / f"{name}.patch"
        scenario = options["scenario"] or scenario_of(patch)
        kind = build_of(patch)
        beachsim = program(kind)
        refresh()
        plant(patch)
        build(name, kind, options["jobs"])
        found = {}
        for seed in range(options["start"], options["start"] + options["seeds"]):
            artifact = RESULTS / f"{name}-{seed}.json"
            signature = signature_of(beachsim, scenario, seed, "--artifact", artifact)
            if signature:
                found[seed] = (signature, artifact)
            if len(found) == options["found"]:
                break
        if not found:
            raise Broken(f"{name}: no seed of {options['seeds']} fails, so nothing is shown")
        for edit in sorted(EDITS.glob("*.patch")):
            refresh()
            plant(patch)
            plant(edit)
            build(f"{name}-{edit.stem}", kind, options["jobs"])
            seeds = sum(signature_of(beachsim, scenario, seed) == signature
                        for seed, (signature, _) in found.items())
            artifacts = sum(replay(beachsim, artifact) == 1 for _, artifact in found.values())
            hidden += seeds < len(found) or artifacts < len(found)
            signatures = " ".join(sorted({signature for signature, _ in found.values()}))
            print(line.format(name, edit.stem, f"{seeds}/{len(found)}", f"{artifacts}/{len(found)}",
                              signatures), flush=True)
    print(f"{hidden} of {len(names) * len(list(EDITS.glob('*.patch')))} edits hide what was found before them")
    return hidden != 0


def check(names):
    """Exit code 1 when a patch does not apply to the tree as it is."""
    def apply(name):
        return name, run_patch(PATCHES / f"{name}.patch", "-d", str(ROOT), "--dry-run")

    names = names + [f"unrelated/{edit.stem}" for edit in sorted(EDITS.glob("*.patch"))]

    bad = 0
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for name, result in pool.map(apply, names):
            if result.returncode:
                bad += 1
                print(f"{name}: does not apply\n{result.stdout}")
    print(f"{len(names) - bad} of {len(names)} patches apply")
    return bad != 0


def source_of(name, sources):
    """The source whose compilation shows what is wrong with that file: itself, or one that includes it."""
    if name.endswith(".cc"):
        return name
    own = name.removesuffix(".h") + ".cc"
    including = (source for source in sources if f'#include "{name}"' in (TREE / source).read_text())
    return own if own in sources else next(including, None)


def compiles(names, options):
    """Exit code 1 when the tree does not compile with one of the patches, as far as that changes it."""
    TREE.mkdir(parents=True, exist_ok=True)
    folder, flags = BUILDS["release"]
    names = names + [f"unrelated/{edit.stem}" for edit in sorted(EDITS.glob("*.patch"))]
    refresh()
    subprocess.run(["cmake", "-S", TREE, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                    "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", *flags], check=True, stdout=subprocess.DEVNULL)
    commands = {os.path.relpath(entry["file"], TREE): entry
                for entry in json.loads((folder / "compile_commands.json").read_text())}
    bad = 0
    for name in names:
        refresh()
        patch = PATCHES / f"{name}.patch"
        plant(patch)
        changed = re.findall(r"^\+\+\+ b/(\S+\.(?:h|cc))$", patch.read_text(), re.MULTILINE)
        wanted = {source for source in (source_of(file, commands) for file in changed) if source in commands}

        def check_one(source):
            command = re.sub(r" -o \S+", " -fsyntax-only", commands[source]["command"])
            return subprocess.run(command, shell=True, cwd=commands[source]["directory"], capture_output=True,
                                  text=True)

        with concurrent.futures.ThreadPoolExecutor(options["jobs"]) as pool:
            failed = [done.stderr for done in pool.map(check_one, sorted(wanted)) if done.returncode]
        if failed or not wanted:
            bad += 1
            print(f"{name}: {failed[0][:600] if failed else 'changes nothing that is compiled'}", flush=True)
    print(f"{len(names) - bad} of {len(names)} patches compile")
    return bad != 0


def make_control(kind, options):
    refresh()
    build(f"control-{kind}", kind, options["jobs"])
    shutil.copyfile(program(kind), control(kind))
    control(kind).chmod(0o755)


def make_controls(names, options):
    """Builds the tree without a bug as the bugs of those names need it; no sweep of it may fail."""
    scenarios = {}
    for name in names:
        patch = PATCHES / f"{name}.patch"
        scenarios.setdefault(build_of(patch), set()).add(options["scenario"] or scenario_of(patch))
    for kind, asked in scenarios.items():
        make_control(kind, options)
        for scenario in ["*"] if kind == "release" else sorted(asked):
            if sweep("control", kind, scenario, 0, options)[0]["failures"]:
                raise Broken(f"the tree without a bug fails ({kind}, {scenario})")


def main(arguments):
    options = environment()
    names = [a for a in arguments if not a.startswith("-")]
    for name in names:
        if not (PATCHES / f"{name}.patch").is_file():
            raise Broken(f"there is no bug '{name}'")
    names = names or sorted(path.stem for path in PATCHES.glob("*.patch"))
    if "--list" in arguments:
        print(*table(names), sep="\n")
        return 0
    if "--check" in arguments:
        return check(names)
    if "--compile" in arguments:
        return compiles(names, options)
    if "--unrelated" in arguments:
        return unrelated(names, options)

    index, count = options["shard"]
    names = names[index - 1::count]
    if "--ablate" in arguments:
        return ablation.run(sys.modules[__name__], names, options)
    shutil.rmtree(RESULTS, ignore_errors=True)
    for folder in (TREE, RESULTS, CACHE):
        folder.mkdir(parents=True, exist_ok=True)
    rows = {}
    if not options["fresh"]:
        for name in names:
            kept = CACHE / f"{name}-{key_of(PATCHES / f'{name}.patch', options)}.json"
            if kept.is_file():
                rows[name] = json.loads(kept.read_text())
    if len(rows) < len(names):
        make_controls([name for name in names if name not in rows], options)
    print(COLUMNS.format("bug", "depth", "found", "seeds", "cpu s", "reached", "replays", "ops", "faults", "ms",
                         "clean", "signature"))
    broken = []
    for name in names:
        if name not in rows:
            try:
                rows[name] = measure(name, options)
            except Broken as reason:
                broken.append(name)
                print(reason, flush=True)
                continue
            kept = CACHE / f"{name}-{key_of(PATCHES / f'{name}.patch', options)}.json"
            kept.write_text(json.dumps(rows[name]))
        print_row(name, rows[name])
    summarize(rows, options)
    missed = sum(not sound(row) for row in rows.values())
    print(f"{missed} of {len(names)} bugs missed, not replayed, or not shrunk to what is clean without them")
    if broken:
        raise Broken(f"not measured: {', '.join(broken)}")
    return missed != 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Broken as reason:
        print(reason, file=sys.stderr)
        sys.exit(3)
