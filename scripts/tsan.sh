#!/usr/bin/env bash
# scripts/tsan.sh [JOBS]: real threads on real files under ThreadSanitizer: the tests below, the stress test for
# ROUNDS (4) rounds. They alone are built: simulated threads are no threads to ThreadSanitizer. Exit 1: a test
# failed or a race was reported.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${1:-$(nproc)}
tests="engine_memtable engine_stress env env_os env_os_conformance raft_disk raft_node raft_transfer server_machine"

if ! configure=$(cmake --preset tsan 2>&1); then
  printf '%s\n' "$configure" >&2
  exit 3
fi
targets=()
for test in $tests; do targets+=("${test}_test"); done
cmake --build --preset tsan --parallel "$jobs" --target "${targets[@]}"
BEACH_STRESS_ROUNDS=${ROUNDS:-4} TSAN_OPTIONS="halt_on_error=1 external_symbolizer_path=$(command -v addr2line)" \
  ctest --test-dir build/tsan --output-on-failure --no-tests=error -R "^(${tests// /|})\$"
