// SPDX-License-Identifier: Apache-2.0

// Syncs and submitted writes, and how they fail: once, forgetting what they were to write.
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "sim/disk/virtual_disk.h"

namespace beach::sim {

std::uint64_t VirtualDisk::SyncErrorStrikes() { return decisions_.Fault("disk.eio.sync", 2); }

// What of the data a failed sync wrote after all. Outcome 1: nothing.
Cut VirtualDisk::DrawForgetting(std::uint64_t outcome, std::uint64_t oldest) {
  if (outcome == 1) return Cut(Cut::Mode::kNone, oldest, last_operation_, 0, 0);
  const std::uint64_t key = decisions_.Choose("disk.eio.sync.written", std::uint64_t{1} << 32);
  return Cut(Cut::Mode::kMix, oldest, last_operation_, 0, key);
}

int VirtualDisk::SyncBelow(Descriptor descriptor, std::uint64_t mark) {
  OpenFile& file = Find(descriptor);
  BEACH_CHECK_LE(mark, Mark());
  FileContent& content = file.inode->content;
  if (const std::uint64_t outcome = SyncErrorStrikes(); outcome != 0) {
    Cut written = DrawForgetting(outcome, content.OldestPending(last_operation_));
    content.Forget(mark, written);
    ++file.inode->sync_errors;
    file.sync_errors_seen = file.inode->sync_errors;
    return -EIO;
  }
  content.Sync(mark);
  return ReportSyncErrors(file);
}

// Each descriptor hears once of an error, also of one that another met first.
int VirtualDisk::ReportSyncErrors(OpenFile& file) {
  if (file.sync_errors_seen == file.inode->sync_errors) return 0;
  file.sync_errors_seen = file.inode->sync_errors;
  return -EIO;
}

int VirtualDisk::WriteDurably(Inode& inode, std::uint64_t offset, ByteView data, bool direct) {
  BEACH_CHECK(!data.empty());
  int result = 0;
  const std::uint64_t length = WritableLength(inode, offset, data, result);
  if (length == 0) return result;
  const std::uint64_t operation = NextOperation();
  const ByteView written = data.substr(0, length);
  const std::uint64_t outcome = result == 0 ? SyncErrorStrikes() : 0;
  if (outcome != 0) {
    Cut cut = DrawForgetting(outcome, operation);
    // A failed direct write leaves the cache empty there: programs see what the device has.
    volume_.ChangeContent(inode, [&](FileContent& content) {
      content.WriteInPart(operation, offset, written, !direct, cut);
    });
    if (!direct) ++inode.sync_errors;
    return -EIO;
  }
  const auto durability =
      result == 0 ? FileContent::Durability::kAtOnce : FileContent::Durability::kLater;
  volume_.ChangeContent(
      inode, [&](FileContent& content) { content.Write(operation, offset, written, durability); });
  return result;
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

int VirtualDisk::CompleteWrite(WriteTicket ticket) {
  const auto found = tickets_.find(ticket);
  if (found == tickets_.end()) {
    BEACH_CHECK_LE(ticket.value, last_ticket_.value);
    return -ECANCELED;
  }
  const Submitted& write = found->second;
  int result = 0;
  if (!write.data.empty()) {
    const std::uint64_t errors_before = write.inode->sync_errors;
    result = WriteDurably(*write.inode, write.offset, write.data, write.direct);
    // The data sync of a buffered write speaks for its file description like any other: what it
    // says here, no later one says again. One that failed as a write has not come to its sync, and
    // a direct write goes past the cache and its errors.
    const bool synced = result == 0 || write.inode->sync_errors != errors_before;
    const auto submitter = descriptors_.find(write.descriptor);
    if (!write.direct && synced && submitter != descriptors_.end()) {
      const int reported = ReportSyncErrors(submitter->second);
      if (result == 0) result = reported;
    }
  }
  DropTicket(found);
  return result;
}

void VirtualDisk::DropTicket(Tickets::iterator ticket) {
  Inode& inode = *ticket->second.inode;
  if (ticket->second.orphaned) --orphans_;
  tickets_.erase(ticket);
  volume_.RemoveOpener(inode);
}

}  // namespace beach::sim
