#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The disks of a run, saved, listed, made into folders and back; and the database's own tools on them.

    image_test.py BEACHSIM BEACHDB
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BEACHSIM = ""
BEACHDB = ""


class Image(unittest.TestCase):
    def setUp(self):
        self.holder = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.holder.name)

    def tearDown(self):
        self.holder.cleanup()

    def call(self, *arguments, code=0, program=None):
        done = subprocess.run([program or BEACHSIM, *map(str, arguments)], capture_output=True,
                              text=True, timeout=120, cwd=self.folder)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def image(self):
        self.call("run", "engine-crash", "--seed", 1, "--images", "disks")
        images = list((self.folder / "disks").iterdir())
        self.assertEqual(len(images), 1)
        return images[0]

    def test_a_run_leaves_a_disk_that_other_tools_read(self):
        image = self.image()
        entries = json.loads(self.call("image", image, "--json").stdout)["entries"]
        current = next(e["path"] for e in entries if e["path"].endswith("CURRENT"))
        self.call("image", image, "--unpack", "new/unpacked")
        database = self.folder / "new/unpacked" / os.path.dirname(current)
        self.call("verify", database, program=BEACHDB)
        self.call("image", "again.image", "--pack", "new/unpacked")
        for entry in entries:
            if entry["kind"] == "file":
                size = (self.folder / "new/unpacked" / entry["path"]).stat().st_size
                self.assertEqual(size, entry["size_bytes"])
        self.assertEqual(json.loads(self.call("image", "again.image", "--json").stdout)["entries"],
                         entries)

    def test_saving_changes_nothing_and_a_replay_saves_too(self):
        run = ["run", "engine-crash", "--seed", 1, "--json"]
        plain = json.loads(self.call(*run).stdout)
        saved = json.loads(self.call(*run, "--images", "a", "--artifact", "a.json").stdout)
        self.assertEqual(plain, saved)
        self.call("replay", "a.json", "--images", "b")
        names = [path.name for path in (self.folder / "a").iterdir()]
        for name in names:
            self.assertEqual((self.folder / "a" / name).read_bytes(),
                             (self.folder / "b" / name).read_bytes())

    def test_links_come_back_as_links(self):
        tree = self.folder / "tree"
        (tree / "below").mkdir(parents=True)
        (tree / "below/b").write_bytes(b"x" * 3000)
        os.link(tree / "below/b", tree / "c")
        (tree / "empty").write_bytes(b"")
        self.call("image", "t.image", "--pack", tree)
        self.call("image", "t.image", "--unpack", "back")
        back = self.folder / "back"
        self.assertTrue(os.path.samefile(back / "below/b", back / "c"))
        self.assertEqual((back / "c").read_bytes(), b"x" * 3000)
        self.assertEqual((back / "empty").read_bytes(), b"")

    def test_bad_input_is_told(self):
        image = self.image()
        (self.folder / "there").mkdir()
        self.assertIn("there", self.call("image", image, "--unpack", "there", code=3).stderr)
        self.call("image", image, "--unpack", "a", "--pack", "b", code=2)
        self.assertIn("none.image", self.call("image", "none.image", code=3).stderr)
        damaged = bytearray(image.read_bytes())
        damaged[20] ^= 1
        (self.folder / "damaged.image").write_bytes(damaged)
        self.assertIn("damaged.image", self.call("image", "damaged.image", code=1).stderr)
        os.symlink("/etc", self.folder / "there/link")
        self.assertIn("link", self.call("image", "x.image", "--pack", "there", code=3).stderr)


if __name__ == "__main__":
    BEACHSIM, BEACHDB = (os.path.abspath(path) for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1])
