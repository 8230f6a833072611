// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "raft/node/replica.h"
#include "raft/output.h"
#include "raft/types.h"

namespace beach::raft {

struct PendingLimits {
  // What the state machine said last, kept for proposals whose fate is told late.
  std::uint64_t answers_max = 1024;
  std::uint64_t answer_bytes_max = std::uint64_t{1} << 20;
};

// The calls of a node's clients that have no answer yet. A proposal is answered when it is known to
// be committed *and* is applied here; the two may be told in either order. What is ready waits in
// order for Deliver, so that no caller is answered from inside its own call. Not thread-safe.
class PendingCalls {
 public:
  explicit PendingCalls(const PendingLimits& limits) : limits_(limits) {}

  // The numbers that the next two get.
  RequestId next_request() const { return last_request_.Next(); }
  ReadContext next_context() const { return last_context_.Next(); }
  RequestId AddProposal(Replica::ProposeDone done, std::uint64_t deadline_ns);
  ReadContext AddRead(Replica::ReadDone done, std::uint64_t deadline_ns);

  void Refused(RequestId request, ProposeError error);
  void Told(const ProposalFate& fate);
  // In order, each index once.
  void Applied(LogIndex index, const Bytes& answer);
  void ReadAnswered(ReadContext context, std::optional<ReadError> error);
  // What has waited until its deadline is unknown, or unanswered.
  void Expire(std::uint64_t now_ns);
  // All of them are: the node can say nothing more.
  void GiveUp();
  // A snapshot took the place of what was applied: answers of entries up to there are not known.
  void Installed(LogIndex index);

  bool ready() const { return !ready_.empty(); }
  // Answers what is ready. A call that it answers may make others.
  void Deliver();
  std::uint64_t waiting() const { return proposals_.size() + reads_.size(); }

 private:
  struct Proposal {
    Replica::ProposeDone done;
    std::uint64_t deadline_ns = 0;
    LogIndex committed;  // 0: not known to be
  };
  struct PendingRead {
    Replica::ReadDone done;
    std::uint64_t deadline_ns = 0;
  };
  struct Answer {
    LogIndex index;
    Bytes bytes;
  };
  void Finish(RequestId request, Outcome outcome);
  const Answer* FindAnswer(LogIndex index) const;
  void Keep(LogIndex index, const Bytes& answer);

  const PendingLimits limits_;
  RequestId last_request_;
  ReadContext last_context_;
  std::map<RequestId, Proposal> proposals_;
  std::map<LogIndex, RequestId> committed_;  // not applied here yet
  std::map<ReadContext, PendingRead> reads_;
  LogIndex applied_;
  std::deque<Answer> answers_;  // by index
  std::uint64_t answer_bytes_ = 0;
  std::vector<std::function<void()>> ready_;
};

}  // namespace beach::raft
