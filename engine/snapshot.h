// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

#include "engine/types.h"

namespace beach::engine {

class SnapshotList;

// A moment of the database that reads can come back to (ReadOptions::snapshot) for as long as this
// object lives, whatever is written, flushed or compacted meanwhile (rule 9): it keeps the versions
// that they need. Immutable; read with it in any thread, let go of it in any. One that outlives
// its database's handle is good for nothing and harms nothing.
class Snapshot final {
 public:
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  // The last sequence number that its reads see.
  SequenceNumber sequence() const { return sequence_; }
  // The database's time as of then: what had not expired is shown for as long as this lives.
  std::uint64_t time() const { return time_; }

 private:
  friend class SnapshotList;
  Snapshot(std::shared_ptr<SnapshotList> list, SequenceNumber sequence, std::uint64_t time)
      : list_(std::move(list)), sequence_(sequence), time_(time) {}

  const std::shared_ptr<SnapshotList> list_;
  const SequenceNumber sequence_;
  const std::uint64_t time_;
};

}  // namespace beach::engine
