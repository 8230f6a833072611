// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "engine/tables/named_table.h"

namespace beach::engine {

// What must be so for a batch to be written (Db::WriteIf): each of them, at one moment. A key holds
// what a read of it shows: merges folded, range deletes heeded. Copies what it is given. Not
// thread-safe; may be used several times.
class WriteConditions {
 public:
  // More are kInvalidArgument: all writers wait while they are looked at.
  static constexpr std::uint64_t kCountMax = 1024;

  struct Condition {
    NamedTable table;
    Bytes key;
    std::optional<Bytes> value;  // nothing: absent
  };

  void KeyIsAbsent(ByteView key, NamedTable table = {}) { Add(table, key, std::nullopt); }
  // Exactly this value. An empty one is not absence.
  void KeyHolds(ByteView key, ByteView value, NamedTable table = {}) {
    Add(table, key, Bytes(value));
  }
  void Clear();

  const std::vector<Condition>& all() const { return all_; }
  // Of all keys and values, which batch_size_max limits as it does a batch.
  std::uint64_t size_bytes() const { return size_bytes_; }

 private:
  void Add(NamedTable table, ByteView key, std::optional<Bytes> value);

  std::vector<Condition> all_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace beach::engine
