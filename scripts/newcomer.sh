#!/usr/bin/env bash
# A newcomer's path, from an empty prefix: installs a built tree, moves the prefix elsewhere, and builds
# against it in a directory outside of the tree. Exit 1 when anything is not as the documents say.
#   scripts/newcomer.sh [BUILD]     BUILD: a built tree (build/release)
#   KEEP=DIR: works there, and leaves it. CXX, JOBS: for what is built outside.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${1:-$top/build/release}" && pwd)
jobs=${JOBS:-$(nproc)}

if [ -n "${KEEP:-}" ]; then
  mkdir -p "$KEEP" && workspace=$(cd "$KEEP" && pwd)
else
  workspace=$(mktemp -d)
  trap 'rm -rf "$workspace"' EXIT
fi
prefix=$workspace/prefix

die() {
  echo "newcomer: $*" >&2
  exit 1
}

# Lines of the files of the tree, and their times: what is done here must not touch any.
tree_state() { (cd "$top" && git ls-files -z | xargs -0 stat -c '%n %s %Y' -- 2>/dev/null; git -C "$top" status --porcelain); }

# outside FOLDER TARGETS...: configures and builds it against the prefix.
outside() {
  local folder=$1
  shift
  local log=$folder/log.txt
  cmake -S "$folder" -B "$folder/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_PREFIX_PATH="$prefix" >"$log" 2>&1 && cmake --build "$folder/build" --parallel "$jobs" --target "$@" >>"$log" 2>&1 ||
    { cat "$log" >&2; die "$folder does not build against the installed packages"; }
  # Not even by accident from the tree that was installed.
  if ninja -C "$folder/build" -t deps 2>/dev/null | grep -F "$top/"; then
    die "$folder includes files of the source tree"
  fi
}

# The block of a document in the language LANGUAGE that has PATTERN in it.
block() { # FILE LANGUAGE PATTERN
  awk -v fence="\`\`\`$2" -v pattern="$3" '
    $0 == fence { on = 1; text = ""; next }
    /^```$/ && on { on = 0; if (text ~ pattern) { printf "%s", text; exit } }
    on { text = text $0 "\n" }' "$1"
}

step() { echo "newcomer: $*"; }

before=$(tree_state)

step "install, and move what was installed"
rm -rf "$workspace/installed" "$prefix"
cmake --install "$build" --prefix "$workspace/installed" >"$workspace/install.txt"
if grep -rlF -e "$top" -e "$build" -e "$workspace" "$workspace/installed"; then
  die "these name a path of this machine's trees"
fi
if grep -rnE '[";]/(usr|opt|home|root)/' "$workspace/installed/lib/cmake"; then
  die "these name a library by where it lies on this machine"
fi
mv "$workspace/installed" "$prefix"

step "every installed header by itself"
headers=$workspace/headers
rm -rf "$headers" && mkdir -p "$headers"
cat >"$headers/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(headers CXX)
find_package(BeachSim 0.1 REQUIRED)
find_package(BeachDB 0.1 REQUIRED)
file(GLOB sources *.cc)
add_library(headers OBJECT ${sources})
target_compile_options(headers PRIVATE -Wall -Wextra -Werror)
target_link_libraries(headers PRIVATE Beach::sim_cli Beach::oracle Beach::env_os Beach::engine)
END
(cd "$prefix/include/beach" && find . -name '*.h' | sed 's|^\./||' | sort) >"$headers/list.txt"
while IFS= read -r header; do
  echo "#include \"$header\"" >"$headers/$(tr '/.' '__' <<<"$header").cc"
done <"$headers/list.txt"
outside "$headers" headers
[ "$(wc -l <"$headers/list.txt")" -gt 40 ] || die "there are too few headers in $prefix"

step "the database in a program of one's own (examples/README.md)"
embed=$workspace/embed
rm -rf "$embed" && mkdir -p "$embed"
cp "$top/examples/embed.cc" "$embed/"
block "$top/examples/README.md" cmake 'find_package.BeachDB' >"$embed/CMakeLists.txt"
outside "$embed" embed
[ "$("$embed/build/embed" "$embed/data")" = 'tide is high' ] || die "embed says something else"
[ "$("$prefix/bin/beachdb" cli --data "$embed/data" get tide)" = high ] || die "beachdb reads something else"
"$prefix/bin/beachsim" scenarios >/dev/null

step "docs/tutorial.md"
home=$workspace/home
rm -rf "$home" && mkdir -p "$home"
cp -r "$top/examples" "$home/examples"
"$top/scripts/tutorial.py" "$top/docs/tutorial.md" --sources "$top/examples/journaled_queue" \
  --home "$home" --prefix "$prefix" || die "docs/tutorial.md is not what happens"
queue=$home/queue
[ "$(grep -c '"id":' "$queue/small.json")" -le 6 ] || die "the failure of the tutorial does not shrink well"
grep -qi '<html' "$queue/small.html" || die "timeline made no page"

step "docs/tutorial-network.md"
"$top/scripts/tutorial.py" "$top/docs/tutorial-network.md" --sources "$top/examples/mirrored_log" \
  --home "$home" --prefix "$prefix" || die "docs/tutorial-network.md is not what happens"
[ "$(grep -c '"id":' "$home/mirror/small.json")" -le 6 ] || die "the failure of two machines does not shrink well"

step "a library that goes behind the seams' back is told so"
astray=$workspace/astray
rm -rf "$astray" && cp -r "$top/examples/journaled_queue" "$astray"
cat >>"$astray/queue.cc" <<'END'
#include <mutex>
int calls = 0;
int Astray(std::mutex& mutex) {
  const std::lock_guard<std::mutex> lock(mutex);
  return ++calls;
}
END
outside "$astray" queue
ctest --test-dir "$astray/build" --output-on-failure >"$astray/ctest.txt" 2>&1 && die "beach_seams_test lets a std::mutex pass"
grep -q 'pthread_mutex_lock' "$astray/ctest.txt" || die "beach_seams_test does not name the mutex"
grep -q '2 tests failed' "$astray/ctest.txt" || die "beach_seams_test lets a global variable pass"

[ "$(tree_state)" = "$before" ] || die "the source tree was changed"
echo "newcomer: all as the documents say"
