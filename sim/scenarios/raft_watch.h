// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "oracle/raft_oracle.h"
#include "raft/core.h"
#include "sim/scenarios/cluster_told.h"
#include "sim/simulation.h"

namespace beach::sim::scenarios {

// What the oracle of Raft is told, in its words.
oracle::RaftTerm Said(raft::Term term);
oracle::RaftIndex Said(raft::LogIndex index);
oracle::RaftConfiguration Said(const raft::Configuration& configuration);
oracle::RaftEntry Said(const raft::Entry& entry);

// Follows the cores of a cluster by what is to be seen of them after each input, and tells the
// oracle of Raft. Nodes are named by place, from 0: the node of place 0 has number 1.
class RaftWatch {
 public:
  RaftWatch(Simulation& simulation, oracle::RaftConfiguration initial, std::uint64_t nodes);

  // `found` is what of the log the oracle is to know, from `found.base` on.
  void Started(std::uint64_t place, const raft::Core& core, const oracle::RaftRecovery& found);
  void Stopped(std::uint64_t place);

  // After each input of the core.
  void Look(std::uint64_t place, const raft::Core& core);
  void HardState(std::uint64_t place, const raft::HardState& durable);
  // All up to there is durable.
  void Durable(std::uint64_t place, raft::LogIndex index);
  // Before it leaves: what it promises is held against what is durable.
  void Speaks(std::uint64_t place, const raft::Message& message);
  // Before the core of that node takes it.
  void Heard(const raft::Message& message) { told_.Heard(message); }
  void SnapshotInstalled(std::uint64_t place, const oracle::RaftBase& base, std::uint64_t digest);
  // What is left of a log, durably, where a snapshot of that entry took its place. Before
  // SnapshotInstalled.
  void LogReplaced(std::uint64_t place, const oracle::RaftBase& base, raft::LogIndex found_base,
                   raft::LogIndex found_last);
  // Before the core is told.
  void Compacted(std::uint64_t place, raft::LogIndex index);
  void Applied(std::uint64_t place, const raft::Entry& entry, std::uint64_t digest);

  // For pictures of the run, what is seen elsewhere too.
  ClusterTold& told() { return told_; }

  raft::LogIndex committed() const { return raft::LogIndex(oracle_.committed().value); }
  const raft::HardState& hard_state(std::uint64_t place) const { return seen_[place].hard_state; }
  raft::LogIndex durable(std::uint64_t place) const { return seen_[place].durable; }
  // Of its log, as far as the oracle was told.
  const std::vector<raft::Term>& terms(std::uint64_t place) const { return seen_[place].terms; }

 private:
  // What the oracle was told of a node.
  struct Seen {
    bool leads = false;
    raft::Term led;  // the last term in which it did
    raft::LogIndex base;
    std::vector<raft::Term> terms;  // of entry 1 first; below the base they may be anything
    raft::LogIndex commit;
    raft::LogIndex durable;
    raft::LogIndex first_lost;  // 0: none is; another may be behind it
    raft::HardState hard_state;
  };

  void Expect(const oracle::Judgement& judgement);
  bool Has(std::uint64_t place, raft::LogIndex index, raft::Term term) const;
  void LookAtLog(std::uint64_t place, const raft::Core& core);
  void LookAtCommit(std::uint64_t place, const raft::Core& core);
  void BecameLeader(std::uint64_t place, const raft::Core& core);
  void SteppedDown(std::uint64_t place);

  Simulation& simulation_;
  oracle::RaftOracle oracle_;
  std::vector<Seen> seen_;
  ClusterTold told_;
  raft::Term joint_led_;  // the last term whose leader had a joint configuration in force
};

}  // namespace beach::sim::scenarios
