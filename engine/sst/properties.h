// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/types.h"

namespace beach::engine::sst {

inline constexpr ByteView kFormatName = "beach-sst";
inline constexpr ByteView kComparatorName = "bytewise";

// What a table says about itself. On disk: name and value of each, both length-prefixed, names
// ascending; numbers are varints. A reader ignores names it does not know, so that later writers
// can add some; all of these must be there.
struct Properties {
  std::uint64_t entries = 0;
  std::uint64_t deletes = 0;  // of the entries
  std::uint64_t data_blocks = 0;
  std::uint64_t raw_key_size = 0;  // sum over entries: internal keys
  std::uint64_t raw_value_size = 0;
  Bytes smallest;  // internal keys, both included
  Bytes largest;
  SequenceNumber sequence_min;
  SequenceNumber sequence_max;

  friend bool operator==(const Properties&, const Properties&) = default;

  // Counts an entry. REQUIRES: entries come in order.
  void Count(ByteView internal_key, ByteView value);
};

Bytes EncodeProperties(const Properties& properties);
// kCorruption, or kRefused for a comparator or format name that is not ours.
Result<Properties> DecodeProperties(ByteView bytes, const std::string& path, std::uint64_t offset);

}  // namespace beach::engine::sst
