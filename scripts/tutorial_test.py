#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of scripts/tutorial.py on small documents."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TUTORIAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tutorial.py")
SOURCE = "int main() {\n  int a = 1;\n  return a;\n}\n"


class TutorialTest(unittest.TestCase):
    def run_on(self, document):
        with tempfile.TemporaryDirectory() as place:
            root = pathlib.Path(place)
            for folder in ("sources", "home", "prefix"):
                (root / folder).mkdir()
            (root / "sources" / "main.cc").write_text(SOURCE, encoding="utf-8")
            (root / "prefix" / "it").write_text("installed\n", encoding="utf-8")
            (root / "page.md").write_text(document, encoding="utf-8")
            return subprocess.run(
                [sys.executable, TUTORIAL, str(root / "page.md"), "--sources",
                 str(root / "sources"), "--home", str(root / "home"), "--prefix",
                 str(root / "prefix")], capture_output=True, text=True, check=False)

    def fine(self, document):
        done = self.run_on(document)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def differs(self, document, why):
        done = self.run_on(document)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(why, done.stderr)

    def test_runs_lines_in_order_where_cd_led(self):
        self.fine("```sh\nmkdir $HOME/a\ncd $HOME/a\necho b >c\n```\n```sh\ncat $HOME/a/c\n```\n"
                  "```text\nb\n```\n```sh\ncat $HOME/beach/it\n```\n```text\ninstalled\n```\n")

    def test_leaves_out_what_was_done_before(self):
        self.fine("```sh\ngit clone nowhere beachdb\ncd beachdb\nmake nothing\ntrue\n```\n")

    def test_an_exit_code_is_the_one_that_is_said(self):
        self.fine("```sh\nexit 3 # exit code 3\n```\n")
        self.differs("text\n```sh\nfalse\n```\n", "page.md:2: exit code 1, not 0")
        self.differs("```sh\ntrue # exit code 1\n```\n", "exit code 0, not 1")

    def test_numbers_and_columns_of_the_output_may_differ(self):
        shown = "```sh\nprintf 'seeds   1 234 (5.6 a second)\\nhash  %s\\n' 0123456789abcdef0\n```\n"
        self.fine(shown + "```text\nseeds 99 (1.0 a second)\nhash 00ff00ff00ff00ff0\n```\n")
        self.differs(shown + "```text\nseeds 99 (1.0 a minute)\n```\n", "shown is")
        self.differs(shown + "```text\nhash 00ff00ff00ff00ff0\n```\n", "shown is")

    def test_dots_stand_for_any_lines(self):
        lines = "```sh\nprintf 'a\\nb\\nc\\n'\n```\n"
        self.fine(lines + "```text\n...\nc\n```\n")
        self.fine(lines + "```text\na\n...\n```\n")
        self.differs(lines + "```text\n...\nd\n```\n", "nothing like this line")
        self.differs(lines + "```text\n...\nc\n...\nb\n```\n", "nothing like this line")

    def test_code_stands_in_the_sources(self):
        command = "```sh\ntrue\n```\n"
        self.fine(command + "```cpp\n  int a = 1;\n  return a;\n```\n")
        self.fine(command + "```cpp\nint main() {\n  // ...\n  return a;\n```\n")
        self.differs(command + "```cpp\n  int a = 2;\n```\n", "stands in none of main.cc")
        self.differs(command + "```cpp\n  return a;\n  // ...\nint main() {\n```\n", "in none of")

    def test_a_document_without_commands_or_of_another_language_is_none(self):
        self.assertEqual(self.run_on("nothing\n").returncode, 1)
        self.differs("```python\n```\n", "no known language")


if __name__ == "__main__":
    unittest.main()
