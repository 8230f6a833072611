// SPDX-License-Identifier: Apache-2.0
#include "engine/group_payload.h"

#include "base/coding.h"

namespace beach::engine {

void AppendBatchToGroup(Bytes& payload, ByteView batch_encoding) {
  Encoder(payload).LengthPrefixed(batch_encoding);
}

Status VisitGroup(ByteView payload, SequenceNumber first, std::uint32_t count,
                  const GroupVisitor& visit) {
  if (first.value > kMaxSequence.value || count > kMaxSequence.value - first.value) {
    return Fail(ErrorCode::kCorruption, "a write group beyond the last sequence number");
  }
  const auto malformed = [] { return Fail(ErrorCode::kCorruption, "a malformed write group"); };
  Decoder decoder(payload);
  std::uint32_t visited = 0;
  while (decoder.ok() && !decoder.rest().empty()) {
    BatchReader reader(decoder.LengthPrefixed());
    BatchOperation operation;
    while (visited < count && reader.Next(operation)) {
      visit(SequenceNumber(first.value + visited), operation);
      ++visited;
    }
    // More operations than were counted, or bytes that are none.
    if (reader.Next(operation) || !reader.ok()) return malformed();
    if (visited == count) break;
  }
  if (!decoder.done() || visited != count) return malformed();
  return {};
}

}  // namespace beach::engine
