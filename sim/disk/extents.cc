// SPDX-License-Identifier: Apache-2.0
#include "sim/disk/extents.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/check.h"

namespace beach::sim {

std::size_t ExtentMap::FirstAfter(std::uint64_t sector) const {
  // Mostly it is one of the last: of a log what lies behind it is one extent of zeros.
  std::size_t place = extents_.size();
  for (int looks = 0; looks < 3 && place > 0; ++looks, --place) {
    if (extents_[place - 1].end() <= sector) return place;
  }
  const auto found = std::upper_bound(
      extents_.begin(), extents_.begin() + static_cast<std::ptrdiff_t>(place), sector,
      [](std::uint64_t wanted, const Extent& extent) { return wanted < extent.end(); });
  return static_cast<std::size_t>(found - extents_.begin());
}

void ExtentMap::Remove(std::uint64_t first, std::uint64_t count) { Clear(first, count); }

std::size_t ExtentMap::Clear(std::uint64_t first, std::uint64_t count) {
  std::size_t place = FirstAfter(first);
  if (count == 0 || place == extents_.size()) return place;
  const std::uint64_t end = first + count;
  Extent& front = extents_[place];
  if (front.first < first) {
    allocated_ -= std::min(front.end(), end) - first;
    if (front.end() > end) {
      Extent behind = front;
      behind.BeginAt(end);
      front.count = first - front.first;
      extents_.insert(At(place + 1), std::move(behind));
      return place + 1;
    }
    front.count = first - front.first;
    ++place;
  }
  std::size_t gone = place;
  while (gone < extents_.size() && extents_[gone].end() <= end)
    allocated_ -= extents_[gone++].count;
  if (gone < extents_.size() && extents_[gone].first < end) {
    allocated_ -= end - extents_[gone].first;
    extents_[gone].BeginAt(end);
  }
  extents_.erase(At(place), At(gone));
  return place;
}

void ExtentMap::Put(std::uint64_t first, std::uint64_t count, const Slice& slice) {
  BEACH_CHECK_GT(count, 0U);
  const std::size_t place = Clear(first, count);
  allocated_ += count;
  BEACH_CHECK(place == extents_.size() || extents_[place].first >= first + count);
  if (slice.buffer == nullptr && place > 0) {
    // A segment zeroed piece by piece stays one extent.
    Extent& before = extents_[place - 1];
    if (before.slice.buffer == nullptr && before.end() == first) {
      before.count += count;
      return;
    }
  }
  extents_.insert(At(place), Extent{first, count, slice});
}

void ExtentMap::FillHoles(std::uint64_t first, std::uint64_t count) {
  const std::uint64_t end = first + count;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> holes;
  std::uint64_t position = first;
  for (std::size_t place = FirstAfter(first); place < extents_.size(); ++place) {
    const Extent& extent = extents_[place];
    if (extent.first >= end) break;
    if (extent.first > position) holes.emplace_back(position, extent.first - position);
    position = extent.end();
  }
  if (position < end) holes.emplace_back(position, end - position);
  for (const auto& [hole, length] : holes) Put(hole, length, Slice{});
}

std::uint64_t ExtentMap::CountHoles(std::uint64_t first, std::uint64_t count) const {
  const std::uint64_t end = first + count;
  std::uint64_t holes = count;
  for (std::size_t place = FirstAfter(first); place < extents_.size(); ++place) {
    const Extent& extent = extents_[place];
    if (extent.first >= end) break;
    holes -= std::min(extent.end(), end) - std::max(extent.first, first);
  }
  return holes;
}

void ExtentMap::Read(std::uint64_t offset, char* target, std::uint64_t length) const {
  const std::uint64_t end = offset + length;
  std::uint64_t position = offset;
  for (std::size_t place = FirstAfter(offset / kSectorSize);
       place < extents_.size() && position < end; ++place) {
    const Extent& extent = extents_[place];
    const std::uint64_t begin = extent.first * kSectorSize;
    if (begin >= end) break;
    if (begin > position) {
      std::memset(target + (position - offset), 0, begin - position);
      position = begin;
    }
    const Slice& slice = extent.slice;
    const std::uint64_t stop = std::min(end, begin + extent.count * kSectorSize);
    const std::uint64_t held = std::min(extent.count, slice.held()) * kSectorSize;
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

std::uint64_t ExtentMap::end() const { return extents_.empty() ? 0 : extents_.back().end(); }

}  // namespace beach::sim
