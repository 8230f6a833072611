#!/usr/bin/env bash
# Two processes of one log on this machine: an append, a kill -9, a change of the leader. Exit code 1
# when anything is not as it should be.
#   two_nodes.sh PROGRAM [PORT]     PROGRAM: mirror_main; PORT and the next one are theirs
set -euo pipefail
program=$(realpath "$1")
port=${2:-$((20000 + $$ % 10000 / 2 * 2))}
folder=$(mktemp -d)
processes=()
trap 'kill -9 "${processes[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT

address() { echo "127.0.0.1:$((port + $1))"; }
serve() { # NODE
  mkdir -p "$folder/$1"
  "$program" serve "$1" "$folder/$1" "$(address "$1")" "$(address $((1 - $1)))" 2>>"$folder/$1.txt" &
  processes[$1]=$!
  disown
}
# At NODE, what: again until it is done, for five seconds.
at() {
  local node=$1 answer
  shift
  for _ in $(seq 50); do
    answer=$("$program" at "$(address "$node")" "$@" 2>>"$folder/clients.txt") && echo "$answer" && return
    sleep 0.1
  done
  echo "two_nodes: node $node does not do this: $*" >&2
  tail "$folder"/*.txt >&2
  exit 1
}

serve 0
serve 1
echo "node 0 appends: $(at 0 append high)"
kill -9 "${processes[0]}"
echo "node 0 is killed, and node 1 has: $(at 1 read 0)"
at 1 lead >/dev/null
if "$program" at "$(address 1)" append alone 2>/dev/null; then
  echo "two_nodes: one node alone appends" >&2
  exit 1
fi
serve 0
echo "node 0 is back, and node 1 appends: $(at 1 append low)"
echo "node 0 has: $(at 0 read 0) $(at 0 read 1)"
