#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/demo/lsm.html of page/* and a recording.

    make.py RECORDER [--output FILE]     records anew, with RECORDER (build/release/test/demo_record)
    make.py --keep [--output FILE]       with the recording that is in the page now

Exit code 1: the recorder failed; 2: usage, or a part of the page is not as it must be.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1] / "tools"))
import page_parts

SCRIPTS = ("model.js", "words.js", "draw.js", "main.js")
PAGE = FOLDER / "lsm.html"


def record(recorder):
    """The lines of a run in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([recorder, str(pathlib.Path(folder) / "db")], capture_output=True,
                              text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{recorder}: exit code {done.returncode}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def recording_of(page):
    return json.loads(re.search(r'id="data">\n(.*?)</script>', page, re.S).group(1))


def page_of(lines):
    folder = FOLDER / "page"
    before, after = page_parts.parts(folder / "page.html", folder / "page.css",
                                     [folder / name for name in SCRIPTS])
    return before + page_parts.as_data(lines) + after


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recorder", nargs="?")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--output", type=pathlib.Path, default=PAGE)
    arguments = parser.parse_args()
    if arguments.keep == (arguments.recorder is not None):
        parser.error("either RECORDER or --keep")
    try:
        lines = recording_of(PAGE.read_text(encoding="ascii")) if arguments.keep else record(arguments.recorder)
        arguments.output.write_text(page_of(lines), encoding="ascii")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
