#!/usr/bin/env bash
# scripts/test.sh PRESET [JOBS]: runs the tests of a built preset. Closes with CTest's summary.
set -euo pipefail
cd "$(dirname "$0")/.."
ctest --test-dir "build/$1" --output-on-failure --parallel "${2:-$(nproc)}" --no-tests=error
