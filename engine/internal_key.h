// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>

#include "base/bytes.h"
#include "base/coding.h"
#include "engine/expiry.h"
#include "engine/merge_operator.h"
#include "engine/types.h"

// How memtables and tables order entries: user key ascending bytewise, then sequence number
// descending, then kind descending. As bytes: the user key, then 8 bytes (sequence << 8 | kind),
// little-endian. Iterators below the database's own (memtable, table, merging) have these as keys.

namespace beach::engine {

inline constexpr std::size_t kInternalKeyTrailerSize = 8;

// Of all kinds at one sequence number, the one that comes first: seek with it.
inline constexpr ValueKind kKindFirst = ValueKind::kPutUntil;

struct InternalKey {
  ByteView user_key;
  SequenceNumber sequence;
  ValueKind kind = ValueKind::kPut;
};

inline std::uint64_t PackTrailer(SequenceNumber sequence, ValueKind kind) {
  return sequence.value << 8 | static_cast<std::uint64_t>(kind);
}

inline void AppendInternalKey(Bytes& target, const InternalKey& key) {
  target.append(key.user_key);
  Encoder(target).Fixed64(PackTrailer(key.sequence, key.kind));
}

// REQUIRES: at least 8 bytes.
inline ByteView UserKeyOf(ByteView internal_key) {
  return internal_key.substr(0, internal_key.size() - kInternalKeyTrailerSize);
}
inline std::uint64_t TrailerOf(ByteView internal_key) {
  return LoadFixed<std::uint64_t>(internal_key.data() + internal_key.size() -
                                  kInternalKeyTrailerSize);
}

// False for fewer than 8 bytes or an unknown kind: damage, when it was read from a file.
inline bool IsInternalKey(ByteView bytes) {
  if (bytes.size() < kInternalKeyTrailerSize) return false;
  const std::uint64_t kind = TrailerOf(bytes) & 0xff;
  return kind <= static_cast<std::uint64_t>(kKindFirst) &&
         kind != static_cast<std::uint64_t>(ValueKind::kDeleteRange);
}
// Also false where the value cannot be one of that kind.
inline bool IsEntry(ByteView internal_key, ByteView value) {
  if (!IsInternalKey(internal_key)) return false;
  const auto kind = static_cast<ValueKind>(TrailerOf(internal_key) & 0xff);
  if (kind == ValueKind::kPutUntil) return value.size() >= kExpirySize;
  return kind != ValueKind::kMerge || IsOperand(value);
}
inline bool ParseInternalKey(ByteView bytes, InternalKey& key) {
  if (!IsInternalKey(bytes)) return false;
  const std::uint64_t trailer = TrailerOf(bytes);
  key.user_key = UserKeyOf(bytes);
  key.sequence = SequenceNumber(trailer >> 8);
  key.kind = static_cast<ValueKind>(trailer & 0xff);
  return true;
}

// The bound of a table that ends with a range delete: in front of every version of `end`, which the
// table does not hold. No operation has that sequence number.
inline void AppendExclusiveBound(Bytes& target, ByteView end) {
  AppendInternalKey(target, {end, kMaxSequence, ValueKind::kPut});
}
inline bool IsExclusiveBound(ByteView internal_key) {
  return TrailerOf(internal_key) >> 8 == kMaxSequence.value;
}

// REQUIRES: both at least 8 bytes.
inline std::strong_ordering CompareInternalKeys(ByteView left, ByteView right) {
  const int order = UserKeyOf(left).compare(UserKeyOf(right));
  if (order != 0) return order <=> 0;
  return TrailerOf(right) <=> TrailerOf(left);
}

}  // namespace beach::engine
