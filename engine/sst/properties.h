// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/options.h"
#include "engine/sst/expiry_profile.h"
#include "engine/sst/range_deletes.h"
#include "engine/types.h"

namespace beach::engine::sst {

inline constexpr ByteView kFormatName = "beach-sst";
inline constexpr ByteView kComparatorName = "bytewise";

// What a table says about itself. On disk: name and value of each, both length-prefixed, names
// ascending; numbers are varints. A reader ignores names it does not know, so that later writers
// can add some; all of these must be there, but for what is said of one.
struct Properties {
  std::uint64_t entries = 0;    // range deletes not counted
  std::uint64_t deletes = 0;    // of the entries
  std::uint64_t user_keys = 0;  // distinct ones, of entries
  std::uint64_t range_deletes = 0;
  std::uint64_t data_blocks = 0;
  std::uint64_t data_size = 0;      // data blocks as stored, without trailers
  std::uint64_t raw_data_size = 0;  // and before their compression
  std::uint64_t raw_key_size = 0;   // sum over entries: internal keys
  std::uint64_t raw_value_size = 0;
  std::uint64_t filter_bits_per_key = 0;         // 0: no filter
  ExpiryProfile expiring;                        // not there where no entry can expire
  Compression compression = Compression::kNone;  // tried for each data block
  // Internal keys, both included, that nothing in the table lies outside of. That a range delete
  // ends before its end, kMaxSequence as the end's sequence number says.
  Bytes smallest;
  Bytes largest;
  SequenceNumber sequence_min;  // of entries and range deletes
  SequenceNumber sequence_max;

  friend bool operator==(const Properties&, const Properties&) = default;

  // Counts an entry, but for `expiring`; true for the first of its user key. REQUIRES: entries come
  // in order, and all before any range delete.
  bool Count(ByteView internal_key, ByteView value);
  void Count(const RangeDelete& range);
};

Bytes EncodeProperties(const Properties& properties);
// kCorruption, or kRefused for a comparator or format name that is not ours.
Result<Properties> DecodeProperties(ByteView bytes, const std::string& path, std::uint64_t offset);

}  // namespace beach::engine::sst
