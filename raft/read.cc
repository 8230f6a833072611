// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "raft/core.h"

// Linearizable reads without the log: by a round of heartbeats (6.4), or by a lease (6.4.1). Either
// names an index; the read is granted once that is applied here.

namespace beach::raft {

// A lease says who leads, not what is committed; and it says nothing once leadership is offered.
bool Core::LeaseValid(std::uint64_t now_ns) const {
  return role_ == Role::kLeader && CommittedInTerm() && transfer_.target == NodeId{} &&
         lease_.Valid(now_ns);
}

std::expected<void, ReadError> Core::Read(std::uint64_t now_ns, ReadContext context,
                                          ReadMode mode) {
  if (rounds_.size() + granted_.size() + forwarded_reads_.size() >= options_.reads_max) {
    return std::unexpected(ReadError::kOverloaded);
  }
  if (role_ == Role::kLeader) {
    if (mode == ReadMode::kLease && LeaseValid(now_ns)) {
      Grant(context, commit_);
    } else {
      rounds_.Add({.context = context, .from = {}, .forward = {}, .round = {}, .index = {}},
                  CommittedInTerm() ? std::optional(commit_) : std::nullopt);
    }
    return {};
  }
  if (leader_ == NodeId{}) return std::unexpected(ReadError::kNoLeader);
  if (forwarded_reads_.size() >= options_.forwarded_max) {
    return std::unexpected(ReadError::kOverloaded);
  }
  const ForwardId id = NextForward();
  forwarded_reads_.Add(id, context, now_ns + options_.election_timeout_ns);
  Send(leader_, ReadForward{.id = id});
  return {};
}

// All reads that were asked before a round which a quorum has answered since.
void Core::ResolveRounds() {
  const RoundId answered(QuorumValue(configuration(), [&](NodeId node) {
    if (node == options_.id) return rounds_.sent().value;
    const Progress* const peer = Find(node);
    return peer == nullptr ? 0 : peer->round.value;
  }));
  lease_.RoundAnswered(answered);
  while (rounds_.Ready(answered)) AnswerRead(rounds_.Take());
}

void Core::AnswerRead(const PendingRead& read) {
  if (read.from == NodeId{}) return Grant(read.context, read.index);
  Send(read.from, ReadForwardReply{.id = read.forward, .granted = true, .index = read.index});
}

void Core::Grant(ReadContext context, LogIndex index) {
  granted_.push_back({.context = context, .index = index});
  GrantApplied();
}

void Core::GrantApplied() {
  if (state_lost_) return;
  while (!granted_.empty() && granted_.front().index <= applied_) {
    output_.reads.push_back({.context = granted_.front().context,
                             .index = granted_.front().index,
                             .error = std::nullopt});
    granted_.pop_front();
  }
}

// The leader leads no more: whether it did when they were asked is not known.
void Core::RefuseReads() {
  while (rounds_.size() > 0) RefuseRead(rounds_.Take());
}

void Core::RefuseRead(const PendingRead& read) {
  if (read.from == NodeId{}) {
    output_.reads.push_back({.context = read.context, .index = {}, .error = ReadError::kNoLeader});
  } else {
    Send(read.from, ReadForwardReply{.id = read.forward, .granted = false, .index = {}});
  }
}

void Core::On(std::uint64_t, NodeId from, Term, ReadForward& request) {
  const PendingRead read{
      .context = {}, .from = from, .forward = request.id, .round = {}, .index = {}};
  if (role_ != Role::kLeader || rounds_.size() + granted_.size() >= options_.reads_max) {
    return RefuseRead(read);
  }
  rounds_.Add(read, CommittedInTerm() ? std::optional(commit_) : std::nullopt);
}

void Core::On(std::uint64_t, NodeId, Term, ReadForwardReply& reply) {
  const std::optional<ReadContext> context = forwarded_reads_.Take(reply.id);
  if (!context) return;
  if (reply.granted) return Grant(*context, reply.index);
  output_.reads.push_back({.context = *context, .index = {}, .error = ReadError::kUnanswered});
}

}  // namespace beach::raft
