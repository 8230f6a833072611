#!/usr/bin/env bash
# scripts/build.sh PRESET [JOBS [OPTION...]]: configures where needed and builds, quietly unless it fails. Options go
# to `cmake --build`: --target NAME.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
jobs=${2:-$(nproc)}

if ! configure=$(cmake --preset "$preset" 2>&1); then
  printf '%s\n' "$configure" >&2
  exit 3
fi
cmake --build --preset "$preset" --parallel "$jobs" "${@:3}"
