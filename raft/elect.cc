// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "raft/core.h"

// Elections: 3.4 and 3.6.1, pre-vote 9.6, a leader that hears no quorum 6.2, servers that a live
// leader protects from candidates 4.2.3.

namespace beach::raft {

// T counts from the leader's last word. It is not asked who leads: a lease (6.4.1) of a leader
// whose term this node has left behind binds it all the same.
bool Core::LeaderIsLive(std::uint64_t now_ns) const {
  return role_ == Role::kLeader ||
         ElapsedNs(leader_heard_ns_, now_ns) < options_.election_timeout_ns;
}

// 3.4: spread out, and drawn anew for each attempt.
void Core::DrawElectionTimeout(std::uint64_t now_ns) {
  const std::uint64_t value =
      RandomValue(options_.random_key, options_.incarnation, term_.value, ++timeouts_drawn_);
  election_timeout_ns_ =
      options_.election_timeout_ns + RandomBelow(value, options_.election_timeout_ns);
  RestartElectionTimer(now_ns);
}

void Core::RestartElectionTimer(std::uint64_t now_ns) {
  election_deadline_ns_ = now_ns + election_timeout_ns_;
}

void Core::BecomeFollower(std::uint64_t now_ns, Term term, NodeId leader, Reason reason) {
  // The role goes before the term does: nothing is ever done as leader of a term that was not won.
  const Role before = std::exchange(role_, Role::kFollower);
  if (before == Role::kLeader) LeaveRole(reason);
  if (term > term_) {
    SetTerm(term, NodeId{});
    Tell(EventKind::kTerm, reason);
  }
  leader_ = leader;
  if (before == Role::kFollower) return;
  DrawElectionTimeout(now_ns);
  Tell(EventKind::kRole, reason);
}

void Core::LeaveRole(Reason reason) {
  RefuseReads();
  EndTransfer(reason);
  progress_.clear();
  origins_.clear();
  lease_ = {};
}

// A message that only the leader of this term sends. False: this node leads itself.
bool Core::FollowLeader(std::uint64_t now_ns, NodeId leader) {
  if (role_ == Role::kLeader) {
    Tell(EventKind::kMessageIgnored, Reason::kNone, leader);
    return false;
  }
  leader_heard_ns_ = now_ns;
  if (role_ != Role::kFollower) BecomeFollower(now_ns, term_, NodeId{}, Reason::kLeaderHeard);
  if (std::exchange(leader_, leader) != leader) {
    Tell(EventKind::kLeader, Reason::kLeaderHeard, leader);
  }
  RestartElectionTimer(now_ns);
  return true;
}

// 4.2.2: who is removed by an entry that is not known to be committed campaigns all the same, and
// does not count itself: it may hold the only log with which anybody can win. What is committed may
// be any of its configurations from `commit_` on, which a start knows little of: one that makes it
// a voter, and another that removes it, may both be behind that.
// Nor does who has lost something: a leader has what it says that it has.
bool Core::MayCampaign() const {
  return !installing_ && !state_lost_ && log_.whole() &&
         configurations_.IsVoterSince(commit_, options_.id);
}

void Core::BeginBallots() {
  ballots_.clear();
  for (const auto* const half : {&configuration().voters, &configuration().outgoing}) {
    for (const NodeId node : *half) {
      if (std::ranges::find(ballots_, node, &Ballot::node) != ballots_.end()) continue;
      ballots_.push_back({.node = node, .vote = Vote::kPending});
    }
  }
}

// 9.6: asks first whether it could win. The term stays; answers to an earlier question do not
// count.
void Core::CampaignPreVote(std::uint64_t now_ns, Reason reason) {
  BEACH_CHECK(role_ != Role::kLeader);
  role_ = Role::kPreCandidate;
  leader_ = {};
  pre_vote_round_ = pre_vote_round_.Next();
  Tell(EventKind::kRole, reason);
  DrawElectionTimeout(now_ns);
  BeginBallots();
  for (const Ballot& ballot : ballots_) {
    if (ballot.node == options_.id) continue;
    Send(ballot.node, PreVote{.round = pre_vote_round_, .last = log_.end()});
  }
  CountBallot(now_ns, options_.id, true);
}

// `transfer` is of this one campaign, and kept nowhere.
void Core::Campaign(std::uint64_t now_ns, Reason reason, bool transfer) {
  BEACH_CHECK(role_ != Role::kLeader);
  SetTerm(term_.Next(), options_.id);
  role_ = Role::kCandidate;
  leader_ = {};
  Tell(EventKind::kRole, reason);
  DrawElectionTimeout(now_ns);
  BeginBallots();
  for (const Ballot& ballot : ballots_) {
    if (ballot.node == options_.id) continue;
    Send(ballot.node, RequestVote{.last = log_.end(), .transfer = transfer});
  }
}

// Its vote for itself counts once it is durable, like any other.
void Core::CountOwnVote(std::uint64_t now_ns) {
  if (storage_.durable_state() == HardState{.term = term_, .vote = options_.id}) {
    CountBallot(now_ns, options_.id, true);
  }
}

// The first answer of each voter counts, however often it comes.
void Core::CountBallot(std::uint64_t now_ns, NodeId node, bool granted) {
  for (Ballot& ballot : ballots_) {
    if (ballot.node != node || ballot.vote != Vote::kPending) continue;
    ballot.vote = granted ? Vote::kGranted : Vote::kRefused;
  }
  const Vote outcome = QuorumVote(configuration(), [&](NodeId voter) {
    for (const Ballot& ballot : ballots_) {
      if (ballot.node == voter) return ballot.vote;
    }
    return Vote::kPending;
  });
  if (outcome == Vote::kRefused) {
    return BecomeFollower(now_ns, term_, NodeId{}, Reason::kVotesRefused);
  }
  if (outcome == Vote::kPending) return;
  if (role_ == Role::kPreCandidate) return Campaign(now_ns, Reason::kPreVotesGranted, false);
  BecomeLeader(now_ns);
}

void Core::BecomeLeader(std::uint64_t now_ns) {
  BEACH_CHECK(role_ == Role::kCandidate);
  BEACH_CHECK((storage_.durable_state() == HardState{.term = term_, .vote = options_.id}));
  role_ = Role::kLeader;
  leader_ = options_.id;
  receiving_.reset();
  fetches_.clear();
  rounds_ = {};
  timed_round_ = {};
  lease_ = Lease(options_.election_timeout_ns, options_.clock_drift_ppm);
  transfer_ = {};
  heartbeat_deadline_ns_ = now_ns + options_.heartbeat_interval_ns;
  ResetProgress(now_ns);
  Tell(EventKind::kRole, Reason::kVotesGranted);
  // 6.4: an entry of its own term, without which it does not know what is committed.
  AppendOwn(now_ns, EntryKind::kNoOp, Payload());
}

// Answered always, so that who asks learns this node's term. Changes nothing here.
void Core::On(std::uint64_t now_ns, NodeId from, Term term, PreVote& request) {
  const bool granted = !LeaderIsLive(now_ns) && term >= term_ && log_.IsUpToDate(request.last);
  Send(from, PreVoteReply{.round = request.round, .granted = granted});
  HandOn(from, request.last);
}

void Core::On(std::uint64_t now_ns, NodeId from, Term, PreVoteReply& reply) {
  if (role_ != Role::kPreCandidate || reply.round != pre_vote_round_) return;
  CountBallot(now_ns, from, reply.granted);
}

// 3.4, 3.6.1: one vote a term, for a log that is at least as new. Send holds the answer until the
// vote is durable.
void Core::On(std::uint64_t now_ns, NodeId from, Term, RequestVote& request) {
  const bool free = vote_ == from || (vote_ == NodeId{} && leader_ == NodeId{});
  const bool live = LeaderIsLive(now_ns) && !request.transfer;
  const bool granted = free && !live && log_.IsUpToDate(request.last);
  if (granted) {
    SetTerm(term_, from);
    RestartElectionTimer(now_ns);  // time for it to win, and to be heard
    Tell(EventKind::kVoteGranted, Reason::kNone, from);
  }
  Send(from, VoteReply{.granted = granted});
}

void Core::On(std::uint64_t now_ns, NodeId from, Term, VoteReply& reply) {
  if (role_ != Role::kCandidate) return;
  CountBallot(now_ns, from, reply.granted);
}

// 6.2: a leader that is cut off from the majority steps down, so that its clients look elsewhere.
void Core::CheckQuorum(std::uint64_t now_ns) {
  const std::uint64_t heard_ns = QuorumValue(configuration(), [&](NodeId node) {
    if (node == options_.id) return now_ns;
    const Progress* const peer = Find(node);
    return peer == nullptr ? 0 : peer->heard_ns;
  });
  if (ElapsedNs(heard_ns, now_ns) < options_.election_timeout_ns) return;
  BecomeFollower(now_ns, term_, NodeId{}, Reason::kQuorumSilent);
}

}  // namespace beach::raft
