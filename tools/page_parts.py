# SPDX-License-Identifier: Apache-2.0
"""One page, that needs nothing but itself, of small files: markup, style and scripts around data.

In the page, lines that are a mark alone stand for the style, the data and the scripts: @STYLE@,
@DATA@, @SCRIPT@.
"""

import json


def read(path):
    text = path.read_bytes()
    if not text.isascii():
        raise ValueError(f"{path}: write it in ASCII (\\u2026 in a script, &hellip; in a page)")
    return text.decode("ascii")


def parts(page_path, style_path, script_paths):
    """What comes before the data, and what comes after. ValueError: a mark is missing, or a part has
    a byte that is not ASCII or would end the element that it stands in."""
    page = read(page_path)
    style = read(style_path)
    script = "\n".join(read(path) for path in script_paths)
    for text, end in ((style, "</style"), (script, "</script"), (script, "<!--")):
        if end in text:
            raise ValueError(f"a part has {end!r} in it")
    for mark in ("@STYLE@\n", "@DATA@\n", "@SCRIPT@\n"):
        if page.count(mark) != 1:
            raise ValueError(f"{page_path}: wants one line {mark.strip()}")
    page = page.replace("@STYLE@\n", style)
    before, after = page.split("@DATA@\n")
    return before, after.replace("@SCRIPT@\n", "'use strict';\n" + script)


def as_data(lines):
    """JSON, a line for each, that cannot leave its element."""
    rows = ",\n".join(json.dumps(line, separators=(",", ":")) for line in lines)
    return "[\n" + rows.replace("<", "\\u003c") + "\n]\n"
