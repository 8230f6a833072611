// SPDX-License-Identifier: Apache-2.0
#include "engine/compaction/ranges.h"

#include <algorithm>
#include <utility>

namespace beach::engine {

JobRanges::JobRanges(const CompactionJob& job, const KeepRules& rules) : rules_(rules) {
  std::map<std::size_t, RangeTombstones::Pointers> stripes;
  for (const TablePointer& table : job.tables()) {
    for (const sst::RangeDelete* const range : table->ranges.all()) {
      stripes[rules_.StripeOf(range->sequence)].push_back(range);
    }
  }
  for (auto& [stripe, ranges] : stripes) stripes_.try_emplace(stripe, std::move(ranges));
}

bool JobRanges::Hide(ByteView user_key, SequenceNumber sequence) const {
  if (stripes_.empty()) return false;
  const std::size_t stripe = rules_.StripeOf(sequence);
  if (stripe == rules_.boundaries.size()) return false;
  const auto ranges = stripes_.find(stripe);
  return ranges != stripes_.end() && ranges->second.NewestOver(user_key, kMaxSequence) > sequence;
}

JobRanges::Left JobRanges::WhatIsLeft(const OlderTables& older) const {
  Left left;
  for (const auto& [stripe, ranges] : stripes_) {
    if (stripe == rules_.boundaries.size()) {
      for (const sst::RangeDelete* const range : ranges.all()) left.ranges.push_back(*range);
      continue;
    }
    const std::vector<RangeTombstones::Fragment>& fragments = ranges.fragments();
    for (std::size_t i = 0; i + 1 < fragments.size(); ++i) {
      const SequenceNumber newest = fragments[i].newest;
      if (newest == SequenceNumber()) continue;
      const ByteView begin = fragments[i].begin;
      const ByteView end = fragments[i + 1].begin;
      if (stripe == 0 && newest != rules_.newest && !older.MayHoldAnyOf(begin, end)) {
        ++left.dropped;
        continue;
      }
      left.ranges.push_back({.begin = Bytes(begin), .end = Bytes(end), .sequence = newest});
    }
  }
  std::ranges::sort(left.ranges, sst::InOrder);
  return left;
}

}  // namespace beach::engine
