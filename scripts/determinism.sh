#!/usr/bin/env bash
# The same seed gives the same hash whatever built it: release, asan and Clang are compared, seed by
# seed, for every scenario. SEEDS (default 0..40) and PRESETS may be set.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${1:-$(nproc)}
presets=${PRESETS:-"release asan clang"}
seeds=${SEEDS:-0..40}
first=${seeds%..*}
last=${seeds#*..}

for preset in $presets; do scripts/build.sh "$preset" "$jobs" >/dev/null; done

scenarios=$(build/release/bin/beachsim scenarios --json |
  python3 -c 'import json,sys; print(*[s["name"] for s in json.load(sys.stdin)["scenarios"]])')
differing=0
compared=0
for scenario in $scenarios; do
  for ((seed = first; seed < last; seed++)); do
    reference=
    for preset in $presets; do
      hash=$("build/$preset/bin/beachsim" run "$scenario" --seed "$seed" --json |
        python3 -c 'import json,sys; print(json.load(sys.stdin)["hash"])') || true
      [ -n "$hash" ] || { echo "$scenario seed $seed: $preset gave no hash" >&2; exit 1; }
      reference=${reference:-$hash}
      if [ "$hash" != "$reference" ]; then
        echo "$scenario seed $seed: $preset gives $hash, ${presets%% *} gives $reference" >&2
        differing=$((differing + 1))
      fi
      compared=$((compared + 1))
    done
  done
done
echo "determinism: $compared runs over [$presets], $differing differing"
[ "$differing" -eq 0 ]
