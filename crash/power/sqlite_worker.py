#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SQLite as a program that loses power, for crash/power/foreign.py.

    sqlite_worker.py write FILE JOURNAL_MODE SYNCHRONOUS   commits transaction 1, 2, ... for ever, four rows
                                                           and a counter each, and prints each acknowledgement
    sqlite_worker.py check FILE                            prints what is there, as one JSON object
"""

import json
import sqlite3
import sys

ROWS = 4


def value(transaction, row):
    return f"{transaction}.{row}." + "x" * ((transaction * 7 + row) * 131 % 900)


def write(path, journal_mode, synchronous):
    database = sqlite3.connect(path, isolation_level=None)
    database.execute(f"pragma journal_mode={journal_mode}")
    database.execute(f"pragma synchronous={synchronous}")
    database.execute("pragma wal_autocheckpoint=20")  # pages: checkpoints come while we look
    database.execute("begin")
    database.execute("create table rows (n integer, row integer, value text, primary key (n, row))")
    database.execute("create table counter (n integer)")
    database.execute("insert into counter values (0)")
    database.execute("commit")
    n = 0
    while True:
        n += 1
        database.execute("begin")
        database.executemany("insert into rows values (?, ?, ?)",
                             [(n, row, value(n, row)) for row in range(ROWS)])
        database.execute("update counter set n = ?", (n,))
        database.execute("commit")
        print(n, flush=True)


def check(path):
    found = {"error": "", "rows": {}, "counter": 0, "wrong": 0}
    try:
        database = sqlite3.connect(path)
        verdict = database.execute("pragma integrity_check").fetchall()
        if verdict != [("ok",)]:
            found["error"] = verdict[0][0]
        tables = {name for (name,) in database.execute("select name from sqlite_master where type='table'")}
        if "rows" in tables:  # else power went before the first transaction
            for n, row, text in database.execute("select n, row, value from rows"):
                if not isinstance(n, int) or text != value(n, row):
                    found["wrong"] += 1
                    continue
                found["rows"][n] = found["rows"].get(n, 0) + 1
            found["counter"] = database.execute("select n from counter").fetchone()[0]
    except (sqlite3.Error, TypeError) as error:
        found["error"] = str(error)
    print(json.dumps(found))


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(*sys.argv[2:5])
    else:
        check(sys.argv[2])
