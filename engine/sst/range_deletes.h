// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/types.h"

// The content of the range-delete block, each in order:
//
//   begin (length-prefixed), end (length-prefixed), sequence number (varint)

namespace beach::engine::sst {

// Deletes what user keys in [begin, end) had below `sequence`.
struct RangeDelete {
  Bytes begin;
  Bytes end;
  SequenceNumber sequence;
  friend bool operator==(const RangeDelete&, const RangeDelete&) = default;
};
// By begin ascending, then sequence number descending, then end ascending; no two equal.
using RangeDeletes = std::vector<RangeDelete>;

bool InOrder(const RangeDelete& left, const RangeDelete& right);

Bytes EncodeRangeDeletes(const RangeDeletes& range_deletes);
// kCorruption for what is out of order, empty or not there. `path`, `offset`: for the error.
Result<RangeDeletes> DecodeRangeDeletes(ByteView content, const std::string& path,
                                        std::uint64_t offset);

}  // namespace beach::engine::sst
