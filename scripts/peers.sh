#!/usr/bin/env bash
# scripts/peers.sh [JOBS]: builds RocksDB and LevelDB from Debian's source packages into build/peers, once: about nine
# minutes on one core, at low priority. CMake takes what lies there in place of the packaged libraries, at its next run.
# Why: Debian builds both with assertions on and without instructions for CRC32C, which costs them up to half their
# speed. Here both get -O2 -DNDEBUG -march=native and CRC32C by SSE4.2 (LevelDB's by isa-l, as BeachDB has it).
# Sources come by `apt-get source` with lists of its own in build/peers: /etc/apt stays as it is, no root is needed.
# DEBIAN_MIRROR, DEBIAN_SUITE: where from. Exit 3 when a tool is missing or the archive cannot be reached.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${1:-1}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
suite=${DEBIAN_SUITE:-bookworm}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
peers=$PWD/build/peers
flags='-O2 -DNDEBUG -march=native'

fail() { echo "peers.sh: $1" >&2; exit 3; }
for tool in apt-get dpkg-source cmake ninja c++; do
  command -v "$tool" >/dev/null || fail "needs $tool: run make peers"
done
[ -e "$keyring" ] || fail "needs $keyring: apt-get install debian-archive-keyring"

apt() {
  apt-get -qq -o Dir::Etc::SourceList="$peers/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$peers/apt/lists" -o Dir::Cache="$peers/apt/cache" -o APT::Sandbox::User= "$@"
}

# Unpacks the source package $1 as build/peers/source/$1.
fetch() {
  [ -d "$peers/source/$1" ] && return
  mkdir -p "$peers/apt/lists/partial" "$peers/apt/cache/archives/partial" "$peers/source"
  echo "deb-src [signed-by=$keyring] $mirror $suite main" >"$peers/apt/sources.list"
  [ -e "$peers/apt/updated" ] || { apt update || fail "cannot reach $mirror"; touch "$peers/apt/updated"; }
  (cd "$peers/source" && apt source --download-only "$1") || fail "cannot fetch the sources of $1"
  dpkg-source --no-check -x "$peers/source/$1"_*.dsc "$peers/source/$1.partial" >/dev/null
  mv "$peers/source/$1.partial" "$peers/source/$1"
}

# build NAME OPTION...: the static library of source package NAME; BUILD says what it is and ends the work on it.
build() {
  local name=$1
  shift
  if [ -e "$peers/$name/BUILD" ]; then
    echo "peers.sh: $name is built: $(cat "$peers/$name/BUILD")" >&2
    return
  fi
  fetch "$name"
  local version
  version=$(basename "$peers/source/$name"_*.dsc .dsc)
  echo "peers.sh: building ${version/_/ }" >&2
  nice -n 15 cmake -S "$peers/source/$name" -B "$peers/objects/$name" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_FLAGS_RELEASE="$flags" -DCMAKE_C_FLAGS_RELEASE="$flags" "$@" >"$peers/$name.log" 2>&1 &&
    nice -n 15 ninja -C "$peers/objects/$name" -j "$jobs" "$name" >>"$peers/$name.log" 2>&1 ||
    fail "$name does not build: $peers/$name.log"
  mkdir -p "$peers/$name"
  cp -r "$peers/source/$name/include" "$peers/objects/$name/lib$name.a" "$peers/$name/"
  echo "${version#*_} built with $flags, $(c++ -dumpfullversion)" >"$peers/$name/BUILD"
  echo "peers.sh: $name: $(cat "$peers/$name/BUILD")" >&2
}

# LevelDB asks for a library "crc32c" that Debian does not have.
mkdir -p "$peers/crc32c/crc32c"
header=$peers/crc32c/crc32c/crc32c.h
cat >"$header.new" <<'HEADER'
#pragma once
#include <immintrin.h>
#include <isa-l/crc.h>
#include <cstddef>
#include <cstdint>
namespace crc32c {
inline uint32_t Extend(uint32_t crc, const uint8_t* data, size_t size) {
  const uint32_t state = crc32_iscsi(const_cast<unsigned char*>(data), static_cast<int>(size), ~crc);
#ifdef __AVX__
  _mm256_zeroupper();  // isa-l does not, and all that follows would be slow
#endif
  return ~state;
}
}  // namespace crc32c
HEADER
cmp -s "$header.new" "$header" || rm -rf "$peers/leveldb" "$peers/objects/leveldb"  # made with another one
mv "$header.new" "$header"

build leveldb -DLEVELDB_BUILD_TESTS=OFF -DLEVELDB_BUILD_BENCHMARKS=OFF -DLEVELDB_INSTALL=OFF \
  -DHAVE_CRC32C=1 -DHAVE_SNAPPY=0 -DHAVE_TCMALLOC=0 -DCMAKE_CXX_FLAGS="-isystem $peers/crc32c"
build rocksdb -DROCKSDB_BUILD_SHARED=OFF -DWITH_TESTS=OFF -DWITH_BENCHMARK_TOOLS=OFF -DWITH_CORE_TOOLS=OFF \
  -DWITH_TOOLS=OFF -DWITH_GFLAGS=OFF -DWITH_LIBURING=OFF -DWITH_LZ4=ON -DUSE_RTTI=ON -DFAIL_ON_WARNINGS=OFF
