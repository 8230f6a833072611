#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""beachcrash from outside: runs, points, faults, replays, exit codes, and its worker.

    crash_test.py BEACHCRASH [SANITIZER]      with a sanitizer, which is slow, not every passage of every point
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

BEACHCRASH = ""
LIMIT_S = 900  # beachcrash tells a hang by itself; a slow disk is none
SANITIZER = ""


class CrashTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.artifacts = self.folder / "artifacts"

    def beachcrash(self, *arguments, stdin=None, **environment):
        return subprocess.run([BEACHCRASH, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                              check=False, timeout=LIMIT_S, env={**os.environ, **environment})

    def run_(self, *arguments):
        """Its report and exit code."""
        done = self.beachcrash("run", "--json", "--artifacts", self.artifacts, *arguments)
        return (json.loads(done.stdout) if done.stdout else done.stderr), done.returncode

    def worker(self, *commands, **environment):
        done = self.beachcrash("worker", stdin="".join(json.dumps(command) + "\n" for command in commands),
                               **environment)
        return [json.loads(line) for line in done.stdout.split("\n") if line], done

    def test_a_run_is_clean_and_leaves_an_artifact_of_each_part(self):
        report, code = self.run_("--seed", 11, "--cycles", 12, "--ops", 30)
        self.assertEqual(code, 0, report)
        self.assertEqual(report["verdict"], "ok")
        self.assertEqual(report["runs"], 2)
        self.assertGreaterEqual(report["kills"], 6)
        self.assertGreater(report["acknowledged"], 0)
        kept = sorted(path.name for path in self.artifacts.iterdir())
        self.assertEqual(kept, ["crash-11.json", "crash-12.json"])
        artifact = json.loads((self.artifacts / "crash-11.json").read_text())
        self.assertEqual(artifact["scenario"], "crash")
        self.assertEqual(artifact["verdict"]["signature"], "ok")
        self.assertGreater(len(artifact["operations"]), 100)
        self.assertGreater(len(artifact["last_events"]), 0)

    def test_the_same_seed_is_the_same_plan(self):
        plans = []
        for _ in range(2):
            self.run_("--seed", 5, "--cycles", 2, "--ops", 10)
            artifact = json.loads((self.artifacts / "crash-5.json").read_text())
            plans.append([artifact[part] for part in ("options", "operations", "decisions")])
        self.assertEqual(plans[0], plans[1])

    def test_each_worker_dies_where_it_was_told(self):
        report, code = self.run_("--cycles", 3, "--ops", 60, "--clients", 1, "--point", "write_after_log:4")
        self.assertEqual(code, 0, report)
        self.assertEqual(report["points"]["write_after_log"], 3)
        self.assertEqual(report["kills"], 3)
        artifact = self.artifacts / "crash-1.json"
        text = self.beachcrash("replay", artifact, "--timeline").stdout
        self.assertEqual(text.count("at write_after_log, passage 4"), 3, text)

    def test_a_call_fails_where_it_was_told(self):
        report, code = self.run_("--cycles", 2, "--ops", 30, "--fault", "manifest_append_error:2")
        self.assertEqual(code, 0, report)
        self.assertGreaterEqual(report["points"]["manifest_append_error"], 1)

    def test_what_never_strikes_is_exit_5(self):
        report, code = self.run_("--cycles", 1, "--ops", 5, "--point", "create_after_identity:9")
        self.assertEqual((code, report["never"]), (5, ["create_after_identity"]))

    def test_unknown_names_are_usage_errors_that_say_what_to_do(self):
        for arguments, hint in ((("--point", "nowhere"), "beachcrash points"), (("--timed", "--exhaustive"), "without"), (("--point", "wal_sync_error"), "--fault"),
                                (("--fault", "wal_after_sync"), "--point"), (("--point", "wal_after_sync:0"), "HIT")):
            message, code = self.run_(*arguments)
            self.assertEqual(code, 2, message)
            self.assertIn(hint, message)

    def test_by_the_clock(self):
        report, code = self.run_("--cycles", 5, "--timed", "--clients", 8)
        self.assertEqual(code, 0, report)
        self.assertGreaterEqual(report["kills"], 5)

    def test_every_passage_of_every_point(self):
        if SANITIZER:
            self.skipTest("minutes of it, and the ordinary build does it")
        report, code = self.run_("--exhaustive", "--ops", 3)
        self.assertEqual((code, report["never"]), (0, []), report)
        self.assertTrue(all(count > 0 for count in report["points"].values()))

    @unittest.skipUnless(os.path.exists("/dev/fuse"), "needs /dev/fuse")
    def test_losses_of_power(self):
        report, code = self.run_("--power", "--cycles", 20, "--ops", 30)
        self.assertEqual(code, 0, report)
        self.assertGreaterEqual(report["power_cuts"], 20)

    def test_a_passing_artifact_replays_clean_and_no_artifact_is_an_error(self):
        self.run_("--seed", 3, "--cycles", 2, "--ops", 10)
        done = self.beachcrash("replay", self.artifacts / "crash-3.json", "--times", 2)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("2 of 2 times ok", done.stdout)
        other = self.folder / "other.json"
        other.write_text("{}")
        self.assertEqual(self.beachcrash("replay", other).returncode, 3)
        self.assertEqual(self.beachcrash("replay", self.folder / "none.json").returncode, 3)

    def test_what_is_found_is_found_again(self):
        """An artifact with another verdict than the run has: a replay that differs is exit 0 where it runs clean."""
        self.run_("--seed", 3, "--cycles", 2, "--ops", 10)
        path = self.artifacts / "crash-3.json"
        artifact = json.loads(path.read_text())
        artifact["verdict"]["signature"] = "crash/durable-ack-lost"
        path.write_text(json.dumps(artifact))
        done = self.beachcrash("replay", path)
        self.assertEqual(done.returncode, 0)
        self.assertIn("0 of 1 times crash/durable-ack-lost", done.stdout)

    def test_only_what_fails_is_shrunk(self):
        self.run_("--seed", 3, "--cycles", 1, "--ops", 5)
        done = self.beachcrash("shrink", self.artifacts / "crash-3.json", "-o", self.folder / "small.json")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("does not fail", done.stderr)
        self.assertFalse((self.folder / "small.json").exists())

    def test_an_interrupted_run_stops_and_says_so(self):
        with subprocess.Popen([BEACHCRASH, "run", "--cycles", "100000", "--artifacts", str(self.artifacts)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            while process.poll() is None and not self.artifacts.exists():
                pass
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 3)
        self.assertIn("interrupted", errors)

    def test_points_are_listed_with_what_they_leave(self):
        points = json.loads(self.beachcrash("points", "--json").stdout)["points"]
        named = {point["name"]: point for point in points}
        for name in ("wal_after_append", "wal_after_sync", "flush_after_file_sync", "flush_after_publish",
                     "manifest_after_sst_sync", "manifest_after_append"):
            self.assertEqual(named[name]["kind"], "crash")
        for name in ("wal_sync_error", "sst_write_error", "sst_publish_error"):
            self.assertEqual(named[name]["kind"], "fault")
        self.assertTrue(all(point["text"] for point in points))
        self.assertIn("wal_after_append", self.beachcrash("points").stdout)

    # --- The worker.

    def test_a_worker_keeps_any_bytes(self):
        data = str(self.folder / "db")
        key = "".join(map(chr, range(256)))
        answers, done = self.worker({"id": 1, "do": "open", "directory": data},
                                    {"id": 2, "do": "write", "batch": [["put", key, key[::-1]], ["put", "b", ""]]},
                                    {"id": 3, "do": "scan"}, {"id": 4, "do": "get", "key": "none"})
        self.assertEqual(done.returncode, 0, done.stderr)
        by_id = {answer.get("id"): answer for answer in answers}
        self.assertEqual(by_id[3]["entries"], [[key, key[::-1]], ["b", ""]])
        self.assertIsNone(by_id[4]["value"])
        events = [answer for answer in answers if "event" in answer]
        self.assertEqual(events[0], {"event": "write.sequenced", "first": 1, "count": 2, "tag": 0})
        answers, _ = self.worker({"id": 1, "do": "verify", "directory": data})
        self.assertEqual(answers[0], {"id": 1, "ok": True, "damage": [], "debris": [], "torn": False})

    def test_a_worker_refuses_what_makes_no_sense_and_goes_on(self):
        for command, code in (({"do": "nothing"}, "closed"), ({"id": -1, "do": "scan"}, "invalid argument"),
                              ({"do": "scan", "client": 64}, "invalid argument"), ({}, "invalid argument"),
                              ({"do": "open", "directory": str(self.folder / "no" / "db")}, "not found"),
                              ({"do": "open", "directory": "x", "options": {"what": 1}}, "invalid argument"),
                              ({"do": "open", "directory": "ā"}, "invalid argument")):
            answers, done = self.worker(command)
            self.assertEqual(done.returncode, 0)
            self.assertFalse(answers[0]["ok"], command)
            self.assertEqual(answers[0]["error"]["code"], code, command)
        done = self.beachcrash("worker", stdin="nonsense\n{\n\n[]\n")
        self.assertEqual(len(done.stdout.splitlines()), 4)

    def test_a_worker_dies_at_its_point_and_says_where(self):
        answers, done = self.worker({"id": 1, "do": "open", "directory": str(self.folder / "db")},
                                    {"id": 2, "do": "write", "batch": [["put", "a", "b"]]},
                                    BEACH_FAILPOINT="write_after_log")
        self.assertEqual(done.returncode, -signal.SIGKILL)
        self.assertIn("failpoint write_after_log, passage 1: killed", done.stderr)
        self.assertEqual([answer.get("id") for answer in answers], [1, None])
        self.assertEqual(self.beachcrash("worker", stdin="", BEACH_FAILPOINT="a:").returncode, 2)


if __name__ == "__main__":
    BEACHCRASH = sys.argv.pop(1)
    SANITIZER = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    unittest.main()
