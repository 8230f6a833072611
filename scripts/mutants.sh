#!/usr/bin/env bash
# scripts/mutants.sh [NAME...]: plants the bugs of sim/mutants/*.patch one at a time in a scratch copy,
# sweeps RANGES (5) fresh ranges of up to SEEDS (200) seeds each, and prints how many seeds it took until
# the bug was reported, by which signature, how often its line was reached, and whether the artifact
# replays with the same signature. Exit 1 when a bug is missed in some range or does not replay.
set -euo pipefail
cd "$(dirname "$0")/.."
seeds=${SEEDS:-200}
ranges=${RANGES:-5}
start=${START:-$(date +%s)000}
jobs=${JOBS:-$(nproc)}
tree=build/mutants/tree
out=build/mutants/results
mkdir -p "$tree" "$out"

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for patch in sim/mutants/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi

# The tracked files alone; equal ones keep their time, so that builds stay incremental.
refresh() {
  git ls-files -z | while IFS= read -r -d '' file; do
    [ -e "$file" ] || continue
    cmp -s "$file" "$tree/$file" && continue
    mkdir -p "$tree/$(dirname "$file")"
    cp "$file" "$tree/$file"
  done
}

printf '%-30s %-7s %-14s %-8s %-8s %s\n' bug found 'median seeds' reached replays signature
missed=0
for name in "${names[@]}"; do
  refresh
  patch -s -d "$tree" -p1 <"sim/mutants/$name.patch"
  cmake -S "$tree" -B build/mutants/build -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
  cmake --build build/mutants/build --parallel "$jobs" --target beachsim >"$out/$name.build.txt" 2>&1 ||
    { echo "$name: does not build, see $out/$name.build.txt" >&2; exit 3; }
  beachsim=build/mutants/build/bin/beachsim
  took=()
  found=0
  replays=0
  signature=-
  for ((range = 0; range < ranges; range++)); do
    first=$((start + range * 1000000))
    report=$out/$name.$range.json
    "$beachsim" sweep engine-crash --seeds "$first..$((first + seeds))" --jobs "$jobs" --json \
      --artifacts "$out/$name" >"$report" 2>/dev/null || true
    read -r n signature_here artifact < <(python3 -c '
import json, sys
report = json.load(open(sys.argv[1]))
failures = report["failures"]
print(report["seeds"], failures[0]["signature"].replace(" ", "_") if failures else "-",
      failures[0]["artifact"] if failures else "-")' "$report")
    if [ "$artifact" = - ]; then
      took+=("$((seeds + 1))")
      continue
    fi
    found=$((found + 1))
    took+=("$n")
    signature=$signature_here
    code=0
    "$beachsim" replay "$artifact" >/dev/null 2>&1 || code=$?
    [ "$code" -eq 1 ] && replays=$((replays + 1))
  done
  reached=$(python3 -c '
import json, sys
print(sum(count for path in sys.argv[1:] for site, count in json.load(open(path))["sometimes"].items()
          if site.startswith("mutant.")))' "$out/$name".*.json)
  median=$(printf '%s\n' "${took[@]}" | sort -n | sed -n "$(((ranges + 1) / 2))p")
  printf '%-30s %-7s %-14s %-8s %-8s %s\n' "$name" "$found/$ranges" "$median" "$reached" \
    "$replays/$found" "$signature"
  if [ "$found" -lt "$ranges" ] || [ "$replays" -lt "$found" ]; then missed=$((missed + 1)); fi
done
echo "$missed of ${#names[@]} bugs missed or not replayed"
[ "$missed" -eq 0 ]
