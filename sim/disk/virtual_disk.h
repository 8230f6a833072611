// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/container/flat_map.hpp>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "sim/disk/disk.h"
#include "sim/disk/volume.h"

namespace beach::sim {

// The Disk: descriptors and faults over a Volume. Its functions lie in virtual_disk.cc (opening,
// reading and writing), disk_sync.cc (syncs and submitted writes), disk_names.cc (paths),
// disk_faults.cc (faults that only some runs have on), disk_atlas.cc (what is damaged),
// disk_pending.cc (what is not yet durable, in words) and disk_power.cc (what ends processes and
// power, and what looks at the result).
class VirtualDisk final : public Disk {
 public:
  VirtualDisk(const DiskOptions& options, Decisions& decisions);

  int Open(ProcessId process, const std::string& path, env::OpenOptions options,
           Descriptor& descriptor) override;
  void Close(Descriptor descriptor) override;
  std::int64_t ReadSome(Descriptor descriptor, std::uint64_t offset, char* target,
                        std::size_t length, bool& cut_short) override;
  std::int64_t WriteSome(Descriptor descriptor, std::uint64_t offset, ByteView data,
                         bool aligned_memory) override;
  int Append(Descriptor descriptor, ByteView data) override;
  int SubmitWrite(Descriptor descriptor, std::uint64_t offset, ByteView data, bool aligned_memory,
                  WriteTicket& ticket) override;
  std::int64_t CompleteWrite(WriteTicket ticket) override;
  std::size_t WritesInFlight() const override { return tickets_.size() - orphans_; }
  std::uint64_t Mark() override { return last_operation_ + 1; }
  int SyncBelow(Descriptor descriptor, std::uint64_t mark) override;
  int SyncDirectoryBelow(const std::string& path, std::uint64_t mark) override;
  std::uint64_t DrawLatency(Site site, std::uint64_t low, std::uint64_t high) override;
  bool ReadsTakeTime() override { return options_.latency_percent > 100 || plan().stall; }
  std::uint64_t Draw(Site site, std::uint64_t bound) override;
  int Sync(Descriptor descriptor) override { return SyncBelow(descriptor, Mark()); }
  int SyncData(Descriptor descriptor) override { return SyncBelow(descriptor, Mark()); }
  int Truncate(Descriptor descriptor, std::uint64_t size_bytes) override;
  int Allocate(Descriptor descriptor, std::uint64_t size_bytes) override;
  std::int64_t Size(Descriptor descriptor) override;
  int SetDirect(Descriptor descriptor, bool direct) override;

  int Exists(const std::string& path) override;
  int Rename(const std::string& from, const std::string& to) override;
  int Link(const std::string& from, const std::string& to) override;
  int Remove(const std::string& path) override;
  int List(const std::string& directory, std::vector<std::string>& names) override;
  int ListForProcess(const std::string& directory,
                     const std::vector<std::string>*& names) override {
    names = &listed_;
    listed_.clear();
    return List(directory, listed_);
  }
  int CreateDirectory(const std::string& path) override;
  int RemoveDirectory(const std::string& path) override;
  int SyncDirectory(const std::string& path) override { return SyncDirectoryBelow(path, Mark()); }
  int Lock(ProcessId process, const std::string& path, Descriptor& descriptor) override;
  std::uint64_t FreeSpace() override;
  void SetCapacity(std::uint64_t bytes) override { options_.capacity_bytes = bytes; }
  std::uint64_t capacity() const override { return options_.capacity_bytes; }
  FsyncProfile fsync_profile() const override { return options_.fsync_profile; }

  void KillProcess(ProcessId process) override;
  std::vector<PendingOperation> Pending() override;
  std::vector<FileState> Files() override;
  void DescribeCuts() override { describes_cuts_ = true; }
  CutSummary PowerLoss() override;
  void Remount() override { read_only_ = false; }
  void SwapForEmpty() override;
  void SwapWith(Disk& other) override;
  std::vector<Damage> Damages() override;
  bool DamageAtRest(DiskFault fault) override;
  std::uint64_t DamageRange(const std::string& path, std::uint64_t offset, std::uint64_t length,
                            DiskFault fault) override;
  void SetDamageVisible(bool visible) override { damage_visible_ = visible; }
  int Stat(const std::string& path, FileStat& stat) override;
  FileStat Stat(Descriptor descriptor) override { return StatOf(*Find(descriptor).inode); }
  std::uint64_t Digest() override;
  Result<Bytes> Inspect(const std::string& path) override;
  DiskImage Image() override;

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
  using SectorRanges = std::span<const FileContent::SectorRange>;
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
  std::uint64_t DrawPrefix(std::uint64_t offset, std::uint64_t length);
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

