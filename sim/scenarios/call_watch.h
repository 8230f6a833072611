// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "oracle/violation.h"
#include "raft/node/node.h"
#include "raft/output.h"
#include "raft/types.h"

namespace beach::sim::scenarios {

// Judges how a node answers the calls on it: each once; at the end of the turn in which the answer
// is known; and all within the time that a call may take, whatever becomes of it.
//
// A process may stand still at any moment, and its clock too. So what is late is counted in looks,
// which its own loop makes at their times, as it does its other work.
class CallWatch {
 public:
  // Late looks that a call may see: they take longer than the node's housekeeping comes round.
  static constexpr std::uint64_t kLateLooksMax = 10;

  explicit CallWatch(std::uint64_t call_max_ns) : call_max_ns_(call_max_ns) {}

  // A life: of the one before nothing is answered.
  void Begin() { calls_.clear(); }
  void Asked(raft::CallId call, std::uint64_t now_ns);
  oracle::Judgement Answered(raft::CallId call);
  // What a turn has brought; `applied`: up to where the node's state machine is.
  oracle::Judgement Turned(std::span<const raft::ProposalFate> fates,
                           std::span<const raft::ReadAnswer> reads, raft::LogIndex applied);
  // By the node's clock, on its loop.
  oracle::Judgement Look(std::uint64_t now_ns);

 private:
  struct Call {
    std::uint64_t asked_ns = 0;
    std::optional<raft::LogIndex> known_at;  // what comes of it is, once that entry is applied
    bool known = false;                      // and was when the last turn began
    std::uint64_t late_looks = 0;
  };
  void Known(raft::CallId call, raft::LogIndex at);

  std::uint64_t call_max_ns_;
  std::map<raft::CallId, Call> calls_;
};

}  // namespace beach::sim::scenarios
