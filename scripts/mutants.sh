#!/usr/bin/env bash
# scripts/mutants.sh [NAME...]: plants the bugs of sim/mutants/*.patch one at a time in a scratch copy,
# sweeps RANGES (5) fresh ranges of up to SEEDS (200) seeds each, and prints how many seeds it took until
# the bug was reported, by which signature, how often its line was reached, and whether the artifact
# replays with the same signature. Reports count only if the planted line was reached at all. The tree
# without a bug is swept first, and must be clean. SHARD=K/N: only each N-th bug, from the K-th.
# Exit 1: a bug is missed in some range or does not replay. Exit 3: a patch does not apply, something
# does not build, the unpatched tree fails, or a sweep gives no report.
set -euo pipefail
cd "$(dirname "$0")/.."
seeds=${SEEDS:-200}
ranges=${RANGES:-5}
start=${START:-$(date +%s)000}
jobs=${JOBS:-$(nproc)}
shard=${SHARD:-1/1}
tree=build/mutants/tree
out=build/mutants/results

die() {
  echo "$*" >&2
  exit 3
}

[[ $shard =~ ^([1-9][0-9]*)/([1-9][0-9]*)$ ]] || { echo "SHARD=$shard is not like 1/4" >&2; exit 2; }
shard_index=${BASH_REMATCH[1]}
shard_count=${BASH_REMATCH[2]}
[ "$shard_index" -le "$shard_count" ] || { echo "SHARD=$shard is not like 1/4" >&2; exit 2; }

all=("$@")
if [ ${#all[@]} -eq 0 ]; then
  for patch in sim/mutants/*.patch; do all+=("$(basename "$patch" .patch)"); done
fi
names=()
for i in "${!all[@]}"; do
  [ $((i % shard_count)) -eq $((shard_index - 1)) ] && names+=("${all[$i]}")
done
[ ${#names[@]} -gt 0 ] || die "shard $shard has none of the ${#all[@]} bugs"
for name in "${names[@]}"; do [ -e "sim/mutants/$name.patch" ] || die "there is no bug '$name'"; done

rm -rf "$out"
mkdir -p "$tree" "$out"

# The tracked files alone; equal ones keep their time, so that builds stay incremental, and what is no
# longer tracked, or a patch has added, goes.
refresh() {
  git ls-files -z | while IFS= read -r -d '' file; do
    [ -e "$file" ] || continue
    cmp -s "$file" "$tree/$file" && continue
    mkdir -p "$tree/$(dirname "$file")"
    cp "$file" "$tree/$file"
  done
  comm -z -13 <(git ls-files -z | sort -z) <(cd "$tree" && find . -type f -printf '%P\0' | sort -z) |
    while IFS= read -r -d '' file; do rm "$tree/$file"; done
}

build() {
  cmake -S "$tree" -B build/mutants/build -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null &&
    cmake --build build/mutants/build --parallel "$jobs" --target beachsim >"$out/$1.build.txt" 2>&1 ||
    die "$1: does not build, see $out/$1.build.txt"
}

# sweep NAME RANGE: its report is $out/NAME.RANGE.json.
sweep() {
  local first=$((start + $2 * 1000000)) code=0
  "$beachsim" sweep engine-crash --seeds "$first..$((first + seeds))" --jobs "$jobs" --json \
    --artifacts "$out/$1" >"$out/$1.$2.json" 2>"$out/$1.$2.txt" || code=$?
  [ "$code" -le 1 ] || die "$1: the sweep from $first ended with exit code $code, see $out/$1.$2.txt"
}

beachsim=build/mutants/build/bin/beachsim
refresh
build control
sweep control 0
python3 -c 'import json, sys; sys.exit(len(json.load(open(sys.argv[1]))["failures"]) != 0)' \
  "$out/control.0.json" || die "the tree without a bug fails, see $out/control.0.json"

printf '%-30s %-7s %-14s %-8s %-8s %s\n' bug found 'median seeds' reached replays signature
missed=0
for name in "${names[@]}"; do
  refresh
  patch -s -d "$tree" -p1 --no-backup-if-mismatch <"sim/mutants/$name.patch" >"$out/$name.patch.txt" ||
    die "$name: does not apply, see $out/$name.patch.txt"
  build "$name"
  took=()
  found=0
  replays=0
  reached=0
  signature=-
  for ((range = 0; range < ranges; range++)); do
    sweep "$name" "$range"
    read -r n reached_here signature_here artifact < <(python3 -c '
import json, sys
report = json.load(open(sys.argv[1]))
failures = report["failures"]
reached = sum(n for site, n in report["sometimes"].items() if site.startswith("mutant."))
print(report["seeds"], reached, failures[0]["signature"].replace(" ", "_") if failures else "-",
      failures[0]["artifact"] if failures else "-")' "$out/$name.$range.json") ||
      die "$name: no report in $out/$name.$range.json"
    reached=$((reached + reached_here))
    # A run that dies tells no counts, and the control shows that nothing else makes it die.
    case $signature_here in - | engine-crash/*) died=0 ;; *) died=1 ;; esac
    if [ "$artifact" = - ] || [ "$reached_here$died" = 00 ]; then
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
  median=$(printf '%s\n' "${took[@]}" | sort -n | sed -n "$(((ranges + 1) / 2))p")
  printf '%-30s %-7s %-14s %-8s %-8s %s\n' "$name" "$found/$ranges" "$median" "$reached" \
    "$replays/$found" "$signature"
  if [ "$found" -lt "$ranges" ] || [ "$replays" -lt "$found" ]; then missed=$((missed + 1)); fi
done
echo "$missed of ${#names[@]} bugs missed or not replayed"
[ "$missed" -eq 0 ]
