// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/coding.h"

namespace beach::engine::sst {

// An entry of a block as it lies there. Views point into the block.
struct BlockEntry {
  std::uint64_t shared = 0;
  ByteView key_rest;
  ByteView value;
  std::size_t end = 0;  // offset of what follows
};

// The entry at `offset` of `entries`. False where it does not fit. REQUIRES: offset within them.
inline bool DecodeBlockEntry(ByteView entries, std::size_t offset, BlockEntry& entry) {
  const char* const begin = entries.data() + offset;
  const std::size_t room = entries.size() - offset;
  std::uint64_t unshared = 0;
  std::uint64_t value_size = 0;
  std::size_t header = 3;
  // Three lengths below 128 are three bytes: nearly always.
  if (room >= 3 && ((begin[0] | begin[1] | begin[2]) & 0x80) == 0) [[likely]] {
    entry.shared = static_cast<unsigned char>(begin[0]);
    unshared = static_cast<unsigned char>(begin[1]);
    value_size = static_cast<unsigned char>(begin[2]);
  } else {
    Decoder decoder(entries.substr(offset));
    entry.shared = decoder.Varint();
    unshared = decoder.Varint();
    value_size = decoder.Varint();
    if (!decoder.ok()) return false;
    header = room - decoder.rest().size();
  }
  const std::size_t rest = room - header;
  if (unshared > rest || value_size > rest - unshared) return false;
  entry.key_rest = ByteView(begin + header, static_cast<std::size_t>(unshared));
  entry.value = ByteView(begin + header + unshared, static_cast<std::size_t>(value_size));
  entry.end = offset + header + static_cast<std::size_t>(unshared + value_size);
  return true;
}

// Bytes of the block from where a part of it begins.
inline std::size_t RoomAt(ByteView part, ByteView block) {
  return static_cast<std::size_t>(block.data() + block.size() - part.data());
}

}  // namespace beach::engine::sst
