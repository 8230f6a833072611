// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "engine/key_range.h"
#include "engine/tables/named_table.h"

// All tables of a database live in one ordered space of stored keys: logs, memtables, sorted tables
// and compaction know these alone. A stored key is a prefix and the user's key:
//
//   table          prefix
//   without name   none; where the user's key begins with 0xff: 0xff 0x00
//   number n       0xff, then n: one byte for 1 to 247; else 247 and the number of bytes, added in
//                  one byte, and n in so many bytes, the greatest first and not zero
//
// Of one table they are in the order of the user's keys, tables are in the order of their numbers
// with the one without a name in front, and no two are equal. All keys of a table lie between its
// prefix and that of the next number: the one without a name ends where number 1 begins.

namespace beach::engine {

inline constexpr std::size_t kKeyPrefixMax = 9;

struct KeyPrefix {
  std::array<char, kKeyPrefixMax> bytes = {};
  std::uint8_t size = 0;

  operator ByteView() const { return {bytes.data(), size}; }  // NOLINT: it is nothing else
};

inline bool NeedsEscape(ByteView user_key) { return !user_key.empty() && user_key[0] == '\xff'; }

// What all stored keys of the table begin with; of the one without a name: those that are escaped.
KeyPrefix PrefixOf(NamedTable table);
// What the stored key of this key begins with.
inline KeyPrefix PrefixOf(NamedTable table, ByteView user_key) {
  if (table == NamedTable() && !NeedsEscape(user_key)) [[likely]]
    return {};
  return PrefixOf(table);
}

// Above all keys of the table, and not above any of a greater number.
KeyPrefix EndOf(NamedTable table);

// A stored key, without a copy where there is no prefix: then it lives as long as the user's key.
class StoredKey {
 public:
  StoredKey(NamedTable table, ByteView user_key);
  StoredKey(const StoredKey&) = delete;
  StoredKey& operator=(const StoredKey&) = delete;

  operator ByteView() const { return view_; }  // NOLINT: it is nothing else

 private:
  Bytes buffer_;
  ByteView view_;
};

// Nothing for bytes that are no stored key. The user's key points into `stored`.
struct StoredKeyParts {
  NamedTable table;
  ByteView user_key;
};
std::optional<StoredKeyParts> ParseStoredKey(ByteView stored);

// "\"key\"", or "table 7 \"key\"": for messages and dumps.
std::string PrintableStoredKey(ByteView stored);

// How the keys of a range of stored keys are to be shown. Default-constructed: as they are.
class KeySpace {
 public:
  KeySpace() = default;
  explicit KeySpace(NamedTable table);

  // REQUIRES: a key of the table. Points into it.
  ByteView UserKey(ByteView stored) const {
    if (!escapes_) return stored.substr(prefix_size_);
    return NeedsEscape(stored) && stored.size() > 1 ? stored.substr(2) : stored;
  }
  // Good until `scratch` is touched; of the user's key where it needs no prefix.
  ByteView Stored(ByteView user_key, Bytes& scratch) const;
  // Of the user's keys in `range`, and no other table's.
  KeyRange Stored(KeyRange range) const;

 private:
  NamedTable table_;
  bool raw_ = true;
  bool escapes_ = false;          // the table without a name
  std::uint8_t prefix_size_ = 0;  // of each key, where nothing is escaped
};

}  // namespace beach::engine
