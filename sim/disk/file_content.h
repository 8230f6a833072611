// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "sim/disk/cut.h"
#include "sim/disk/extents.h"

namespace beach::sim {

// One file's bytes: what programs see (the page cache), what is durable (the volume), and between
// them the micro-operations that no sync has covered, oldest first.
//
// Every write is rounded out to sectors with what the cache holds there, so a micro-operation
// carries whole versions of sectors, as a page written back does. Invariants:
//   - the cached view is zero beyond the cached size, the durable one beyond the durable size,
//     unless operations are pending;
//   - with nothing pending, both views are equal, unless a failed sync forgot something.
//
// Operation numbers come from the disk, ascend, and are shared by the parts of one call.
class FileContent {
 public:
  struct Settled {
    std::uint64_t pending = 0;
    std::uint64_t kept = 0;  // at least in part
    std::uint64_t torn = 0;
  };
  enum class Durability : std::uint8_t { kLater, kAtOnce };

  // Byte counts. REQUIRES for Read: offset + length <= size().
  void Read(std::uint64_t offset, char* target, std::uint64_t length) const;
  // kAtOnce: durable now, with a size that reads it back; what was pending elsewhere stays so.
  // REQUIRES: data is not empty.
  void Write(std::uint64_t operation, std::uint64_t offset, ByteView data, Durability durability);
  // A write whose data sync failed: the drawn sectors are durable at once, the others only cached
  // (`cached`) or nowhere.
  void WriteInPart(std::uint64_t operation, std::uint64_t offset, ByteView data, bool cached,
                   Cut& cut);
  void Truncate(std::uint64_t operation, std::uint64_t size);
  void Allocate(std::uint64_t operation, std::uint64_t size);

  // Makes operations below `end` durable.
  void Sync(std::uint64_t end);
  // The sync that fails: of the operations below `end` a cut is made durable, and none of them is
  // pending any more. The cache shows them still.
  void Forget(std::uint64_t end, Cut& cut);
  // The volume keeps a cut, and the cache is gone.
  Settled PowerLoss(Cut& cut);

  std::uint64_t size() const { return size_; }
  std::uint64_t allocated() const { return cached_.allocated(); }  // sectors
  // How many sectors a write or reservation of this range would take from the free space.
  std::uint64_t SectorsMissing(std::uint64_t offset, std::uint64_t length) const;
  // The numbers of what is pending, to words without the file's name: "write [0, 512)".
  void DescribePending(std::map<std::uint64_t, std::string>& words) const;
  std::size_t pending_count() const { return data_.size() + sizes_.size(); }
  // The oldest pending operation, or `none`.
  std::uint64_t OldestPending(std::uint64_t none) const;

 private:
  enum class Kind : std::uint8_t { kWrite, kHole, kReserve };
  struct DataOperation {
    std::uint64_t number;
    std::uint64_t first;  // sectors
    std::uint64_t count;
    Slice slice;
    Kind kind;
    bool durable;  // by a direct write behind older pending ones: survives every cut
  };
  struct SizeOperation {
    std::uint64_t number;
    std::uint64_t size;
  };

  // The sectors of a write, its edges filled up from the cache.
  Slice Round(std::uint64_t offset, ByteView data, std::uint64_t& first,
              std::uint64_t& count) const;
  void Record(DataOperation operation);
  void RecordSize(std::uint64_t operation, std::uint64_t size, Durability durability,
                  std::uint64_t size_needed);
  void ApplyWhole(const DataOperation& operation);
  Settled Settle(std::uint64_t end, Cut& cut);
  bool Tear(const DataOperation& operation, std::uint64_t relative, Cut& cut,
            std::set<std::uint64_t>& torn);
  void ChopDurable();

  ExtentMap cached_;
  ExtentMap durable_;
  std::uint64_t size_ = 0;
  std::uint64_t durable_size_ = 0;
  std::vector<DataOperation> data_;
  std::vector<SizeOperation> sizes_;
  bool forgotten_ = false;  // the views differ beyond what is pending
};

}  // namespace beach::sim
