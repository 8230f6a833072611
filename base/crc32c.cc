// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <immintrin.h>
#include <isa-l/crc.h>

namespace beach {
namespace {

// isa-l may leave the upper halves of the vector registers in use. Until they are given up, some
// processors (Ice Lake, Rocket Lake) pay some 150 cycles wherever code changes between AVX and SSE:
// at each copy of libc, for the rest of the thread's life.
[[gnu::target("avx")]] void GiveUpUpperHalves() { _mm256_zeroupper(); }

}  // namespace

std::uint32_t Crc32c(ByteView data, std::uint32_t crc) {
  // isa-l takes and gives the register itself (no inversion), a signed length, and a pointer that
  // it does not write through.
  constexpr std::size_t kPieceMax = std::size_t{1} << 30;
  std::uint32_t state = ~crc;
  while (!data.empty()) {
    const ByteView piece = data.substr(0, kPieceMax);
    auto* bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(piece.data()));
    state = ::crc32_iscsi(bytes, static_cast<int>(piece.size()), state);
    data.remove_prefix(piece.size());
  }
  if (__builtin_cpu_supports("avx")) GiveUpUpperHalves();
  return ~state;
}

}  // namespace beach
