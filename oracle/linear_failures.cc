// SPDX-License-Identifier: Apache-2.0
#include "oracle/linear_failures.h"

#include <algorithm>

#include "base/check.h"
#include "base/random.h"

namespace beach::oracle {
namespace {

std::uint64_t HashOf(std::span<const std::uint64_t> words) {
  std::uint64_t hash = 0;
  for (const std::uint64_t word : words) hash = Mix64(hash ^ word);
  return hash;
}

bool IsSubset(const std::uint64_t* set, const std::uint64_t* of, std::size_t words) {
  for (std::size_t i = 0; i < words; ++i) {
    if ((set[i] & ~of[i]) != 0) return false;
  }
  return true;
}

}  // namespace

LinearFailures::LinearFailures(std::size_t same_words, std::size_t used_words, std::size_t expected)
    : same_words_(same_words), used_words_(used_words), expected_(expected) {}

LinearFailures::Place LinearFailures::Find(std::span<const std::uint64_t> configuration) const {
  BEACH_CHECK_EQ(configuration.size(), same_words_ + used_words_);
  const auto same = configuration.first(same_words_);
  Place place{.hash = HashOf(same)};
  place.group = table_.Find(
      place.hash, [&](std::uint32_t group) { return std::ranges::equal(GroupWords(group), same); });
  if (place.group == IndexTable::kNone) return place;
  place.known = used_words_ == 0;
  const std::uint64_t* const now = configuration.data() + same_words_;
  const std::vector<std::uint64_t>& sets = used_[place.group];
  for (std::size_t i = 0; i < sets.size() && !place.known; i += used_words_) {
    place.known = IsSubset(sets.data() + i, now, used_words_);
  }
  return place;
}

void LinearFailures::Add(const Place& place, std::span<const std::uint64_t> configuration) {
  BEACH_CHECK(!place.known);
  std::uint32_t group = place.group;
  if (group == IndexTable::kNone) {
    if (used_.empty()) table_.Reset(expected_);
    group = static_cast<std::uint32_t>(used_.size());
    groups_.insert(groups_.end(), configuration.begin(),
                   configuration.begin() + static_cast<std::ptrdiff_t>(same_words_));
    used_.emplace_back();
    words_ += same_words_ + sizeof(used_.back()) / sizeof(std::uint64_t);
    table_.Add(place.hash, group, [this](std::uint32_t i) { return HashOf(GroupWords(i)); });
  }
  const std::uint64_t* const now = configuration.data() + same_words_;
  std::vector<std::uint64_t>& sets = used_[group];
  words_ -= sets.size();
  for (std::size_t i = 0; i < sets.size();) {
    if (!IsSubset(now, sets.data() + i, used_words_)) {
      i += used_words_;
      continue;
    }
    // The last one takes its place: their order is seen by nobody.
    std::copy_n(sets.end() - static_cast<std::ptrdiff_t>(used_words_), used_words_,
                sets.begin() + static_cast<std::ptrdiff_t>(i));
    sets.resize(sets.size() - used_words_);
  }
  sets.insert(sets.end(), now, now + used_words_);
  words_ += sets.size();
}

}  // namespace beach::oracle
