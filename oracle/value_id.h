// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/strong_id.h"

// Values carry the id of the operation that wrote them, so that a found value names its writer:
// "b<batch>.o<operation>." and a filler.

namespace beach::oracle {

// One atomic write of a history. Never reused within a run; 0 is none.
using BatchId = StrongId<struct BatchIdTag>;

struct ValueId {
  BatchId batch;
  std::uint32_t operation = 0;  // index in the batch

  friend bool operator==(const ValueId&, const ValueId&) = default;
};

// The value that this operation writes: its id, then `filler_size` bytes that depend on it.
Bytes MakeValue(ValueId id, std::size_t filler_size);

// Whose value this claims to be; nothing for bytes that MakeValue cannot have begun.
std::optional<ValueId> ParseValueId(ByteView value);

// "value b7.o0" and its size, "an empty value", or "absent": for messages.
std::string DescribeValue(const std::optional<Bytes>& value);

}  // namespace beach::oracle
