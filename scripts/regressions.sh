#!/usr/bin/env bash
# Replays every artifact of FOLDER. One whose failure no longer shows along its recording is fine; one
# that ends well but has left the recording before its failure is told and counted apart, since it no
# longer tests what it was kept for; one that fails is an error.
#   scripts/regressions.sh [BEACHSIM [FOLDER]]
set -uo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
beachsim=${1:-$top/build/release/bin/beachsim}
folder=${2:-$top/artifacts/regressions}
fine=0
diverged=0
failed=0
for artifact in "$folder"/*.json; do
  [ -e "$artifact" ] || continue
  text=$("$beachsim" replay "$artifact" 2>&1)
  code=$?
  if [ "$code" -ne 0 ]; then
    failed=$((failed + 1))
    printf '%s: FAILED (exit %s)\n%s\n' "$artifact" "$code" "$text"
  elif grep -q '^diverged_at' <<<"$text"; then
    diverged=$((diverged + 1))
    printf '%s: diverged\n%s\n' "$artifact" "$(grep -A1 -E '^(decisions|diverged_at) ' <<<"$text")"
  else
    fine=$((fine + 1))
  fi
done
echo "$((fine + diverged + failed)) regressions: $fine no longer fail, $diverged diverged, $failed failed"
[ "$failed" -eq 0 ]
