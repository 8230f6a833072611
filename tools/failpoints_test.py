#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of tools/failpoints.py on small source trees."""

import os
import subprocess
import sys
import tempfile
import unittest

FAILPOINTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "failpoints.py")


class FailpointsTest(unittest.TestCase):
    def run_on(self, text, name="engine/a.cc"):
        with tempfile.TemporaryDirectory() as root:
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path))
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            return subprocess.run([sys.executable, FAILPOINTS, "--root", root], capture_output=True, text=True,
                                  check=False)

    def test_lists_points_with_the_text_of_their_comments(self):
        result = self.run_on('  // FAILPOINT: b_after_write: half of\n  // a file.\n'
                             '  BEACH_FAILPOINT("b_after_write");\n'
                             '  // FAILPOINT: a_write_error: the write.\n'
                             '  Status s = BEACH_FAULTPOINT("a_write_error");\n')
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, 'BEACH_POINT("a_write_error", PointKind::kFault, "engine/a.cc",\n'
                                        '            "the write")\n'
                                        'BEACH_POINT("b_after_write", PointKind::kCrash, "engine/a.cc",\n'
                                        '            "half of a file")\n')

    def test_what_is_not_as_it_should_be_is_said(self):
        comment = "// FAILPOINT: {}: text.\n"
        for text, said in (('BEACH_FAILPOINT("a_after_b");', "say above it"),
                           (comment.format("a_after_c") + 'BEACH_FAILPOINT("a_after_b");', "say above it"),
                           (comment.format("a_after_b"), "above no failpoint"),
                           (comment.format("a.b") + 'BEACH_FAILPOINT("a.b");', "underscores"),
                           (comment.format("a_after_b") + 'BEACH_FAULTPOINT("a_after_b");', "_error"),
                           (comment.format("a_b_error") + 'BEACH_FAILPOINT("a_b_error");', "_error"),
                           (2 * (comment.format("a_after_b") + 'BEACH_FAILPOINT("a_after_b");\n'), "name of its own")):
            result = self.run_on(text)
            self.assertEqual(result.returncode, 1, text)
            self.assertIn(said, result.stderr, text)

    def test_tests_have_points_of_their_own(self):
        result = self.run_on('BEACH_FAILPOINT("whatever");', "engine/a_test.cc")
        self.assertEqual((result.returncode, result.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
