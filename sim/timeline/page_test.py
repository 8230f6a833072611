#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests beachsim timeline, and the page that it makes in a browser without a window.

    page_test.py TIMELINE_BEACHSIM BEACHSIM [unittest arguments]     BROWSER=chromium-headless-shell

TIMELINE_BEACHSIM has runs of its own (testing/timeline_beachsim_main.cc), BEACHSIM those of clusters.

Without such a browser the tests that want one fail: scripts/packages.txt names it.
"""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import headless

BINARY = None
CLUSTERS = None
IN_PAGE = pathlib.Path(__file__).resolve().parent / "testing" / "in_page.js"
IN_CLUSTER = IN_PAGE.with_name("in_cluster.js")


class TimelineTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def call(self, *arguments, code=0, binary=None):
        done = subprocess.run([binary or BINARY, *arguments], capture_output=True, text=True, check=False,
                              cwd=self.folder)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def page_of(self, scenario, *more, seed=1, options=()):
        """The page of a failing run."""
        knobs = [word for option in options for word in ("--option", option)]
        limit = "1" if scenario == "hang" else "100"
        self.call("run", scenario, "--seed", str(seed), "--cpu-limit", limit, "--artifact", f"{scenario}.json",
                  *knobs, code=1)
        self.call("timeline", f"{scenario}.json", "--cpu-limit", limit, "-o", f"{scenario}.html", *more)
        return (self.folder / f"{scenario}.html").read_text(encoding="ascii")

    def data_of(self, page):
        return json.loads(re.search(r'id="data">\n(.*?)</script>', page, re.S).group(1))

    def in_browser(self, page, searches=("append",), size="1400,900", code=None):
        """What in_page.js found in it."""
        return headless.open_page(page, IN_PAGE.read_text(encoding="ascii"), self.folder,
                                  first=f"window.searches = {json.dumps(list(searches))};", size=size, code=code)

    # ---- the command

    def test_usage_and_bad_artifacts(self):
        self.call("timeline", code=2)
        self.call("timeline", "a.json", code=2)
        self.call("timeline", "absent.json", "-o", "none.html", code=3)
        (self.folder / "bad.json").write_text("{\"schema_version\": 2}")
        self.assertIn("bad.json", self.call("timeline", "bad.json", "-o", "none.html", code=3).stderr)
        self.call("run", "lose", "--seed", "1", "--artifact", "good.json", code=1)
        self.call("timeline", "good.json", "-o", "none.html", "--limit", "7", code=2)
        self.call("timeline", "good.json", "-o", "good.json/a.html", code=3)
        text = (self.folder / "good.json").read_text()
        (self.folder / "other.json").write_text(text.replace('"lose"', '"absent"'))
        self.call("timeline", "other.json", "-o", "none.html", code=2)
        self.assertFalse((self.folder / "none.html").exists())

    def test_the_page_replaces_an_older_one_whole(self):
        self.call("run", "lose", "--seed", "1", "--artifact", "good.json", code=1)
        (self.folder / "a.html").write_text("older")
        done = self.call("timeline", "good.json", "-o", "a.html")
        self.assertIn("lose/lost", done.stdout)
        self.assertIn("<html", (self.folder / "a.html").read_text())
        self.assertEqual([path.name for path in self.folder.glob("a.html*")], ["a.html"])

    def test_the_same_artifact_gives_the_same_page(self):
        self.assertEqual(self.page_of("lose"), self.page_of("lose"))

    def test_a_run_that_dies_has_a_page(self):
        for scenario, signature in (("abort", "abort"), ("hang", "hang")):
            data = self.data_of(self.page_of(scenario))
            self.assertTrue(data["verdict"]["signature"].startswith(signature), data["verdict"])
            self.assertTrue(data["crashed"])
            calls = [data["texts"][row[5]] for row in data["sights"] if row[0] == 2]
            self.assertEqual(calls[:2], ["open", "append"])

    def test_a_long_run_is_cut_and_says_so(self):
        page = self.page_of("run", "--limit", "400", options=["calls=2000"])
        data = self.data_of(page)
        self.assertEqual(len(data["sights"]), 400)
        self.assertGreater(data["left_out"], 1000)
        found = self.in_browser(page)
        self.assertIn(f"{data['left_out']} of {data['left_out'] + 400} things that happened are left out", found["notice"])
        self.assertEqual(found["console"], [])
        self.assertEqual(found["errors"], [])

    # ---- the page

    def assert_works(self, found):
        self.assertEqual(found["errors"], [])
        self.assertEqual(found["console"], [])
        self.assertGreater(found["drawn"], 0)
        self.assertEqual(found["places"], len(found["lanes"]))  # few files: all have one
        self.assertEqual(found["atTop"], 0)
        self.assertEqual(found["atTopScrolled"], 0)
        self.assertLessEqual(found["lowest"], 1)
        self.assertTrue(found["failureInSight"])
        self.assertTrue(found["failureAfterJump"])
        red = found["crashColor"].lstrip("#")
        self.assertEqual(found["failureColor"], ",".join(str(int(red[i:i + 2], 16)) for i in (0, 2, 4)))
        width = lambda window: window[1] - window[0]
        self.assertLess(width(found["zoomed"]), width(found["whole"]))
        self.assertAlmostEqual(width(found["panned"]), width(found["zoomed"]))
        self.assertGreater(found["panned"][0], found["zoomed"][0])
        self.assertLess(width(found["keyed"]), width(found["panned"]))
        self.assertEqual(found["time"][0], "time")
        self.assertEqual(found["fitted"], found["whole"])
        self.assertGreater(found["dragged"], 0)
        for what in ("right", "down", "said", "hit", "cleared", "listed"):
            self.assertTrue(found[what], what)

    def test_a_failing_run(self):
        found = self.in_browser(self.page_of("lose"), searches=(
            "put", "kind:fault", "append log", "file:log kind:append", "nothing-like-it", "append -log"))
        self.assert_works(found)
        self.assertEqual(found["lanes"][:5], ["thread harness", "host host", "thread main", "thread other", "file log"])
        self.assertEqual(found["failure"], "lose/lost: expected 400 bytes of </script>, found 100")
        searches = found["searches"]
        self.assertEqual(searches["put"][:2], [4, "1 of 4"])
        self.assertIn("put <b>", searches["put"][2])
        self.assertEqual(searches["append log"][0], 4)
        self.assertEqual(searches["file:log kind:append"][0], 4)
        self.assertEqual(searches["nothing-like-it"][:2], [0, "none"])
        self.assertEqual(searches["append -log"][0], 0)
        self.assertTrue(found["next"] and found["previous"])
        self.assertIn("expected 400 bytes", found["tabs"]["Failure"])
        self.assertIn("expected 400 bytes, found 100", found["tabs"]["Failure"])
        self.assertIn("put <b>3</b>", found["tabs"]["Operations"])
        self.assertIn("4 operations were planned", found["tabs"]["Workload"])
        self.assertIn("log (durable)", found["tabs"]["Files"])
        self.assertIn("power loss on host", found["tabs"]["Faults"])
        self.assertIn("host.host.capacity", found["tabs"]["Run"])
        self.assertIn("un-synced", found["loss"])
        self.assertIn("size 400lost", found["loss"])

    def test_more_lanes_than_fit(self):
        page = self.page_of("lose")
        found = self.in_browser(page, size="1000,330")
        self.assertGreater(found["scrolled"], 0)
        self.assert_works(found)
        # A canvas that something else pushes down.
        with self.assertRaises(AssertionError):
            self.assert_works(self.in_browser(page, size="1000,330", code=lambda copy: copy.replace(
                '<div id="content">', '<div style="height: 50px"></div><div id="content">', 1)))

    def test_hostile_names_are_text(self):
        page = self.page_of("lose")
        found = self.in_browser(page)
        self.assertEqual(found["images"], 0)
        self.assertTrue(any("onerror=alert(1)" in lane for lane in found["lanes"]), found["lanes"])
        self.assertIn("<img src=x onerror=alert(1)>", found["tabs"]["Files"])

    def test_nothing_is_loaded(self):
        found = self.in_browser(self.page_of("lose"))
        self.assertEqual(found["loaded"], [])
        self.assertFalse(found["fetched"])

    def test_a_run_that_died_in_a_browser(self):
        found = self.in_browser(self.page_of("abort"))
        self.assert_works(found)
        self.assertIn("check failed", found["failure"])
        self.assertIn("timeline_beachsim_main.cc", found["tabs"]["Failure"])

    def test_a_hundred_thousand_records_are_quick(self):
        page = self.page_of("run", "--limit", "1000000", options=["calls=22000"])
        found = self.in_browser(page, searches=("kind:sync", "writer2 append"))
        self.assert_works(found)
        self.assertGreater(found["records"], 90_000)
        self.assertEqual(found["searches"]["writer2 append"][0], 22_000)
        print(f"{found['records']} records: drawn in {found['drawMs']:.0f} ms, searched in {found['searchMs']:.0f} ms")
        self.assertLess(found["drawMs"], 1000)
        self.assertLess(found["searchMs"], 3000)

    # ---- clusters

    def page_of_cluster(self, scenario, wanted, *options):
        """The page of the first run that is as wanted, by how often each word is shown: seeds of other
        builds are other runs. With options the run must fail."""
        knobs = [word for option in options for word in ("--option", option)]
        for seed in range(1, 60):
            done = subprocess.run([CLUSTERS, "run", scenario, "--seed", str(seed), "--artifact", "cluster.json", *knobs],
                                  capture_output=True, text=True, check=False, cwd=self.folder)
            if done.returncode != (1 if options else 0):
                continue
            self.call("timeline", "cluster.json", "-o", "cluster.html", binary=CLUSTERS)
            page = (self.folder / "cluster.html").read_text(encoding="ascii")
            counts = self.shown_in(self.data_of(page))
            if wanted(counts):
                return page
        raise AssertionError(f"no seed of {scenario} is as wanted")

    def shown_in(self, data):
        return collections.Counter(data["shapes"][row[5]][0] for row in data["sights"] if row[0] == 9)

    def cluster_in_browser(self, page, size="1280,900", code=None):
        return headless.open_page(page, IN_CLUSTER.read_text(encoding="ascii"), self.folder, size=size, code=code)

    def assert_cluster_works(self, found):
        self.assertEqual(found["errors"], [])
        self.assertEqual(found["console"], [])
        self.assertEqual(set(found["placed"]), {"node", "client"})
        self.assertEqual(found["axis"], "time")
        self.assertIn("leader", found["roles"])
        self.assertIn("follower", found["roles"])
        self.assertGreater(max(found["terms"]), 0)
        for kind in ("append", "append accepted", "heartbeat", "vote request", "vote granted"):
            self.assertIn(kind, found["kinds"])
        self.assertEqual(found["overlaps"], 0)
        self.assertEqual(found["backwards"], 0)
        self.assertGreater(found["leaderColors"].get(found["leaderColor"], 0), 20)
        self.assertTrue(found["clickedRole"])
        self.assertIn("All nodes at that moment", found["roleDetails"])
        self.assertRegex(found["clickedLog"], r"^(indexes log of node \d: last|log node)")
        self.assertTrue(found["clickedMessage"])
        self.assertIn("append", found["messageDetails"])
        self.assertTrue(found["right"] and found["updown"] and found["said"])
        self.assertIn("thread", found["placedAll"])
        self.assertEqual(found["placedAgain"], ["client", "node"])
        for word in ("leader", "pre-candidate", "committed", "taken back", "snapshot", "not heard", "cannot talk to"):
            self.assertIn(word, found["legend"])
        self.assertRegex(found["story"], r"node \d: leader in term \d")

    def test_a_cluster(self):
        page = self.page_of_cluster("cluster", lambda counts: counts["cluster.asked"] > 300
                                    and counts["cluster.down"] > 0 and counts["cluster.sent"] > 500)
        found = self.cluster_in_browser(page)
        self.assert_cluster_works(found)
        nodes = [lane for lane in found["lanes"] if lane.startswith("node")]
        self.assertEqual(nodes, [f"node node {i + 1}" for i in range(len(nodes))])
        self.assertIn("done", found["outcomes"])
        self.assertTrue(any(re.fullmatch(r"node \d is down: .+", title) for title in found["titles"]["down"]), found["titles"]["down"])
        self.assertTrue(any("append of entry" in title for title in found["titles"]["message"]))
        self.assertIn("put k", found["operations"])
        # Each call that was asked is there, and hundreds of them cost a few megabytes and few lines.
        data = self.data_of(page)
        asked = self.shown_in(data)["cluster.asked"]
        self.assertEqual(found["counts"]["ask"], asked)
        self.assertLess(len(page), 5_000_000)
        self.assertLess(found["drawnWhole"], 2_000)
        self.assertLess(found["drawMs"], 1_000)
        # However few of the other things are shown, what the nodes say stands.
        self.call("timeline", "cluster.json", "-o", "short.html", "--limit", "20000", binary=CLUSTERS)
        short = self.data_of((self.folder / "short.html").read_text(encoding="ascii"))
        self.assertGreater(short["left_out"], 0)
        self.assertLessEqual(len(short["sights"]), 25_000)
        self.assertEqual(self.shown_in(short)["cluster.role"], self.shown_in(data)["cluster.role"])
        print(f"{asked} calls: {len(page)} bytes, {len(data['sights'])} seen, {found['drawnWhole']} lines of "
              f"{found['counts']['message']} messages, drawn in {found['drawMs']:.0f} ms")

    def test_cores_that_fail(self):
        found = self.cluster_in_browser(self.page_of_cluster(
            "raft-core", lambda counts: counts["net.cut"] > 0 and counts["cluster.role"] > counts["cluster.up"] > counts["cluster.down"]
            and counts["cluster.sent"] > counts["cluster.heard"] > 50, "loses_entries=1"))
        self.assert_cluster_works(found)
        title, lane, in_sight = found["failure"]
        self.assertTrue(title.startswith("raft-core/durable-entry-lost: node "), title)
        self.assertEqual(lane, title.split(": ")[1][:6])
        self.assertTrue(in_sight)
        self.assertGreater(found["lost"], 0)
        self.assertIn("Nobody heard it", found["lostDetails"])
        for kind in ("partition", "down", "up"):
            self.assertGreater(found["counts"].get(kind, 0), 0, kind)
        self.assertTrue(any("cut off from node" in title for title in found["titles"]["partition"]), found["titles"]["partition"])
        self.assertTrue(found["clickedPartition"])
        lines, between = found["partitionPixels"]
        self.assertGreater(lines, 20)
        self.assertTrue(between > 20 or not found["partitionAlone"], found["partitionPixels"])
        self.assertIn("is cut off from node", found["story"])

    def has_logs(self, counts):
        return counts["cluster.truncated"] > 0 and counts["cluster.installed"] > 0

    def test_logs_that_are_cut_and_replaced(self):
        found = self.cluster_in_browser(self.page_of_cluster("raft-core", self.has_logs))
        self.assert_cluster_works(found)
        logs = found["titles"]["log"]
        self.assertTrue(any("back" in title for title in logs), logs)
        self.assertTrue(any("snapshot" in title for title in logs), logs)
        self.assertIn("snapshot", found["kinds"])

    def test_machines_without_nodes_show_where_they_are_cut_off(self):
        page = self.page_of_cluster("links", lambda counts: counts["net.cut"] > 0)
        found = self.in_browser(page, searches=("kind:partition",))
        self.assertEqual(found["errors"], [])
        self.assertGreater(found["searches"]["kind:partition"][0], 0)
        self.assertRegex(found["searches"]["kind:partition"][2], "is (cut off from|deaf to|not heard by) n")

    def test_a_broken_page_of_a_cluster_is_seen(self):
        page = self.page_of_cluster("raft-core", self.has_logs)

        def broken(old, new):
            def change(copy):
                self.assertIn(old, copy)
                return copy.replace(old, new, 1)
            return change

        for old, new in (("drawRole(record, place, x, width) {", "drawRole(record, place, x, width) { return;"),
                         ("messageAt(x, y) {", "messageAt(x, y) { return null;"),
                         ("message.end = order;", "message.end = 0;"),
                         ("endRole(lane, order) {", "endRole(lane, order) { return;"),
                         ("byId('legend').hidden = false;", "")):
            with self.assertRaises(AssertionError, msg=old):
                self.assert_cluster_works(self.cluster_in_browser(page, code=broken(old, new)))

    # ---- these tests

    def test_a_broken_page_is_seen(self):
        page = self.page_of("lose")

        def broken(old, new):
            def change(copy):
                self.assertIn(old, copy)
                return copy.replace(old, new, 1)
            return change

        # Zooming that does nothing.
        found = self.in_browser(page, code=broken("zoom(factor, unit) {", "zoom(factor, unit) { return;"))
        with self.assertRaises(AssertionError):
            self.assert_works(found)
        # A failure that nobody draws.
        found = self.in_browser(page, code=broken("if (!failure) return;\n    const {g}", "if (failure) return;\n    const {g}"))
        with self.assertRaises(AssertionError):
            self.assert_works(found)
        # An error in a handler.
        found = self.in_browser(page, code=broken("selectLane(down) {", "selectLane(down) { this.absent.call();"))
        with self.assertRaises(AssertionError):
            self.assert_works(found)
        # Something from elsewhere.
        found = self.in_browser(page, code=broken("<main>", '<main><img src="https://localhost/a.png">'))
        with self.assertRaises(AssertionError):
            self.assert_works(found)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    CLUSTERS = os.path.abspath(sys.argv.pop(1))
    unittest.main()
