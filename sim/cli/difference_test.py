#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where two runs part that should be the same: leaks are planted in a scenario (leaky_beachsim), and
`run --twice` has to name the first event after each, and the function that it came from.

    difference_test.py LEAKY_BEACHSIM
"""

import json
import subprocess
import sys
import unittest

PROGRAM = ""
LEAKS = {1: "LeakAddress", 2: "LeakOrder", 3: "LeakClock", 4: "LeakUnwritten", 5: "LeakEnvironment"}
BEFORE = 400  # seam calls in front of the leak


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=120)


def twice(leak, seed):
    done = run("run", "leaky", "--seed", str(seed), "--twice", "--json", "--option", f"leak={leak}",
               "--option", f"before={BEFORE}")
    return done.returncode, json.loads(done.stdout)


class Difference(unittest.TestCase):
    def test_without_a_leak_there_is_none(self):
        for seed in range(5):
            code, found = twice(0, seed)
            self.assertEqual((code, found["deterministic"]), (0, True))
            self.assertNotIn("difference", found)

    def test_the_first_event_after_a_leak_is_named_with_its_function(self):
        for leak, function in LEAKS.items():
            seen = 0
            for seed in range(8):
                code, found = twice(leak, seed)
                if code == 0:  # by chance the same both times
                    continue
                self.assertEqual(code, 1)
                text = found["difference"]["text"]
                if leak in (3, 5) and not found["difference"]["steady"]:
                    continue  # of those, another pair of runs may see the same
                seen += 1
                self.assertGreater(found["difference"]["event"], BEFORE, text)
                self.assertTrue(found["difference"]["steady"], text)
                self.assertEqual(text.count(f"{function}  "), 2, text)
                self.assertIn("until then both did", text)
                self.assertIn("a/main", text)
            self.assertGreater(seen, 4, function)

    def test_a_sweep_that_runs_twice_reports_it(self):
        done = run("sweep", "--seeds", "0..10", "--twice", "1", "--json", "--keep-going",
                   "--artifacts", "", "--option", "leak=2")
        self.assertEqual(done.returncode, 1)
        self.assertGreater(json.loads(done.stdout)["nondeterministic"], 5)

    def test_second_runs_of_a_sweep_have_another_environment(self):
        done = run("sweep", "--seeds", "0..10", "--twice", "1", "--json", "--keep-going",
                   "--artifacts", "", "--option", "leak=5")
        self.assertEqual(done.returncode, 1)
        self.assertGreater(json.loads(done.stdout)["nondeterministic"], 5)

    def test_another_build_is_compared_like_a_second_run(self):
        same = run("run", "leaky", "--seed", "1", "--against", PROGRAM)
        self.assertEqual(same.returncode, 0, same.stdout + same.stderr)
        self.assertIn("deterministic    yes", same.stdout)
        other = run("run", "leaky", "--seed", "1", "--against", PROGRAM, "--option", "leak=5")
        self.assertEqual(other.returncode, 1)
        self.assertIn("LeakEnvironment", other.stdout)

    def test_what_serves_no_runs_is_refused(self):
        for path in ("/nowhere/beachsim", "/bin/ls"):
            done = run("run", "leaky", "--seed", "1", "--against", path)
            self.assertEqual(done.returncode, 3)
            self.assertIn("serves no runs", done.stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=1)
