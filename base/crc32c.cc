// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <isa-l/crc.h>

namespace beach {

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
  return ~state;
}

}  // namespace beach
