// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "env/events.h"
#include "oracle/history.h"
#include "raft/core.h"
#include "sim/simulation.h"

namespace beach::sim::scenarios {

// Shows what the nodes of a cluster do to whoever watches the run, in the words that
// docs/simulation.md lists. Where nobody does, each call costs the test of a flag; either way it
// has no part in the run. Nodes are named by place, from 0: the node of place 0 has number 1. With
// a SystemScope open.
class ClusterTold {
 public:
  ClusterTold(Simulation& simulation, std::uint64_t nodes);

  // By how much the time of the nodes is ahead of the simulation's.
  void SetAhead(std::uint64_t ns) { ahead_ns_ = ns; }

  // --- Nodes. Before the judge has seen the same: it may end the run.

  void Up(std::uint64_t place, const raft::Core& core);
  void Down(std::uint64_t place);
  void Paused(std::uint64_t place, std::uint64_t ns);
  // After each input.
  void Look(std::uint64_t place, const raft::Core& core);
  // Of its log, all from there on up to `last` is taken back.
  void Truncated(std::uint64_t place, raft::LogIndex from, raft::LogIndex last);
  void Installed(std::uint64_t place, raft::LogIndex index, raft::Term term);
  void Sent(const raft::Message& message);
  void Heard(const raft::Message& message);
  void Way(bool cut, std::uint64_t from, std::uint64_t to);

  // --- Clients. Each call has a name of its own, `call`, until its end is told.

  void Asked(std::uint64_t client, std::uint64_t call, const char* what);
  // `index`: of the log, where the outcome has one.
  void Answered(std::uint64_t client, std::uint64_t call, const char* outcome,
                std::uint64_t index = 0);
  // Of clients that ask one thing after the other.
  void Asked(const oracle::ClientOperation& operation);
  void Answered(const oracle::ClientOperation& operation);
  void Refused(std::uint64_t client);

 private:
  struct Shown {
    bool up = false;
    raft::Role role = raft::Role::kFollower;
    raft::Term term;
    raft::NodeId leader;
    raft::LogIndex base;
    raft::LogIndex last;
    raft::LogIndex durable;
    raft::LogIndex commit;
    raft::LogIndex applied;
    friend bool operator==(const Shown&, const Shown&) = default;
  };

  static Shown Of(const raft::Core& core);
  void ShowRole(std::uint64_t place);
  void ShowLog(std::uint64_t place);
  void ShowMessage(const char* name, const raft::Message& message);
  void Show(const char* name, std::initializer_list<env::EventField> fields);

  Simulation& simulation_;
  const bool watched_;
  std::uint64_t ahead_ns_ = 0;
  std::vector<Shown> shown_;
};

}  // namespace beach::sim::scenarios
