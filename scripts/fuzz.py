#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the libFuzzer binaries of build/fuzz/bin, each for some seconds, and prints a table.

    scripts/fuzz.py                            all targets, 60 seconds each
    scripts/fuzz.py --time 10 wal_segment      one target, 10 seconds
    scripts/fuzz.py --merge                    takes what earlier runs found new into fuzz/corpus

What a run finds interesting goes to build/fuzz/corpus/TARGET and is used again by the next run; only
--merge changes fuzz/corpus. A finding is kept in build/fuzz/findings. Exit codes: 0 nothing found,
1 a finding, 2 usage, 3 a binary or corpus is missing, or one ended for no reason of its input's.
"""

import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "fuzz"
CORPUS = ROOT / "fuzz" / "corpus"
FINDINGS = BUILD / "findings"
# Of each target, of what was found, in the repository.
FOUND_FILES_MAX = 32
FOUND_BYTES_MAX = 24 * 1024


def target_names():
    text = (ROOT / "fuzz" / "targets.inc").read_text(encoding="utf-8")
    return re.findall(r"^BEACH_FUZZ_TARGET\((\w+)\)", text, re.M)


def flags(name):
    """Limits: no single allocation and no input's time beyond what its size explains."""
    # A simulated machine is memory: decisions alone may have more.
    simulated = name == "decisions"
    chosen = ["-print_final_stats=1", "-print_funcs=0", "-timeout=10", "-rss_limit_mb=1536",
              f"-malloc_limit_mb={256 if simulated else 8}"]
    if simulated:
        chosen.append("-len_control=0")  # an input is a whole run from the first byte on
    dictionary = ROOT / "fuzz" / "dictionaries" / f"{name}.dict"
    if dictionary.exists():
        chosen.append(f"-dict={dictionary}")
    return chosen


def environment():
    # binutils' addr2line names the frames: LLVM's own needs a package of its own.
    symbols = "external_symbolizer_path=/usr/bin/addr2line"
    return {**os.environ, "ASAN_OPTIONS": symbols,
            "UBSAN_OPTIONS": f"print_stacktrace=1:{symbols}"}


def own_corpus(name):
    folder = BUILD / "corpus" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def last_number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def run(name, seconds):
    """One row of the table."""
    FINDINGS.mkdir(parents=True, exist_ok=True)
    before = set(FINDINGS.iterdir())
    prefix = f"{FINDINGS}/{name}-"
    own = own_corpus(name)
    command = [str(BUILD / "bin" / f"fuzz_{name}"), *flags(name), f"-max_total_time={seconds}",
               f"-artifact_prefix={prefix}", str(own), str(CORPUS / name)]
    done = subprocess.run(command, cwd=BUILD, env=environment(), capture_output=True, text=True,
                          errors="replace", check=False)
    output = done.stderr + done.stdout
    (BUILD / f"fuzz_{name}.log").write_text(output, encoding="utf-8")
    found = sorted(str(path) for path in set(FINDINGS.iterdir()) - before
                   if path.name.startswith(f"{name}-") and "-slow-unit-" not in path.name)
    return {
        "name": name, "code": done.returncode, "found": found, "output": output,
        "executions": last_number(r"stat::number_of_executed_units:\s*(\d+)", output)
                      or last_number(r"#(\d+)", output),
        "edges": last_number(r" cov: (\d+)", output),
        "features": last_number(r" ft: (\d+)", output),
        "new": last_number(r"stat::new_units_added:\s*(\d+)", output),
        "files": len(list(own.iterdir())) + len(list((CORPUS / name).iterdir())),
    }


def print_row(row):
    verdict = "-"
    if row["found"]:
        verdict = " ".join(row["found"])
    elif row["code"] != 0:
        verdict = f"ended with {row['code']}: {BUILD}/fuzz_{row['name']}.log"
    print(f"{row['name']:<15} {row['executions']:>11} {row['edges']:>7} {row['features']:>9} "
          f"{row['files']:>7} {row['new']:>6}  {verdict}", flush=True)


