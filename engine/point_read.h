// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/expiry.h"
#include "engine/memtable/memtable.h"
#include "engine/merge_operator.h"
#include "engine/types.h"

namespace beach::engine {

// The read of one key as of one moment, from source to source, newest first. Each source holds
// newer versions of the key than the next, and its range deletes hide what all later ones hold: so
// the first that knows of the key decides, and damage in it is an error, never a reason to look
// further (rule 11). Operands of merges are gathered until something else decides, and folded.
class PointRead {
 public:
  // `time`: the database's, as the read sees it.
  PointRead(ByteView key, SequenceNumber at, std::uint64_t time)
      : key_(key), at_(at), time_(time) {}

  ByteView key() const { return key_; }
  SequenceNumber at() const { return at_; }
  // Nothing that is older matters.
  bool done() const { return done_; }
  // Of the value, as far as it was looked for; 0: it does not.
  std::uint64_t expires_at() const { return expires_at_; }

  // The next source: its newest range delete over the key at or below `at` (0: none), and `get`,
  // its newest version of the key at or below a number, a Result. REQUIRES: !done()
  template <class Get>
  Status LookInto(SequenceNumber range_delete, Get get) {
    SequenceNumber at = at_;
    while (true) {
      BEACH_TRY_ASSIGN(std::optional<VersionFound> found, get(at));
      if (!found || found->sequence < range_delete) {
        done_ = found || range_delete != SequenceNumber();
        return {};
      }
      if (found->kind != ValueKind::kMerge) {
        done_ = true;
        if (found->kind == ValueKind::kPut) value_ = std::move(found->value);
        if (found->kind == ValueKind::kPutUntil) return TakeExpiring(found->value);
        return {};
      }
      operands_.push_back(std::move(found->value));
      if (found->sequence == SequenceNumber()) return {};
      at = SequenceNumber(found->sequence.value - 1);
    }
  }

  // Nothing: the key is absent. kCorruption: an operand that is none.
  Result<std::optional<Bytes>> Finish() && {
    BEACH_TRY(FoldOperands(operands_, value_));
    return std::move(value_);
  }

 private:
  Status TakeExpiring(ByteView stored) {
    ExpiringValue expiring;
    if (!ParseExpiring(stored, expiring)) {
      return Fail(ErrorCode::kCorruption, "malformed value that expires");
    }
    if (expiring.IsExpired(time_)) return {};
    value_ = Bytes(expiring.value);
    expires_at_ = expiring.expires_at;
    return {};
  }

  const ByteView key_;
  const SequenceNumber at_;
  const std::uint64_t time_;
  bool done_ = false;
  std::optional<Bytes> value_;
  std::uint64_t expires_at_ = 0;
  std::vector<Bytes> operands_;  // newest first
};

}  // namespace beach::engine
