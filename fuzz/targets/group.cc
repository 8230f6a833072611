// SPDX-License-Identifier: Apache-2.0
// What a flight of the log holds. The input is the first sequence number (8 bytes), the count (4
// bytes), and the payload. A payload is a group of one count and no other.
#include "base/check.h"
#include "base/coding.h"
#include "engine/group_payload.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

using engine::BatchOperation;
using engine::SequenceNumber;

// How many operations were visited; they are numbered from `first` on without gaps.
Status Visit(ByteView payload, SequenceNumber first, std::uint32_t count, std::uint64_t& visited) {
  visited = 0;
  const auto visit = [&](SequenceNumber sequence, const BatchOperation& operation) {
    BEACH_CHECK_EQ(sequence.value, first.value + visited);
    BEACH_CHECK_LE(sequence.value, engine::kMaxSequence.value);
    BEACH_CHECK_LE(operation.key.size() + operation.value.size() + operation.end.size(),
                   payload.size());
    ++visited;
  };
  const Status status = engine::VisitGroup(payload, first, count, visit);
  BEACH_CHECK_LE(visited, count);
  if (status) BEACH_CHECK_EQ(visited, count);
  if (!status) BEACH_CHECK(status.error().code() == ErrorCode::kCorruption);
  return status;
}

void Run(ByteView input) {
  Decoder decoder(input);
  const SequenceNumber first(decoder.Fixed64());
  const std::uint32_t count = decoder.Fixed32();
  if (!decoder.ok()) return;
  const ByteView payload = decoder.rest();
  std::uint64_t visited = 0;
  if (!Visit(payload, first, count, visited)) return;
  if (count > 0) {
    const Status fewer = Visit(payload, first, count - 1, visited);
    BEACH_CHECK(!fewer);
  }
  if (count < 0xffff'ffffU) {
    const Status more = Visit(payload, first, count + 1, visited);
    BEACH_CHECK(!more);
  }
}

}  // namespace

const Target group_target = {.name = "group", .run = Run, .seal = nullptr, .size_max = 4096};

}  // namespace beach::fuzz
