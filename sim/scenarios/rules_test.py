#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every rule that the scenarios and oracle/ can report, and every fault site of a scenario, is in one of the groups
that runs can be made without: else an ablation would say nothing of it.

    rules_test.py BEACHSIM
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# What a run was given, not what it found.
COMPLAINTS = {"bad-workload", "bad-options"}
RULE = re.compile(r'(?:Fail|Wrong|\bEnd|Excuse)\(\s*(?:[a-z]+ \? )?((?:"[a-z][a-z-]*"(?:\s*:\s*)?)+)|\.rule = (?:[a-z]+ \? )?((?:"[a-z][a-z-]*"(?:\s*:\s*)?)+)')
NAMES = re.compile(r'"([a-z][a-z-]*)"')
SITE = re.compile(r'\{\s*"([a-z_]+(?:\.[a-z_]+)+)",\s*kRates')


def sources():
    for folder in ("oracle", "sim", "sim/kernel", "sim/scenarios"):
        for path in sorted((ROOT / folder).glob("*.cc")):
            if not path.name.endswith("_test.cc") and path.name not in ("groups.cc", "oracle_groups.cc"):
                yield path, path.read_text()


def main(beachsim):
    listed = json.loads(subprocess.run([beachsim, "scenarios", "--groups", "--json"], check=True,
                                       capture_output=True).stdout)["groups"]
    members = {member for group in listed for member in group["members"]}
    rules, sites, missing = set(), set(), []
    for path, text in sources():
        for found in RULE.finditer(text):
            for name in NAMES.findall(found[0]):
                rules.add(name)
                if name not in members | COMPLAINTS:
                    missing.append(f"{path.relative_to(ROOT)}: the rule '{name}' is in no group")
        for name in SITE.findall(text):
            sites.add(name)
            if name not in members:
                missing.append(f"{path.relative_to(ROOT)}: the fault '{name}' is in no group")
    print("\n".join(missing))
    stale = {member for group in listed if group["kind"] == "oracle" for member in group["members"]
             if "-" in member} - rules - {"data-race"}
    for name in sorted(stale):
        print(f"the rule '{name}' of a group is reported by nothing")
    # A search that finds nothing would never complain.
    assert len(rules) > 30 and len(sites) > 15, (rules, sites)
    print(f"{len(rules)} rules and {len(sites)} faults looked at")
    return bool(missing or stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
