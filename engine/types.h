// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

#include "base/strong_id.h"

namespace beach::engine {

// One per operation, strictly increasing for the life of the database; 0 is before the first.
using SequenceNumber = StrongId<struct SequenceNumberTag>;
inline constexpr std::uint64_t kSequenceBits = 56;  // it shares a word with the kind
inline constexpr SequenceNumber kMaxSequence{(std::uint64_t{1} << kSequenceBits) - 1};

// Names a file of the database for good: never reused. 0 is none.
using FileNumber = StrongId<struct FileNumberTag>;

// Position of a segment in the log: never reused, recycled files included. 0 is none.
using SegmentOrdinal = StrongId<struct SegmentOrdinalTag>;

// One more at every open that could append to the log.
using OpenEpoch = StrongId<struct OpenEpochTag>;

// Of a log whose items nobody can imitate who does not know it: docs/formats/wal.md. 0: of one
// where that does not matter.
using LogSalt = StrongId<struct LogSaltTag>;

// A byte position in the log. Positions order the log across segments; every watermark is one.
struct LogPosition {
  SegmentOrdinal segment;
  std::uint64_t offset = 0;  // in the segment's file, header included

  friend constexpr auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

// What an operation does to its key. Values are on disk: never renumbered.
enum class ValueKind : std::uint8_t {
  kDelete = 0,
  kPut = 1,
  kDeleteRange = 2,  // of all keys from its own to an end; never an entry of a memtable or table
  kMerge = 3,        // an operand, to be applied to what is there (engine/merge_operator.h)
  kPutUntil = 4,     // a value that expires (engine/expiry.h)
  kTime = 5,         // of no key: the database's time is no less now; never an entry of anything
};

}  // namespace beach::engine
