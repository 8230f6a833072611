// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/disk/disk.h"
#include "sim/disk/volume.h"

namespace beach::sim {

// The Disk: descriptors and faults over a Volume. Its functions lie in virtual_disk.cc (opening,
// reading and writing), disk_sync.cc (syncs and submitted writes), disk_names.cc (paths) and
// disk_power.cc (what ends processes and power, and what looks at the result), disk_pending.cc
// (what is not yet durable, in words).
class VirtualDisk final : public Disk {
 public:
  VirtualDisk(const DiskOptions& options, Decisions& decisions);

  int Open(ProcessId process, const std::string& path, env::OpenOptions options,
           Descriptor& descriptor) override;
  void Close(Descriptor descriptor) override;
  std::int64_t ReadAt(Descriptor descriptor, std::uint64_t offset, char* target,
                      std::size_t length) override;
  int WriteAt(Descriptor descriptor, std::uint64_t offset, ByteView data,
              bool aligned_memory) override;
  int Append(Descriptor descriptor, ByteView data) override;
  int SubmitWrite(Descriptor descriptor, std::uint64_t offset, ByteView data, bool aligned_memory,
                  WriteTicket& ticket) override;
  int CompleteWrite(WriteTicket ticket) override;
  std::size_t WritesInFlight() const override { return tickets_.size() - orphans_; }
  std::uint64_t Mark() override { return last_operation_ + 1; }
  int SyncBelow(Descriptor descriptor, std::uint64_t mark) override;
  int SyncDirectoryBelow(const std::string& path, std::uint64_t mark) override;
  std::uint64_t DrawLatency(Site site, std::uint64_t low, std::uint64_t high) override;
  std::uint64_t Draw(Site site, std::uint64_t bound) override;
  int Sync(Descriptor descriptor) override { return SyncBelow(descriptor, Mark()); }
  int SyncData(Descriptor descriptor) override { return SyncBelow(descriptor, Mark()); }
  int Truncate(Descriptor descriptor, std::uint64_t size_bytes) override;
  int Allocate(Descriptor descriptor, std::uint64_t size_bytes) override;
  std::int64_t Size(Descriptor descriptor) override;

  int Exists(const std::string& path) override;
  int Rename(const std::string& from, const std::string& to) override;
  int Link(const std::string& from, const std::string& to) override;
  int Remove(const std::string& path) override;
  int List(const std::string& directory, std::vector<std::string>& names) override;
  int CreateDirectory(const std::string& path) override;
  int RemoveDirectory(const std::string& path) override;
  int SyncDirectory(const std::string& path) override { return SyncDirectoryBelow(path, Mark()); }
  int Lock(ProcessId process, const std::string& path, Descriptor& descriptor) override;
  std::uint64_t FreeSpace() override;
  void SetCapacity(std::uint64_t bytes) override { options_.capacity_bytes = bytes; }
  std::uint64_t capacity() const override { return options_.capacity_bytes; }

  void KillProcess(ProcessId process) override;
  std::vector<PendingOperation> Pending() override;
  CutSummary PowerLoss() override;
  std::uint64_t Digest() override;
  Result<Bytes> Inspect(const std::string& path) override;

 private:
  struct OpenFile {
    ProcessId process;
    Inode* inode;
    std::uint64_t sync_errors_seen;
    bool writable;
    bool direct;
    bool holds_lock;
  };
  struct Submitted {
    ProcessId process;
    Descriptor descriptor;  // may be closed by now
    Inode* inode;
    std::uint64_t offset;
    Bytes data;
    bool direct;
    bool orphaned;  // its process was killed
  };
  using Tickets = std::map<WriteTicket, Submitted>;

  OpenFile& Find(Descriptor descriptor);
  Descriptor NewDescriptor(ProcessId process, Inode& inode, bool writable, bool direct);
  std::uint64_t NextOperation() { return ++last_operation_; }
  // -errno for a request that the file refuses whatever the state of the disk.
  int CheckWrite(const OpenFile& file, std::uint64_t offset, ByteView data,
                 bool aligned_memory) const;
  // How much of `data` fits on the disk and survives the error drawn for it; 0 in `result` for all.
  std::uint64_t WritableLength(const Inode& inode, std::uint64_t offset, ByteView data,
                               int& result);
  // How much of a write finds room.
  std::uint64_t LengthThatFits(const Inode& inode, std::uint64_t offset,
                               std::uint64_t length) const;
  // What a sync of this file description says besides its own outcome.
  static int ReportSyncErrors(OpenFile& file);
  // A write and its data sync at once.
  int WriteDurably(Inode& inode, std::uint64_t offset, ByteView data, bool direct);
  std::uint64_t FreeSectors() const;
  // Whether so many more sectors do; if not, that counts as a fault.
  bool Fits(std::uint64_t sectors);

  // The faults. Each site stands in one place.
  bool NoSpaceStrikes();
  // In the calls that neither read nor write content, nor sync. Nothing has changed then.
  bool MetadataErrorStrikes();
  Cut DrawForgetting(std::uint64_t outcome, std::uint64_t oldest);
  std::uint64_t SyncErrorStrikes();

  int CheckRename(const std::string& from, const std::string& to, Volume::Place& source,
                  Volume::Place& target);
  Cut DrawPowerCut();
  void CloseAll(ProcessId process, bool everybody);
  // Volume::Find, once nothing is in flight that nobody waits for.
  int FindPath(const std::string& path, Volume::Place& place);
  // Completes or drops, as drawn, what killed processes had in flight.
  void SettleOrphans();
  // Without faults: what strikes now would be charged to a process that has no part in it.
  void CompleteOrphan(Tickets::iterator ticket);
  void DropTicket(Tickets::iterator ticket);

  Decisions& decisions_;
  DiskOptions options_;
  Volume volume_;
  std::map<Descriptor, OpenFile> descriptors_;
  Tickets tickets_;
  std::size_t orphans_ = 0;
  Descriptor last_descriptor_;
  WriteTicket last_ticket_;
  std::uint64_t last_operation_ = 0;
  std::uint64_t power_cuts_ = 0;
  std::uint64_t deaths_ = 0;  // of processes
};

}  // namespace beach::sim
