// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "sim/disk/cut.h"
#include "sim/disk/damage_map.h"
#include "sim/disk/disk.h"
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
// Both views hold what should be there; what a device has made of it is a DamageMap beside them.
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
  // What a failed sync does with sizes: one as drawn, or the newest.
  enum class SizeForgotten : std::uint8_t { kDrawn, kNever };
  struct SectorRange {
    std::uint64_t first;
    std::uint64_t count;
  };

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
  void Forget(std::uint64_t end, Cut& cut, SizeForgotten sizes = SizeForgotten::kDrawn);
  // The sync that fails and takes back: after Forget, programs see what is durable and what is
  // pending from `end` on.
  void Revert(std::uint64_t end, Cut& cut);
  // The volume keeps a cut, and the cache is gone.
  // What becomes of each pending operation is added to `parts`, unless that is null, without the
  // file.
  Settled PowerLoss(Cut& cut, std::vector<CutPart>* parts = nullptr);

  std::uint64_t size() const { return size_; }
  std::uint64_t allocated() const { return cached_.allocated(); }  // sectors
  // How many sectors a write or reservation of this range would take from the free space.
  std::uint64_t SectorsMissing(std::uint64_t offset, std::uint64_t length) const;
  // The numbers of what is pending, to words without the file's name: "write [0, 512)".
  void DescribePending(std::map<std::uint64_t, std::string>& words) const;
  // Its sizes, and what is un-synced.
  void Describe(FileState& state) const;
  std::size_t pending_count() const { return data_.size() + sizes_.size(); }
  // The oldest pending operation, or `none`.
  std::uint64_t OldestPending(std::uint64_t none) const;
  bool HasPendingData() const { return !data_.empty(); }
  bool HasPendingBelow(std::uint64_t end) const { return OldestPending(end) < end; }
  // The sectors of the pending writes below `end`, one entry for each write.
  std::vector<SectorRange> PendingWrites(std::uint64_t end) const;

  // Damage. `damage` is null while there has been none.
  const DamageMap* damage() const { return damage_.get(); }
  DamageMap& Damage();
  // Puts what is damaged over what Read gave for the range. False: part of it is unreadable.
  bool ShowDamage(std::uint64_t offset, char* target, std::uint64_t length) const;
  // Whether the write would have to read an unreadable sector, of which it changes a part.
  bool EdgeUnreadable(std::uint64_t offset, std::uint64_t length) const;
  // Whether a read of the sector meets the device, not newer data in the cache.
  bool Uncovered(std::uint64_t sector) const;
  // Of a range, the sectors that are durable with nothing newer above them.
  std::vector<std::uint64_t> AtRest(std::uint64_t first, std::uint64_t count) const;
  // A buffer of the durable sectors, as they should be.
  Slice ReadDurable(std::uint64_t first, std::uint64_t count) const;
  std::uint64_t durable_end() const { return durable_.end(); }  // sectors
  // The operations in [begin, end) have been acknowledged, but stay pending, or are forgotten next.
  // False: there are none.
  bool Acknowledge(std::uint64_t begin, std::uint64_t end, DiskFault fault);
  // One past the last operation that was acknowledged and is still pending; 0: none.
  std::uint64_t acknowledged_below() const { return acknowledged_below_; }
  // From now on the durable version before the newest one of each sector is kept.
  void KeepHistory() { history_ = std::make_unique<ExtentMap>(); }
  // That version; null: keeps none.
  const ExtentMap* history() const { return history_.get(); }

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
  void ApplyTo(ExtentMap& view, const DataOperation& operation) const;
  void PutDurable(std::uint64_t first, std::uint64_t count, const Slice& slice,
                  std::uint64_t operation);
  // After something has become durable, or was lost: what was acknowledged about the size.
  void SettleSize(std::uint64_t operation);
  void MarkLostSize();
  static const char* NameOf(Kind kind);
  static ByteRange BytesOf(std::uint64_t first_sector, std::uint64_t count);
  Settled Settle(std::uint64_t end, Cut& cut, std::vector<CutPart>* parts = nullptr);
  bool Tear(const DataOperation& operation, std::uint64_t relative, Cut& cut,
            std::set<std::uint64_t>& torn);
  void ChopDurable();
  // It, with nothing kept.
  static CutPart PartOf(const DataOperation& operation);

  ExtentMap cached_;
  ExtentMap durable_;
  std::uint64_t size_ = 0;
  std::uint64_t durable_size_ = 0;
  std::vector<DataOperation> data_;
  std::vector<SizeOperation> sizes_;
  bool forgotten_ = false;  // the views differ beyond what is pending
  std::unique_ptr<DamageMap> damage_;
  std::unique_ptr<ExtentMap> history_;
  std::optional<SizeOperation> size_acknowledged_;  // and not durable
  DiskFault size_fault_{};                          // that made it so
  std::uint64_t acknowledged_below_ = 0;
};

}  // namespace beach::sim
