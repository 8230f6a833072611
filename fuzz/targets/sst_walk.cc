// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets/sst_walk.h"

#include <algorithm>

#include "base/check.h"
#include "engine/internal_key.h"

namespace beach::fuzz {

using engine::CompareInternalKeys;
using engine::Iterator;

namespace {

// Seeks cost a search each: of many entries, about so many are sought.
constexpr std::size_t kSeeksMax = 64;

void Take(Iterator& iterator, Entries& entries, std::size_t count_max) {
  BEACH_CHECK_LT(entries.size(), count_max);
  engine::InternalKey key;
  const bool parsed = engine::ParseInternalKey(iterator.key(), key);
  BEACH_CHECK(parsed);
  entries.emplace_back(iterator.key(), iterator.value());
}

// Nothing stands for the end.
void CheckStands(const Iterator& iterator, const Entries& entries, std::size_t index) {
  BEACH_CHECK(iterator.status().has_value());
  BEACH_CHECK_EQ(iterator.Valid(), index < entries.size());
  if (!iterator.Valid()) return;
  BEACH_CHECK(iterator.key() == entries[index].first);
  BEACH_CHECK(iterator.value() == entries[index].second);
}

}  // namespace

Entries WalkForward(Iterator& iterator, std::size_t count_max) {
  Entries entries;
  for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next()) {
    Take(iterator, entries, count_max);
  }
  return entries;
}

Entries WalkBack(Iterator& iterator, std::size_t count_max) {
  Entries entries;
  for (iterator.SeekToLast(); iterator.Valid(); iterator.Previous()) {
    Take(iterator, entries, count_max);
  }
  return entries;
}

bool StrictlyAscending(const Entries& entries) {
  return std::ranges::adjacent_find(entries, [](const auto& left, const auto& right) {
           return CompareInternalKeys(left.first, right.first) >= 0;
         }) == entries.end();
}

void CheckIteratorAgrees(Iterator& iterator, const Entries& entries) {
  const std::size_t none = entries.size();
  BEACH_CHECK(WalkForward(iterator, none + 1) == entries);
  BEACH_CHECK(iterator.status().has_value());
  Entries back = WalkBack(iterator, none + 1);
  BEACH_CHECK(iterator.status().has_value());
  std::ranges::reverse(back);
  BEACH_CHECK(back == entries);
  const std::size_t step = std::max<std::size_t>(1, entries.size() / kSeeksMax);
  for (std::size_t i = 0; i < entries.size(); i += step) {
    const Bytes& key = entries[i].first;
    iterator.Seek(key);
    CheckStands(iterator, entries, i);
    iterator.SeekForPrevious(key);
    CheckStands(iterator, entries, i);
    // The least key behind it, of another user key; versions of its own may come before that.
    Bytes behind;
    Bytes user_key(engine::UserKeyOf(key));
    user_key.push_back('\0');
    engine::AppendInternalKey(
        behind,
        {.user_key = user_key, .sequence = engine::kMaxSequence, .kind = engine::kKindFirst});
    std::size_t next = i;
    while (next < entries.size() && CompareInternalKeys(entries[next].first, behind) < 0) ++next;
    iterator.Seek(behind);
    CheckStands(iterator, entries, next);
    iterator.SeekForPrevious(behind);
    const bool exact = next < entries.size() && entries[next].first == behind;
    CheckStands(iterator, entries, exact ? next : next - 1);
  }
}

}  // namespace beach::fuzz
