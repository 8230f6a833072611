// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/strong_id.h"
#include "env/files.h"
#include "sim/decisions.h"
#include "sim/disk/atlas.h"
#include "sim/disk/image.h"
#include "sim/ids.h"

namespace beach::sim {

inline constexpr std::uint64_t kSectorSize = 512;

// What a file system makes of a sync that fails (docs/internals/disk.md).
enum class FsyncProfile : std::uint8_t {
  kXfs,          // forgets data and size: reported once, the cache shows the new content
  kExt4Ordered,  // the same, but the new size is durable: without the data
  kExt4Journal,  // data=journal: says yes, forgets, and reports it at the next sync
  kBtrfs,        // reported once; the cache goes back to what is durable
};
inline constexpr std::uint64_t kFsyncProfiles = 4;

struct DiskOptions {
  std::uint64_t capacity_bytes = std::uint64_t{1} << 30;
  bool direct_supported = true;    // whether the file system takes O_DIRECT
  std::uint64_t torn_percent = 0;  // of the sectors at the edge of what a power cut keeps: torn
  FsyncProfile fsync_profile = FsyncProfile::kXfs;
  std::uint64_t latency_percent = 100;  // of the usual latencies; above it, reads take time too
  // Whether names survive in the order they were made in, as with one journal for all of them; else
  // in any that their dependencies allow.
  bool names_in_order = false;
  std::string host = {};  // whose choices those of this disk are
};

// A descriptor of one process, with its own error-report state. Never reused within a run.
using Descriptor = StrongId<struct DescriptorTag, std::uint64_t>;
// A submitted write.
using WriteTicket = StrongId<struct WriteTicketTag, std::uint64_t>;

// A micro-operation that no sync has covered.
struct PendingOperation {
  std::uint64_t number = 0;  // in the order of the calls; those of one call on one file share it
  std::string text;          // "write db/000003.wal [4096, 8192)"
};

// Names an inode of one disk; 0: none. Never given twice.
using FileId = StrongId<struct FileIdTag, std::uint64_t>;

// A half-open range of bytes of a file.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// One file or directory as it stands: what programs see, and what a power loss now is sure to keep.
struct FileState {
  FileId id;
  bool is_directory = false;
  std::string path;  // one of those by which programs see it; empty: none
  std::string
      durable_path;  // one that needs no sync any more; empty: none, a power loss may take it
  std::uint64_t size_bytes = 0;
  std::uint64_t durable_size_bytes = 0;
  std::vector<ByteRange> dirty;      // written and un-synced; ascending, apart
  std::vector<ByteRange> in_flight;  // submitted and not complete; oldest first
  std::uint64_t pending = 0;         // micro-operations that no sync has covered
  friend bool operator==(const FileState&, const FileState&) = default;
};

// What stat(2) tells of a file or directory, as programs see it.
struct FileStat {
  FileId id;
  bool is_directory = false;
  std::uint64_t size_bytes = 0;       // 0 of a directory
  std::uint64_t allocated_bytes = 0;  // whole sectors
  std::uint64_t links = 0;            // names that programs see; 0: it is only open
};

// What a power loss has made of a part of one un-synced micro-operation.
struct CutPart {
  std::uint64_t number = 0;  // of the operation, as in PendingOperation
  FileId file;               // of a name: its directory
  std::string path;          // as programs saw it before
  std::string what;          // "write", "hole", "reserve", "size 100", "name a", "unname a"
  ByteRange range;           // of a write, hole or reservation
  bool kept = false;         // at least in part
  std::vector<ByteRange> kept_ranges;  // of a write: whole sectors
  std::vector<ByteRange> torn;         // of a write: sectors in which old and new bytes meet
};

// What a power loss did, for the trace.
struct CutSummary {
  std::uint64_t operations_pending = 0;  // micro-operations that were un-synced
  std::uint64_t operations_kept = 0;
  std::uint64_t sectors_torn = 0;
  std::vector<CutPart> parts;  // filled after Disk::DescribeCuts, else empty
};

// The disk of one host with the kernel's cache above it: a state machine without time or threads.
// Results are as Linux gives them: 0 or a count, or -errno. Entered with a SystemScope open, except
// that it never allocates for a process.
//
// Three levels: descriptors over a page cache (dirty data per inode, pending name operations per
// directory) over a volume (what power loss cannot take). docs/internals/disk.md tells which cuts
// are legal.
class Disk {
 public:
  static std::unique_ptr<Disk> Make(const DiskOptions& options, Decisions& decisions);
  virtual ~Disk() = default;

