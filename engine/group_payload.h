// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/types.h"
#include "engine/write_batch.h"

// What one flight of the engine's log holds: the batches of a write group in order, each as a
// varint length and the batch's encoding. Operations are numbered from the flight's first sequence
// number.

namespace beach::engine {

// Most bytes that a batch takes beyond its encoding.
inline constexpr std::uint64_t kGroupOverheadMax = 10;

void AppendBatchToGroup(Bytes& payload, ByteView batch_encoding);

using GroupVisitor = std::function<void(SequenceNumber, const BatchOperation&)>;

// Visits every operation with its sequence number. Hostile input is fine: kCorruption when it is no
// group of exactly `count` operations, and then some may have been visited.
Status VisitGroup(ByteView payload, SequenceNumber first, std::uint32_t count,
                  const GroupVisitor& visit);

}  // namespace beach::engine
