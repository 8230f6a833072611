// SPDX-License-Identifier: Apache-2.0

// How the damage of a file meets its content: what hides it, what ends it, where it can strike.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "sim/disk/file_content.h"

namespace beach::sim {

DamageMap& FileContent::Damage() {
  if (damage_ == nullptr) damage_ = std::make_unique<DamageMap>();
  return *damage_;
}

bool FileContent::Uncovered(std::uint64_t sector) const {
  return std::none_of(data_.begin(), data_.end(), [sector](const DataOperation& operation) {
    return operation.kind != Kind::kReserve && operation.first <= sector &&
           sector < operation.first + operation.count;
  });
}

bool FileContent::ShowDamage(std::uint64_t offset, char* target, std::uint64_t length) const {
  if (damage_ == nullptr || length == 0) return true;
  const auto& altered = damage_->altered();
  const std::uint64_t end = offset + length;
  const auto last = altered.lower_bound(SectorsFor(end));
  for (auto entry = altered.lower_bound(offset / kSectorSize); entry != last; ++entry) {
    if (!Uncovered(entry->first)) continue;
    if (entry->second.shown.buffer == nullptr) return false;
    const std::uint64_t begin = entry->first * kSectorSize;
    const std::uint64_t low = std::max(offset, begin);
    const std::uint64_t high = std::min(end, begin + kSectorSize);
    std::memcpy(target + (low - offset), entry->second.shown.data() + (low - begin), high - low);
  }
  return true;
}

bool FileContent::EdgeUnreadable(std::uint64_t offset, std::uint64_t length) const {
  if (damage_ == nullptr) return false;
  const auto unreadable = [this](std::uint64_t position) {
    const auto found = damage_->altered().find(position / kSectorSize);
    return position % kSectorSize != 0 && found != damage_->altered().end() &&
           found->second.shown.buffer == nullptr && Uncovered(found->first);
  };
  // What lies behind the end of the file need not be read.
  return unreadable(offset) || (offset + length < size_ && unreadable(offset + length));
}

std::vector<std::uint64_t> FileContent::AtRest(std::uint64_t first, std::uint64_t count) const {
  std::vector<std::uint64_t> sectors;
  const std::uint64_t end = std::min(first + count, SectorsFor(durable_size_));
  for (std::uint64_t sector = first; sector < end; ++sector) {
    if (!durable_.Holds(sector) || !Uncovered(sector)) continue;
    if (forgotten_) {
      char seen[kSectorSize];
      char durable[kSectorSize];
      cached_.Read(sector * kSectorSize, seen, kSectorSize);
      durable_.Read(sector * kSectorSize, durable, kSectorSize);
      if (std::memcmp(seen, durable, kSectorSize) != 0) continue;
    }
    sectors.push_back(sector);
  }
  return sectors;
}

Slice FileContent::ReadDurable(std::uint64_t first, std::uint64_t count) const {
  const auto buffer = std::make_shared_for_overwrite<char[]>(count * kSectorSize);
  durable_.Read(first * kSectorSize, buffer.get(), count * kSectorSize);
  return Slice{buffer, 0};
}

std::vector<FileContent::SectorRange> FileContent::PendingWrites(std::uint64_t end) const {
  std::vector<SectorRange> writes;
  for (const DataOperation& operation : data_) {
    if (operation.number >= end) break;
    if (operation.kind != Kind::kWrite || operation.durable) continue;
    writes.push_back({operation.first, operation.count});
  }
  return writes;
}

bool FileContent::Acknowledge(std::uint64_t begin, std::uint64_t end, DiskFault fault) {
  bool any = false;
  for (const DataOperation& operation : data_) {
    if (operation.number < begin || operation.number >= end || operation.durable) continue;
    if (operation.kind == Kind::kReserve) continue;
    Damage().MarkUnkept({fault, operation.number, operation.first, operation.count});
    any = true;
  }
  for (const SizeOperation& operation : sizes_) {
    if (operation.number < begin || operation.number >= end) continue;
    size_acknowledged_ = operation;
    size_fault_ = fault;
    any = true;
  }
  if (any) acknowledged_below_ = std::max(acknowledged_below_, end);
  return any;
}

void FileContent::SettleSize(std::uint64_t operation) {
  if (size_acknowledged_ && size_acknowledged_->number <= operation) size_acknowledged_.reset();
}

// What an acknowledged size should have held, or should have cut off, is damaged.
void FileContent::MarkLostSize() {
  acknowledged_below_ = 0;
  const auto acknowledged = std::exchange(size_acknowledged_, std::nullopt);
  if (!acknowledged || acknowledged->size == durable_size_) return;
  const std::uint64_t low = std::min(acknowledged->size, durable_size_) / kSectorSize;
  const std::uint64_t high = SectorsFor(std::max(acknowledged->size, durable_size_));
  Damage().MarkUnkept({size_fault_, acknowledged->number, low, high - low});
}

}  // namespace beach::sim
