#!/usr/bin/env bash
# The same seed gives the same hash, verdict and count of events whatever built it: release, asan and
# Clang are compared, seed by seed, for every scenario. SEEDS (default 0..40) and PRESETS may be set;
# with SKIP_BUILD=1 what stands in build/ is compared.
# Exit 1: a difference. Exit 3: a build or a run that gave no verdict.
set -uo pipefail
cd "$(dirname "$0")/.."
jobs=${1:-$(nproc)}
presets=${PRESETS:-"release asan clang"}
seeds=${SEEDS:-0..40}
first=${seeds%..*}
last=${seeds#*..}
out=build/determinism
rm -rf "$out"
mkdir -p "$out"

for preset in $presets; do
  [ -n "${SKIP_BUILD:-}" ] || scripts/build.sh "$preset" "$jobs" >/dev/null || exit 3
done

scenarios=$("build/${presets%% *}/bin/beachsim" scenarios --json |
  python3 -c 'import json,sys; print(*[s["name"] for s in json.load(sys.stdin)["scenarios"]])') || exit 3
[ -n "$scenarios" ] || { echo "there are no scenarios" >&2; exit 3; }

# One file for each run, several at a time; a run that fails (exit 1) has a verdict like any other.
for preset in $presets; do
  for scenario in $scenarios; do
    for ((seed = first; seed < last; seed++)); do
      printf '%s\0%s\0%s\0' "$preset" "$scenario" "$seed"
    done
  done
done | xargs -0 -n 3 -P "$jobs" sh -c '"build/$1/bin/beachsim" run "$2" --seed "$3" --json \
  >"'"$out"'/$1:$2:$3.json" 2>/dev/null || true' run

python3 - "$out" "$presets" "$scenarios" "$first" "$last" <<'PYTHON'
import json, sys
out, presets, scenarios = sys.argv[1], sys.argv[2].split(), sys.argv[3].split()
compared = differing = silent = 0
for scenario in scenarios:
    for seed in range(int(sys.argv[4]), int(sys.argv[5])):
        reference = None
        for preset in presets:
            try:
                with open(f"{out}/{preset}:{scenario}:{seed}.json", encoding="utf-8") as file:
                    run = json.load(file)
                found = (run["verdict"], run["hash"], run["events"])
            except (OSError, ValueError, KeyError):
                print(f"{scenario} seed {seed}: {preset} gave no verdict", file=sys.stderr)
                silent += 1
                continue
            compared += 1
            reference = reference or found
            if found != reference:
                print(f"{scenario} seed {seed}: {preset} gives {found}, another {reference}", file=sys.stderr)
                differing += 1
print(f"determinism: {compared} runs over {presets}, {differing} differing, {silent} without a verdict")
sys.exit(1 if differing else 3 if silent or not compared else 0)
PYTHON
