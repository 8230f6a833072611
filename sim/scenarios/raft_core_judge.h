// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "raft/testing/node.h"
#include "sim/scenarios/raft_core_plan.h"
#include "sim/scenarios/raft_watch.h"
#include "sim/simulation.h"

namespace beach::sim::scenarios::raft_core {

// Bytes of a proposal: its name, and `size` more.
raft::Payload PayloadOf(raft::RequestId request, std::uint64_t size);

// Watches each node from outside, its disk too, tells the oracle of Raft what it sees, and holds
// against it what clients were told. Nodes are named by place, from 0.
class Judge {
 public:
  Judge(Simulation& simulation, const Plan& plan);

  // --- Lives.
  void Started(std::uint64_t place, const raft::testing::Node& node);
  void Stopped(std::uint64_t place);
  void Damaged(std::uint64_t place) { lives_[place].was_damaged = true; }

  // After each input of the core.
  void Look(std::uint64_t place, const raft::testing::Node& node);
  // A piece of its disk's work is done; before Look.
  void DiskDone(std::uint64_t place, raft::testing::Node& node);
  // As a message leaves.
  void Speaks(std::uint64_t place, const raft::Message& message);
  // Before the core takes it.
  void Heard(const raft::Message& message) { watch_.Heard(message); }
  // What it has applied since the last call.
  void Applied(std::uint64_t place, const raft::testing::Node& node, const raft::Entry& entry);
  // Before the core is told.
  void Compacted(std::uint64_t place, raft::LogIndex index);
  // Says which rare states the run has reached.
  void Told(std::uint64_t place, const raft::Event& event);

  // --- Clients.
  raft::RequestId NewRequest(std::uint64_t place, bool is_change);
  // It is refused at once: it is in no log.
  void Refused(raft::RequestId request);
  void FateTold(std::uint64_t place, const raft::ProposalFate& fate);
  raft::ReadContext NewRead(std::uint64_t place);
  void ReadRefused(raft::ReadContext context);
  void ReadAnswered(std::uint64_t place, const raft::testing::Node& node,
                    const raft::ReadAnswer& answer);
  // All has been quiet for long enough: who asked in a life that goes on has been answered. A read
  // that was granted to a node which is no member any more may wait for its entries for ever.
  void ExpectAllAnswered(const raft::Configuration& members);

  // For pictures of the run, what is seen elsewhere too.
  ClusterTold& told() { return watch_.told(); }

  std::uint64_t committed() const { return watch_.committed().value; }

 private:
  struct Life {
    std::uint64_t number = 0;
    bool was_asked = false;  // its last campaign was by the leader's wish
    bool without_state = false;
    bool was_damaged = false;
  };
  enum class Known : std::uint8_t { kOpen, kCommitted, kNever, kUnknown };
  struct Request {
    std::uint64_t place = 0;
    std::uint64_t life = 0;
    bool is_change = false;
    Known fate = Known::kOpen;
    std::uint64_t applied_at = 0;  // 0: not yet
    std::uint64_t told_at = 0;     // committed, as was told
  };
  struct Read {
    std::uint64_t place = 0;
    std::uint64_t life = 0;
    std::uint64_t least = 0;
    bool open = true;
  };

  void TellDurable(std::uint64_t place, const raft::testing::Node& node);

  Simulation& simulation_;
  RaftWatch watch_;
  std::vector<Life> lives_;
  std::vector<Request> requests_;           // by name - 1
  std::vector<Read> reads_;                 // by name - 1
  std::vector<std::uint64_t> requests_at_;  // by index: what was applied there, 0: nothing known
};

}  // namespace beach::sim::scenarios::raft_core
