// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace beach {

// CRC32C of `length` bytes, begun with `crc`, from the checksums of all bytes before their begin
// and of all before their end: for who has not all bytes at hand. Thread-safe.
std::uint32_t Crc32cBetween(std::uint32_t before_begin, std::uint32_t before_end,
                            std::uint64_t length, std::uint32_t crc = 0);

// CRC32C of any range of some bytes, each in constant time, after one pass over all of them: for
// who must try many overlapping ranges. The bytes must live, unchanged, as long as this does.
class Crc32cRanges {
 public:
  explicit Crc32cRanges(ByteView data);

  // Crc32c(data.substr(offset, length), crc). REQUIRES: the range lies within the data.
  std::uint32_t Of(std::uint64_t offset, std::uint64_t length, std::uint32_t crc = 0) const;

 private:
  std::uint32_t Prefix(std::uint64_t length) const;

  ByteView data_;
  std::vector<std::uint32_t> prefixes_;  // of the first i * kStep bytes
};

}  // namespace beach
