// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/internal_key.h"
#include "engine/types.h"

namespace beach::engine {

// Operands of one key that nobody may read between, put together: the result is as new as the
// newest of what is in it. Entries come out newest first.
class OperandFold {
 public:
  explicit OperandFold(ByteView user_key) : user_key_(user_key) {}

  // The next older operand, as it is stored. kCorruption: it is none.
  Status Add(SequenceNumber sequence, ByteView stored);
  // Beneath them is this value, or nothing: they become one put. Without this call they stay
  // operands, neighbours of one operator as one.
  void ApplyTo(std::optional<Bytes> value);

  // The entry that it stands at; begins with the first. REQUIRES: Add was called.
  const Bytes& key() const { return entries_[at_].key; }
  const Bytes& value() const { return entries_[at_].value; }
  // False: there is no other.
  bool Next() { return ++at_ < entries_.size(); }

 private:
  struct Entry {
    Bytes key;  // internal
    Bytes value;
  };
  const Bytes user_key_;
  SequenceNumber newest_;
  std::vector<Entry> entries_;  // newest first
  std::size_t at_ = 0;
};

}  // namespace beach::engine
