// SPDX-License-Identifier: Apache-2.0
#include "sim/disk/damage_map.h"

#include <algorithm>

#include "base/check.h"

namespace beach::sim {

void DamageMap::Alter(std::uint64_t sector, DiskFault fault, std::uint64_t operation,
                      const Slice& shown) {
  altered_.insert_or_assign(sector, Altered{fault, operation, shown});
}

void DamageMap::MarkUnkept(const Range& range) {
  BEACH_CHECK_GT(range.count, 0U);
  // Acknowledged twice is lost once.
  const bool known = std::any_of(unkept_.begin(), unkept_.end(), [&range](const Range& other) {
    return other.operation == range.operation && other.first <= range.first &&
           range.first + range.count <= other.first + other.count;
  });
  if (!known) unkept_.push_back(range);
}

void DamageMap::MarkUnwritable(const Range& range) {
  BEACH_CHECK_GT(range.count, 0U);
  unwritable_.push_back(range);
}

void DamageMap::ClearAltered(std::uint64_t first, std::uint64_t count) {
  altered_.erase(altered_.lower_bound(first), altered_.lower_bound(first + count));
}

void DamageMap::Written(std::uint64_t first, std::uint64_t count, std::uint64_t operation) {
  ClearAltered(first, count);
  if (unkept_.empty()) return;
  const std::uint64_t end = first + count;
  std::vector<Range> left;
  for (const Range& range : unkept_) {
    const std::uint64_t range_end = range.first + range.count;
    if (range.operation > operation || range_end <= first || range.first >= end) {
      left.push_back(range);
      continue;
    }
    if (range.first < first) {
      left.push_back({range.fault, range.operation, range.first, first - range.first});
    }
    if (range_end > end) left.push_back({range.fault, range.operation, end, range_end - end});
  }
  unkept_ = std::move(left);
}

bool DamageMap::IsUnwritable(std::uint64_t first, std::uint64_t count) const {
  return std::any_of(unwritable_.begin(), unwritable_.end(), [&](const Range& range) {
    return range.first < first + count && first < range.first + range.count;
  });
}

}  // namespace beach::sim
