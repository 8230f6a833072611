// SPDX-License-Identifier: Apache-2.0

// The faults that only some runs have on, each asked for in one place. What they leave behind is a
// DamageMap of the file; the bytes of the volume stay what they should be.
#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>
#include <vector>

#include "base/check.h"
#include "sim/disk/virtual_disk.h"

namespace beach::sim {
namespace {

constexpr Site kStickyWriteError = "disk.eio.write_sticky";
constexpr Site kReadOnly = "disk.read_only";
constexpr std::uint64_t kKeys = std::uint64_t{1} << 32;
constexpr std::uint64_t kMillisecond = 1'000'000;
// A stall takes 1 ms, 2 ms, ... up to 8 s.
constexpr std::uint64_t kStallLengths = 14;
constexpr std::uint64_t kSectorsPerBlock = 4096 / kSectorSize;

std::uint64_t Pick(const std::vector<std::uint64_t>& sectors, RandomStream& stream) {
  return sectors[static_cast<std::size_t>(stream.Below(sectors.size()))];
}

}  // namespace

void VirtualDisk::RefreshPlan() {
  const auto planned = [this](Site site) { return decisions_.Planned(site); };
  plan_.version = decisions_.plan_version();
  plan_.bit_rot = planned("disk.bit_rot");
  plan_.latent_sector = planned("disk.latent_sector");
  plan_.lost_write = planned("disk.lost_write");
  plan_.lying_sync = planned("disk.lying_sync");
  plan_.misdirected_read = planned("disk.misdirected_read");
  plan_.misdirected_write = planned("disk.misdirected_write");
  plan_.no_space_sync = planned("disk.no_space.sync");
  plan_.read_only = planned(kReadOnly);
  plan_.short_read = planned("disk.short_read");
  plan_.short_write = planned("disk.short_write");
  plan_.stall = planned("disk.stall");
  plan_.sticky_write = planned(kStickyWriteError);
  const bool stale = planned("disk.stale_read");
  if (stale && !plan_.stale_read) {
    volume_.ForEach([](Inode& inode) { inode.content.KeepHistory(); });
    volume_.KeepHistory();
  }
  plan_.stale_read = stale;
}

bool VirtualDisk::RefusesChanges() {
  if (!read_only_) {
    if (!plan().read_only || decisions_.Fault(kReadOnly) == 0) return false;
    read_only_ = true;
    return true;
  }
  decisions_.CountFault(kReadOnly);
  return true;
}

bool VirtualDisk::LyingSyncStrikes() { return decisions_.Fault("disk.lying_sync") != 0; }

bool VirtualDisk::UnwritableMet(FileContent& content, SectorRanges sectors) {
  if (plan().sticky_write && !sectors.empty() && decisions_.Fault(kStickyWriteError) != 0) {
    RandomStream stream(decisions_.Choose("disk.eio.write_sticky.where", kKeys));
    const auto& write = sectors[static_cast<std::size_t>(stream.Below(sectors.size()))];
    const std::uint64_t count = stream.Between(1, std::min(write.count, kSectorsPerBlock));
    const std::uint64_t first = write.first + stream.Below(write.count - count + 1);
    content.Damage().MarkUnwritable({DiskFault::kStickyWriteError, last_operation_, first, count});
    return damage_visible_;
  }
  if (content.damage() == nullptr || !damage_visible_) return false;
  const DamageMap& damage = *content.damage();
  const bool met = std::any_of(sectors.begin(), sectors.end(), [&](const auto& range) {
    return damage.IsUnwritable(range.first, range.count);
  });
  if (met) decisions_.CountFault(kStickyWriteError);
  return met;
}

std::uint64_t VirtualDisk::CutReadShort(bool direct, std::uint64_t length) {
  const std::uint64_t unit = direct ? env::kDirectAlignment : 1;
  if (length <= unit || decisions_.Fault("disk.short_read") == 0) return length;
  const std::uint64_t units = (length - 1) / unit;
  const std::uint64_t fewer = decisions_.Choose("disk.short_read.length", units);
  return (units - fewer) * unit;
}

std::uint64_t VirtualDisk::CutWriteShort(bool direct, std::uint64_t length) {
  const std::uint64_t unit = direct ? env::kDirectAlignment : 1;
  if (length <= unit || decisions_.Fault("disk.short_write") == 0) return length;
  const std::uint64_t units = (length - 1) / unit;
  const std::uint64_t fewer = decisions_.Choose("disk.short_write.length", units);
  return (units - fewer) * unit;
}

std::uint64_t VirtualDisk::DrawLatency(Site site, std::uint64_t low, std::uint64_t high) {
  BEACH_CHECK_LE(low, high);
  const std::uint64_t value = decisions_.Draw(site);
  std::uint64_t latency = low + RandomBelow(value, high - low + 1);
  if ((value & 31) == 0) latency *= 8;
  if (options_.latency_percent != 100) latency = latency * options_.latency_percent / 100;
  if (plan().stall && decisions_.Fault("disk.stall") != 0) {
    latency += kMillisecond << decisions_.Choose("disk.stall.length", kStallLengths);
  }
  return latency;
}

void VirtualDisk::RotBits(FileContent& content, std::uint64_t sector, std::uint64_t key) {
  RandomStream stream(key);
  const auto buffer = std::make_shared_for_overwrite<char[]>(kSectorSize);
  const Slice durable = content.ReadDurable(sector, 1);
  std::memcpy(buffer.get(), durable.data(), kSectorSize);
  // What rotted before stays so.
  const std::uint64_t begin = sector * kSectorSize;
  if (!content.ShowDamage(begin, buffer.get(), kSectorSize)) return;
  const std::uint64_t flips = stream.Chance(3, 4) ? 1 : stream.Between(2, 64);
  for (std::uint64_t flip = 0; flip < flips; ++flip) {
    const std::uint64_t bit = stream.Below(kSectorSize * 8);
    const auto flipped = static_cast<unsigned char>(buffer[static_cast<std::ptrdiff_t>(bit / 8)]) ^
                         (1U << (bit % 8));
    buffer[static_cast<std::ptrdiff_t>(bit / 8)] = static_cast<char>(flipped);
  }
  content.Damage().Alter(sector, DiskFault::kBitRot, last_operation_, Slice{buffer, 0});
}

void VirtualDisk::MakeUnreadable(FileContent& content, const std::vector<std::uint64_t>& sectors) {
  for (const std::uint64_t sector : sectors) {
    content.Damage().Alter(sector, DiskFault::kLatentSector, last_operation_, Slice{});
  }
}

void VirtualDisk::StrikeAtRest(Inode& inode, std::uint64_t offset, std::uint64_t length) {
  FileContent& content = inode.content;
  const std::uint64_t first = offset / kSectorSize;
  const std::vector<std::uint64_t> sectors =
      content.AtRest(first, SectorsFor(offset + length) - first);
  if (sectors.empty()) return;
  if (plan().bit_rot && decisions_.Fault("disk.bit_rot") != 0) {
    const std::uint64_t key = decisions_.Choose("disk.bit_rot.where", kKeys);
    RandomStream stream(key);
    RotBits(content, Pick(sectors, stream), key);
  }
  if (plan().latent_sector && decisions_.Fault("disk.latent_sector") != 0) {
    RandomStream stream(decisions_.Choose("disk.latent_sector.where", kKeys));
    const std::uint64_t sector = Pick(sectors, stream);
    const bool whole_block = stream.Chance(1, 2);
    const std::uint64_t block = sector - sector % kSectorsPerBlock;
    MakeUnreadable(content, whole_block ? content.AtRest(block, kSectorsPerBlock)
                                        : std::vector<std::uint64_t>{sector});
  }
}

// Of the same file or another one.
VirtualDisk::SectorPlace VirtualDisk::DrawPlace(Inode& near, RandomStream& stream) {
  Inode* file = &near;
  if (stream.Chance(1, 2)) {
    std::vector<Inode*> files;
    volume_.ForEach([&files](Inode& inode) {
      if (!inode.is_directory && inode.content.durable_end() > 0) files.push_back(&inode);
    });
    if (!files.empty()) file = files[static_cast<std::size_t>(stream.Below(files.size()))];
  }
  const std::uint64_t end = file->content.durable_end();
  if (end == 0) return {};
  return {file, stream.Below(end)};
}

void VirtualDisk::StrikeBytesRead(Inode& inode, std::uint64_t offset, char* target,
                                  std::uint64_t length) {
  FileContent& content = inode.content;
  const std::uint64_t first = offset / kSectorSize;
  const std::vector<std::uint64_t> sectors =
      content.AtRest(first, SectorsFor(offset + length) - first);
  if (sectors.empty()) return;
  const auto replace = [&](std::uint64_t sector, const char* bytes) {
    const std::uint64_t begin = sector * kSectorSize;
    const std::uint64_t low = std::max(offset, begin);
    const std::uint64_t high = std::min(offset + length, begin + kSectorSize);
    std::memcpy(target + (low - offset), bytes + (low - begin), high - low);
  };
  if (plan().misdirected_read && decisions_.Fault("disk.misdirected_read") != 0) {
    RandomStream stream(decisions_.Choose("disk.misdirected_read.where", kKeys));
    const std::uint64_t sector = Pick(sectors, stream);
    const SectorPlace place = DrawPlace(inode, stream);
    if (place.inode != nullptr) {
      replace(sector, place.inode->content.ReadDurable(place.sector, 1).data());
    }
  }
  if (!plan().stale_read || content.history() == nullptr) return;
  std::vector<std::uint64_t> rewritten;
  std::copy_if(sectors.begin(), sectors.end(), std::back_inserter(rewritten),
               [&](std::uint64_t sector) { return content.history()->Holds(sector); });
  if (rewritten.empty() || decisions_.Fault("disk.stale_read") == 0) return;
  RandomStream stream(decisions_.Choose("disk.stale_read.where", kKeys));
  const std::uint64_t sector = Pick(rewritten, stream);
  char before[kSectorSize];
  content.history()->Read(sector * kSectorSize, before, kSectorSize);
  replace(sector, before);
}

std::optional<VirtualDisk::Misplaced> VirtualDisk::DrawMisplaced(const FileContent& content,
                                                                 SectorRanges writes) {
  BEACH_CHECK(!writes.empty());
  Misplaced misplaced{};
  if (plan().lost_write && decisions_.Fault("disk.lost_write") != 0) {
    misplaced.fault = DiskFault::kLostWrite;
    misplaced.key = decisions_.Choose("disk.lost_write.where", kKeys);
  } else if (plan().misdirected_write && decisions_.Fault("disk.misdirected_write") != 0) {
    misplaced.fault = DiskFault::kMisdirectedWrite;
    misplaced.key = decisions_.Choose("disk.misdirected_write.where", kKeys);
  } else {
    return std::nullopt;
  }
  RandomStream stream(misplaced.key);
  const auto& write = writes[static_cast<std::size_t>(stream.Below(writes.size()))];
  // The whole write more often than a part of it.
  misplaced.count = stream.Chance(1, 2) ? write.count : stream.Between(1, write.count);
  misplaced.first = write.first + stream.Below(write.count - misplaced.count + 1);
  misplaced.before = content.ReadDurable(misplaced.first, misplaced.count);
  return misplaced;
}

void VirtualDisk::Misplace(Inode& inode, const Misplaced& misplaced) {
  const Slice after = inode.content.ReadDurable(misplaced.first, misplaced.count);
  for (std::uint64_t i = 0; i < misplaced.count; ++i) {
    const Slice before = misplaced.before.Skip(i);
    if (std::memcmp(before.data(), after.Skip(i).data(), kSectorSize) == 0) continue;
    inode.content.Damage().Alter(misplaced.first + i, misplaced.fault, last_operation_, before);
  }
  if (misplaced.fault != DiskFault::kMisdirectedWrite) return;
  RandomStream stream(Mix64(misplaced.key));
  const SectorPlace place = DrawPlace(inode, stream);
  // What is free or about to be written takes no harm from it.
  if (place.inode == nullptr) return;
  FileContent& victim = place.inode->content;
  for (const std::uint64_t sector : victim.AtRest(place.sector, misplaced.count)) {
    const bool intended = place.inode == &inode && sector >= misplaced.first &&
                          sector < misplaced.first + misplaced.count;
    if (intended) continue;
    victim.Damage().Alter(sector, DiskFault::kMisdirectedWrite, last_operation_,
                          after.Skip(sector - place.sector));
  }
}

}  // namespace beach::sim
