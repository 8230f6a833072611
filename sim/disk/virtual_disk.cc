// SPDX-License-Identifier: Apache-2.0
#include "sim/disk/virtual_disk.h"

#include <algorithm>
#include <cerrno>

#include "base/check.h"

namespace beach::sim {
namespace {

constexpr Site kFull = "disk.full";
constexpr std::uint64_t kFileSizeMax = std::uint64_t{1} << 44;  // as ext4 with 4 KiB blocks

}  // namespace

std::int64_t Disk::ReadAt(Descriptor descriptor, std::uint64_t offset, char* target,
                          std::size_t length) {
  std::size_t done = 0;
  for (bool cut_short = true; cut_short;) {
    const std::int64_t got =
        ReadSome(descriptor, offset + done, target + done, length - done, cut_short);
    if (got < 0) return got;
    done += static_cast<std::size_t>(got);
    BEACH_CHECK_LE(done, length);
  }
  return static_cast<std::int64_t>(done);
}

int Disk::WriteAt(Descriptor descriptor, std::uint64_t offset, ByteView data, bool aligned_memory) {
  do {
    const std::int64_t written = WriteSome(descriptor, offset, data, aligned_memory);
    if (written < 0) return static_cast<int>(written);
    data.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  } while (!data.empty());
  return 0;
}

std::unique_ptr<Disk> Disk::Make(const DiskOptions& options, Decisions& decisions) {
  return std::make_unique<VirtualDisk>(options, decisions);
}

VirtualDisk::VirtualDisk(const DiskOptions& options, Decisions& decisions)
    : decisions_(decisions), options_(options) {
  if (options_.names_in_order) volume_.KeepNamesInOrder();
}

VirtualDisk::OpenFile& VirtualDisk::Find(Descriptor descriptor) {
  const auto found = descriptors_.find(descriptor);
  BEACH_CHECK(found != descriptors_.end());
  return found->second;
}

Descriptor VirtualDisk::NewDescriptor(ProcessId process, Inode& inode, bool writable, bool direct) {
  last_descriptor_ = last_descriptor_.Next();
  volume_.AddOpener(inode);
  descriptors_.emplace(last_descriptor_,
                       OpenFile{process, &inode, inode.sync_errors, writable, direct, false});
  return last_descriptor_;
}

int VirtualDisk::Open(ProcessId process, const std::string& path, env::OpenOptions options,
                      Descriptor& descriptor) {
  if (MetadataErrorStrikes()) return -EIO;
  Volume::Place place;
  if (const int error = FindPath(path, place); error != 0) return error;
  const bool create = options.mode == env::OpenMode::kCreate;
  const bool writable = options.mode != env::OpenMode::kRead;
  if (create && place.inode != nullptr) return -EEXIST;
  if (!create && place.inode == nullptr) return -ENOENT;
  if (!create && place.inode->is_directory) return -EISDIR;
  if (options.direct && !options_.direct_supported) return -EINVAL;
  if (writable && RefusesChanges()) return -EROFS;
  if (create) {
    if (NoSpaceStrikes()) return -ENOSPC;
    place.inode = &volume_.Create(place, false, NextOperation());
  }
  descriptor = NewDescriptor(process, *place.inode, writable, options.direct);
  return 0;
}

void VirtualDisk::Close(Descriptor descriptor) {
  OpenFile& file = Find(descriptor);
  Inode& inode = *file.inode;
  if (file.holds_lock) inode.locked = false;
  descriptors_.erase(descriptor);
  volume_.RemoveOpener(inode);
}

std::int64_t VirtualDisk::ReadSome(Descriptor descriptor, std::uint64_t offset, char* target,
                                   std::size_t length, bool& cut_short) {
  const OpenFile& file = Find(descriptor);
  cut_short = false;
  if (decisions_.Fault("disk.eio.read") != 0) return -EIO;
  const FileContent& content = file.inode->content;
  if (offset >= content.size()) return 0;
  std::uint64_t count = std::min<std::uint64_t>(length, content.size() - offset);
  if (plan().short_read) {
    const std::uint64_t done = CutReadShort(file.direct, count);
    cut_short = done < count;
    count = done;
  }
  if (plan().changes_reads()) StrikeAtRest(*file.inode, offset, count);
  content.Read(offset, target, count);
  if (content.damage() != nullptr && damage_visible_ &&
      !content.ShowDamage(offset, target, count)) {
    decisions_.CountFault(SiteOf(DiskFault::kLatentSector));
    return -EIO;
  }
  if (plan().changes_bytes_read()) StrikeBytesRead(*file.inode, offset, target, count);
  return static_cast<std::int64_t>(count);
}

int VirtualDisk::CheckWrite(const OpenFile& file, std::uint64_t offset, ByteView data,
                            bool aligned_memory) const {
  if (!file.writable) return -EBADF;
  if (offset > kFileSizeMax || data.size() > kFileSizeMax - offset) return -EFBIG;
  if (!file.direct) return 0;
  const bool aligned = aligned_memory && offset % env::kDirectAlignment == 0 &&
                       data.size() % env::kDirectAlignment == 0;
  return aligned ? 0 : -EINVAL;
}

std::uint64_t VirtualDisk::FreeSectors() const {
  const std::uint64_t capacity = options_.capacity_bytes / kSectorSize;
  // Names that came back with a power loss may hold more than fits: nothing is free then.
  return capacity > volume_.used_sectors() ? capacity - volume_.used_sectors() : 0;
}

std::uint64_t VirtualDisk::FreeSpace() { return FreeSectors() * kSectorSize; }

bool VirtualDisk::Fits(std::uint64_t sectors) {
  if (sectors <= FreeSectors() || decisions_.Off(kFull)) return true;
  decisions_.CountFault(kFull);
  return false;
}

bool VirtualDisk::MetadataErrorStrikes() { return decisions_.Fault("disk.eio.metadata") != 0; }

bool VirtualDisk::NoSpaceStrikes() { return decisions_.Fault("disk.no_space") != 0; }

std::uint64_t VirtualDisk::WritableLength(const Inode& inode, std::uint64_t offset, ByteView data,
                                          int& result) {
  std::uint64_t length = data.size();
  result = 0;
  const std::uint64_t outcome = decisions_.Fault("disk.eio.write", 2);
  if (outcome != 0) result = -EIO;
  if (outcome == 1) return 0;
  if (outcome == 0 && NoSpaceStrikes()) result = -ENOSPC;
  if (result != 0) length = DrawPrefix(offset, length);
  const std::uint64_t fitting = LengthThatFits(inode, offset, length);
  if (fitting < length) {
    decisions_.CountFault(kFull);
    result = -ENOSPC;
  }
  return fitting;
}

// How much of a write that fails is done: a small one ends anywhere, a large one where a sector of
// the file does.
std::uint64_t VirtualDisk::DrawPrefix(std::uint64_t offset, std::uint64_t length) {
  constexpr Site kPrefix = "disk.write.prefix";
  if (length <= kSectorSize) return decisions_.Choose(kPrefix, length);
  const std::uint64_t before = offset % kSectorSize;
  const std::uint64_t sectors = decisions_.Choose(kPrefix, SectorsFor(before + length));
  return sectors == 0 ? 0 : sectors * kSectorSize - before;
}

std::uint64_t VirtualDisk::LengthThatFits(const Inode& inode, std::uint64_t offset,
                                          std::uint64_t length) const {
  // The exact count costs a walk over the extents: only where space is short.
  const std::uint64_t free = FreeSectors();
  if (SectorsFor(length) + 1 < free) return length;
  if (inode.content.SectorsMissing(offset, length) <= free) return length;
  if (decisions_.Off(kFull)) return length;
  const std::uint64_t end = (offset / kSectorSize + free) * kSectorSize;
  return end > offset ? std::min(length - 1, end - offset) : 0;
}

std::int64_t VirtualDisk::WriteSome(Descriptor descriptor, std::uint64_t offset, ByteView data,
                                    bool aligned_memory) {
  OpenFile& file = Find(descriptor);
  const int refused = CheckWrite(file, offset, data, aligned_memory);
  if (refused != 0 || data.empty()) return refused;
  if (RefusesChanges()) return -EROFS;
  if (plan().short_write) data = data.substr(0, CutWriteShort(file.direct, data.size()));
  const auto count = static_cast<std::int64_t>(data.size());
  int result = 0;
  if (file.direct) {
    result = WriteDurably(*file.inode, offset, data, true);
    return result != 0 ? result : count;
  }
  if (damage_visible_ && file.inode->content.EdgeUnreadable(offset, data.size())) {
    decisions_.CountFault(SiteOf(DiskFault::kLatentSector));
    return -EIO;
  }
  const std::uint64_t length = WritableLength(*file.inode, offset, data, result);
  if (length > 0) {
    volume_.ChangeContent(*file.inode, [&](FileContent& content) {
      content.Write(NextOperation(), offset, data.substr(0, length),
                    FileContent::Durability::kLater);
    });
  }
  return result != 0 ? result : count;
}

int VirtualDisk::Append(Descriptor descriptor, ByteView data) {
  const std::uint64_t size = Find(descriptor).inode->content.size();
  return WriteAt(descriptor, size, data, true);
}

int VirtualDisk::Truncate(Descriptor descriptor, std::uint64_t size_bytes) {
  OpenFile& file = Find(descriptor);
  if (!file.writable) return -EBADF;
  if (size_bytes > kFileSizeMax) return -EFBIG;
  if (MetadataErrorStrikes()) return -EIO;
  if (RefusesChanges()) return -EROFS;
  volume_.ChangeContent(
      *file.inode, [&](FileContent& content) { content.Truncate(NextOperation(), size_bytes); });
  return 0;
}

int VirtualDisk::Allocate(Descriptor descriptor, std::uint64_t size_bytes) {
  OpenFile& file = Find(descriptor);
  if (!file.writable) return -EBADF;
  if (size_bytes > kFileSizeMax) return -EFBIG;
  if (size_bytes == 0) return -EINVAL;
  if (RefusesChanges()) return -EROFS;
  if (NoSpaceStrikes()) return -ENOSPC;
  if (!Fits(file.inode->content.SectorsMissing(0, size_bytes))) return -ENOSPC;
  volume_.ChangeContent(
      *file.inode, [&](FileContent& content) { content.Allocate(NextOperation(), size_bytes); });
  return 0;
}

std::int64_t VirtualDisk::Size(Descriptor descriptor) {
  if (MetadataErrorStrikes()) return -EIO;
  return static_cast<std::int64_t>(Find(descriptor).inode->content.size());
}

int VirtualDisk::SetDirect(Descriptor descriptor, bool direct) {
  if (direct && !options_.direct_supported) return -EINVAL;
  Find(descriptor).direct = direct;
  return 0;
}

std::uint64_t VirtualDisk::Draw(Site site, std::uint64_t bound) {
  return RandomBelow(decisions_.Draw(site), bound);
}

}  // namespace beach::sim
