#!/usr/bin/env bash
# scripts/build.sh PRESET [JOBS]: configures where needed and builds, quietly unless it fails.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
jobs=${2:-$(nproc)}

if ! configure=$(cmake --preset "$preset" 2>&1); then
  printf '%s\n' "$configure" >&2
  exit 3
fi
cmake --build --preset "$preset" --parallel "$jobs"
