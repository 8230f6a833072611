#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the Dockerfile names is there. Usage: dockerfile_test.py BEACHDB"""
import json
import pathlib
import re
import subprocess
import sys
import unittest

BEACHDB = sys.argv.pop(1)
ROOT = pathlib.Path(__file__).resolve().parents[1]
TEXT = (ROOT / "packaging" / "Dockerfile").read_text(encoding="utf-8")


class DockerfileTest(unittest.TestCase):
    def test_scripts_lists_and_targets_are_there(self):
        named = re.findall(r"scripts/[\w.-]+", TEXT)
        self.assertGreaterEqual(len(named), 3)
        for path in named:
            self.assertTrue((ROOT / path).exists(), path)
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        for target in re.findall(r"make ([\w-]+)", TEXT):
            self.assertRegex(makefile, rf"(?m)^{target}:")

    def test_the_server_knows_its_options(self):
        words = json.loads(re.search(r"ENTRYPOINT (\[.*\])", TEXT)[1])
        known = subprocess.run([BEACHDB, *words[1:2], "--help"], capture_output=True, text=True, check=True).stdout
        for option in (word for word in words if word.startswith("--")):
            self.assertIn(f"  {option} ", known)
        ports = re.search(r"EXPOSE (.*)", TEXT)[1].split()
        for address in (word for word in words if ":" in word):
            self.assertIn(address.rsplit(":", 1)[1], ports)


if __name__ == "__main__":
    unittest.main()
