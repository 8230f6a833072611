// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "raft/log_tail.h"
#include "raft/output.h"
#include "raft/ring.h"
#include "raft/types.h"

namespace beach::raft {

// What storage has been told, and what it has said to be durable. Work goes out under ids that grow
// by one, and an acknowledgement speaks of all ids up to its own. It says of the log that *is* only
// what no later truncation has taken back: an index may have been overwritten since, even by an
// entry of the same term and index that is not durable yet.
class PersistQueue {
 public:
  // What a start found is durable.
  PersistQueue(HardState hard_state, LogIndex last)
      : durable_state_(hard_state), state_(hard_state), handed_(last), durable_(last) {}

  // All entries up to here are durable.
  LogIndex durable() const {
    return holes_.empty() ? durable_ : std::min(durable_, *holes_.begin() - 1);
  }
  const HardState& durable_state() const { return durable_state_; }
  // Acknowledged up to here.
  PersistId done() const { return done_; }
  // The id of what has not gone out yet.
  PersistId next() const { return next_; }
  std::uint64_t outstanding() const { return outstanding_.size(); }

  // What has to be done before the hard state, or the entry, is durable; 0: nothing.
  PersistId AfterHardState() const;
  PersistId AfterEntry(LogIndex index) const;

  void SetHardState(HardState state) { state_ = state; }
  // A start found it lost: nothing from here on is durable until it is filled.
  void Lost(LogIndex index) { holes_.insert(index); }
  // Its bytes are in memory again, and are to be made durable. REQUIRES: it was lost.
  void Filled(LogIndex index);
  // The log was cut: nothing from here on is durable, whatever storage says of earlier work.
  void Truncated(LogIndex from);
  // A snapshot holds all up to here durably, and the log goes on behind it.
  void Raise(LogIndex index);
  // The log is empty behind its new base.
  void Reset(LogIndex base);

  // All that is not handed out yet. False: there is nothing.
  bool Take(const LogTail& tail, LogIndex last, Persist& persist);
  void Done(PersistId id);

 private:
  struct Work {
    PersistId id;
    LogIndex last;  // once it is done, the log is durable up to here
    HardState state;
    std::vector<LogIndex> fills;
  };
  void Forget(LogIndex from);
  PersistId AfterFill(LogIndex index) const;

  HardState durable_state_;
  HardState state_;  // to be made durable
  HardState handed_state_ = state_;
  LogIndex handed_;  // of entries
  LogIndex durable_;
  LogIndex truncate_from_;    // 0: nothing to be cut
  std::set<LogIndex> holes_;  // lost, or filled and not durable yet
  std::set<LogIndex> fills_;  // of them, to be handed out
  PersistId done_;
  PersistId next_{1};
  Ring<Work> outstanding_;
};

}  // namespace beach::raft
