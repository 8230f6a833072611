// SPDX-License-Identifier: Apache-2.0

// What is damaged now, damage that a scenario asks for, and disks that are swapped.
#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "sim/disk/virtual_disk.h"

namespace beach::sim {
namespace {

using Paths = std::map<InodeNumber, std::vector<std::string>>;

// What was acknowledged and is not there is out of contract, whatever made it so.
ContractLabel LabelOf(DiskFault fault, bool unkept) {
  const KnownDiskFault* const known = FindDiskFault(SiteOf(fault));
  return unkept ? ContractLabel::kBeyond : known->label;
}

Damage DamageOf(DiskFault fault, bool unkept, const std::vector<std::string>& paths) {
  Damage damage;
  damage.fault = fault;
  damage.label = LabelOf(fault, unkept);
  damage.paths = paths;
  return damage;
}

void SetRange(Damage& damage, std::uint64_t first, std::uint64_t count, std::uint64_t operation) {
  damage.offset = first * kSectorSize;
  damage.length = count * kSectorSize;
  damage.operation = operation;
}

void AppendDamages(const FileContent& content, bool visible, const std::vector<std::string>& paths,
                   std::vector<Damage>& damages) {
  const DamageMap& map = *content.damage();
  const std::size_t begin = damages.size();
  for (const auto& [sector, altered] : map.altered()) {
    const bool readable = visible && content.Uncovered(sector);
    if (damages.size() > begin) {
      Damage& last = damages.back();
      if (last.fault == altered.fault && last.operation == altered.operation &&
          last.readable_now == readable && last.offset + last.length == sector * kSectorSize) {
        last.length += kSectorSize;
        continue;
      }
    }
    Damage damage = DamageOf(altered.fault, false, paths);
    SetRange(damage, sector, 1, altered.operation);
    damage.readable_now = readable;
    damages.push_back(std::move(damage));
  }
  for (const DamageMap::Range& range : map.unkept()) {
    Damage damage = DamageOf(range.fault, true, paths);
    SetRange(damage, range.first, range.count, range.operation);
    damages.push_back(std::move(damage));
  }
  for (const DamageMap::Range& range : map.unwritable()) {
    Damage damage = DamageOf(range.fault, false, paths);
    SetRange(damage, range.first, range.count, range.operation);
    damages.push_back(std::move(damage));
  }
}

Paths PathsOf(Volume& volume) {
  Paths paths;
  std::vector<std::pair<InodeNumber, std::string>> open = {{volume.root().number, ""}};
  paths[volume.root().number] = {"/"};
  while (!open.empty()) {
    const auto [number, above] = open.back();
    open.pop_back();
    for (const auto& [name, entry] : volume.Get(number).entries) {
      const std::string path = above.empty() ? name : above + "/" + name;
      paths[entry].push_back(path);
      if (volume.Get(entry).is_directory) open.emplace_back(entry, path);
    }
  }
  for (auto& [number, names] : paths) std::sort(names.begin(), names.end());
  return paths;
}

}  // namespace

std::vector<Damage> VirtualDisk::Damages() {
  SettleOrphans();
  std::vector<Damage> damages;
  std::vector<const Inode*> damaged;
  volume_.ForEach([&damaged](const Inode& inode) {
    const DamageMap* const map = inode.content.damage();
    const bool names = inode.names_acknowledged_below != 0 || inode.names_lost != 0;
    if (names || (map != nullptr && !map->empty())) damaged.push_back(&inode);
  });
  Paths paths;
  if (!damaged.empty()) paths = PathsOf(volume_);
  for (const Inode* const file : damaged) {
    const Inode& inode = *file;
    const std::uint64_t names = std::max(inode.names_acknowledged_below, inode.names_lost);
    if (names != 0) {
      Damage damage = DamageOf(DiskFault::kLyingSync, true, paths[inode.number]);
      damage.is_directory = true;
      damage.operation = names;
      damages.push_back(std::move(damage));
    }
    if (inode.content.damage() == nullptr) continue;
    AppendDamages(inode.content, damage_visible_, paths[inode.number], damages);
  }
  if (swapped_at_ != 0) {
    Damage damage = DamageOf(DiskFault::kSwapped, false, {"/"});
    damage.is_directory = true;
    damage.operation = swapped_at_;
    damages.push_back(std::move(damage));
  }
  return damages;
}

bool VirtualDisk::DamageAtRest(DiskFault fault) {
  BEACH_CHECK(fault == DiskFault::kBitRot || fault == DiskFault::kLatentSector);
  SettleOrphans();
  // Every file as likely as any other, whatever its size: small ones matter most.
  std::vector<Inode*> files;
  volume_.ForEach([&files](Inode& inode) {
    if (inode.is_directory) return;
    if (!inode.content.AtRest(0, inode.content.durable_end()).empty()) files.push_back(&inode);
  });
  if (files.empty()) return false;
  const std::uint64_t key =
      decisions_.ChooseFor("disk.at_rest.where", options_.host, ++at_rest_, std::uint64_t{1} << 32);
  RandomStream stream(key);
  FileContent& content = files[static_cast<std::size_t>(stream.Below(files.size()))]->content;
  const std::vector<std::uint64_t> sectors = content.AtRest(0, content.durable_end());
  const std::uint64_t sector = sectors[static_cast<std::size_t>(stream.Below(sectors.size()))];
  if (fault == DiskFault::kBitRot) {
    RotBits(content, sector, key);
  } else {
    MakeUnreadable(content, {sector});
  }
  decisions_.CountFault(SiteOf(fault));
  return true;
}

std::uint64_t VirtualDisk::DamageRange(const std::string& path, std::uint64_t offset,
                                       std::uint64_t length, DiskFault fault) {
  BEACH_CHECK(fault == DiskFault::kBitRot || fault == DiskFault::kLatentSector);
  if (decisions_.Off(SiteOf(fault))) return 0;
  Volume::Place place;
  if (FindPath(path, place) != 0 || place.inode == nullptr || place.inode->is_directory) return 0;
  FileContent& content = place.inode->content;
  const std::uint64_t first = offset / kSectorSize;
  const std::vector<std::uint64_t> sectors =
      content.AtRest(first, SectorsFor(offset + length) - first);
  if (sectors.empty()) return 0;
  if (fault == DiskFault::kLatentSector) {
    MakeUnreadable(content, sectors);
  } else {
    const std::uint64_t key =
        decisions_.ChooseFor("disk.range.bits", options_.host, ++at_rest_, std::uint64_t{1} << 32);
    for (const std::uint64_t sector : sectors) RotBits(content, sector, RandomValue(key, sector));
  }
  for (std::size_t i = 0; i < sectors.size(); ++i) decisions_.CountFault(SiteOf(fault));
  return sectors.size();
}

void VirtualDisk::SwapForEmpty() {
  if (decisions_.Off(SiteOf(DiskFault::kSwapped))) return;
  while (!tickets_.empty()) DropTicket(tickets_.begin());
  CloseAll(ProcessId{}, true);
  BEACH_CHECK_EQ(orphans_, 0U);
  volume_ = Volume();
  if (options_.names_in_order) volume_.KeepNamesInOrder();
  plan_ = Plan();  // keeps what it is to keep of the new files, too
  Remount();
  swapped_at_ = NextOperation();
  decisions_.CountFault(SiteOf(DiskFault::kSwapped));
}

void VirtualDisk::SwapWith(Disk& other_disk) {
  auto& other = static_cast<VirtualDisk&>(other_disk);  // Make makes no others
  BEACH_CHECK(&other != this);
  if (decisions_.Off(SiteOf(DiskFault::kSwapped))) return;
  for (VirtualDisk* const disk : {this, &other}) {
    while (!disk->tickets_.empty()) disk->DropTicket(disk->tickets_.begin());
    disk->CloseAll(ProcessId{}, true);
    BEACH_CHECK_EQ(disk->orphans_, 0U);
  }
  std::swap(volume_, other.volume_);
  std::swap(options_.capacity_bytes, other.options_.capacity_bytes);
  std::swap(read_only_, other.read_only_);
  // Operations that are pending in what it gets have come before all that it does.
  last_operation_ = std::max(last_operation_, other.last_operation_);
  other.last_operation_ = last_operation_;
  for (VirtualDisk* const disk : {this, &other}) {
    disk->plan_ = Plan();
    disk->swapped_at_ = disk->NextOperation();
    disk->decisions_.CountFault(SiteOf(DiskFault::kSwapped));
  }
}

}  // namespace beach::sim