  virtual int Open(ProcessId process, const std::string& path, env::OpenOptions options,
                   Descriptor& descriptor) = 0;
  virtual void Close(Descriptor descriptor) = 0;
  // As many bytes as one call gives: fewer than asked for at the end of file, and where a read is
  // cut short; `cut_short` tells which, so that a caller that goes on need not ask at the end.
  virtual std::int64_t ReadSome(Descriptor descriptor, std::uint64_t offset, char* target,
                                std::size_t length, bool& cut_short) = 0;
  // As many bytes as one call takes, at least one of a write that is not empty. `aligned_memory`:
  // whether the caller's buffer suits O_DIRECT.
  virtual std::int64_t WriteSome(Descriptor descriptor, std::uint64_t offset, ByteView data,
                                 bool aligned_memory) = 0;
  // The same until all is done: fewer bytes read only at the end of file; 0 or -errno of a write.
  std::int64_t ReadAt(Descriptor descriptor, std::uint64_t offset, char* target,
                      std::size_t length);
  int WriteAt(Descriptor descriptor, std::uint64_t offset, ByteView data, bool aligned_memory);
  virtual int Append(Descriptor descriptor, ByteView data) = 0;

  // The data are copied at submission; nothing is visible or durable before the completion, which
  // the owner of time calls once (0 or -errno), in any order among several. A ticket whose process
  // has died may complete or be dropped (the disk does not care who waits); one that is still in
  // flight at a power loss is cut like any other un-synced write. Completing a ticket that is gone
  // gives -ECANCELED. A count above 0: so many bytes are left of a write that was cut short; the
  // ticket stays, for the rest.
  virtual int SubmitWrite(Descriptor descriptor, std::uint64_t offset, ByteView data,
                          bool aligned_memory, WriteTicket& ticket) = 0;
  virtual std::int64_t CompleteWrite(WriteTicket ticket) = 0;
  // How many are submitted and not complete, those of dead processes left out.
  virtual std::size_t WritesInFlight() const = 0;

  // A point in the order of operations: what came before it is below it. A sync that takes time
  // takes a mark when it begins and covers what is below it.
  virtual std::uint64_t Mark() = 0;
  virtual int SyncBelow(Descriptor descriptor, std::uint64_t mark) = 0;
  virtual int SyncDirectoryBelow(const std::string& path, std::uint64_t mark) = 0;
  // Nanoseconds that an access takes: mostly between low and high, at times a long tail.
  // A stalled device takes up to seconds more.
  virtual std::uint64_t DrawLatency(Site site, std::uint64_t low, std::uint64_t high) = 0;
  // Whether reads take time: on a slow device, or where it may stall.
  virtual bool ReadsTakeTime() = 0;
  // In [0, bound), for whoever binds this disk to a seam.
  virtual std::uint64_t Draw(Site site, std::uint64_t bound) = 0;

  // Cover all that came before.
  virtual int Sync(Descriptor descriptor) = 0;
  virtual int SyncData(Descriptor descriptor) = 0;
  virtual int Truncate(Descriptor descriptor, std::uint64_t size_bytes) = 0;
  virtual int Allocate(Descriptor descriptor, std::uint64_t size_bytes) = 0;
  virtual std::int64_t Size(Descriptor descriptor) = 0;
  // From now on the descriptor is a direct one or not, as fcntl(2) switches O_DIRECT. -EINVAL where
  // the file system takes none.
  virtual int SetDirect(Descriptor descriptor, bool direct) = 0;

