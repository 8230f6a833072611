#!/usr/bin/env bash
# Runs the README: every line of its ```sh blocks, and of those of docs/crash-harness.md (`make test` apart: it is its own step
# of CI and too long to run twice; `make sweep` for a few seconds), and holds its C++ example against
# examples/embed.cc. Exit 1 when a command fails or the texts differ.
set -euo pipefail
cd "$(dirname "$0")/.."
export TIME=${TIME:-5s}
export PATH=$PWD/build/release/bin:$PATH

workspace=$(mktemp -d)
background=
# Whatever it runs in the background ends with it, in order.
leave() {
  [ -z "$background" ] || { kill -TERM "$background" && wait "$background"; } || true
  rm -rf "$workspace"
}
trap leave EXIT

# A line that ends in & is a server: the next one is for when it says that it is there.
serve() {
  (cd "$workspace" && exec $1 </dev/null >served.txt 2>&1) &
  background=$!
  for ((i = 0; i < 300; ++i)); do
    ! grep -q 'Ctrl-C stops' "$workspace/served.txt" 2>/dev/null || return 0
    sleep 0.1
  done
  echo "README: it does not serve: $1" >&2
  cat "$workspace/served.txt" >&2
  return 1
}

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
    *' &') serve "${line% &}" ;;
    make\ *) bash -euo pipefail -c "$line" </dev/null ;;
    *) (cd "$workspace" && bash -euo pipefail -c "$line" </dev/null) ;;
  esac
  count=$((count + 1))
done < <(awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' README.md docs/crash-harness.md)
echo "README: $count commands ran"
[ "$count" -gt 0 ]
