// SPDX-License-Identifier: Apache-2.0
#include "oracle/linear_values.h"

#include <algorithm>
#include <tuple>

namespace beach::oracle {

LinearValues::LinearValues(std::size_t operations) {
  values_.reserve(operations + 1);
  values_.emplace_back();  // kUnseenValue
  key_table_.Reset(16);
  value_table_.Reset(operations / 2);
}

std::uint64_t LinearValues::HashOfValue(ValueIndex value) const {
  return HashOfBytes(values_[value].key, values_[value].bytes);
}

KeyIndex LinearValues::Key(ByteView key) {
  const std::uint64_t hash = HashOfBytes(0, key);
  const std::uint32_t found =
      key_table_.Find(hash, [&](std::uint32_t i) { return keys_[i].bytes == key; });
  if (found != IndexTable::kNone) return found;
  const auto index = static_cast<KeyIndex>(keys_.size());
  const auto absent = static_cast<ValueIndex>(values_.size());
  values_.push_back({.key = index, .bytes = {}, .is_absent = true});
  keys_.push_back({.bytes = key, .absent = absent});
  key_table_.Add(hash, index, [&](std::uint32_t i) { return HashOfBytes(0, keys_[i].bytes); });
  return index;
}

ValueIndex LinearValues::FindValue(KeyIndex key, ByteView value) const {
  const std::uint32_t found = value_table_.Find(HashOfBytes(key, value), [&](std::uint32_t i) {
    return values_[i].key == key && values_[i].bytes == value;
  });
  return found == IndexTable::kNone ? kUnseenValue : found;
}

ValueIndex LinearValues::AddValue(ValueRecord record) {
  const auto index = static_cast<ValueIndex>(values_.size());
  values_.push_back(record);
  value_table_.Add(HashOfValue(index), index, [&](std::uint32_t i) { return HashOfValue(i); });
  return index;
}

ValueIndex LinearValues::LookedFor(KeyIndex key, ByteView value) {
  const ValueIndex found = FindValue(key, value);
  return found != kUnseenValue ? found : AddValue({.key = key, .bytes = value});
}

void LinearValues::Freeze() {
  const bool any = std::ranges::any_of(keys_, &KeyRecord::has_appends);
  if (!any) return;
  suffix_table_.Reset(16);
  step_table_.Reset(16);
  for (ValueIndex i = 1; i < values_.size(); ++i) {
    if (!values_[i].is_absent && has_appends(values_[i].key)) seen_.push_back(i);
  }
  std::ranges::sort(seen_, {},
                    [&](ValueIndex i) { return std::tuple(values_[i].key, values_[i].bytes); });
  for (std::uint32_t begin = 0; begin < seen_.size();) {
    const KeyIndex key = values_[seen_[begin]].key;
    std::uint32_t end = begin;
    while (end < seen_.size() && values_[seen_[end]].key == key) ++end;
    keys_[key].seen_begin = begin;
    keys_[key].seen_end = end;
    // Those that begin with one follow it.
    for (std::uint32_t at = begin; at < end; ++at) {
      ValueRecord& record = values_[seen_[at]];
      record.low = at;
      record.high = end;
      Narrow(record.low, record.high, 0, record.bytes);
    }
    begin = end;
  }
}

void LinearValues::Narrow(std::uint32_t& low, std::uint32_t& high, std::size_t offset,
                          ByteView text) const {
  const auto part = [&](ValueIndex i) { return values_[i].bytes.substr(offset, text.size()); };
  const auto range = std::ranges::equal_range(seen_.begin() + low, seen_.begin() + high, text,
                                              std::less<>(), part);
  const auto begin = static_cast<std::uint32_t>(range.begin() - seen_.begin());
  high = begin + static_cast<std::uint32_t>(range.size());
  low = begin;
}

ValueIndex LinearValues::Beginning(KeyIndex key, std::uint32_t low, std::uint32_t high,
                                   std::size_t length) {
  if (low == high) return kUnseenValue;
  const ByteView bytes = values_[seen_[low]].bytes.substr(0, length);
  const ValueIndex found = FindValue(key, bytes);
  if (found != kUnseenValue) return found;
  return AddValue({.key = key, .bytes = bytes, .low = low, .high = high});
}

ValueIndex LinearValues::Find(KeyIndex key, ByteView value) {
  const ValueIndex found = FindValue(key, value);
  if (found != kUnseenValue || !has_appends(key)) return found;
  std::uint32_t low = keys_[key].seen_begin;
  std::uint32_t high = keys_[key].seen_end;
  Narrow(low, high, 0, value);
  return Beginning(key, low, high, value.size());
}

SuffixIndex LinearValues::Suffix(ByteView suffix) {
  const std::uint64_t hash = HashOfBytes(1, suffix);
  const std::uint32_t found =
      suffix_table_.Find(hash, [&](std::uint32_t i) { return suffixes_[i] == suffix; });
  if (found != IndexTable::kNone) return found;
  suffixes_.push_back(suffix);
  const auto index = static_cast<SuffixIndex>(suffixes_.size() - 1);
  suffix_table_.Add(hash, index, [&](std::uint32_t i) { return HashOfBytes(1, suffixes_[i]); });
  return index;
}

ValueIndex LinearValues::Append(KeyIndex key, ValueIndex value, SuffixIndex suffix) {
  if (value == kUnseenValue) return kUnseenValue;
  const auto hash_of = [](const Step& step) { return RandomValue(2, step.from, step.suffix); };
  const std::uint64_t hash = hash_of({.from = value, .suffix = suffix});
  const std::uint32_t found = step_table_.Find(
      hash, [&](std::uint32_t i) { return steps_[i].from == value && steps_[i].suffix == suffix; });
  if (found != IndexTable::kNone) return steps_[found].to;
  const ValueRecord& record = values_[value];
  BEACH_CHECK_EQ(record.key, key);
  const std::size_t length = record.bytes.size();
  std::uint32_t low = record.is_absent ? keys_[key].seen_begin : record.low;
  std::uint32_t high = record.is_absent ? keys_[key].seen_end : record.high;
  Narrow(low, high, length, suffixes_[suffix]);
  const ValueIndex to = Beginning(key, low, high, length + suffixes_[suffix].size());
  steps_.push_back({.from = value, .suffix = suffix, .to = to});
  step_table_.Add(hash, static_cast<std::uint32_t>(steps_.size() - 1),
                  [&](std::uint32_t i) { return hash_of(steps_[i]); });
  return to;
}

}  // namespace beach::oracle
