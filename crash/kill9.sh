#!/usr/bin/env bash
# crash/kill9.sh BIN_DIR [WORKSPACE]: a real process with several writing threads is killed with
# kill -9 CYCLES (10) times on one directory; after each kill the database reopens and holds every
# acknowledged write. Exit 1 on a violation.
set -euo pipefail
bin=$1
cycles=${CYCLES:-10}
threads=${THREADS:-8}
workspace=${2:-}
if [ -z "$workspace" ]; then
  workspace=$(mktemp -d)
  trap 'rm -rf "$workspace"' EXIT
fi
mkdir -p "$workspace"
data=$workspace/data
acks=$workspace/acks
: >"$acks"

for ((cycle = 1; cycle <= cycles; cycle++)); do
  before=$(wc -l <"$acks")
  "$bin/kill9_worker" write "$data" "$threads" >>"$acks" &
  worker=$!
  # Die at a different moment each time: 0.2 to 1.1 s in, recovery included.
  sleep "0.$((cycle * 37 % 9 + 2))"
  if ! kill -9 "$worker" 2>/dev/null; then
    wait "$worker" || echo "cycle $cycle: the worker ended by itself with exit code $?" >&2
    exit 1
  fi
  wait "$worker" 2>/dev/null || true
  after=$(wc -l <"$acks")
  [ "$after" -gt "$before" ] || echo "cycle $cycle: killed before the first acknowledgement"
  printf 'cycle %d: %d acknowledged, killed; ' "$cycle" "$((after - before))"
  "$bin/kill9_worker" check "$data" "$acks"
done
[ -s "$acks" ] || { echo "nothing was ever acknowledged: the run proved nothing" >&2; exit 1; }
"$bin/beachdb" verify "$data"