def why(output):
    """What the process said before it died, without the table of its progress."""
    lines = [line for line in output.splitlines() if not re.match(r"^(#\d+\s|\s*stat::|INFO: )", line)]
    return "\n".join(lines[-40:])


def tell_artifacts(paths):
    """Makes the runs of the simulator that were found into artifacts beside them."""
    for path in paths:
        done = subprocess.run([str(BUILD / "bin" / "fuzz_artifact"), path, f"{path}.json"],
                              cwd=BUILD, capture_output=True, text=True, check=False)
        print(f"\n{done.stdout}{done.stderr}  beachsim replay {path}.json", file=sys.stderr)


def fuzz(names, seconds, jobs):
    print(f"{'target':<15} {'executions':>11} {'edges':>7} {'features':>9} {'corpus':>7} "
          f"{'new':>6}  finding", flush=True)
    rows = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        for future in concurrent.futures.as_completed(
                [pool.submit(run, name, seconds) for name in names]):
            rows.append(future.result())
            print_row(rows[-1])
    found = [row for row in rows if row["found"]]
    for row in found:
        print(f"\n== {row['name']}: see it again with\n"
              f"  build/release/test/fuzz_corpora {row['name']} {row['found'][0]}\n\n"
              f"{why(row['output'])}", file=sys.stderr)
        if row["name"] == "decisions":
            tell_artifacts(row["found"])
    total = sum(row["executions"] for row in rows)
    print(f"{len(rows)} targets, {total} executions, {len(found)} with a finding")
    if found:
        return 1
    return 3 if any(row["code"] != 0 for row in rows) else 0


def merge(names):
    """Adds to fuzz/corpus some of the inputs that reach what its files do not: small and large ones,
    as many as the repository has room for."""
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            merged = pathlib.Path(folder)
            known = {path.read_bytes() for path in (CORPUS / name).iterdir()}
            for path in (CORPUS / name).iterdir():
                shutil.copy(path, merged)
            command = [str(BUILD / "bin" / f"fuzz_{name}"), *flags(name), "-set_cover_merge=1",
                       str(merged), str(own_corpus(name))]
            done = subprocess.run(command, cwd=BUILD, env=environment(), capture_output=True,
                                  text=True, errors="replace", check=False)
            if done.returncode != 0:
                print(f"{name}: the merge ended with {done.returncode}\n{done.stderr[-2000:]}",
                      file=sys.stderr)
                return 3
            new = sorted({path.read_bytes() for path in merged.iterdir()} - known,
                         key=lambda content: (len(content), content))
        found = list((CORPUS / name).glob("found-*"))
        room = FOUND_BYTES_MAX - sum(path.stat().st_size for path in found)
        added = 0
        for content in new[::1 + len(new) // FOUND_FILES_MAX]:
            if len(content) > room or len(found) + added == FOUND_FILES_MAX:
                break
            room -= len(content)
            digest = hashlib.sha1(content).hexdigest()[:12]
            (CORPUS / name / f"found-{digest}").write_bytes(content)
            added += 1
        size = sum(path.stat().st_size for path in (CORPUS / name).iterdir())
        print(f"{name:<15} {added:>3} of {len(new):>4} new added, {size:>7} bytes in all", flush=True)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--time", default="60", help="seconds for each target; 10 or 10s")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--merge", action="store_true")
    arguments = parser.parse_args()
    known = target_names()
    names = arguments.targets or known
    for name in names:
        if name not in known:
            print(f"no target {name}; there are: {' '.join(known)}", file=sys.stderr)
            return 2
        if not (BUILD / "bin" / f"fuzz_{name}").exists() or not (CORPUS / name).is_dir():
            print(f"fuzz_{name} or its corpus is missing: make fuzz-build", file=sys.stderr)
            return 3
    if arguments.merge:
        return merge(names)
    seconds = re.fullmatch(r"([1-9]\d*)s?", arguments.time)
    if not seconds:
        print(f"--time {arguments.time}: seconds, as 10 or 10s", file=sys.stderr)
        return 2
    return fuzz(names, int(seconds.group(1)), max(1, arguments.jobs))


if __name__ == "__main__":
    sys.exit(main())
