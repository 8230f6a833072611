#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests beachsim's command line and exit codes, on the binary over the fake scenarios."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

BINARY = None
REGRESSIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/regressions.sh")


class CommandLineTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()

    def tearDown(self):
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def call(self, *arguments, code=0):
        result = subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=False,
                                cwd=self.folder.name)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def call_json(self, *arguments, code=0):
        return json.loads(self.call(*arguments, "--json", code=code).stdout)

    def test_help_and_version(self):
        self.assertIn("sweep", self.call("--help").stdout)
        self.assertIn("0.", self.call("--version").stdout)
        for command in ["scenarios", "run", "sweep", "merge", "replay", "shrink", "timeline", "image",
                        "check-history"]:
            self.assertIn("Example:", self.call(command, "--help").stdout)

    def test_usage_errors(self):
        self.call(code=2)
        self.call("no-such-command", code=2)
        self.call("run", "fake-clean", code=2)
        self.call("run", "no-such", "--seed", "1", code=2)
        self.call("run", "fake-clean", "--seed", "x", code=2)
        self.call("run", "fake-clean", "--seed", "1", "--policy", "x", code=2)
        self.call("run", "fake-clean", "--seed", "1", "--option", "x", code=2)
        for flag, value in [("--seeds", "5..5"), ("--time", "1d"), ("--shard", "0/2"),
                            ("--twice", "2"), ("--jobs", "0"), ("--option", "a=b")]:
            self.call("sweep", flag, value, code=2)
        self.call("sweep", "fake-clean", "no-such-*", "--seeds", "0..1", code=2)
        self.call("shrink", code=2)
        self.call("shrink", "a.json", code=2)
        self.call("shrink", "a.json", "-o", "b.json", "--time", "1d", code=2)

    def test_scenarios(self):
        names = [s["name"] for s in self.call_json("scenarios")["scenarios"]]
        self.assertIn("fake-clean", names)
        self.assertIn("fake-clean", self.call("scenarios").stdout)

    def test_groups(self):
        groups = {g["name"]: g for g in self.call_json("scenarios", "--groups")["groups"]}
        self.assertEqual(groups["own-checks"]["kind"], "oracle")
        self.assertEqual(groups["read-errors"]["members"], ["disk.eio.read"])
        text = self.call("scenarios", "--groups").stdout
        for group in groups.values():
            self.assertIn(group["name"], text)
            self.assertTrue(group["what"])

    def test_without(self):
        for command in [["run", "fake-clean", "--seed", "1"], ["sweep", "--seeds", "0..2"]]:
            for names in ["no-such", "kills,", "kills,no-such", "kills kills", ","]:
                refused = self.call(*command, "--without", names, code=2)
                self.assertIn("scenarios --groups", refused.stderr)
                self.assertEqual(refused.stdout, "")
        options = self.call_json("run", "fake-clean", "--seed", "4", "--twice", "--without",
                                 "no-space,kills")["options"]
        for member in ["disk.no_space", "disk.no_space.sync", "disk.full", "crash.kill"]:
            self.assertEqual(options["without." + member], 1)

    def test_deaths_are_not_reported_without_them(self):
        self.call("run", "fake-abort", "--seed", "3", code=1)
        report = self.call_json("run", "fake-abort", "--seed", "3", "--without", "own-checks")
        self.assertEqual(report["verdict"], "ok")
        sweep = ["sweep", "fake-abort", "--seeds", "0..20", "--keep-going"]
        self.assertTrue(self.call_json(*sweep, code=1)["failures"])
        # Another oracle is as sharp as ever.
        self.assertTrue(self.call_json(*sweep, "--without", "progress", code=1)["failures"])
        self.assertEqual(self.call_json(*sweep, "--without", "own-checks")["failures"], [])

    def test_run_prints_what_is_promised(self):
        report = self.call_json("run", "fake-clean", "--seed", "4", "--twice", "--option", "a=7")
        for field in ["verdict", "hash", "virtual_seconds", "events", "operations"]:
            self.assertIn(field, report)
        self.assertEqual(report["verdict"], "ok")
        self.assertEqual(report["options"]["a"], 7)
        self.assertTrue(report["deterministic"])
        unknown = self.call("run", "fake-clean", "--seed", "4", "--option", "fake.unknown=1", code=2)
        self.assertIn("fake.unknown", unknown.stderr)
        self.assertEqual(unknown.stdout, "")
        text = self.call("run", "fake-clean", "--seed", "4").stdout
        for field in ["verdict", "hash", "virtual_seconds", "events", "operations"]:
            self.assertIn(field, text)
        self.assertEqual(self.call("run", "fake-clean", "--seed", "4", "--in-process").stdout, text)

    def test_run_exit_codes(self):
        self.call("run", "fake-verdict", "--seed", "7", code=1)
        self.call("run", "fake-abort", "--seed", "3", code=1)
        self.call("run", "fake-salted", "--seed", "9", code=0)
        report = self.call_json("run", "fake-salted", "--seed", "9", "--twice", code=1)
        self.assertFalse(report["deterministic"])
        self.call("run", "fake-clean", "--seed", "1", "--trace", "/proc/x/y", code=3)

    def test_run_writes_trace_and_artifact(self):
        self.call("run", "fake-verdict", "--seed", "7", "--trace", self.path("new/t.jsonl"),
                  "--artifact", self.path("a.json"), code=1)
        with open(self.path("new/t.jsonl"), encoding="utf-8") as trace:
            self.assertEqual([json.loads(line)["text"] for line in trace], ["put k"])
        with open(self.path("a.json"), encoding="utf-8") as artifact:
            self.assertEqual(json.load(artifact)["seed"], 7)

    def test_sweep_and_replay(self):
        report = self.call_json("sweep", "*-verdict", "--seeds", "0..20", "--jobs", "2",
                                "--keep-going", "--artifacts", self.path("out"), code=1)
        self.assertEqual(report["seeds"], 20)
        self.assertEqual(len(report["failures"]), 2)
        artifact = report["failures"][0]["artifact"]
        replay = self.call_json("replay", artifact, code=1)
        self.assertEqual(replay["verdict"], report["failures"][0]["signature"])
        self.assertIsNone(replay["diverged_at"])
        timeline = self.call("replay", artifact, "--timeline", code=1).stdout
        self.assertIn("1.500000000", timeline)
        self.assertIn("put k", timeline)
        self.assertIn("1 of 1 recorded ones followed", self.call("replay", artifact, code=1).stdout)
        self.call("replay", artifact, "--strict", "--trace", self.path("t.jsonl"), code=1)

        with open(artifact, encoding="utf-8") as file:
            changed = json.load(file)
        for seed, signature, code in [(4, "fake-verdict/lost write", 0),
                                      (8, "fake-verdict/lost write", 5)]:
            changed["seed"] = seed
            changed["verdict"]["signature"] = signature
            with open(self.path("changed.json"), "w", encoding="utf-8") as file:
                json.dump(changed, file)
            self.call("replay", self.path("changed.json"), code=code)

    def diverging(self, seed):
        """An artifact with a decision that no run asks for."""
        self.call("run", "fake-verdict", "--seed", "7", "--artifact", self.path("a.json"), code=1)
        with open(self.path("a.json"), encoding="utf-8") as file:
            artifact = json.load(file)
        artifact["seed"] = seed
        artifact["decisions"].append({"site": "fake.gone", "host": "a", "life": 1,
                                      "thread": "main", "use": 0, "value": 1})
        return artifact

    def test_replay_says_when_the_recording_no_longer_fits(self):
        for seed, code in [(4, 0), (7, 1)]:
            with open(self.path("gone.json"), "w", encoding="utf-8") as file:
                json.dump(self.diverging(seed), file)
            replay = self.call_json("replay", self.path("gone.json"), code=code)
            self.assertEqual(replay["diverged_at"], 40)
            self.assertEqual(replay["decisions_recorded"], 2)
            self.assertEqual(replay["decisions_followed"], 1)
            text = self.call("replay", self.path("gone.json"), code=code).stdout
            self.assertIn("diverged_at      40\n", text)
            self.assertIn("the run left the recording at this event", text)
            self.assertIn("1 of 2 recorded ones followed", text)
            self.call("replay", self.path("gone.json"), "--strict", code=5)

    def test_the_regressions_script_counts_divergences_apart(self):
        folder = self.path("regressions")
        os.mkdir(folder)
        artifacts = {"diverges": self.diverging(4), "clean": self.diverging(4)}
        artifacts["clean"]["decisions"].pop()

        def replay_all():
            for name, artifact in artifacts.items():
                with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as file:
                    json.dump(artifact, file)
            return subprocess.run([REGRESSIONS, BINARY, folder], capture_output=True, text=True,
                                  check=False)

        result = replay_all()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("diverges.json: diverged", result.stdout)
        self.assertNotIn("clean.json", result.stdout)
        self.assertIn("2 regressions: 1 no longer fail, 1 diverged, 0 failed", result.stdout)
        artifacts["fails"] = self.diverging(7)
        result = replay_all()
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn("3 regressions: 1 no longer fail, 1 diverged, 1 failed", result.stdout)

    def test_crashes_have_artifacts_that_replay(self):
        report = self.call_json("sweep", "fake-segfault", "--seeds", "0..10", "--artifacts",
                                self.path("out"), code=1)
        artifact = report["failures"][0]["artifact"]
        with open(artifact, encoding="utf-8") as file:
            content = json.load(file)
        # Places are relative to the sources, wherever those and the build are.
        self.assertRegex(content["stack"], r" at sim/sweep/testing/fakes\.cc:\d+\n")
        self.assertEqual(content["operations"][0]["kind"], "put")
        self.assertEqual(content["decisions"][0]["site"], "fake.fault")
        self.assertIn("put k", self.call("replay", artifact, "--timeline", code=1).stdout)
        self.assertEqual(self.call_json("replay", artifact, code=1)["verdict"],
                         report["failures"][0]["signature"])
        self.assertIsNone(self.call_json("replay", artifact, "--strict", code=1)["diverged_at"])
        # One that dies in the same way, but not along its recording.
        content["decisions"][0]["site"] = "fake.gone"
        with open(self.path("gone.json"), "w", encoding="utf-8") as file:
            json.dump(content, file)
        replay = self.call_json("replay", self.path("gone.json"), code=1)
        self.assertIsNotNone(replay["diverged_at"])
        self.assertEqual(replay["decisions_followed"], 0)
        self.call("replay", self.path("gone.json"), "--strict", code=5)

    def test_shrink_leaves_what_the_failure_takes(self):
        for scenario in ["fake-large", "fake-large-abort"]:
            self.call("run", scenario, "--seed", "7", "--artifact", self.path("a.json"), code=1)
            texts = []
            for jobs in ["1", "3"]:
                small = self.path("new/small" + jobs + ".json")
                report = self.call_json("shrink", self.path("a.json"), "-o", small, "--jobs", jobs)
                self.assertEqual(report["before"]["operations"], 40)
                self.assertEqual(report["after"]["operations"], 1)
                self.assertTrue(report["complete"])
                self.assertTrue(report["replays"])
                self.assertEqual(report["artifact"], small)
                with open(small, encoding="utf-8") as file:
                    texts.append((report["candidates"], file.read()))
                self.call("replay", small, "--strict", code=1)
            self.assertEqual(texts[0], texts[1])
            small = json.loads(texts[0][1])
            self.assertEqual([operation["id"] for operation in small["operations"]], [13])
            self.assertEqual(small["operations"][0]["arguments"], [])
            self.assertEqual([decision["site"] for decision in small["decisions"]], ["fake.fault"])
            self.assertEqual(small["verdict"]["signature"], report["signature"])
        text = self.call("shrink", self.path("a.json"), "-o", self.path("b.json")).stdout
        self.assertIn("operations       40 -> 1\n", text)
        self.assertIn("faults ", text)

    def test_shrink_stops_in_time_and_refuses_what_does_not_fail(self):
        self.call("run", "fake-large", "--seed", "7", "--artifact", self.path("a.json"), code=1)
        report = self.call_json("shrink", self.path("a.json"), "-o", self.path("b.json"), "--time",
                                "0s")
        self.assertFalse(report["complete"])
        self.assertEqual(report["after"], report["before"])
        self.call("replay", self.path("b.json"), "--strict", code=1)
        with open(self.path("a.json"), encoding="utf-8") as file:
            artifact = json.load(file)
        artifact["seed"] = 4
        with open(self.path("a.json"), "w", encoding="utf-8") as file:
            json.dump(artifact, file)
        result = self.call("shrink", self.path("a.json"), "-o", self.path("c.json"), code=5)
        self.assertIn("does not fail any more", result.stderr)
        self.assertFalse(os.path.exists(self.path("c.json")))
        self.call("shrink", self.path("missing.json"), "-o", self.path("c.json"), code=3)
        artifact["policy"] = "no-such"
        with open(self.path("a.json"), "w", encoding="utf-8") as file:
            json.dump(artifact, file)
        self.call("shrink", self.path("a.json"), "-o", self.path("c.json"), code=3)

    def test_hangs_are_alike(self):
        self.call("run", "fake-hang", "--seed", "5", "--cpu-limit", "1", "--artifact",
                  self.path("hang.json"), code=1)
        with open(self.path("hang.json"), encoding="utf-8") as file:
            content = json.load(file)
        content["verdict"]["signature"] = "hang: somewhere::Else"
        with open(self.path("hang.json"), "w", encoding="utf-8") as file:
            json.dump(content, file)
        self.call("replay", self.path("hang.json"), "--cpu-limit", "1", code=1)

    def test_replay_of_bad_artifacts(self):
        self.call("replay", self.path("missing.json"), code=3)
        self.call("replay", self.folder.name, code=3)
        for text in ["", "{", "[1]", '{"schema_version": 99}']:
            with open(self.path("bad.json"), "w", encoding="utf-8") as file:
                file.write(text)
            self.call("replay", self.path("bad.json"), code=3)

    def test_nondeterminism_is_counted(self):
        report = self.call_json("sweep", "fake-salted", "--seeds", "0..30", "--twice", "1",
                                "--keep-going", code=1)
        self.assertEqual(report["nondeterministic"], 3)
        self.assertEqual(report["failures"], [])

    def test_time_and_start(self):
        result = self.call("sweep", "fake-clean", "--time", "200ms", "--start", "5000", "--json")
        self.assertIn("seeds from 5000", result.stderr)
        report = json.loads(result.stdout)
        self.assertEqual(report["seed_first"], 5000)
        self.assertLess(report["wall_seconds"], 60)

    def test_a_sweep_without_seeds_or_cut_short_is_no_success(self):
        nothing = self.call("sweep", "fake-clean", "--seeds", "0..1", "--shard", "2/2", "--json",
                            code=3)
        self.assertIn("no seed ran", nothing.stderr)
        with open(self.path("nothing.json"), "w", encoding="utf-8") as file:
            file.write(nothing.stdout)
        merged = self.call("merge", self.path("nothing.json"), code=3)
        self.assertNotIn("no failures", merged.stdout)
        self.call("sweep", "fake-clean", "--seeds", "0..1", "--shard", "", code=2)
        for number in [signal.SIGINT, signal.SIGTERM]:
            sweep = subprocess.Popen([BINARY, "sweep", "fake-clean", "--time", "60s", "--json"],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                     cwd=self.folder.name)
            self.assertIn("seeds from", sweep.stderr.readline())
            sweep.stderr.readline()  # it is under way
            sweep.send_signal(number)
            stdout, stderr = sweep.communicate(timeout=60)
            self.assertEqual(sweep.returncode, 3, stderr)
            self.assertIn("interrupted", stderr)
            self.assertTrue(json.loads(stdout)["interrupted"])

    def test_merge_adds_shards_up(self):
        files = []
        for shard in ["1/2", "2/2"]:
            report = self.call("sweep", "fake-clean", "fake-salted", "--seeds", "0..41", "--shard",
                               shard, "--json")
            files.append(self.path(shard[0] + ".json"))
            with open(files[-1], "w", encoding="utf-8") as file:
                file.write(report.stdout)
        merged = self.call_json("merge", *files)
        self.assertEqual(merged["seeds"], 41)
        self.assertEqual(merged["events"], 4100)
        self.assertIn("no failures", self.call("merge", *files).stdout)
        self.call("merge", self.path("missing.json"), code=3)
        with open(files[0], "w", encoding="utf-8") as file:
            file.write("{}")
        self.call("merge", files[0], code=3)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
