// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/memtable/memtable.h"
#include "engine/types.h"

namespace beach::engine {

// The read of one key as of one moment, from source to source, newest first. Each source holds
// newer versions of the key than the next, and its range deletes hide what all later ones hold: so
// the first that knows of the key decides, and damage in it is an error, never a reason to look
// further (rule 11).
class PointRead {
 public:
  PointRead(ByteView key, SequenceNumber at) : key_(key), at_(at) {}

  ByteView key() const { return key_; }
  SequenceNumber at() const { return at_; }
  // Nothing that is older matters.
  bool done() const { return done_; }

  // The next source: its newest range delete over the key (0: none), and its newest version of the
  // key, both at or below `at`. REQUIRES: !done()
  void Take(SequenceNumber range_delete, std::optional<VersionFound> found) {
    if (found && found->sequence >= range_delete) {
      if (found->kind == ValueKind::kPut) value_ = std::move(found->value);
      done_ = true;
    } else {
      done_ = found || range_delete != SequenceNumber();
    }
  }

  std::optional<Bytes> TakeValue() { return std::move(value_); }

 private:
  const ByteView key_;
  const SequenceNumber at_;
  bool done_ = false;
  std::optional<Bytes> value_;
};

}  // namespace beach::engine
