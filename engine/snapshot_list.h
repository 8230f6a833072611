// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/error.h"
#include "engine/expiry.h"
#include "engine/snapshot.h"
#include "env/threads.h"

namespace beach::engine {

// The sequence numbers that somebody may still read at. Thread-safe.
//
// A compaction drops what no snapshot and no later read can see, and a snapshot that is taken
// between its look at this list and its end must not be one of those that it did not see: who adds
// or asks holds the lock under which sequence numbers become visible, so that a later snapshot is
// of a number as high as any that was visible then.
class SnapshotList : public std::enable_shared_from_this<SnapshotList> {
 public:
  explicit SnapshotList(std::uint64_t most) : most_(most) {}

  // kOverloaded: there are `most` already.
  // `moment`: a sequence number, and the time as of it.
  Result<std::unique_ptr<const Snapshot>> Add(TimeMark moment);
  // Of those that live, ascending, each once.
  std::vector<TimeMark> Moments() const;
  std::uint64_t count() const;
  // Whether it is one of this list's.
  bool Has(const Snapshot& snapshot) const { return snapshot.list_.get() == this; }

 private:
  friend class Snapshot;
  void Remove(SequenceNumber sequence);

  const std::uint64_t most_;
  mutable env::Mutex mutex_;  // innermost
  // Both under mutex_.
  struct Moment {
    std::uint64_t time = 0;
    std::uint64_t count = 0;  // of snapshots
  };
  std::map<SequenceNumber, Moment> members_;
  std::uint64_t count_ = 0;
};

}  // namespace beach::engine
