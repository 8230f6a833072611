// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/range_deletes.h"

#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "engine/sst/format.h"

namespace beach::engine::sst {

bool InOrder(const RangeDelete& left, const RangeDelete& right) {
  if (left.begin != right.begin) return left.begin < right.begin;
  if (left.sequence != right.sequence) return left.sequence > right.sequence;
  return left.end < right.end;
}

Bytes EncodeRangeDeletes(const RangeDeletes& range_deletes) {
  Bytes content;
  Encoder encoder(content);
  for (const RangeDelete& range : range_deletes) {
    encoder.LengthPrefixed(range.begin);
    encoder.LengthPrefixed(range.end);
    encoder.Varint(range.sequence.value);
  }
  return content;
}

Result<RangeDeletes> DecodeRangeDeletes(ByteView content, const std::string& path,
                                        std::uint64_t offset) {
  RangeDeletes range_deletes;
  Decoder decoder(content);
  while (!decoder.rest().empty()) {
    const std::uint64_t at = offset + content.size() - decoder.rest().size();
    RangeDelete range;
    range.begin = decoder.LengthPrefixed();
    range.end = decoder.LengthPrefixed();
    range.sequence = SequenceNumber(decoder.Varint());
    if (!decoder.ok() || range.begin >= range.end || range.sequence > kMaxSequence) {
      return Damaged(path, at, "malformed range delete");
    }
    if (!range_deletes.empty() && !InOrder(range_deletes.back(), range)) {
      return Damaged(path, at, "range deletes are out of order");
    }
    range_deletes.push_back(std::move(range));
  }
  if (range_deletes.empty()) return Damaged(path, offset, "a range-delete block without any");
  return range_deletes;
}

}  // namespace beach::engine::sst
