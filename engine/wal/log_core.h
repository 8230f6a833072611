// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <new>

#include "base/bytes.h"
#include "engine/types.h"
#include "engine/wal/format.h"
#include "engine/wal/log.h"

namespace beach::engine::wal {

// Bytes that start on a block's boundary in memory, as direct writes need. Grows, never shrinks.
class AlignedBuffer {
 public:
  // `size` bytes of no particular content.
  char* Resize(std::size_t size);
  ByteView view() const { return ByteView(data_.get(), size_); }

 private:
  struct Free {
    void operator()(char* bytes) const { ::operator delete[](bytes, std::align_val_t{kBlockSize}); }
  };
  std::unique_ptr<char[], Free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

using FlightId = StrongId<struct FlightIdTag>;

// An item to be written: at begin.offset of its segment's file.
struct PlannedItem {
  FlightId id;  // of flights and vouches; 0 for a run record
  LogPosition begin;
  LogPosition end;
};

// The writing half of the log's rule without I/O: where each item goes, what it vouches for, and
// when it is durable. A driver plans an item, writes its image, and reports back. Not thread-safe.
//
// What holds:
//   - items are planned in log order; durable() <= end(), and durable() never goes back;
//   - flights complete in any order, and count only when all below them has;
//   - un-synced records and flights are never outstanding together: a flight is planned only when
//     the run before it is synced, a run record only when no flight is in flight;
//   - no item starts in a block that holds durable bytes of another.
class LogCore {
 public:
  // Goes on at `end` of `segment`; all below is durable.
  LogCore(OpenEpoch epoch, const Segment& segment, LogPosition end, LogSalt salt = {});

  // Whether the item can be planned in this segment.
  bool Fits(ItemKind kind, std::uint64_t payload_size) const;

  // Plans the next item and leaves its bytes in `image`. REQUIRES: it fits; not poisoned; for
  // flights and vouches CanFly(), for run records nothing in flight.
  PlannedItem Plan(ItemKind kind, ByteView payload, SequenceNumber first_sequence,
                   std::uint32_t count, AlignedBuffer& image);

  // A flight is durable, or has failed: then it and all above it stay unacknowledged for good.
  void Completed(FlightId id, bool ok);
  // All un-synced records are durable, or may be lost. Closes the run: the next starts a new block.
  void RunSynced(bool ok);
  // A run record could not be written.
  void Poison() { poisoned_ = true; }

  // From now on each run record starts a block, as flights do. A reader finds it there as well, and
  // a power loss may take the one before it and leave it whole.
  void SpreadRuns() { runs_spread_ = true; }

  // Goes on in the next segment. REQUIRES: all is durable.
  void EnterSegment(const Segment& segment);

  bool CanFly() const { return !run_open_; }
  bool run_open() const { return run_open_; }  // there are un-synced records
  std::size_t in_flight() const { return flights_.size(); }
  bool poisoned() const { return poisoned_; }
  LogPosition end() const { return end_; }
  LogPosition durable() const { return durable_; }
  // Below it, a later item on disk says that all is durable.
  LogPosition vouched() const { return vouched_; }
  // There is data that no later item vouches for.
  bool NeedsVouch() const { return vouched_ < data_end_; }
  const Segment& segment() const { return segment_; }

 private:
  struct InFlight {
    FlightId id;
    LogPosition end;
    LogPosition vouches_for;
    bool done = false;
  };

  // Where the next item of this kind starts; past the segment's end when there is no room.
  std::uint64_t NextBegin(ItemKind kind, std::uint64_t size) const;

  OpenEpoch epoch_;
  LogSalt salt_;
  Segment segment_;
  LogPosition end_;  // behind the last planned item, exactly
  LogPosition durable_;
  LogPosition vouched_;
  LogPosition data_end_;          // behind the last planned item that is not a vouch
  std::deque<InFlight> flights_;  // in log order; the front is not done
  FlightId last_id_;
  bool run_open_ = false;
  bool runs_spread_ = false;
  bool poisoned_ = false;
};

}  // namespace beach::engine::wal
