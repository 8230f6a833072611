#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The man pages of programs: there is one for each command, and a formatter takes them. Usage: man_test.py PROGRAM..."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import man  # noqa: E402

PROGRAMS = sys.argv[1:]
del sys.argv[1:]


class ManTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        man.main(self.folder, *PROGRAMS)

    def test_each_command_has_a_page_that_says_what_its_help_does(self):
        for program in PROGRAMS:
            name = pathlib.Path(program).name
            commands = man.Help(man.said(program, "--help")).commands
            self.assertGreater(len(commands), 3)
            for command, meaning in commands:
                page = (self.folder / f"{name}-{command}.1").read_text(encoding="utf-8")
                self.assertIn(man.escaped(meaning).split("\n")[0][:20], page)
                for option, meant in man.Help(man.said(program, command, "--help")).options:
                    self.assertIn(f".B {man.escaped(option)}\n{man.escaped(meant)}", page)

    def test_the_file_of_settings_has_a_page(self):
        page = (self.folder / "beachdb.toml.5").read_text(encoding="utf-8")
        for setting in ("data", "election\\-timeout", "tls\\-cert", "users", "slow"):
            self.assertIn(f"\n.B {setting} = ", page)

    @unittest.skipUnless(shutil.which("groff"), "no groff here")
    def test_a_formatter_has_nothing_to_say(self):
        for page in sorted(self.folder.iterdir()):
            done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-P-cbou", str(page)], capture_output=True, text=True,
                                  check=True)
            self.assertEqual(done.stderr, "", page.name)
            self.assertIn("NAME", done.stdout)

    def test_what_looks_like_a_request_is_none(self):
        self.assertEqual(man.escaped(".x"), "\\&.x")
        self.assertEqual(man.escaped("a\\n -b"), "a\\en \\-b")
        self.assertEqual(man.escaped("'x"), "\\&\\(aqx")


if __name__ == "__main__":
    unittest.main()
