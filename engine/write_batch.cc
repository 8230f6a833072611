// SPDX-License-Identifier: Apache-2.0
#include "engine/write_batch.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/coding.h"
#include "engine/expiry.h"
#include "engine/tables/stored_key.h"

namespace beach::engine {
namespace {

// Most bytes that an operation takes beside those of its keys and its value: kind, prefixes,
// lengths, what a stored value has more.
constexpr std::size_t kOperationOverheadMax = 1 + 2 * (10 + kKeyPrefixMax) + 10 + kExpirySize;

// No table was ever given such a number.
bool IsForged(NamedTable table) { return table.number >= kTableNumberMax; }

}  // namespace

void WriteBatch::Put(ByteView key, ByteView value, NamedTable table) {
  if (IsForged(table)) {
    sums_.malformed = true;
    return;
  }
  Begin(ValueKind::kPut, table, key.size() + value.size());
  AddKey(PrefixOf(table, key), key);
  AddValue(value);
}

void WriteBatch::PutUntil(ByteView key, ByteView value, std::uint64_t expires_at,
                          NamedTable table) {
  if (IsForged(table)) {
    sums_.malformed = true;
    return;
  }
  Begin(ValueKind::kPutUntil, table, key.size() + value.size());
  AddKey(PrefixOf(table, key), key);
  Encoder(encoding_).LengthPrefixed(EncodeExpiring(expires_at, value));
  sums_.value_size_max = std::max(sums_.value_size_max, value.size());
  ++sums_.puts;
}

void WriteBatch::Delete(ByteView key, NamedTable table) {
  if (IsForged(table)) {
    sums_.malformed = true;
    return;
  }
  Begin(ValueKind::kDelete, table, key.size());
  AddKey(PrefixOf(table, key), key);
}

void WriteBatch::DeleteRange(ByteView begin, ByteView end, NamedTable table) {
  if (IsForged(table)) {
    sums_.malformed = true;
    return;
  }
  Touch(table);
  if (begin > end) sums_.malformed = true;
  if (begin >= end) return;
  Begin(ValueKind::kDeleteRange, table, begin.size() + end.size());
  AddKey(PrefixOf(table, begin), begin);
  AddKey(PrefixOf(table, end), end);
  ++sums_.ranges;
}

void WriteBatch::DeleteAll(NamedTable table) {
  if (IsForged(table)) {
    sums_.malformed = true;
    return;
  }
  Begin(ValueKind::kDeleteRange, table, 0);
  AddKey(PrefixOf(table, {}), {});
  AddKey(EndOf(table), {});
  ++sums_.ranges;
}

void WriteBatch::Merge(ByteView key, MergeOperator merge_operator, ByteView operand,
                       NamedTable table) {
  if (IsForged(table)) {
    sums_.malformed = true;
    return;
  }
  Touch(table);
  const Bytes stored = EncodeOperand(merge_operator, operand);
  MergeOperand parsed;
  if (!ParseOperand(stored, parsed)) {
    sums_.malformed = true;
    return;
  }
  Begin(ValueKind::kMerge, table, key.size() + stored.size());
  AddKey(PrefixOf(table, key), key);
  AddValue(stored);
}

void WriteBatch::AdvanceTime(std::uint64_t time) {
  Begin(ValueKind::kTime, {}, 0);
  Encoder(encoding_).Fixed64(time);
  ++sums_.times;
}

void WriteBatch::Clear() {
  encoding_.clear();
  tables_.clear();
  sums_ = {};
}

void WriteBatch::Touch(NamedTable table) {
  if (table == NamedTable()) return;
  const auto place = std::ranges::lower_bound(tables_, table.number);
  if (place == tables_.end() || *place != table.number) tables_.insert(place, table.number);
}

void WriteBatch::Begin(ValueKind kind, NamedTable table, std::size_t bytes) {
  BEACH_CHECK_LT(sums_.count, std::numeric_limits<std::uint32_t>::max());
  Touch(table);
  encoding_.reserve(encoding_.size() + bytes + kOperationOverheadMax);
  Encoder(encoding_).Fixed8(static_cast<std::uint8_t>(kind));
  ++sums_.count;
}

void WriteBatch::AddKey(ByteView prefix, ByteView key) {
  Encoder encoder(encoding_);
  encoder.Varint(prefix.size() + key.size());
  encoder.Raw(prefix);
  encoder.Raw(key);
  sums_.key_size_max = std::max(sums_.key_size_max, key.size());
}

void WriteBatch::AddValue(ByteView value) {
  Encoder(encoding_).LengthPrefixed(value);
  sums_.value_size_max = std::max(sums_.value_size_max, value.size());
  ++sums_.puts;
}

Result<WriteBatch> WriteBatch::Decode(ByteView encoding) {
  WriteBatch batch;
  BatchReader reader(encoding);
  BatchOperation operation;
  while (reader.Next(operation)) {
    if (batch.sums_.count == std::numeric_limits<std::uint32_t>::max()) break;
    ++batch.sums_.count;
    if (operation.kind == ValueKind::kTime) {
      ++batch.sums_.times;
      continue;
    }
    const auto key = ParseStoredKey(operation.key);
    if (!key || IsForged(key->table)) {
      return Fail(ErrorCode::kCorruption, "a batch with a key of no table");
    }
    batch.Touch(key->table);
    batch.sums_.key_size_max = std::max(batch.sums_.key_size_max, key->user_key.size());
    const bool range = operation.kind == ValueKind::kDeleteRange;
    if (range) {
      const auto end = ParseStoredKey(operation.end);
      if (!end) return Fail(ErrorCode::kCorruption, "a batch with a range to no table");
      batch.sums_.key_size_max = std::max(batch.sums_.key_size_max, end->user_key.size());
      ++batch.sums_.ranges;
    } else if (operation.kind != ValueKind::kDelete) {
      const bool expires = operation.kind == ValueKind::kPutUntil;
      const std::size_t size = operation.value.size() - (expires ? kExpirySize : 0);
      batch.sums_.value_size_max = std::max(batch.sums_.value_size_max, size);
      ++batch.sums_.puts;
    }
  }
  if (!reader.ok() || reader.Next(operation)) {
    return Fail(ErrorCode::kCorruption, "a malformed batch");
  }
  batch.encoding_ = encoding;
  return batch;
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
