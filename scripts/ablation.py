"""What each fault and each oracle of the simulator is good for: `scripts/mutants.py --ablate` plants every bug once
and sweeps it without one group (`beachsim scenarios --groups`) at a time.

The same seeds are swept with all groups and without one. What counts is in how many of them the bug is reported: a bug
is *lost* without a group when that is none, and *late* when it is at most half as many, so that it takes twice the
seeds or more; both only where chance does so once in a hundred times at most. So many seeds are swept that it is
reported about FAILURES times with all groups, within [SEEDS_MIN, SEEDS].

A group of faults that moves no hash of a scenario's runs has no part in it, and is not swept. A group of oracles moves
nothing before the report that it makes, and the run then ends well: so the seeds found without it are those found by
the rules of other groups, and need no sweep; where none is left, one is made all the same, and must find nothing.
"""

import concurrent.futures
import hashlib
import json
import math
import os
import re
import subprocess

FIRST_SEED = 500_000_000  # without START, so that a table can be made again
FAILURES = 16
SEEDS_MIN = 60
FIRST_SEEDS = 100
HASHED_SEEDS = 150  # of a scenario, to see whether a group has a part in it
CHANCE = 0.01


class Ablation:
    def __init__(self, mutants, options):
        self.mutants = mutants
        self.options = options
        self.groups = json.loads(subprocess.run(
            [mutants.control("release"), "scenarios", "--groups", "--json"], check=True,
            capture_output=True).stdout)["groups"]
        self.of_scenario = {}

    def sweep(self, program, scenario, count, *flags):
        """The verdicts by seed of the failing ones, and the hash of each."""
        first = self.options["start"]
        where = self.mutants.RESULTS / ("-".join(["ablate", scenario, *flags[1:]]) + ".txt")
        done = subprocess.run(
            [program, "sweep", scenario, "--seeds", f"{first}..{first + count}", "--jobs", "1", "--keep-going",
             "--json", "--hashes", where, "--artifacts", where.with_suffix(""), *flags],
            capture_output=True, text=True)
        if done.returncode > 1:
            raise self.mutants.Broken(f"{scenario} {' '.join(flags)}: exit code {done.returncode}: "
                                      f"{done.stderr[-400:]}")
        failing, hashes = {}, {}
        for line in where.read_text().splitlines():
            _, seed, digest, _, verdict = line.split(" ", 4)
            hashes[int(seed)] = digest
            if verdict != "ok":
                failing[int(seed)] = verdict
        if len(hashes) != count:
            raise self.mutants.Broken(f"{scenario} {' '.join(flags)}: {len(hashes)} of {count} seeds ran")
        return failing, hashes

    def in_parallel(self, work, items):
        with concurrent.futures.ThreadPoolExecutor(self.options["jobs"]) as pool:
            return dict(zip(items, pool.map(work, items)))

    def faults(self, scenario):
        """The groups of faults that move the hash of some run of that scenario, without a bug."""
        if scenario not in self.of_scenario:
            control = self.mutants.control("release")
            failing, plain = self.sweep(control, scenario, HASHED_SEEDS)
            names = [group["name"] for group in self.groups if group["kind"] == "fault"]
            without = self.in_parallel(lambda name: self.sweep(control, scenario, HASHED_SEEDS, "--without", name), names)
            failing |= {seed: verdict for ends, _ in without.values() for seed, verdict in ends.items()}
            if failing:
                raise self.mutants.Broken(f"the tree without a bug fails in {scenario}: {failing}")
            self.of_scenario[scenario] = [name for name in names if without[name][1] != plain]
        return self.of_scenario[scenario]

    def group_of(self, verdict, scenario):
        """The group of oracles that reports it."""
        rule = re.split("[ :]", verdict.removeprefix(scenario + "/"), maxsplit=1)[0]
        for group in self.groups:
            if group["kind"] == "oracle" and rule in group["members"]:
                return group["name"]
        raise self.mutants.Broken(f"the rule '{rule}' is in no group")

    def measure(self, name):
        mutants = self.mutants
        patch = mutants.PATCHES / f"{name}.patch"
        scenario = mutants.scenario_of(patch)
        relevant = self.faults(scenario)
        mutants.refresh()
        mutants.plant(patch)
        mutants.build(name, "release", self.options["jobs"])
        program = mutants.program("release")
        failing, _ = self.sweep(program, scenario, FIRST_SEEDS)
        wanted = FAILURES * FIRST_SEEDS // max(len(failing), 1)
        count = min(max(wanted, SEEDS_MIN), self.options["seeds"])
        failing, _ = self.sweep(program, scenario, count)
        row = {"scenario": scenario, "start": self.options["start"], "seeds": count, "found": len(failing), "faults": {}, "oracles": {}}
        for verdict in failing.values():
            group = self.group_of(verdict, scenario)
            row["oracles"][group] = row["oracles"].get(group, 0) + 1
        row["oracles"] = {group: len(failing) - hits for group, hits in row["oracles"].items()}
        without = self.in_parallel(lambda group: self.sweep(program, scenario, count, "--without", group),
                                   relevant + [group for group, left in row["oracles"].items() if left == 0])
        for group, (ends, _) in without.items():
            if group in relevant:
                row["faults"][group] = len(ends)
            elif ends:
                raise mutants.Broken(f"{name}: found without its only oracle {group}: {ends}")
        return row


