#!/usr/bin/env bash
# Runs the README: every line of its ```sh blocks, and of those of docs/crash-harness.md (`make test` apart: it is its own step
# of CI and too long to run twice; `make sweep` for a few seconds), and holds its C++ example against
# examples/embed.cc. Exit 1 when a command fails or the texts differ.
set -euo pipefail
cd "$(dirname "$0")/.."
export TIME=${TIME:-5s}
export PATH=$PWD/build/release/bin:$PATH

workspace=$(mktemp -d)
trap 'rm -rf "$workspace"' EXIT

awk '/^```cpp$/ { on = 1; next } /^```$/ { on = 0 } on' README.md >"$workspace/readme.cc"
tail -n +2 examples/embed.cc >"$workspace/embed.cc"
diff -u "$workspace/embed.cc" "$workspace/readme.cc" ||
  { echo "README.md: the C++ example is not examples/embed.cc; copy it" >&2; exit 1; }
"$PWD/build/release/bin/embed" "$workspace/example" | grep -q 'tide is high'

# A command may leave data where it runs: give it a place, but make wants the project's.
count=0
while IFS= read -r line; do
  case "$line" in '' | '#'* | 'make test' | git\ clone* | cd\ *) continue ;; esac
  echo "README: $line"
  case "$line" in
    make\ *) bash -euo pipefail -c "$line" </dev/null ;;
    *) (cd "$workspace" && bash -euo pipefail -c "$line" </dev/null) ;;
  esac
  count=$((count + 1))
done < <(awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' README.md docs/crash-harness.md)
echo "README: $count commands ran"
[ "$count" -gt 0 ]
