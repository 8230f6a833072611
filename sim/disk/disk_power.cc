// SPDX-License-Identifier: Apache-2.0

// What ends processes and power, and what looks at the disk from outside.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "sim/disk/virtual_disk.h"

namespace beach::sim {
namespace {

constexpr Site kCutMode = "disk.cut.mode";
constexpr Site kTornSector = "disk.torn_sector";

}  // namespace

void VirtualDisk::CloseAll(ProcessId process, bool everybody) {
  std::vector<Descriptor> open;
  for (const auto& [descriptor, file] : descriptors_) {
    if (everybody || file.process == process) open.push_back(descriptor);
  }
  for (const Descriptor descriptor : open) Close(descriptor);
}

void VirtualDisk::KillProcess(ProcessId process) {
  ++deaths_;
  // They are settled when somebody looks: a power loss that comes first may still tear them.
  for (auto& [ticket, write] : tickets_) {
    if (write.process != process || write.orphaned) continue;
    write.orphaned = true;
    ++orphans_;
  }
  CloseAll(process, false);
}

void VirtualDisk::SettleOrphans() {
  if (orphans_ == 0) return;
  std::vector<WriteTicket> orphans;
  for (const auto& [ticket, write] : tickets_) {
    if (write.orphaned) orphans.push_back(ticket);
  }
  BEACH_CHECK_EQ(orphans.size(), orphans_);
  // 0: all complete.
  const std::uint64_t key =
      decisions_.ChooseFor("disk.kill.in_flight", options_.host, deaths_, std::uint64_t{1} << 32);
  RandomStream stream(key);
  for (const WriteTicket ticket : orphans) {
    const bool completes = stream.Chance(1, 2);
    if (completes || key == 0) {
      CompleteOrphan(tickets_.find(ticket));
    } else {
      DropTicket(tickets_.find(ticket));
    }
  }
  BEACH_CHECK_EQ(orphans_, 0U);
}

void VirtualDisk::CompleteOrphan(Tickets::iterator ticket) {
  BEACH_CHECK(ticket->second.orphaned);
  const Submitted& write = ticket->second;
  const std::uint64_t length = LengthThatFits(*write.inode, write.offset, write.data.size());
  if (length > 0) {
    const ByteView written = ByteView(write.data).substr(0, length);
    volume_.ChangeContent(*write.inode, [&](FileContent& content) {
      content.Write(NextOperation(), write.offset, written, FileContent::Durability::kAtOnce);
    });
  }
  DropTicket(ticket);
}

int VirtualDisk::FindPath(const std::string& path, Volume::Place& place) {
  SettleOrphans();
  return volume_.Find(path, place);
}

Cut VirtualDisk::DrawPowerCut() {
  const std::uint64_t oldest = volume_.OldestPending(last_operation_);
  // 0 is the gentlest: all kept.
  static constexpr Cut::Mode kModes[] = {Cut::Mode::kAll,    Cut::Mode::kNone, Cut::Mode::kPrefix,
                                         Cut::Mode::kPrefix, Cut::Mode::kMix,  Cut::Mode::kMix,
                                         Cut::Mode::kEach,   Cut::Mode::kEach, Cut::Mode::kChosen};
  const std::uint64_t number = ++power_cuts_;
  const std::uint64_t mode =
      decisions_.ChooseFor(kCutMode, options_.host, number, std::size(kModes));
  const std::uint64_t key =
      decisions_.ChooseFor("disk.cut.detail", options_.host, number, std::uint64_t{1} << 32);
  if (decisions_.Off("crash.power_loss")) return Cut::All();
  Cut::Mode chosen = kModes[mode];
  const bool in_order = chosen == Cut::Mode::kAll || chosen == Cut::Mode::kNone;
  if (!in_order && decisions_.Off(kCutMode)) chosen = Cut::Mode::kPrefix;
  if (chosen == Cut::Mode::kChosen) {
    std::vector<std::uint64_t> numbers;
    for (const PendingOperation& operation : volume_.Pending()) numbers.push_back(operation.number);
    return Cut::Chosen(std::move(numbers), key);
  }
  Cut cut(chosen, oldest, last_operation_, options_.torn_percent, key);
  if (decisions_.Off(kTornSector)) cut.TearNothing();
  return cut;
}

CutSummary VirtualDisk::PowerLoss() {
  // A write in flight is one more that no sync has covered.
  for (const auto& [ticket, write] : tickets_) {
    if (write.data.empty()) continue;
    volume_.ChangeContent(*write.inode, [&](FileContent& content) {
      content.Write(NextOperation(), write.offset, write.data, FileContent::Durability::kLater);
    });
  }
  while (!tickets_.empty()) DropTicket(tickets_.begin());
  CloseAll(ProcessId{}, true);
  BEACH_CHECK(descriptors_.empty());
  Cut cut = DrawPowerCut();
  CutSummary summary;
  const FileContent::Settled settled =
      volume_.PowerLoss(cut, describes_cuts_ ? &summary.parts : nullptr);
  BEACH_CHECK_LE(settled.kept, settled.pending);
  Remount();
  for (std::uint64_t i = 0; i < settled.torn; ++i) decisions_.CountFault(kTornSector);
  summary.operations_pending = settled.pending;
  summary.operations_kept = settled.kept;
  summary.sectors_torn = settled.torn;
  return summary;
}

FileStat VirtualDisk::StatOf(const Inode& inode) {
  return {.id = inode.number,
          .is_directory = inode.is_directory,
          .size_bytes = inode.content.size(),
          .allocated_bytes = inode.content.allocated() * kSectorSize,
          .links = inode.links};
}

int VirtualDisk::Stat(const std::string& path, FileStat& stat) {
  Volume::Place place;
  if (const int error = volume_.Find(path, place); error != 0) return error;
  if (place.inode == nullptr) return -ENOENT;
  stat = StatOf(*place.inode);
  return 0;
}

std::uint64_t VirtualDisk::Digest() {
  SettleOrphans();
  std::uint64_t digest = 0;
  std::vector<const Inode*> open = {&volume_.root()};
  std::vector<char> piece(std::size_t{64} << 10);
  while (!open.empty()) {
    const Inode& inode = *open.back();
    open.pop_back();
    digest = RandomValue(digest, inode.entries.size(), inode.content.size());
    for (const auto& [name, number] : inode.entries) {
      digest = RandomValue(digest, Crc32c(name), name.size());
      open.push_back(&volume_.Get(number));
    }
    for (std::uint64_t offset = 0; offset < inode.content.size(); offset += piece.size()) {
      const std::uint64_t length =
          std::min<std::uint64_t>(piece.size(), inode.content.size() - offset);
      inode.content.Read(offset, piece.data(), length);
      const bool readable =
          !damage_visible_ || inode.content.ShowDamage(offset, piece.data(), length);
      if (!readable) digest = RandomValue(digest, offset);
      digest = RandomValue(digest, Crc32c(ByteView(piece.data(), length)));
    }
  }
  return digest;
}

Result<Bytes> VirtualDisk::Inspect(const std::string& path) {
  Volume::Place place;
  int error = FindPath(path, place);
  if (error == 0 && place.inode == nullptr) error = -ENOENT;
  if (error == 0 && place.inode->is_directory) error = -EISDIR;
  if (error != 0) return Fail(ErrnoError(-error, "inspect", path));
  Bytes bytes(place.inode->content.size(), '\0');
  place.inode->content.Read(0, bytes.data(), bytes.size());
  if (damage_visible_ && !place.inode->content.ShowDamage(0, bytes.data(), bytes.size())) {
    return Fail(ErrnoError(EIO, "inspect", path));
  }
  return bytes;
}

void VirtualDisk::AddToImage(const Inode& directory, const std::string& prefix, DiskImage& image) {
  for (const auto& [name, number] : directory.entries) {
    const Inode& inode = volume_.Get(number);
    DiskImage::Entry entry;
    entry.path = prefix + name;
    entry.kind = inode.is_directory ? DiskImage::Kind::kDirectory : DiskImage::Kind::kFile;
    if (!inode.is_directory) {
      Bytes content(inode.content.size(), '\0');
      inode.content.Read(0, content.data(), content.size());
      entry.size_bytes = content.size();
      entry.runs = RunsOf(content);
    }
    image.entries.push_back(entry);
    if (inode.is_directory) AddToImage(inode, prefix + name + "/", image);
  }
}

DiskImage VirtualDisk::Image() {
  DiskImage image;
  AddToImage(volume_.root(), "", image);
  std::ranges::sort(image.entries, {}, &DiskImage::Entry::path);
  // A file with several names: the first has the bytes.
  std::map<InodeNumber, std::string> first_names;
  for (DiskImage::Entry& entry : image.entries) {
    Volume::Place place;
    BEACH_CHECK_EQ(volume_.Find(entry.path, place), 0);
    const auto [first, is_first] = first_names.emplace(place.inode->number, entry.path);
    if (is_first) continue;
    entry = {.path = entry.path,
             .kind = DiskImage::Kind::kLink,
             .size_bytes = 0,
             .runs = {},
             .target = first->second};
  }
  return image;
}

}  // namespace beach::sim
