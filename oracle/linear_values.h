// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "oracle/index_table.h"

namespace beach::oracle {

using KeyIndex = std::uint32_t;
using ValueIndex = std::uint32_t;   // of one key: equal values of two keys have two numbers
using SuffixIndex = std::uint32_t;  // of what appends add

// Any value that no operation looks for, and of which appends make none: all of them behave alike
// until they are overwritten, so a search need not tell them apart.
inline constexpr ValueIndex kUnseenValue = 0;

// Keys and values of a history as numbers, so that states are small and compare fast. Values that
// some operation looks for, by a read or a condition, have numbers of their own; of keys with
// appends, so have the beginnings of those, which an append may complete. All others are one.
//
// Borrows the bytes that it is given. Not thread-safe.
class LinearValues {
 public:
  explicit LinearValues(std::size_t operations);

  // First all keys and all that is looked for,
  KeyIndex Key(ByteView key);
  void HasAppends(KeyIndex key) { keys_[key].has_appends = true; }
  ValueIndex LookedFor(KeyIndex key, ByteView value);
  // then this,
  void Freeze();
  // then the rest.
  ValueIndex Find(KeyIndex key, ByteView value);
  SuffixIndex Suffix(ByteView suffix);
  ValueIndex Append(KeyIndex key, ValueIndex value, SuffixIndex suffix);

  ValueIndex Absent(KeyIndex key) const { return keys_[key].absent; }
  bool has_appends(KeyIndex key) const { return keys_[key].has_appends; }
  std::size_t key_count() const { return keys_.size(); }
  std::size_t value_count() const { return values_.size(); }

 private:
  struct KeyRecord {
    ByteView bytes;
    ValueIndex absent = 0;
    bool has_appends = false;
    std::uint32_t seen_begin = 0;  // its part of seen_
    std::uint32_t seen_end = 0;
  };
  // The values of seen_ that begin with this one are [low, high).
  struct ValueRecord {
    KeyIndex key = 0;
    ByteView bytes;
    bool is_absent = false;
    std::uint32_t low = 0;
    std::uint32_t high = 0;
  };
  struct Step {
    ValueIndex from = 0;
    SuffixIndex suffix = 0;
    ValueIndex to = 0;
  };

  std::uint64_t HashOfValue(ValueIndex value) const;
  ValueIndex FindValue(KeyIndex key, ByteView value) const;
  ValueIndex AddValue(ValueRecord record);
  // The beginning, `length` bytes, that seen_ in [low, high) share; kUnseenValue for none.
  ValueIndex Beginning(KeyIndex key, std::uint32_t low, std::uint32_t high, std::size_t length);
  // Those in [low, high) that go on with `text` at `offset`.
  void Narrow(std::uint32_t& low, std::uint32_t& high, std::size_t offset, ByteView text) const;

  std::vector<KeyRecord> keys_;
  std::vector<ValueRecord> values_;
  std::vector<ByteView> suffixes_;
  std::vector<Step> steps_;
  std::vector<ValueIndex> seen_;  // of keys with appends, in the order of their bytes
  IndexTable key_table_;
  IndexTable value_table_;
  IndexTable suffix_table_;
  IndexTable step_table_;
};

}  // namespace beach::oracle
