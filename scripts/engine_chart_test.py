#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests engine_chart.py: what it draws has every bar, as long as it should be."""

import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import engine_chart

SVG = "{http://www.w3.org/2000/svg}"


def document(rows):
    return {"settings": {"n": 1000, "rounds": 3},
            "engines": [{"name": "beachdb"}, {"name": "rocksdb"}],
            "rows": [{"workload": w, "threads": t, "engine": e, "ops_per_s": r} for w, t, e, r in rows]}


class ChartTest(unittest.TestCase):
    def bars(self, rows):
        root = ElementTree.fromstring(engine_chart.draw(document(rows)))
        widths = [float(rect.get("width")) for rect in root.iter(SVG + "rect")]
        texts = [element.text for element in root.iter(SVG + "text")]
        return widths[3:], texts  # behind the paper and the two boxes of the legend

    def test_bars_are_as_long_as_rates_within_a_group(self):
        widths, texts = self.bars([("fillseq", 1, "beachdb", 50000), ("fillseq", 1, "rocksdb", 200000),
                                   ("readseq", 1, "beachdb", 8e6)])
        self.assertEqual(len(widths), 3)
        self.assertAlmostEqual(widths[0] * 4, widths[1], delta=1)
        self.assertEqual(widths[1], widths[2])
        for words in ["50k", "200k", "8.00M", "fillseq", "readseq", "rocksdb", "1000 records, medians of 3 rounds"]:
            self.assertIn(words, texts)

    def test_threads_are_named_where_there_are_several(self):
        _, texts = self.bars([("mix-a", 1, "beachdb", 1), ("mix-a", 2, "beachdb", 2), ("fillseq", 1, "beachdb", 3)])
        self.assertIn("mix-a, 1 thr.", texts)
        self.assertIn("mix-a, 2 thr.", texts)
        self.assertIn("fillseq", texts)

    def test_names_are_escaped(self):
        self.assertIn("a<b", self.bars([("a<b", 1, "beachdb", 1)])[1])

    def test_bad_input_is_refused(self):
        script = pathlib.Path(engine_chart.__file__)
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder, "run.json")
            for content in ["", "{}", '{"rows": []}', '{"rows": [{"workload": "x"}]}']:
                source.write_text(content, encoding="utf-8")
                result = subprocess.run([sys.executable, script, source, pathlib.Path(folder, "out.svg")],
                                        capture_output=True, check=False)
                self.assertEqual(result.returncode, 3, content)
        self.assertEqual(subprocess.run([sys.executable, script], capture_output=True, check=False).returncode, 2)


if __name__ == "__main__":
    unittest.main()