  virtual int Exists(const std::string& path) = 0;  // 1, 0 or -errno
  virtual int Rename(const std::string& from, const std::string& to) = 0;
  virtual int Link(const std::string& from, const std::string& to) = 0;
  virtual int Remove(const std::string& path) = 0;
  virtual int List(const std::string& directory, std::vector<std::string>& names) = 0;
  // The same into a list of the disk's own, valid until the next call: whoever copies it into the
  // memory of a process may die of it.
  virtual int ListForProcess(const std::string& directory,
                             const std::vector<std::string>*& names) = 0;
  virtual int CreateDirectory(const std::string& path) = 0;
  virtual int RemoveDirectory(const std::string& path) = 0;
  virtual int SyncDirectory(const std::string& path) = 0;
  // A lock belongs to the descriptor it gives, and goes with it. -EAGAIN when held.
  virtual int Lock(ProcessId process, const std::string& path, Descriptor& descriptor) = 0;
  virtual std::uint64_t FreeSpace() = 0;
  // The size of the disk from now on; with less than is used, nothing is free. Whatever is refused
  // for want of room counts as the fault "disk.full".
  virtual void SetCapacity(std::uint64_t bytes) = 0;
  virtual std::uint64_t capacity() const = 0;
  virtual FsyncProfile fsync_profile() const = 0;

  // Closes its descriptors and locks. The page cache stays. Its submitted writes stay in flight
  // until completed; before the next look at a path, each of the rest completes or is dropped, as
  // drawn. A power loss that comes first cuts them.
  virtual void KillProcess(ProcessId process) = 0;
  // What a power loss now would choose from, in the order of the calls, one for each number, those
  // in flight last.
  virtual std::vector<PendingOperation> Pending() = 0;
  // All files and directories that are seen or durable, by id; the root is not among them.
  virtual std::vector<FileState> Files() = 0;
  // From now on CutSummary::parts is filled. Changes nothing else.
  virtual void DescribeCuts() = 0;
  // Replaces the cache by a legal cut. What is still open is closed as by a kill. In-flight writes
  // are gone.
  virtual CutSummary PowerLoss() = 0;

  // Ends "disk.read_only" as a reboot does. A power loss does, too.
  virtual void Remount() = 0;
  // A new disk in its place: nothing is left. What is open is closed as by a kill; the processes
  // that had it open must be gone.
  virtual void SwapForEmpty() = 0;
  // Gives each of the two what the other has, as if their disks had been mixed up. REQUIRES: as
  // above, of both.
  virtual void SwapWith(Disk& other) = 0;

  // The atlas: what is damaged now, by file and offset.
  virtual std::vector<Damage> Damages() = 0;
  // Damages something at rest, drawn as a choice of the machine: kBitRot flips bits of a durable
  // sector, kLatentSector makes some unreadable. False: there is nothing at rest.
  virtual bool DamageAtRest(DiskFault fault) = 0;
  // The same in each sector of a range that is at rest; how many that were. Which bits is drawn.
  virtual std::uint64_t DamageRange(const std::string& path, std::uint64_t offset,
                                    std::uint64_t length, DiskFault fault) = 0;
  // False: reads and writes go on as if there were no damage, which stays. True from the beginning.
  virtual void SetDamageVisible(bool visible) = 0;

  // Looks, and no more: no fault strikes, nothing is drawn, and writes of dead processes stay in
  // flight. By path: 0, -ENOENT, -ENOTDIR or -ENAMETOOLONG.
  virtual int Stat(const std::string& path, FileStat& stat) = 0;
  virtual FileStat Stat(Descriptor descriptor) = 0;
  // A digest of all content and names as programs see it; for determinism checks and tests.
  virtual std::uint64_t Digest() = 0;
  // Reads a file as programs would see it, without descriptor or fault; for oracles and tests.
  virtual Result<Bytes> Inspect(const std::string& path) = 0;
  // All of it, as programs see it. Changes nothing.
  virtual DiskImage Image() = 0;
};

}  // namespace beach::sim
