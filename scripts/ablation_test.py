#!/usr/bin/env python3
"""Tests scripts/ablation.py on counts made up by hand, and on a program that is none."""

import pathlib
import stat
import tempfile
import types
import unittest
import unittest.mock

import ablation

GROUPS = [{"name": "kills", "kind": "fault", "members": ["crash.kill"]},
          {"name": "clocks", "kind": "fault", "members": ["clock.step"]},
          {"name": "durability", "kind": "oracle", "members": ["durable-ack-lost"]},
          {"name": "own-checks", "kind": "oracle", "members": ["abort"]}]

# Without a bug: --without kills moves hashes. With it every tenth seed fails, every thirtieth by an abort; none of
# those without the oracle of its rule.
PROGRAM = """#!/usr/bin/env python3
import json, sys
words = sys.argv[1:]
if words[0] == "scenarios":
    print(json.dumps({"groups": GROUPS}))
    sys.exit()
value = lambda flag: words[words.index(flag) + 1] if flag in words else ""
begin, end = map(int, value("--seeds").split(".."))
without, failed = value("--without"), False
with open(value("--hashes"), "w") as out:
    for seed in range(begin, end):
        verdict = "ok"
        if BUG and seed % 10 == 0 and without != "kills":
            verdict = "abort: f < g" if seed % 30 == 0 else "engine-crash/durable-ack-lost"
        if (without == "durability" and "/" in verdict) or (without == "own-checks" and "abort" in verdict):
            verdict = "ok"
        failed = failed or verdict != "ok"
        print("engine-crash", f"{seed:020}", "other" if without == "kills" else "same", 100, verdict, file=out)
sys.exit(1 if failed else 0)
"""


class Broken(Exception):
    pass


def mutants_in(folder):
    """What ablation.py asks scripts/mutants.py for, with the programs above."""
    folder = pathlib.Path(folder)
    for name, bug in (("control", False), ("planted", True)):
        text = PROGRAM.replace("GROUPS", repr(GROUPS)).replace("BUG", repr(bug))
        (folder / name).write_text(text)
        (folder / name).chmod(stat.S_IRWXU)
    nothing = lambda *arguments: None
    return types.SimpleNamespace(
        RESULTS=folder, PATCHES=folder, Broken=Broken, control=lambda kind: folder / "control",
        program=lambda kind: folder / "planted", scenario_of=lambda patch: "engine-crash", refresh=nothing,
        plant=nothing, build=nothing)


class VerdictTest(unittest.TestCase):
    def test_few_are_no_evidence(self):
        self.assertIsNone(ablation.verdict(6, 0))
        self.assertEqual(ablation.verdict(7, 0), "lost")
        self.assertIsNone(ablation.verdict(0, 0))

    def test_half_as_many_are_late(self):
        self.assertEqual(ablation.verdict(40, 15), "late")
        self.assertIsNone(ablation.verdict(8, 4))      # chance alone
        self.assertIsNone(ablation.verdict(900, 500))  # not chance, but more than half
        self.assertIsNone(ablation.verdict(20, 60))

    def test_chance(self):
        self.assertEqual(ablation.by_chance(1, 0), 0.5)
        self.assertEqual(ablation.by_chance(2, 0), 0.25)
        self.assertGreater(ablation.by_chance(10, 10), 0.5)


class MeasureTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        wanted = unittest.mock.patch.object(ablation, "FAILURES", 30)
        wanted.start()
        self.addCleanup(wanted.stop)
        self.options = {"seeds": 600, "start": 0, "jobs": 2}

    def test_counts(self):
        row = ablation.Ablation(mutants_in(self.folder.name), self.options).measure("bug")
        self.assertEqual(row["seeds"], 300)  # 10 of the first 100 fail, and 30 are wanted
        self.assertEqual(row["found"], 30)
        self.assertEqual(row["faults"], {"kills": 0})  # clocks move nothing
        self.assertEqual(row["oracles"], {"durability": 10, "own-checks": 20})
        table = ablation.table(GROUPS, {"bug": row})
        self.assertIn("| kills | 1 | `bug` | – |", table)
        self.assertIn("Nothing is lost or late without clocks (0).", table)
        self.assertIn("| durability | 1 | – | `bug` (10, 30) |", table)
        self.assertIn("Nothing is lost or late without own-checks (1).", table)

    def test_a_bug_that_is_seldom_seen_is_not_judged(self):
        row = {"seeds": 900, "found": 3, "faults": {"kills": 0}, "oracles": {}}
        table = ablation.table(GROUPS, {"bug": row})
        self.assertIn("Nothing is lost or late without kills (1), clocks (0).", table)
        self.assertIn("`bug` (3 of 900)", table)

    def test_a_sound_tree_that_fails_without_a_group_is_an_error(self):
        made = ablation.Ablation(mutants_in(self.folder.name), self.options)
        (pathlib.Path(self.folder.name) / "planted").replace(pathlib.Path(self.folder.name) / "control")
        self.assertRaises(Broken, made.faults, "engine-crash")

    def test_a_rule_of_no_group_is_an_error(self):
        made = ablation.Ablation(mutants_in(self.folder.name), self.options)
        self.assertEqual(made.group_of("abort: f < g", "engine-crash"), "own-checks")
        self.assertRaises(Broken, made.group_of, "engine-crash/new-rule", "engine-crash")


if __name__ == "__main__":
    unittest.main()
