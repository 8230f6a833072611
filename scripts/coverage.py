#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the tests and one sweep of the simulator reach, by folder and by file.

    scripts/coverage.py                   builds, runs tests and sweep, reports
    scripts/coverage.py --report          the same report of what the last run counted
    scripts/coverage.py --seeds 0..500    a shorter sweep
    scripts/coverage.py --candidates      with --report: what is not listed, in the form of the list

Lines come from the preset `coverage`, all tests and the sweep; branches, which is one side of one condition, from
`coverage-branches`, and from tests alone that simulate nothing (cmake/BeachFlags.cmake says why). `engine/`, `base/` and
`oracle/` must be reached in 95 % of their lines; docs/coverage_unreached.txt must name every other line of theirs, and
every branch of the recovery code that no such test takes, with a reason. Writes build/coverage/coverage.json,
build/coverage/html and build/coverage-branches/html. Exit codes: 0 fine, 1 less than that, or a test or seed failed,
2 usage, or a list that cannot be read, 3 the environment is not as needed.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

import coverage_data
import coverage_list

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINES = ROOT / "build" / "coverage"
BRANCHES = ROOT / "build" / "coverage-branches"
LIST = ROOT / "docs" / "coverage_unreached.txt"
# Fixed: what is reached must not depend on when it is looked at.
SEEDS = "0..3000"
PROPERTIES = "seed=1"
# In which every call returns, once; all but `decisions` of the fuzz targets too.
PLAIN_TESTS = ("base", "engine", "engine_core", "engine_manifest", "engine_memtable", "engine_sst", "engine_stress",
               "engine_wal", "engine_wal_model", "oracle", "oracle_linear", "oracle_raft")

HELD = ("engine", "base", "oracle")  # to the limit and to the list
LINES_MIN_PERCENT = 95
# Where each side of each condition is looked at: what an open does, and what tells damage from a crash.
RECOVERY = (
    "engine/db_open.cc", "engine/db_recover.cc", "engine/directory.cc", "engine/repair.cc",
    "engine/verify.cc", "engine/manifest/", "engine/wal/recovery.cc", "engine/wal/segment_reader.cc",
    "engine/wal/log_core.cc", "engine/wal/format.cc")


def tool(name):
    found = shutil.which(f"{name}-19")
    if found is None:
        print(f"needs {name}-19: scripts/install.sh installs llvm-19", file=sys.stderr)
        sys.exit(3)
    return found


def run(command, **more):
    print("+ " + " ".join(str(word) for word in command), flush=True)
    return subprocess.run(command, cwd=ROOT, **more).returncode


def build(preset, jobs, targets=()):
    if run(["scripts/build.sh", preset, str(jobs), *targets]) != 0:
        sys.exit(3)
    shutil.rmtree(ROOT / "build" / preset / "profiles", ignore_errors=True)


def test(preset, jobs, *only):
    """Whether they pass."""
    return run(["ctest", "--test-dir", f"build/{preset}", "--output-on-failure", "--no-tests=error", "--parallel",
                str(jobs), *only], env={**os.environ, "RC_PARAMS": PROPERTIES}) == 0


def count(jobs, seeds):
    """Builds, runs what is to be counted. Returns what failed."""
    failed = []
    build("coverage", jobs)
    if not test("coverage", jobs):
        failed.append("the tests")
    if run([LINES / "bin" / "beachsim", "sweep", "--seeds", seeds, "--jobs", str(jobs), "--twice", "0.01",
            "--keep-going", "--artifacts", LINES / "artifacts"]) != 0:
        failed.append(f"the sweep of seeds {seeds}")
    build("coverage-branches", jobs,
          ["--target", "beachdb", "fuzz_corpora", *(f"{name}_test" for name in PLAIN_TESTS)])
    if not test("coverage-branches", jobs, "-R", f"^(fuzz_.*|server_beachdb|{'|'.join(PLAIN_TESTS)})$",
                "-E", "^fuzz_decisions$"):
        failed.append("the tests that count branches")
    return failed


def programs(folder):
    found = [path for part in ("bin", "test") for path in sorted((folder / part).iterdir())
             if path.is_file() and os.access(path, os.X_OK)]
    return found[:1] + [word for path in found[1:] for word in ("-object", path)]


def collect(folder):
    """The counts of all processes, as llvm-cov's document, and as pages."""
    if not any((folder / "profiles").glob("*.profraw")):
        print(f"nothing counted in {folder}: run it without --report", file=sys.stderr)
        sys.exit(3)
    merged = folder / "coverage.profdata"
    options = [*programs(folder), "-instr-profile", merged, f"-compilation-dir={ROOT}",
               "-ignore-filename-regex=^/usr/|/build/"]
    with open(folder / "export.json", "wb") as out, open(folder / "llvm.log", "wb") as log:
        for command, to in (
                ([tool("llvm-profdata"), "merge", "-sparse", "-o", merged, folder / "profiles"], log),
                ([tool("llvm-cov"), "export", *options], out),
                ([tool("llvm-cov"), "show", "-format=html", f"-output-dir={folder}/html", "-show-branches=count",
                  "-show-directory-coverage", f"-Xdemangler={tool('llvm-cxxfilt')}", *options], log)):
            if subprocess.run(command, cwd=ROOT, stdout=to, stderr=log).returncode != 0:
                print(f"{pathlib.Path(command[0]).name} failed: {folder}/llvm.log says why", file=sys.stderr)
                sys.exit(3)
    document = json.loads((folder / "export.json").read_text(encoding="utf-8"))
    return coverage_data.read(document, ROOT, lambda names: coverage_data.demangled(names, tool("llvm-cxxfilt")))


