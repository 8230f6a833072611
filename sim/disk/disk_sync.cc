// SPDX-License-Identifier: Apache-2.0

// Syncs and submitted writes, and how they fail: once, forgetting what they were to write.
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "sim/disk/virtual_disk.h"

namespace beach::sim {

VirtualDisk::SyncFailure VirtualDisk::DrawSyncFailure(FileContent& content, SectorRanges sectors) {
  if (const std::uint64_t outcome = decisions_.Fault("disk.eio.sync", 2); outcome != 0) {
    return {outcome, EIO};
  }
  // With data=journal room is found when a write is, not later.
  if (plan().no_space_sync && !sectors.empty() &&
      options_.fsync_profile != FsyncProfile::kExt4Journal) {
    const std::uint64_t outcome = decisions_.Fault("disk.no_space.sync", 2);
    if (outcome != 0) return {outcome, ENOSPC};
  }
  if (UnwritableMet(content, sectors)) return {1, EIO};
  return {};
}

// What of the data a failed sync wrote after all. Outcome 1: nothing.
Cut VirtualDisk::DrawForgetting(std::uint64_t outcome, std::uint64_t oldest) {
  if (outcome == 1) return Cut(Cut::Mode::kNone, oldest, last_operation_, 0, 0);
  const std::uint64_t key = decisions_.Choose("disk.eio.sync.written", std::uint64_t{1} << 32);
  return Cut(Cut::Mode::kMix, oldest, last_operation_, 0, key);
}

int VirtualDisk::SyncBelow(Descriptor descriptor, std::uint64_t mark) {
  OpenFile& file = Find(descriptor);
  BEACH_CHECK_LE(mark, Mark());
  if (RefusesChanges()) return -EROFS;
  FileContent& content = file.inode->content;
  const bool looks_at_writes =
      plan().no_space_sync || plan().sticky_write || plan().misplaces_writes();
  std::vector<FileContent::SectorRange> writes;
  if (looks_at_writes || content.damage() != nullptr) writes = content.PendingWrites(mark);
  const SyncFailure failure = DrawSyncFailure(content, writes);
  if (failure.outcome != 0) return FailSync(file, mark, failure);
  if (plan().lying_sync && content.HasPendingBelow(mark) && LyingSyncStrikes()) {
    content.Acknowledge(0, mark, DiskFault::kLyingSync);
    return ReportSyncErrors(file);
  }
  std::optional<Misplaced> misplaced;
  if (plan().misplaces_writes() && !writes.empty()) misplaced = DrawMisplaced(content, writes);
  content.Sync(mark);
  if (misplaced) Misplace(*file.inode, *misplaced);
  return ReportSyncErrors(file);
}

int VirtualDisk::FailSync(OpenFile& file, std::uint64_t mark, const SyncFailure& failure) {
  Inode& inode = *file.inode;
  Cut written = DrawForgetting(failure.outcome, inode.content.OldestPending(last_operation_));
  int result = -failure.error;
  switch (options_.fsync_profile) {
    case FsyncProfile::kXfs: inode.content.Forget(mark, written); break;
    case FsyncProfile::kExt4Ordered:
      inode.content.Forget(mark, written, FileContent::SizeForgotten::kNever);
      break;
    case FsyncProfile::kExt4Journal:
      // What failed is the copying out of the journal, which comes later: the next sync says so.
      result = ReportSyncErrors(file);
      inode.content.Acknowledge(0, mark, DiskFault::kFailedSync);
      inode.content.Forget(mark, written);
      ++inode.sync_errors;
      inode.sync_error = failure.error;
      return result;
    case FsyncProfile::kBtrfs:
      volume_.ChangeContent(inode, [&](FileContent& content) { content.Revert(mark, written); });
      break;
  }
  ++inode.sync_errors;
  inode.sync_error = failure.error;
  file.sync_errors_seen = inode.sync_errors;
  return result;
}

// Each descriptor hears once of an error, also of one that another met first.
int VirtualDisk::ReportSyncErrors(OpenFile& file) {
  if (file.sync_errors_seen == file.inode->sync_errors) return 0;
  file.sync_errors_seen = file.inode->sync_errors;
  return -file.inode->sync_error;
}

int VirtualDisk::WriteDurably(Inode& inode, std::uint64_t offset, ByteView data, bool direct) {
  BEACH_CHECK(!data.empty());
  int result = 0;
  const std::uint64_t length = WritableLength(inode, offset, data, result);
  if (length == 0) return result;
  const std::uint64_t operation = NextOperation();
  const ByteView written = data.substr(0, length);
  FileContent& content = inode.content;
  const std::uint64_t first = offset / kSectorSize;
  const FileContent::SectorRange sectors[] = {{first, SectorsFor(offset + length) - first}};
  const SyncFailure failure = result == 0 ? DrawSyncFailure(content, sectors) : SyncFailure{};
  if (failure.outcome != 0)
    return FailDurableWrite(inode, operation, offset, written, direct, failure);
  if (result != 0 || (plan().lying_sync && LyingSyncStrikes())) {
    const auto later = FileContent::Durability::kLater;
    volume_.ChangeContent(
        inode, [&](FileContent& file) { file.Write(operation, offset, written, later); });
    if (result == 0) content.Acknowledge(operation, operation + 1, DiskFault::kLyingSync);
    return result;
  }
  // A device that flushes honestly makes good what it lied about before.
  if (content.acknowledged_below() != 0) content.Sync(content.acknowledged_below());
  std::optional<Misplaced> misplaced;
  if (plan().misplaces_writes() && !content.HasPendingData()) {
    misplaced = DrawMisplaced(content, sectors);
  }
  volume_.ChangeContent(inode, [&](FileContent& file) {
    file.Write(operation, offset, written, FileContent::Durability::kAtOnce);
  });
  if (misplaced) Misplace(inode, *misplaced);
  return 0;
}

// A failed direct write leaves the cache empty there: programs see what the device has. So does a
// buffered one where the file system takes back what it could not write.
int VirtualDisk::FailDurableWrite(Inode& inode, std::uint64_t operation, std::uint64_t offset,
                                  ByteView data, bool direct, const SyncFailure& failure) {
  const bool late = options_.fsync_profile == FsyncProfile::kExt4Journal;
  const bool through_cache = !direct || late;  // it knows no direct writes
  const bool cached = through_cache && options_.fsync_profile != FsyncProfile::kBtrfs;
  Cut cut = DrawForgetting(failure.outcome, operation);
  const std::uint64_t first = offset / kSectorSize;
  if (late) {
    const std::uint64_t count = SectorsFor(offset + data.size()) - first;
    inode.content.Damage().MarkUnkept({DiskFault::kFailedSync, operation, first, count});
  }
  volume_.ChangeContent(inode, [&](FileContent& content) {
    content.WriteInPart(operation, offset, data, cached, cut);
  });
  if (through_cache) {
    ++inode.sync_errors;
    inode.sync_error = failure.error;
  }
  return late ? 0 : -failure.error;
}

int VirtualDisk::SubmitWrite(Descriptor descriptor, std::uint64_t offset, ByteView data,
                             bool aligned_memory, WriteTicket& ticket) {
  OpenFile& file = Find(descriptor);
  const int refused = CheckWrite(file, offset, data, aligned_memory);
  if (refused != 0) return refused;
  last_ticket_ = last_ticket_.Next();
  ticket = last_ticket_;
  volume_.AddOpener(*file.inode);
  tickets_.emplace(ticket, Submitted{file.process, descriptor, file.inode, offset, Bytes(data),
                                     file.direct, false});
  return 0;
}

std::int64_t VirtualDisk::CompleteWrite(WriteTicket ticket) {
  const auto found = tickets_.find(ticket);
  if (found == tickets_.end()) {
    BEACH_CHECK_LE(ticket.value, last_ticket_.value);
    return -ECANCELED;
  }
  Submitted& write = found->second;
  int result = 0;
  if (!write.data.empty() && RefusesChanges()) {
    result = -EROFS;
  } else if (!write.data.empty()) {
    std::uint64_t length = write.data.size();
    if (plan().short_write) length = CutWriteShort(write.direct, length);
    result = CompletePart(write, ByteView(write.data).substr(0, length));
    if (result == 0 && length < write.data.size()) {
      write.data.erase(0, length);
      write.offset += length;
      return static_cast<std::int64_t>(write.data.size());
    }
  }
  DropTicket(found);
  return result;
}

int VirtualDisk::CompletePart(const Submitted& write, ByteView data) {
  const std::uint64_t errors_before = write.inode->sync_errors;
  int result = WriteDurably(*write.inode, write.offset, data, write.direct);
  // The data sync of a buffered write speaks for its file description like any other: what it
  // says here, no later one says again. One that failed as a write has not come to its sync, and
  // a direct write goes past the cache and its errors. A failure that is reported late is not
  // reported here.
  const bool journaled = options_.fsync_profile == FsyncProfile::kExt4Journal;
  const bool failed_now = write.inode->sync_errors != errors_before;
  const bool synced = journaled ? result == 0 && !failed_now : result == 0 || failed_now;
  const auto submitter = descriptors_.find(write.descriptor);
  if ((!write.direct || journaled) && synced && submitter != descriptors_.end()) {
    const int reported = ReportSyncErrors(submitter->second);
    if (result == 0) result = reported;
  }
  return result;
}

void VirtualDisk::DropTicket(Tickets::iterator ticket) {
  Inode& inode = *ticket->second.inode;
  if (ticket->second.orphaned) --orphans_;
  tickets_.erase(ticket);
  volume_.RemoveOpener(inode);
}

}  // namespace beach::sim
