// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "oracle/raft_log.h"
#include "oracle/violation.h"

namespace beach::oracle {

// What a node has after a start, all of it durable.
struct RaftRecovery {
  RaftTerm term = {};
  std::optional<RaftNode> vote = {};    // in that term
  std::optional<RaftBase> base = {};    // nothing: the log begins at its first entry
  std::vector<RaftEntry> entries = {};  // lost ones among them
  RaftIndex applied = {};               // the state machine's; above it entries are applied again
  // Its state machine is lost: `applied` is where the log begins, and nothing may be applied before
  // a snapshot has come.
  bool is_state_lost = false;
  // Its disk was damaged since it was started last: it may have lost what was durable.
  bool is_damaged = false;
};

// Judges a cluster of Raft (Ongaro and Ousterhout, "In search of an understandable consensus
// algorithm", ATC 2014, figure 3) from outside, step by step, as whoever runs it sees it: each
// function tells that something has happened, in the order in which it did, and says what is wrong
// with that. What a node does comes before what others do because of it. Only nodes that were
// started may do anything.
//
// A node may lose entries where they stand, to damage. It knows their indexes and terms, and may
// not acknowledge past the first of them; but what it had still speaks for a majority, for it votes
// by it: a cluster that loses too much cannot go on, and is not wrong.
//
// A call costs what it tells, and at most a look at each node; never the length of a log, but for a
// start. Not thread-safe.
class RaftOracle {
 public:
  // The nodes' configuration before the first entry that changes it.
  explicit RaftOracle(RaftConfiguration initial) : initial_(std::move(initial)) {}

  // --- Lives. What was not durable may be gone.
  Judgement Started(RaftNode node, const RaftRecovery& found);
  void Stopped(RaftNode node);

  // --- Elections.
  // Durable now. A vote is of that term.
  Judgement HardState(RaftNode node, RaftTerm term, std::optional<RaftNode> vote);
  // A vote leaves the node, or it counts its own; not one that is asked for before an election.
  Judgement VoteSent(RaftNode node, RaftTerm term, RaftNode candidate);
  Judgement BecameLeader(RaftNode node, RaftTerm term);
  void SteppedDown(RaftNode node);

  // --- Logs.
  Judgement Appended(RaftNode node, const RaftEntry& entry);
  Judgement Truncated(RaftNode node, RaftIndex from);
  // All up to the index is durable.
  Judgement Durable(RaftNode node, RaftIndex index);
  // "My log is yours up to this index", to the leader of the term.
  Judgement AcknowledgementSent(RaftNode node, RaftTerm term, RaftIndex index);
  // A snapshot of another node is in place, durable; the state's digest is that of its index.
  Judgement SnapshotInstalled(RaftNode node, RaftBase base, std::uint64_t state_digest);
  // The node does without the entries up to the index.
  Judgement Compacted(RaftNode node, RaftIndex index);

  // --- The state machine.
  Judgement Committed(RaftNode node, RaftIndex index);
  Judgement Applied(RaftNode node, RaftIndex index, RaftTerm term, std::uint64_t state_digest);

  // The greatest index that a leader has committed.
  RaftIndex committed() const { return RaftIndex(committed_chains_.size()); }

 private:
  struct Node {
    explicit Node(const RaftConfiguration& initial) : log(initial) {}

    bool is_up = false;
    RaftTerm term;  // durable, with the vote
    std::optional<RaftNode> vote;
    RaftTerm spoken_term;  // of the last vote that left it
    std::optional<RaftNode> spoken_vote;
    std::optional<RaftTerm> leads;
    RaftLog log;
    RaftIndex durable;  // all up to there, and nothing of it is lost
    RaftIndex held;     // durable, or lost since
    bool is_state_lost = false;
    RaftIndex committed;  // in this life
    RaftIndex applied;
  };
  // An entry that some node had: one index may have several, of different terms.
  struct Known {
    RaftTerm term;
    std::uint64_t chain = 0;
    std::optional<RaftConfiguration> configuration;
  };
  struct Commit {
    RaftTerm term;  // of the leader that did it
    RaftIndex index;
    std::uint64_t chain = 0;
  };

  Node& Up(RaftNode node);
  Judgement JudgeVote(RaftNode id, const Node& node, RaftTerm term,
                      std::optional<RaftNode> vote) const;
  // Its log becomes what it found.
  Judgement Recover(RaftNode id, Node& node, const RaftRecovery& found);
  Judgement TakeEntry(RaftNode id, Node& node, const RaftEntry& entry);
  Judgement TakeLost(RaftNode id, Node& node, const RaftEntry& entry);
  const Known* FindKnown(RaftIndex index, RaftTerm term) const;
  std::optional<std::uint64_t> FindChain(RaftIndex index, RaftTerm term) const;
  Judgement JudgeSnapshot(RaftNode id, const RaftBase& base) const;
  Judgement JudgeQuorum(RaftNode id, const Node& leader, RaftIndex index) const;
  Judgement JudgeLeader(RaftNode id, const Node& leader, const Commit& commit) const;
  // Whether a majority of the configuration has all up to the commit, durable. No snapshot goes
  // beyond the last one.
  bool IsHeld(const RaftConfiguration& configuration, const Commit& commit) const;
  bool IsHeldBy(const std::vector<RaftNode>& voters, const Commit& commit) const;
  // After something went away from a log.
  Judgement JudgeLoss(RaftNode id) const;
  Judgement JudgeState(RaftNode id, RaftIndex index, std::uint64_t digest);

  RaftConfiguration initial_;
  std::map<RaftNode, Node> nodes_;
  std::map<RaftTerm, RaftNode> leaders_;
  std::vector<std::vector<Known>> known_;          // by index - 1
  std::vector<Commit> commits_;                    // terms and indexes grow
  std::vector<std::uint64_t> committed_chains_;    // by index - 1
  std::optional<RaftConfiguration> committed_by_;  // the last of them
  std::map<RaftIndex, std::uint64_t> states_;      // digest that some node had after that entry
};

}  // namespace beach::oracle
