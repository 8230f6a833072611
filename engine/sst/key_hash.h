// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace beach::engine::sst {

// The hash of a user key (never of an internal key: versions of one key share it) that filters and
// the hash indexes of blocks are made of. XXH3, 64 bits, with a seed that is part of the format.
inline constexpr std::uint64_t kKeyHashSeed = 0x6265616368737374U;  // "beachsst"
std::uint64_t HashUserKey(ByteView user_key);

// A hash to [0, count), evenly, by its low 32 bits.
inline std::uint32_t ReduceHash(std::uint64_t hash, std::uint32_t count) {
  return static_cast<std::uint32_t>((hash & 0xffffffffU) * count >> 32);
}

}  // namespace beach::engine::sst
