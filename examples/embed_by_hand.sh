#!/usr/bin/env bash
# examples/embed_by_hand.sh [CXX [SOURCES [LIBRARIES]]]: compiles the example with the one command that an
# embedding program needs, and runs it.
set -euo pipefail
compiler=${1:-g++}
root=${2:-$(cd "$(dirname "$0")/.." && pwd)}
libraries=${3:-$root/build/release/lib}

workspace=$(mktemp -d)
trap 'rm -rf "$workspace"' EXIT
"$compiler" -std=c++23 -I "$root" "$root/examples/embed.cc" -o "$workspace/embed" \
  -L "$libraries" -lbeach_engine -lbeach_env_os -lbeach_base -lfmt -lisal -llz4 -lzstd -luring
answer=$("$workspace/embed" "$workspace/data")
echo "$answer"
[ "$answer" = 'tide is high' ]
