#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests beachbench's command line: what it prints is complete and adds up."""

import json
import subprocess
import sys
import unittest

BINARY = None


class CommandLineTest(unittest.TestCase):
    def call(self, *arguments, code=0):
        result = subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def test_help_and_version(self):
        self.assertIn("sim", self.call("--help").stdout)
        self.assertIn("0.", self.call("--version").stdout)
        self.assertIn("Example:", self.call("sim", "--help").stdout)

    def test_every_scenario_has_rates_above_zero(self):
        # A round runs a seed at least, however little time it has.
        out = self.call("sim", "--time", "1ms", "--rounds", "2", "--json").stdout
        scenarios = json.loads(out)["scenarios"]
        self.assertGreaterEqual(len(scenarios), 1)
        for scenario in scenarios:
            self.assertGreaterEqual(scenario["seeds"], 2)
            for rate in ["virtual_s_per_s", "events_per_s", "seeds_per_s", "operations_per_s"]:
                self.assertGreater(scenario[rate], 0, rate)
            self.assertEqual(scenario["failures"], [])

    def test_text_names_what_a_seed_is(self):
        out = self.call("sim", "--scenario", "engine-crash", "--time", "1ms").stdout
        for words in ["engine-crash:", "operations a seed", "crashes a seed", "ns an event"]:
            self.assertIn(words, out)

    def test_a_busy_cluster_is_asked_enough(self):
        arguments = ["--scenario", "cluster-load", "--time", "1ms", "--rounds", "20", "--json"]
        out = self.call("sim", *arguments).stdout
        (load,) = json.loads(out)["scenarios"]
        self.assertEqual(load["name"], "cluster-load")
        self.assertGreaterEqual(load["operations_per_virtual_s"], 50)
        self.assertGreater(load["operations_per_seed"], 900)

    def test_knobs_are_set_by_hand(self):
        few = ["--scenario", "cluster", "--option", "operations=32", "--time", "1ms", "--rounds", "3"]
        (cluster,) = json.loads(self.call("sim", *few, "--json").stdout)["scenarios"]
        self.assertLess(cluster["operations_per_seed"], 40)
        self.call("sim", "--option", "nodes", code=2)

    def test_the_floor_is_measured_apart(self):
        out = self.call("sim", "--floor", "--time", "1ms", "--json").stdout
        names = [scenario["name"] for scenario in json.loads(out)["scenarios"]]
        self.assertEqual(names, ["floor-clock", "floor-turns"])

    def test_usage_errors(self):
        self.call("sim", "--scenario", "no-such", code=2)
        self.call("sim", "--time", "soon", code=2)
        self.call("sim", "--rounds", "0", code=2)
        self.call("no-such", code=2)


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main()
