#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each rule of docs/contract.md is checked by a scenario that says so, and has a bug planted against it that such a
scenario is to find; docs/bug-finding.md lists the planted bugs as they are.

    contract_test.py BEACHSIM
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "scripts"))
import mutants  # noqa: E402


def main(beachsim):
    contract = (ROOT / "docs" / "contract.md").read_text()
    rules = [int(number) for number in re.findall(r"^\| (\d+)\b[^|]*\|", contract, re.MULTILINE)]
    listed = json.loads(subprocess.run([beachsim, "scenarios", "--json"], check=True, capture_output=True).stdout)
    checked = {scenario["name"]: scenario["rules"] for scenario in listed["scenarios"]}
    patches = sorted(mutants.PATCHES.glob("*.patch"))
    wrong = []
    for name, numbers in checked.items():
        if not numbers or numbers != sorted(set(numbers)):
            wrong.append(f"{name}: its rules are {numbers}")
        wrong += [f"{name}: the contract has no rule {number}" for number in numbers if number not in rules]
    for rule in rules:
        if not any(rule in numbers for numbers in checked.values()):
            wrong.append(f"rule {rule}: no scenario checks it")
        if not any(rule in mutants.rules_of(patch) and rule in checked.get(mutants.scenario_of(patch), [])
                   for patch in patches):
            wrong.append(f"rule {rule}: no bug is planted against it in a scenario that checks it")
    for patch in patches:
        wrong += [f"{patch.stem}: the contract has no rule {rule}" for rule in mutants.rules_of(patch)
                  if rule not in rules]
    table = "\n".join(mutants.table([patch.stem for patch in patches]))
    if table not in (ROOT / "docs" / "bug-finding.md").read_text():
        wrong.append("docs/bug-finding.md does not have the table that scripts/mutants.py --list prints")
    print("\n".join(wrong + [f"{len(rules)} rules, {len(checked)} scenarios, {len(patches)} planted bugs"]))
    # A search that finds nothing would never complain.
    return bool(wrong) or len(rules) < 21


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
