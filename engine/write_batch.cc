// SPDX-License-Identifier: Apache-2.0
#include "engine/write_batch.h"

#include <limits>

#include "base/check.h"
#include "base/coding.h"
#include "engine/expiry.h"

namespace beach::engine {

void WriteBatch::Put(ByteView key, ByteView value) {
  BEACH_CHECK_LT(count_, std::numeric_limits<std::uint32_t>::max());
  Encoder encoder(encoding_);
  encoder.Fixed8(static_cast<std::uint8_t>(ValueKind::kPut));
  encoder.LengthPrefixed(key);
  encoder.LengthPrefixed(value);
  ++count_;
  ++puts_;
}

void WriteBatch::PutUntil(ByteView key, ByteView value, std::uint64_t expires_at) {
  BEACH_CHECK_LT(count_, std::numeric_limits<std::uint32_t>::max());
  Encoder encoder(encoding_);
  encoder.Fixed8(static_cast<std::uint8_t>(ValueKind::kPutUntil));
  encoder.LengthPrefixed(key);
  encoder.LengthPrefixed(EncodeExpiring(expires_at, value));
  ++count_;
  ++puts_;
}

void WriteBatch::Delete(ByteView key) {
  BEACH_CHECK_LT(count_, std::numeric_limits<std::uint32_t>::max());
  Encoder encoder(encoding_);
  encoder.Fixed8(static_cast<std::uint8_t>(ValueKind::kDelete));
  encoder.LengthPrefixed(key);
  ++count_;
}

void WriteBatch::DeleteRange(ByteView begin, ByteView end) {
  if (begin > end) malformed_ = true;
  if (begin >= end) return;
  BEACH_CHECK_LT(count_, std::numeric_limits<std::uint32_t>::max());
  Encoder encoder(encoding_);
  encoder.Fixed8(static_cast<std::uint8_t>(ValueKind::kDeleteRange));
  encoder.LengthPrefixed(begin);
  encoder.LengthPrefixed(end);
  ++count_;
  ++ranges_;
}

void WriteBatch::Merge(ByteView key, MergeOperator merge_operator, ByteView operand) {
  const Bytes stored = EncodeOperand(merge_operator, operand);
  MergeOperand parsed;
  if (!ParseOperand(stored, parsed)) {
    malformed_ = true;
    return;
  }
  BEACH_CHECK_LT(count_, std::numeric_limits<std::uint32_t>::max());
  Encoder encoder(encoding_);
  encoder.Fixed8(static_cast<std::uint8_t>(ValueKind::kMerge));
  encoder.LengthPrefixed(key);
  encoder.LengthPrefixed(stored);
  ++count_;
  ++puts_;
}

void WriteBatch::AdvanceTime(std::uint64_t time) {
  BEACH_CHECK_LT(count_, std::numeric_limits<std::uint32_t>::max());
  Encoder encoder(encoding_);
  encoder.Fixed8(static_cast<std::uint8_t>(ValueKind::kTime));
  encoder.Fixed64(time);
  ++count_;
  ++times_;
}

void WriteBatch::Clear() {
  encoding_.clear();
  count_ = 0;
  puts_ = 0;
  ranges_ = 0;
  times_ = 0;
  malformed_ = false;
}

bool BatchReader::Next(BatchOperation& operation) {
  if (!ok_ || rest_.empty()) return false;
  Decoder decoder(rest_);
  const std::uint8_t kind = decoder.Fixed8();
  ok_ = kind <= static_cast<std::uint8_t>(ValueKind::kTime);
  if (!ok_) return false;
  operation = {};
  operation.kind = static_cast<ValueKind>(kind);
  if (operation.kind == ValueKind::kTime) {
    operation.time = decoder.Fixed64();
  } else {
    operation.key = decoder.LengthPrefixed();
    ByteView second;
    if (operation.kind != ValueKind::kDelete) second = decoder.LengthPrefixed();
    (operation.kind == ValueKind::kDeleteRange ? operation.end : operation.value) = second;
  }
  ok_ = decoder.ok();
  MergeOperand operand;
  ExpiringValue expiring;
  if (operation.kind == ValueKind::kDeleteRange) ok_ = ok_ && operation.key < operation.end;
  if (operation.kind == ValueKind::kMerge) ok_ = ok_ && ParseOperand(operation.value, operand);
  if (operation.kind == ValueKind::kPutUntil) {
    ok_ = ok_ && ParseExpiring(operation.value, expiring);
  }
  if (!ok_) return false;
  // Damage must not stall the walk: every operation takes at least its kind and a length.
  BEACH_CHECK_LE(decoder.rest().size() + 2, rest_.size());
  rest_ = decoder.rest();
  return true;
}

}  // namespace beach::engine