def by_chance(found, without):
    """How likely it is, or less, that so few of both are without, if the group changes nothing."""
    total = found + without
    return sum(math.comb(total, n) for n in range(without + 1)) / 2 ** total


def verdict(found, without):
    if by_chance(found, without) > CHANCE:
        return None
    if without == 0:
        return "lost"
    return "late" if 2 * without <= found else None


def table(groups, rows):
    """As Markdown: a row for each group that some bug needs, and the others in a line."""
    lines = []
    for kind, title in (("fault", "faults"), ("oracle", "oracles")):
        lines += [f"| {title} without | in | lost | late (one seed in so many: with all, without) |",
                  "|---|---|---|---|"]
        useless = []
        for group in [group["name"] for group in groups if group["kind"] == kind]:
            judged = {name: (row["found"], row[title][group]) for name, row in rows.items() if group in row[title]}
            ends = {name: verdict(*counts) for name, counts in judged.items()}
            lost = [f"`{name}`" for name, end in ends.items() if end == "lost"]
            late = [f"`{name}` ({in_how_many(rows[name]['seeds'], judged[name][0])}, "
                    f"{in_how_many(rows[name]['seeds'], judged[name][1])})"
                    for name, end in ends.items() if end == "late"]
            if lost or late:
                lines.append(f"| {group} | {len(judged)} | {', '.join(lost) or '–'} | {', '.join(late) or '–'} |")
            else:
                useless.append(f"{group} ({len(judged)})")
        lines += ["", f"Nothing is lost or late without {', '.join(useless) or 'any other'}.", ""]
    rare = [f"`{name}` ({row['found']} of {row['seeds']})" for name, row in rows.items()
            if verdict(row["found"], 0) != "lost"]
    lines.append(f"Too rare to tell: {', '.join(rare) or 'none'}.")
    return "\n".join(lines)


def in_how_many(seeds, found):
    """One failing seed in so many."""
    value = seeds / found
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def key_of(mutants, name, options):
    own = mutants.key_of(mutants.PATCHES / f"{name}.patch", options | {"scenario": None})
    constants = f"{own} {options['start']} {FAILURES} {SEEDS_MIN} {FIRST_SEEDS} {HASHED_SEEDS}"
    return hashlib.sha256(constants.encode()).hexdigest()[:16]


def run(mutants, names, options):
    """Prints each bug's row when it is there, then the table; exit code 0."""
    options = options if os.environ.get("START") else options | {"start": FIRST_SEED}
    names = [name for name in names if mutants.build_of(mutants.PATCHES / f"{name}.patch") == "release"]
    kept = {name: mutants.CACHE / f"ablate-{name}-{key_of(mutants, name, options)}.json" for name in names}
    rows = {}
    if not options["fresh"]:
        rows = {name: json.loads(path.read_text()) for name, path in kept.items() if path.is_file()}
    for folder in (mutants.TREE, mutants.RESULTS, mutants.CACHE):
        folder.mkdir(parents=True, exist_ok=True)
    mutants.make_control("release", options)
    ablation = Ablation(mutants, options)
    broken = []
    for name in names:
        if name not in rows:
            try:
                rows[name] = ablation.measure(name)
            except mutants.Broken as reason:
                broken.append(name)
                print(reason, flush=True)
                continue
            kept[name].write_text(json.dumps(rows[name]))
        row = rows[name]
        changed = [f"{end} without {group}" for part in ("faults", "oracles") for group, left in row[part].items()
                   if (end := verdict(row["found"], left))]
        print(f"{name}: {row['found']} of {row['seeds']} seeds; {', '.join(changed) or 'nothing is missed'}", flush=True)
    rows = {name: rows[name] for name in names if name in rows}
    report = {"start": options["start"], "groups": ablation.groups, "bugs": rows}
    (mutants.RESULTS / "ablation.json").write_text(json.dumps(report, indent=1))
    print(f"\n{table(ablation.groups, rows)}\n\n{mutants.RESULTS / 'ablation.json'} has all counts")
    if broken:
        raise mutants.Broken(f"not measured: {', '.join(broken)}")
    return 0
