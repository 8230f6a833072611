#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of tools/sites.py on small source trees."""

import os
import subprocess
import sys
import tempfile
import unittest

SITES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sites.py")


class SitesTest(unittest.TestCase):
    def run_on(self, files, *more):
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                path = os.path.join(root, path)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            return subprocess.run([sys.executable, SITES, "--root", root, *more],
                                  capture_output=True, text=True, check=False)

    def test_finds_marks_and_draws(self):
        result = self.run_on({
            "engine/a.cc": 'BEACH_SOMETIMES("a.reached", x);\nif (BEACH_BUGGIFY(\n    "a.rare")) {}',
            "engine/sub/b.cc": 'BEACH_FAILPOINT("b.point");',
            "sim/c.cc": 'd.Fault("disk.eio.read", 2); simulation->SetFault("disk.eio.read", 1);\n'
                        'd.Choose("disk.cut", n); constexpr Site kS("sweep.deal");',
        })
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.splitlines(), [
            'BEACH_SITE("buggify", "a.rare", "engine/a.cc")',
            'BEACH_SITE("choice", "disk.cut", "sim/c.cc")',
            'BEACH_SITE("constant", "sweep.deal", "sim/c.cc")',
            'BEACH_SITE("failpoint", "b.point", "engine/sub/b.cc")',
            'BEACH_SITE("fault", "disk.eio.read", "sim/c.cc")',
            'BEACH_SITE("sometimes", "a.reached", "engine/a.cc")',
        ])

    def test_finds_draws_at_constants_of_the_file(self):
        result = self.run_on({
            "sim/a.cc": 'constexpr Site kKill = "crash.kill";\nd.CountFault(kKill); d.Draw(kOther);\n'
                        'd.CountFault("disk.full"); d.ChooseFor("disk.cut", host, 1, 2);',
        })
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.splitlines(), [
            'BEACH_SITE("choice", "disk.cut", "sim/a.cc")',
            'BEACH_SITE("fault", "crash.kill", "sim/a.cc")',
            'BEACH_SITE("fault", "disk.full", "sim/a.cc")',
        ])

    def test_skips_comments_tests_and_other_folders(self):
        result = self.run_on({
            "engine/a.cc": '// BEACH_SOMETIMES("a.x", true)\n/* BEACH_BUGGIFY("a.y") */\n'
                           'auto s = "// not a comment"; BEACH_SOMETIMES("a.z", true);',
            "engine/a_test.cc": 'BEACH_SOMETIMES("a.z", true);',
            "engine/testing/fake.cc": 'BEACH_SOMETIMES("a.z", true);',
            "docs/a.cc": 'BEACH_SOMETIMES("a.z", true);',
        })
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, 'BEACH_SITE("sometimes", "a.z", "engine/a.cc")\n')

    def test_refuses_a_name_that_stands_twice(self):
        result = self.run_on({
            "engine/a.cc": 'BEACH_SOMETIMES("a.x", true);',
            "engine/b.cc": 'BEACH_BUGGIFY("a.x");',
        })
        self.assertEqual(result.returncode, 1)
        self.assertIn("engine/b.cc: the site name 'a.x' is taken by engine/a.cc", result.stderr)

    def test_a_failpoint_and_a_reached_state_of_one_file_may_share_a_name(self):
        pair = 'BEACH_SOMETIMES("a.x", true); BEACH_FAILPOINT("a.x");'
        self.assertEqual(self.run_on({"engine/a.cc": pair}).returncode, 0)
        result = self.run_on({"engine/a.cc": pair + 'BEACH_FAILPOINT("a.x");'})
        self.assertEqual(result.returncode, 1)

    def test_leaves_folders_out_of_the_table_but_not_their_names(self):
        files = {"engine/a.cc": 'BEACH_SOMETIMES("a.x", true);',
                 "sim/b.cc": 'BEACH_SOMETIMES("b.x", true);'}
        result = self.run_on(files, "--without", "engine")
        self.assertEqual(result.stdout, 'BEACH_SITE("sometimes", "b.x", "sim/b.cc")\n')
        files["sim/b.cc"] = 'BEACH_SOMETIMES("a.x", true);'
        self.assertEqual(self.run_on(files, "--without", "engine").returncode, 1)

    def test_lists_other_sources_after_a_given_table(self):
        with tempfile.TemporaryDirectory() as target:
            framework = os.path.join(target, "framework.inc")
            with open(framework, "w", encoding="utf-8") as table:
                table.write('BEACH_SITE("fault", "disk.full", "sim/a.cc")\n'
                            'BEACH_SITE("sometimes", "env.x", "env/a.cc")\n')
            files = {"queue.cpp": 'BEACH_SOMETIMES("queue.full", true);',
                     "build/CMakeCache.txt": "", "build/copy.cc": 'BEACH_SOMETIMES("queue.y", 1);',
                     ".git/a.cc": 'BEACH_SOMETIMES("queue.z", 1);'}
            more = ["--folder", ".", "--with", framework]
            result = self.run_on(files, *more)
            self.assertEqual(result.stdout.splitlines(), [
                'BEACH_SITE("fault", "disk.full", "sim/a.cc")',
                'BEACH_SITE("sometimes", "env.x", "env/a.cc")',
                'BEACH_SITE("sometimes", "queue.full", "queue.cpp")'], result.stderr)
            files["queue.cpp"] = 'BEACH_SOMETIMES("env.x", true);'
            result = self.run_on(files, *more)
            self.assertEqual(result.returncode, 1)
            self.assertIn("'env.x' is taken by env/a.cc", result.stderr)

    def test_refuses_what_is_no_table(self):
        with tempfile.TemporaryDirectory() as target:
            path = os.path.join(target, "table.inc")
            result = self.run_on({}, "--with", path)
            self.assertEqual(result.returncode, 3)
            with open(path, "w", encoding="utf-8") as table:
                table.write("int main() {}\n")
            result = self.run_on({}, "--with", path)
            self.assertEqual(result.returncode, 3)
            self.assertIn("is not a table of sites", result.stderr)

    def test_leaves_an_equal_table_untouched(self):
        with tempfile.TemporaryDirectory() as target:
            output = os.path.join(target, "generated", "sites.inc")
            files = {"engine/a.cc": 'BEACH_SOMETIMES("a.x", true);'}
            self.assertEqual(self.run_on(files, "--output", output).returncode, 0)
            os.utime(output, (1, 1))
            self.assertEqual(self.run_on(files, "--output", output).returncode, 0)
            self.assertEqual(os.stat(output).st_mtime, 1)
            files["engine/a.cc"] += 'BEACH_SOMETIMES("a.y", true);'
            self.assertEqual(self.run_on(files, "--output", output).returncode, 0)
            self.assertNotEqual(os.stat(output).st_mtime, 1)


if __name__ == "__main__":
    unittest.main()
