// SPDX-License-Identifier: Apache-2.0
#include "sim/disk/cut.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace beach::sim {

Cut::Cut(Mode mode, std::uint64_t oldest, std::uint64_t newest, std::uint64_t torn_percent,
         std::uint64_t key)
    : mode_(mode),
      oldest_(oldest),
      newest_(newest),
      torn_percent_(torn_percent),
      key_(key),
      stream_(key) {
  BEACH_CHECK_LE(oldest, newest);
  limit_ = stream_.Between(oldest, newest);
  keep_eighths_ = stream_.Between(1, 7);
}

Cut Cut::Chosen(std::vector<std::uint64_t> pending, std::uint64_t lost) {
  Cut cut = All();
  cut.mode_ = Mode::kChosen;
  cut.pending_ = std::move(pending);
  cut.lost_ = lost;
  return cut;
}

Cut Cut::ForFile(std::uint64_t inode) const {
  if (mode_ == Mode::kChosen) return *this;
  const std::uint64_t key = RandomValue(key_, inode);
  Mode mode = mode_;
  if (mode == Mode::kEach) {
    mode = static_cast<Mode>(RandomBelow(Mix64(key), static_cast<std::uint64_t>(Mode::kEach)));
  }
  Cut cut(mode, oldest_, newest_, torn_percent_, key);
  cut.tears_ = tears_;
  // A prefix of the whole disk's history ends at one operation for all files.
  if (mode_ == Mode::kPrefix) cut.limit_ = limit_;
  return cut;
}

bool Cut::Keeps(std::uint64_t operation) {
  switch (mode_) {
    case Mode::kAll: return true;
    case Mode::kNone: return false;
    case Mode::kPrefix: return operation < limit_;
    case Mode::kChosen: {
      const auto place = std::lower_bound(pending_.begin(), pending_.end(), operation);
      BEACH_CHECK(place != pending_.end() && *place == operation);
      return ((lost_ >> ((place - pending_.begin()) % 32)) & 1) == 0;
    }
    case Mode::kMix:
    case Mode::kEach: break;
  }
  return stream_.Chance(keep_eighths_, 8);
}

void Cut::ChooseSectors(std::uint64_t operation, std::uint64_t count,
                        std::vector<SectorRun>& runs) {
  BEACH_CHECK_GT(count, 0U);
  runs.clear();
  if (mode_ == Mode::kPrefix && operation == limit_) {
    const std::uint64_t kept = stream_.Between(0, count);
    if (kept > 0) runs.push_back({0, kept});
    return;
  }
  if (mode_ != Mode::kMix) {
    if (Keeps(operation)) runs.push_back({0, count});
    return;
  }
  const std::uint64_t shape = stream_.Below(4);
  if (shape < 2) {  // whole or not at all
    if (Keeps(operation)) runs.push_back({0, count});
    return;
  }
  if (shape == 2) {  // a prefix or a suffix
    const std::uint64_t split = stream_.Between(0, count);
    const bool prefix = stream_.Chance(1, 2);
    if (prefix && split > 0) runs.push_back({0, split});
    if (!prefix && split < count) runs.push_back({split, count - split});
    return;
  }
  // Alternating runs, mostly short, at times long, so that a large write does not always shatter.
  bool keep = stream_.Chance(keep_eighths_, 8);
  for (std::uint64_t first = 0; first < count; keep = !keep) {
    const bool is_short = stream_.Chance(3, 4);
    const std::uint64_t longest = is_short && count - first > 3 ? 3 : count - first;
    const std::uint64_t length = stream_.Between(1, longest);
    if (keep) runs.push_back({first, length});
    first += length;
  }
}

std::size_t Cut::ChooseSize(const std::vector<std::uint64_t>& operations) {
  const std::size_t count = operations.size();
  if (count == 0 || mode_ == Mode::kNone) return 0;
  if (mode_ == Mode::kAll) return count;
  if (mode_ == Mode::kPrefix) {
    std::size_t kept = 0;
    while (kept < count && operations[kept] < limit_) ++kept;
    if (kept < count && operations[kept] == limit_ && stream_.Chance(1, 2)) ++kept;
    return kept;
  }
  if (mode_ == Mode::kChosen) {
    std::size_t kept = count;
    while (kept > 0 && !Keeps(operations[kept - 1])) --kept;
    return kept;
  }
  const std::uint64_t shape = stream_.Below(4);
  if (shape == 0) return 0;
  if (shape == 1) return count;
  return static_cast<std::size_t>(stream_.Between(0, count));
}

std::uint64_t Cut::ChooseTear(std::uint64_t operation, std::uint64_t length, bool& new_first) {
  BEACH_CHECK_GT(length, 1U);
  if (torn_percent_ == 0 || mode_ == Mode::kChosen || mode_ == Mode::kAll || mode_ == Mode::kNone)
    return 0;
  if (mode_ == Mode::kPrefix && operation != limit_) return 0;
  if (!stream_.Chance(torn_percent_, 100)) return 0;
  new_first = stream_.Chance(3, 4);
  const std::uint64_t split = stream_.Between(1, length - 1);
  return tears_ ? split : 0;
}

}  // namespace beach::sim