def collect_both():
    """path to File: lines of the one build, branches of the other."""
    files = collect(LINES)
    branches = collect(BRANCHES)
    counted = min(max(path.stat().st_mtime for path in (folder / "profiles").iterdir())
                  for folder in (LINES, BRANCHES))
    for path, file in files.items():
        if (ROOT / path).stat().st_mtime > counted:
            print(f"{path} has changed since it was counted: run it without --report", file=sys.stderr)
            sys.exit(3)
        file.branches = branches[path].branches if held(path) and path in branches else {}
    return files


def held(path):
    return path.split("/")[0] in HELD


def missed_in(files):
    """(path, line, function, kind, text) of what was not reached where the list has to name it."""
    for path, file in sorted(files.items()):
        if not held(path):
            continue
        source = (ROOT / path).read_text(encoding="utf-8").split("\n")
        for line, hits in sorted(file.lines.items()):
            text = " ".join(source[line - 1].split())
            # A brace or `else` alone goes with the line before it.
            if hits == 0 and any(letter.isalnum() for letter in text) and text != "} else {":
                yield path, line, file.function_at(line), "line", text
        if not path.startswith(RECOVERY):
            continue
        for (line, _, text, side), hits in sorted(file.branches.items()):
            if hits == 0 and file.lines.get(line, 1) > 0:
                yield path, line, file.function_at(line), side, text


def unreached_functions(files):
    for path, file in files.items():
        for first, last, name in file.functions:
            if not any(hits for line, hits in file.lines.items() if first <= line <= last):
                yield path, name


def figures(counts):
    total = len(counts)
    reached = sum(1 for hits in counts.values() if hits > 0)
    return {"count": total, "reached": reached, "percent": round(100 * reached / total, 2) if total else 100.0}


def added(several):
    together = {"count": sum(f["count"] for f in several), "reached": sum(f["reached"] for f in several)}
    share = 100 * together["reached"] / together["count"] if together["count"] else 100.0
    return {**together, "percent": round(share, 2)}


def summary_of(files):
    by_file = {path: {"lines": figures(file.lines), "branches": figures(file.branches)}
               for path, file in sorted(files.items())}
    names = sorted({folder for path in by_file
                    for folder in (path.split("/")[0], path.rsplit("/", 1)[0])})
    folders = {}
    for name in names:
        inside = [f for path, f in by_file.items() if path.startswith(name + "/")]
        folders[name] = {of: added([f[of] for f in inside]) for of in ("lines", "branches")}
    return {"folders": folders, "files": by_file}


def cells(of):
    return f"{of['count']:8}{of['reached']:9}{of['percent']:8.2f}" if of["count"] else " " * 24 + "-"


def print_rows(title, rows):
    print(f"\n{title:36}{'lines':>8}{'reached':>9}{'%':>8}{'branches':>11}{'taken':>9}{'%':>8}")
    for name, row in rows:
        print(f"{name:36}{cells(row['lines'])}   {cells(row['branches'])}")


def print_candidates(not_listed):
    where = None
    for path, _, function, kind, text in not_listed:
        if (path, function) != where:
            where = path, function
            print(f"\n{path} {function}")
        print(f"  {kind}: {text}")


def report(files, failed, candidates):
    try:
        entries = coverage_list.parse(LIST.read_text(encoding="utf-8"))
    except coverage_list.ListError as error:
        print(f"{LIST.relative_to(ROOT)}: {error}", file=sys.stderr)
        return 2
    missed = list(missed_in(files))
    not_listed, stale = coverage_list.judge(missed, entries, set(unreached_functions(files)))
    if candidates:
        print_candidates(not_listed)
        return 0

    summary = summary_of(files)
    print_rows("folder", summary["folders"].items())
    print_rows("files below 100 % of lines", [
        (path, row) for path, row in summary["files"].items()
        if held(path) and row["lines"]["reached"] < row["lines"]["count"]])
    too_few = [name for name in HELD
               if summary["folders"][name]["lines"]["percent"] < LINES_MIN_PERCENT]
    summary.update(failed=failed, listed=len(missed) - len(not_listed), not_listed=not_listed,
                   stale=[entry._replace(why=" ".join(entry.why))._asdict() for entry in stale])
    (LINES / "coverage.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")

    for path, line, function, kind, text in not_listed:
        print(f"not listed: {path}:{line}: {function}: {kind}: {text}")
    for entry in stale:
        print(f"stale: {entry.path} {entry.function}: {entry.kind}: {entry.text}")
    for what in failed:
        print(f"failed: {what}")
    for name in too_few:
        print(f"below {LINES_MIN_PERCENT} %: {name}/")
    print(f"\n{len(missed)} lines and branches not reached: {len(missed) - len(not_listed)} listed, "
          f"{len(not_listed)} not; {len(stale)} entries stale")
    print("pages: build/coverage/html/index.html (lines), build/coverage-branches/html/index.html; "
          "figures: build/coverage/coverage.json")
    return 1 if failed or not_listed or stale or too_few else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seeds", default=SEEDS)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--candidates", action="store_true")
    chosen = parser.parse_args()
    failed = [] if chosen.report else count(chosen.jobs, chosen.seeds)
    return report(collect_both(), failed, chosen.candidates)


if __name__ == "__main__":
    sys.exit(main())
