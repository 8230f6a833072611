#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests docs/demo/lsm.html: that it is made of today's files and of what the engine says today, and
that it works in a browser without a window.

    page_test.py RECORDER [unittest arguments]     BROWSER=chromium-headless-shell
"""

import collections
import os
import pathlib
import sys
import tempfile
import unittest

import make

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import headless

RECORDER = None
IN_PAGE = pathlib.Path(__file__).resolve().parent / "testing" / "in_page.js"
AGAIN = "; make it again: make demo"
# Told when writers rest and when segments are made: how often is the machine's affair.
BY_CHANCE = ("log.vouched", "reserve.ready")


def shape(line):
    """What a line is, without what differs between two runs."""
    if line["kind"] == "event":
        return ("event", line["name"], *sorted((name, type(value).__name__) for name, value in line["fields"].items()))
    return (line["kind"], line.get("call", line.get("title")), *sorted(line))


class DemoTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.page = make.PAGE.read_text(encoding="ascii")
        cls.lines = make.recording_of(cls.page)
        cls.today = make.record(RECORDER)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_it_is_made_of_the_files_of_today(self):
        self.assertEqual(self.page, make.page_of(self.lines), "lsm.html is not what page/ makes" + AGAIN)

    def test_its_recording_is_as_the_engine_tells_it_today(self):
        def told(lines):
            return collections.Counter(shape(line) for line in lines
                                       if line.get("name") not in BY_CHANCE and line["kind"] != "stats")
        here, today = told(self.lines), told(self.today)
        self.assertEqual(here - today, collections.Counter(), "the page has what is not told any more" + AGAIN)
        self.assertEqual(today - here, collections.Counter(), "the page lacks what is told today" + AGAIN)

    def test_calls_have_the_results_of_today(self):
        def results(lines):
            place = lambda line: line.get("answer", {}).get("from")
            return [(line["call"], line.get("key"), line.get("value"), place(line), line.get("sequence"))
                    for line in lines if line["kind"] == "result"]
        self.assertEqual(results(self.lines), results(self.today), "the recording is an old one" + AGAIN)

    def test_its_levels_are_those_that_stats_counted(self):
        def last_levels(lines):
            return [line["levels"] for line in lines if line["kind"] == "stats"][-1]
        self.assertEqual(last_levels(self.lines), last_levels(self.today), "other tables are left today" + AGAIN)

    def test_the_story_has_all_that_it_is_to_show(self):
        names = {line["name"] for line in self.lines if line["kind"] == "event"}
        self.assertLessEqual({"write.sequenced", "memtable.frozen", "flush.began", "flush.finished", "table.added",
                              "table.removed", "compaction.began", "compaction.moved", "compaction.finished",
                              "open.recovered"}, names)
        reasons = {line["fields"]["reason"] for line in self.lines
                   if line.get("name") in ("compaction.began", "compaction.moved", "memtable.frozen")}
        self.assertLessEqual({"size", "deletes", "manual", "asked"}, reasons)
        answers = {(line["answer"]["from"], line["answer"].get("deleted"), line["at_snapshot"])
                   for line in self.lines if line["kind"] == "result" and line["call"] == "get"}
        self.assertLessEqual({("memtable", False, False), ("memtable", True, False), ("table", False, False),
                              ("table", True, False), ("table", False, True), ("nowhere", None, False)}, answers)
        levels = {line["fields"]["level"] for line in self.lines if line.get("name") == "table.added"}
        self.assertGreaterEqual(len(levels), 4)

    # ---- in a browser

    def in_browser(self, size="1280,950", code=None):
        return headless.open_page(self.page, IN_PAGE.read_text(encoding="ascii"), self.folder, size=size, code=code)

    def assert_works(self, found):
        self.assertEqual(found["errors"], [])
        self.assertEqual(found["console"], [])
        self.assertEqual(found["loaded"], [])
        self.assertEqual(found["mismatches"], 0)
        self.assertEqual(found["eventsUnsaid"], 0)
        self.assertEqual(found["wrong"], [])
        for level, tables, size in found["shownAtEnd"]:
            self.assertEqual([tables, size], found["statsAtEnd"][level])
        self.assertEqual(sum(tables for _, tables, _ in found["shownAtEnd"]),
                         sum(tables for tables, _ in found["statsAtEnd"]))
        self.assertTrue(found["samePicture"])
        for kind, reached in found["buttons"].items():
            self.assertEqual([each for _, each in reached], [kind] * 3)
            self.assertLess(reached[0][0], reached[1][0])
            self.assertEqual(reached[2], reached[0])
        self.assertEqual(found["compacted"], ["merged", False])
        self.assertGreater(found["played"], 2)
        self.assertEqual(found["paused"], [True, False])
        self.assertEqual((found["scrubbed"], found["right"], found["key"], found["end"]), (40, 41, "get", True))
        self.assertEqual(found["chapter"], [3, True])
        hidden, said, table = found["tip"]
        self.assertFalse(hidden)
        for part in (f"table {table['file']} in level 0", f"{table['smallest']} to {table['largest']}",
                     f"{len(table['entries'])} entries", "KiB"):
            self.assertIn(part, said)
        self.assertTrue(found["tipGone"])
        self.assertTrue(found["beams"])

    def test_it_works(self):
        self.assert_works(self.in_browser())

    def test_it_works_on_a_telephone(self):
        found = self.in_browser(size="390,844")
        self.assert_works(found)
        self.assertLess(found["width"], 391)

    def test_a_broken_page_is_seen(self):
        def broken(old, new):
            def change(copy):
                self.assertEqual(copy.count(old), 1, old)
                return copy.replace(old, new)
            return change

        for old, new in (
                ("this.state.tables.delete(change.removed);", ""),
                ("state.frozen.shift();", ""),
                ("moveTo(group, this.x(table.smallest) - this.column / 2, y);\n      const marks",
                 "moveTo(group, this.x(table.smallest) + this.column * 9, y);\n      const marks"),
                ("if (kinds[event.key]) this.next(kinds[event.key]);", "if (kinds[event.key]) return;"),
                ("const found = focus.entry && places.find", "const found = focus.entry && this.absent.find")):
            with self.subTest(old), self.assertRaises(AssertionError):
                self.assert_works(self.in_browser(code=broken(old, new)))


if __name__ == "__main__":
    RECORDER = os.path.abspath(sys.argv.pop(1))
    unittest.main()