  // The faults. Each site stands in one place; those that most runs do not have on are asked for
  // only where the plan of the run has given them a rate.
  struct Plan {
    std::uint64_t version = 0;
    bool bit_rot = false;
    bool latent_sector = false;
    bool lost_write = false;
    bool lying_sync = false;
    bool misdirected_read = false;
    bool misdirected_write = false;
    bool no_space_sync = false;
    bool read_only = false;
    bool short_read = false;
    bool short_write = false;
    bool stale_read = false;
    bool stall = false;
    bool sticky_write = false;

    bool changes_reads() const { return bit_rot || latent_sector; }
    bool changes_bytes_read() const { return misdirected_read || stale_read; }
    bool misplaces_writes() const { return lost_write || misdirected_write; }
  };
  // A write that a device acknowledges, and puts nowhere, or somewhere else.
  struct Misplaced {
    DiskFault fault;
    std::uint64_t key;  // of the place it went to
    std::uint64_t first;
    std::uint64_t count;
    Slice before;  // what stays where it should have gone
  };
  // Durable sectors of a file.
  struct SectorPlace {
    Inode* inode = nullptr;
    std::uint64_t sector = 0;
  };
  struct SyncFailure {
    std::uint64_t outcome = 0;  // of DrawForgetting; 0: none
    int error = 0;
  };

  const Plan& plan() {
    if (plan_.version != decisions_.plan_version()) [[unlikely]]
      RefreshPlan();
    return plan_;
  }
  void RefreshPlan();
  bool NoSpaceStrikes();
  // In the calls that neither read nor write content, nor sync. Nothing has changed then.
  bool MetadataErrorStrikes();
  Cut DrawForgetting(std::uint64_t outcome, std::uint64_t oldest);
  // Whether the sync of these sectors fails, and how.
  SyncFailure DrawSyncFailure(FileContent& content, SectorRanges sectors);
  bool UnwritableMet(FileContent& content, SectorRanges sectors);
  int FailDurableWrite(Inode& inode, std::uint64_t operation, std::uint64_t offset, ByteView data,
                       bool direct, const SyncFailure& failure);
  int CompletePart(const Submitted& write, ByteView data);
  int FailSync(OpenFile& file, std::uint64_t mark, const SyncFailure& failure);
  // Every call that changes something: whether the file system is read-only, or becomes so now.
  bool RefusesChanges();
  bool LyingSyncStrikes();
  // How much of a call of `length` is done, whole blocks for a direct one.
  std::uint64_t CutReadShort(bool direct, std::uint64_t length);
  std::uint64_t CutWriteShort(bool direct, std::uint64_t length);
  // What strikes the sectors that are about to be read, and stays.
  void StrikeAtRest(Inode& inode, std::uint64_t offset, std::uint64_t length);
  // What strikes this read only.
  void StrikeBytesRead(Inode& inode, std::uint64_t offset, char* target, std::uint64_t length);
  std::optional<Misplaced> DrawMisplaced(const FileContent& content, SectorRanges writes);
  void Misplace(Inode& inode, const Misplaced& misplaced);
  void RotBits(FileContent& content, std::uint64_t sector, std::uint64_t key);
  void MakeUnreadable(FileContent& content, const std::vector<std::uint64_t>& sectors);
  SectorPlace DrawPlace(Inode& near, RandomStream& stream);

  static FileStat StatOf(const Inode& inode);
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
  // What is below a directory, paths with this in front.
  void AddToImage(const Inode& directory, const std::string& prefix, DiskImage& image);

  Decisions& decisions_;
  DiskOptions options_;
  Volume volume_;
  boost::container::flat_map<Descriptor, OpenFile> descriptors_;
  Tickets tickets_;
  std::size_t orphans_ = 0;
  std::vector<std::string> listed_;  // by ListForProcess
  Descriptor last_descriptor_;
  WriteTicket last_ticket_;
  std::uint64_t last_operation_ = 0;
  std::uint64_t power_cuts_ = 0;
  std::uint64_t deaths_ = 0;      // of processes
  std::uint64_t at_rest_ = 0;     // strikes of DamageAtRest
  std::uint64_t swapped_at_ = 0;  // the operation at which this came in place of another; 0: never
  bool read_only_ = false;
  bool damage_visible_ = true;
  bool describes_cuts_ = false;
  Plan plan_;
};

}  // namespace beach::sim
