#!/usr/bin/env bash
# scripts/preempt.sh PRESET [JOBS]: builds `preempt` or `preempt-clang`, runs its tests, and sweeps seeds of every
# scenario for TIME (60s), or the seeds SEEDS=A..B, a twentieth of them twice. Exit 1: a test failed, a seed failed
# or was not deterministic.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
jobs=${2:-$(nproc)}
if [ -n "${SEEDS:-}" ]; then which=(--seeds "$SEEDS"); else which=(--time "${TIME:-60s}"); fi

scripts/build.sh "$preset" "$jobs"
scripts/test.sh "$preset" "$jobs"
"build/$preset/bin/beachsim" sweep "${which[@]}" --jobs "$jobs" --twice 0.05 --keep-going \
  --artifacts "build/artifacts-$preset"
