#!/usr/bin/env bash
# The same seed gives the same hash, verdict and count of events whatever built it: GCC and Clang, each
# without optimization and with all of it, what ships, and the build under the sanitizers are compared,
# seed by seed, for every scenario. SEEDS (default 0..100) and PRESETS may be set; with SKIP_BUILD=1 what
# stands in build/ is compared. Where two builds part is shown for the first seed that differs.
# Exit 1: a difference. Exit 3: a build or a sweep that did not come to its end.
set -uo pipefail
cd "$(dirname "$0")/.."
jobs=${1:-$(nproc)}
presets=${PRESETS:-"release gcc-o0 gcc-o3 clang-o0 clang-o3 asan"}
seeds=${SEEDS:-0..100}
out=build/determinism
rm -rf "$out"
mkdir -p "$out"

for preset in $presets; do
  [ -n "${SKIP_BUILD:-}" ] || scripts/build.sh "$preset" "$jobs" --target beachsim >"$out/$preset.build.txt" 2>&1 || {
    tail -n 20 "$out/$preset.build.txt" >&2
    exit 3
  }
done

reference=${presets%% *}
scenarios=$("build/$reference/bin/beachsim" scenarios --json |
  python3 -c 'import json,sys; print(*[s["name"] for s in json.load(sys.stdin)["scenarios"]])') || exit 3
[ -n "$scenarios" ] || { echo "there are no scenarios" >&2; exit 3; }

compared=0
differing=0
for scenario in $scenarios; do
  for preset in $presets; do
    "build/$preset/bin/beachsim" sweep "$scenario" --seeds "$seeds" --jobs "$jobs" --keep-going --cpu-limit 600 \
      --artifacts "" --hashes "$out/$scenario.$preset" >"$out/$scenario.$preset.txt" 2>&1
    code=$?
    # A seed that fails (1) has a hash like any other.
    [ "$code" -le 1 ] && [ -s "$out/$scenario.$preset" ] || {
      echo "$scenario: $preset came to no end (exit $code)" >&2
      tail -n 3 "$out/$scenario.$preset.txt" >&2
      exit 3
    }
    compared=$((compared + $(wc -l <"$out/$scenario.$preset")))
    different=$(diff "$out/$scenario.$reference" "$out/$scenario.$preset" | grep -c '^<')
    [ "$different" -eq 0 ] && continue
    differing=$((differing + different))
    seed=$(diff "$out/$scenario.$reference" "$out/$scenario.$preset" | awk '/^</ { print $3 + 0; exit }')
    echo "$scenario: $different seeds differ between $reference and $preset, the first is $seed" >&2
    "build/$reference/bin/beachsim" run "$scenario" --seed "$seed" --against "build/$preset/bin/beachsim" >&2
  done
done
echo "determinism: $compared runs over $presets, $differing differing"
[ "$differing" -eq 0 ]
