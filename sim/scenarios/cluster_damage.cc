// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/cluster_damage.h"

#include <algorithm>

#include "base/coding.h"
#include "engine/wal/format.h"
#include "engine/wal/log.h"
#include "env/files.h"
#include "raft/disk/register.h"
#include "sim/decisions.h"
#include "sim/disk/disk.h"

namespace beach::sim::scenarios::cluster {
namespace {

namespace wal = engine::wal;

template <class Visit>
void ForEachItem(const Bytes& segment, engine::SegmentOrdinal ordinal, engine::LogSalt salt,
                 Visit visit) {
  for (std::uint64_t at = wal::kSegmentHeaderSize; at + wal::kBlockSize <= segment.size();) {
    const ByteView here = ByteView(segment).substr(at);
    const wal::ItemPlace place{
        .segment = ordinal,
        .epoch = engine::OpenEpoch(Decoder(here.substr(wal::kItemEpochOffset)).Fixed64()),
        .offset = at,
        .limit = segment.size(),
        .salt = salt};
    wal::ItemHeader header;
    const bool sound = wal::DecodeItemHeader(here, place, header) &&
                       wal::ItemCrc(here.substr(0, header.size()), salt) == header.crc;
    if (sound) visit(header);
    at = sound ? header.end() : at + wal::kBlockSize;
  }
}

std::vector<std::string> FilesOf(Disk& disk, const std::string& directory) {
  std::vector<std::string> names;
  if (disk.List(directory, names) != 0) return {};
  std::ranges::sort(names);
  std::vector<std::string> paths;
  for (const std::string& name : names) {
    const std::string path = env::JoinPath(directory, name);
    const Result<Bytes> content = disk.Inspect(path);
    if (content && !content->empty()) paths.push_back(path);
  }
  return paths;
}

// A sector of any file.
std::vector<DamagePlace> AnySector(Simulation& simulation, Disk& disk,
                                   const std::string& directory) {
  const std::vector<std::string> paths = FilesOf(disk, directory);
  if (paths.empty()) return {};
  Decisions& decisions = simulation.decisions();
  const std::string& path = paths[decisions.Choose("cluster.damage.file", paths.size())];
  const std::uint64_t sectors = (disk.Inspect(path)->size() + kSectorSize - 1) / kSectorSize;
  const std::uint64_t sector = decisions.Choose("cluster.damage.sector", sectors);
  return {{.path = path, .offset = sector * kSectorSize, .length = kSectorSize}};
}

// One of its two copies, as long as the other is sound.
std::vector<DamagePlace> OneCopyOfRegister(Simulation& simulation, Disk& disk) {
  const std::string path = env::JoinPath(kLogDirectory, raft::kRegisterFileName);
  const Result<Bytes> content = disk.Inspect(path);
  const auto is_it = [&](const Damage& damage) {
    return std::ranges::find(damage.paths, path) != damage.paths.end();
  };
  if (!content || content->empty() || std::ranges::any_of(disk.Damages(), is_it)) return {};
  const std::uint64_t size = content->size() / 2;
  const std::uint64_t copy = simulation.decisions().Choose("cluster.damage.copy", 2);
  return {{.path = path, .offset = copy * size, .length = kSectorSize}};
}

}  // namespace

std::vector<DamagePlace> VouchedBlocks(Disk& disk, const std::string& directory) {
  const std::string path = env::JoinPath(directory, raft::kRegisterFileName);
  const Result<Bytes> bytes = disk.Inspect(path);
  if (!bytes) return {};
  const auto found = raft::DecodeRegister(*bytes, path);
  if (!found) return {};
  engine::LogPosition vouched = found->content.durable;
  std::vector<DamagePlace> places;
  std::vector<engine::LogPosition> begins;
  for (const wal::Segment& segment : found->content.segments) {
    const std::string file = env::JoinPath(directory, wal::SegmentFileName(segment.file));
    const Result<Bytes> content = disk.Inspect(file);
    if (!content) continue;
    const auto add = [&](std::uint64_t offset) {
      places.push_back({.path = file, .offset = offset, .length = wal::kBlockSize});
      begins.push_back({.segment = segment.ordinal, .offset = offset});
    };
    add(0);
    ForEachItem(*content, segment.ordinal, found->content.salt, [&](const wal::ItemHeader& header) {
      vouched = std::max(vouched, header.durable);
      for (std::uint64_t at = header.begin.offset; at < header.end(); at += wal::kBlockSize) {
        add(at);
      }
    });
  }
  for (std::size_t i = places.size(); i-- > 0;) {
    if (begins[i] < vouched) continue;
    places.erase(places.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return places;
}

std::uint64_t DamageDisk(Simulation& simulation, HostId host, const Blow& blow) {
  Disk& disk = simulation.disk(host);
  Decisions& decisions = simulation.decisions();
  std::uint64_t sectors = 0;
  for (std::uint64_t i = 0; i < blow.damages; ++i) {
    std::vector<DamagePlace> places;
    switch (blow.damage) {
      case DamageKind::kNone: return 0;
      case DamageKind::kLog: places = VouchedBlocks(disk, kLogDirectory); break;
      case DamageKind::kRegister: places = OneCopyOfRegister(simulation, disk); break;
      case DamageKind::kTables: places = AnySector(simulation, disk, kTablesDirectory); break;
      case DamageKind::kArrived: places = AnySector(simulation, disk, kArrivedDirectory); break;
      case DamageKind::kEmptyDisk: disk.SwapForEmpty(); return 1;
    }
    if (places.empty()) return sectors;
    // Of many blocks: the newest are what the log is still needed for.
    const std::uint64_t from = places.size() > 8 && blow.damage_newest ? places.size() - 8 : 0;
    const std::uint64_t chosen =
        from + decisions.Choose("cluster.damage.place", places.size() - from);
    const DamagePlace& place = places[chosen];
    sectors += disk.DamageRange(place.path, place.offset, place.length,
                                blow.unreadable ? DiskFault::kLatentSector : DiskFault::kBitRot);
  }
  return sectors;
}

}  // namespace beach::sim::scenarios::cluster
