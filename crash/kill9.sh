#!/usr/bin/env bash
# crash/kill9.sh BIN_DIR [WORKSPACE]: a real process with THREADS (8) writing threads is killed with kill -9
# CYCLES (10) times on one directory, writing with sync and without in turn, and after each kill once more while
# it recovers. Each time the database must reopen and hold every acknowledged write: a process crash takes none,
# synced or not. Exit 0 all held, 1 a violation (the data are kept), 3 the worker could not run.
set -euo pipefail
bin=$1
cycles=${CYCLES:-10}
threads=${THREADS:-8}
workspace=${2:-$(mktemp -d)}
temporary=${2:+no}
mkdir -p "$workspace"
data=$workspace/data
acks=$workspace/acks
: >"$acks"
began=$EPOCHREALTIME

finish() {
  local code=$?
  jobs -p | xargs -r kill -9 2>/dev/null || true
  if [ "$code" -eq 1 ]; then
    echo "kill9: VIOLATION; see $data and $acks"
  elif [ -z "$temporary" ]; then
    rm -rf "$workspace"
  fi
}
trap finish EXIT

# die PID: kills it, without a word from the shell. Fails when it had ended by itself.
die() {
  local code=0
  kill -9 "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || code=$?
  [ "$code" -eq 137 ]
}

acknowledged() { wc -l <"$acks"; }

for ((cycle = 1; cycle <= cycles; cycle++)); do
  before=$(acknowledged)
  # Lazy writes are many: they get a tenth of the time.
  kind=sync
  delay=0.$((cycle * 37 % 9 + 1))
  if ((cycle % 2 == 0)); then
    kind=lazy
    delay=0.0${delay#0.}
  fi
  "$bin/kill9_worker" $kind "$data" "$threads" >>"$acks" &
  worker=$!
  # It is writing before its time runs: a slow machine kills it no sooner.
  for ((tries = 0; tries < 1500 && $(acknowledged) == before; tries++)); do
    kill -0 "$worker" 2>/dev/null || break
    sleep 0.02
  done
  sleep "$delay"
  if ! die "$worker"; then
    echo "cycle $cycle: the writer ended by itself, not by our kill" >&2
    exit 3
  fi
  after=$(acknowledged)
  if [ "$after" -eq "$before" ]; then
    echo "cycle $cycle: nothing was acknowledged within 30 s" >&2
    exit 3
  fi

  # Recovery may be killed too, at its first moments or never: it may be done sooner.
  "$bin/kill9_worker" check "$data" "$acks" >/dev/null 2>&1 &
  checker=$!
  sleep "0.00$((cycle * 7 % 10))"
  again=''
  if die "$checker"; then again=' and again while reopening'; fi

  printf 'cycle %2d: %6d %s writes acknowledged, killed%s: ' \
    "$cycle" "$((after - before))" "$kind" "$again"
  "$bin/kill9_worker" check "$data" "$acks" 2>&1 || exit 1
done

"$bin/beachdb" verify "$data" || exit 1
awk -v began="$began" -v ended="$EPOCHREALTIME" -v cycles="$cycles" -v count="$(acknowledged)" 'BEGIN {
  printf "kill9: none of %d acknowledged writes lost in %d kills, %.1f s\n", count, cycles, ended - began }'
