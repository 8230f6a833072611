// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "raft/ring.h"
#include "raft/types.h"

namespace beach::raft {

// A read that a leader was asked for (6.4).
struct PendingRead {
  ReadContext context;  // of this node's driver, where `from` is 0
  NodeId from;          // the follower that forwarded it
  ForwardId forward;
  RoundId round;   // 0: the leader has committed nothing in its term
  LogIndex index;  // what was committed when it was asked, or since
};

// Reads of a leader that wait for a round of heartbeats sent after they came. Ids of rounds are
// never reused, so a late answer to an older round serves no younger read; reads that come between
// two rounds share the second.
class ReadRounds {
 public:
  RoundId sent() const { return sent_; }
  bool wanted() const { return wanted_; }
  std::uint64_t size() const { return reads_.size(); }
  const PendingRead& front() const { return reads_.front(); }

  // `commit`: nothing where it is not known to be that of the newest leader yet.
  void Add(PendingRead read, std::optional<LogIndex> commit);
  // The leader has committed in its term: reads that waited for it are for the next round.
  void CommittedInTerm(LogIndex commit);
  // The next round is being sent.
  RoundId Begin();
  // Whether the oldest read was asked before a round that a quorum answered.
  bool Ready(RoundId answered) const;
  PendingRead Take();

 private:
  RoundId sent_;
  bool wanted_ = false;
  Ring<PendingRead> reads_;  // rounds do not fall; those without one are last
};

}  // namespace beach::raft
