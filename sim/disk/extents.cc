// SPDX-License-Identifier: Apache-2.0
#include "sim/disk/extents.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <vector>

#include "base/check.h"

namespace beach::sim {

ExtentMap::Extents::const_iterator ExtentMap::FirstAfter(std::uint64_t sector) const {
  auto extent = extents_.upper_bound(sector);
  if (extent == extents_.begin()) return extent;
  const auto before = std::prev(extent);
  return before->first + before->second.count > sector ? before : extent;
}

void ExtentMap::Remove(std::uint64_t first, std::uint64_t count) {
  if (count == 0 || extents_.empty()) return;
  const std::uint64_t end = first + count;
  // Erasing nothing turns the iterator into one that may change what it points at.
  const auto found = FirstAfter(first);
  auto extent = extents_.erase(found, found);
  while (extent != extents_.end() && extent->first < end) {
    const std::uint64_t begin = extent->first;
    const std::uint64_t extent_end = begin + extent->second.count;
    if (extent_end > end) {
      extents_.emplace_hint(std::next(extent), end,
                            Extent{extent_end - end, extent->second.slice.Skip(end - begin)});
    }
    allocated_ -= std::min(extent_end, end) - std::max(begin, first);
    if (begin < first) {
      extent->second.count = first - begin;
      ++extent;
    } else {
      extent = extents_.erase(extent);
    }
  }
}

void ExtentMap::Put(std::uint64_t first, std::uint64_t count, const Slice& slice) {
  BEACH_CHECK_GT(count, 0U);
  Remove(first, count);
  allocated_ += count;
  const auto next = extents_.lower_bound(first);
  BEACH_CHECK(next == extents_.end() || next->first >= first + count);
  if (slice.buffer == nullptr && next != extents_.begin()) {
    // A segment zeroed piece by piece stays one extent.
    const auto before = std::prev(next);
    Extent& extent = before->second;
    if (extent.slice.buffer == nullptr && before->first + extent.count == first) {
      extent.count += count;
      return;
    }
  }
  extents_.emplace_hint(next, first, Extent{count, slice});
}

void ExtentMap::FillHoles(std::uint64_t first, std::uint64_t count) {
  const std::uint64_t end = first + count;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> holes;
  std::uint64_t position = first;
  for (auto extent = FirstAfter(first); extent != extents_.end() && extent->first < end; ++extent) {
    if (extent->first > position) holes.emplace_back(position, extent->first - position);
    position = extent->first + extent->second.count;
  }
  if (position < end) holes.emplace_back(position, end - position);
  for (const auto& [hole, length] : holes) Put(hole, length, Slice{});
}

std::uint64_t ExtentMap::CountHoles(std::uint64_t first, std::uint64_t count) const {
  const std::uint64_t end = first + count;
  std::uint64_t holes = count;
  for (auto extent = FirstAfter(first); extent != extents_.end() && extent->first < end; ++extent) {
    const std::uint64_t low = std::max(extent->first, first);
    const std::uint64_t high = std::min(extent->first + extent->second.count, end);
    holes -= high - low;
  }
  return holes;
}

void ExtentMap::Read(std::uint64_t offset, char* target, std::uint64_t length) const {
  const std::uint64_t end = offset + length;
  std::uint64_t position = offset;
  for (auto extent = FirstAfter(offset / kSectorSize); extent != extents_.end() && position < end;
       ++extent) {
    const std::uint64_t begin = extent->first * kSectorSize;
    if (begin >= end) break;
    if (begin > position) {
      std::memset(target + (position - offset), 0, begin - position);
      position = begin;
    }
    const Slice& slice = extent->second.slice;
    const std::uint64_t stop = std::min(end, begin + extent->second.count * kSectorSize);
    const std::uint64_t held = std::min(extent->second.count, slice.held()) * kSectorSize;
    const std::uint64_t data_stop = slice.buffer == nullptr ? begin : std::min(stop, begin + held);
    if (position < data_stop) {
      std::memcpy(target + (position - offset), slice.data() + (position - begin),
                  data_stop - position);
      position = data_stop;
    }
    std::memset(target + (position - offset), 0, stop - position);
    position = stop;
  }
  if (position < end) std::memset(target + (position - offset), 0, end - position);
}

std::uint64_t ExtentMap::end() const {
  if (extents_.empty()) return 0;
  const auto last = std::prev(extents_.end());
  return last->first + last->second.count;
}

}  // namespace beach::sim
