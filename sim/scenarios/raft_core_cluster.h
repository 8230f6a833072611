// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "raft/testing/node.h"
#include "sim/scenarios/raft_core_judge.h"
#include "sim/scenarios/raft_core_plan.h"
#include "sim/scenarios/raft_core_queue.h"
#include "sim/scenarios/raft_core_workload.h"
#include "sim/simulation.h"

namespace beach::sim::scenarios::raft_core {

// Nodes, and all that happens to them in a time of its own, one event after the other, on the
// harness thread. How long things take, and what a driver gathers, are draws of the run.
class Cluster {
 public:
  Cluster(Simulation& simulation, const Plan& plan, std::vector<Action> actions);

  // Does the workload.
  void Run();
  // Nothing goes wrong from here on: all nodes that are left are up, hear each other and are fast.
  void Calm();
  // Contract, rule 28: a majority that can talk serves within ten election timeouts, beside the
  // time in which it is sent what it lacks.
  void ExpectService();

 private:
  struct Machine {
    raft::testing::Node node;
    std::uint32_t life = 0;
    std::uint64_t tick_ns = ~std::uint64_t{0};  // when the next tick is to come
    std::uint64_t paused_until_ns = 0;
    bool gathers = false;  // output is taken by an event
    bool disk = false;     // an event is to come
    bool apply = false;
    bool load = false;
    bool pin = false;
    bool is_gone = false;  // for good
  };

  // --- Time.
  std::uint64_t ClockOf(std::uint64_t place) const;
  std::uint64_t WhenClockShows(std::uint64_t place, std::uint64_t clock_ns) const;
  void AdvanceTo(std::uint64_t now_ns);
  void RunFor(std::uint64_t time_ns);
  std::uint64_t Draw(Site site, const Latency& latency, std::uint64_t times = 1);

  // --- Events.
  void Happen(const Event& event);
  void After(std::uint64_t wait_ns, EventKind kind, std::uint64_t place, std::uint32_t what = 0);
  void Deliver(std::uint32_t slot);
  void DeliverSnapshot(std::uint32_t slot);
  void FinishDisk(std::uint64_t place, std::uint32_t pieces);
  void Apply(std::uint64_t place);
  void Pin(std::uint64_t place);

  // --- A node.
  void Start(std::uint64_t place);
  void Crash(std::uint64_t place, std::uint64_t pieces, std::uint64_t entries);
  // It took an input.
  void AfterInput(std::uint64_t place);
  void TakeOutput(std::uint64_t place);
  void TakeAnswers(std::uint64_t place);
  // Sees to it that what it waits for comes.
  void Arrange(std::uint64_t place);
  // Who talks to whom from now on.
  void Part(std::vector<bool> halves, bool one_way);
  void Send(raft::Message&& message);
  bool Linked(raft::NodeId from, raft::NodeId to) const;
  // No place: nobody leads.
  std::uint64_t Leader() const;
  std::uint64_t FindLeader(const auto& is_better) const;
  std::uint64_t OldestLeader() const;  // of several, which may not know of the others

  // --- The workload.
  void DoNext();
  void Do(const Action& action, std::uint64_t place);
  bool IsOneOfFew(std::uint64_t place) const;
  void DamageDisk(std::uint64_t place, std::uint64_t behind, std::uint64_t count);
  void Propose(std::uint64_t place, std::uint64_t size);
  bool IsOutrun(std::uint64_t place) const;
  void Read(std::uint64_t place, bool lease);
  void Change(std::uint64_t place, const Action& action);
  void Compact(std::uint64_t place, std::uint64_t kept);

  // --- The end.
  bool SomebodyGives(raft::LogIndex index, raft::Term term) const;
  bool CanBeMadeWhole(const raft::testing::Node& node) const;
  void LeaveAMajority();
  void Describe();
  bool AllHold(std::uint64_t index) const;
  std::uint64_t HeldByAll() const;

  Simulation& simulation_;
  const Plan plan_;
  const std::vector<Action> actions_;
  Judge judge_;
  std::vector<Machine> machines_;
  std::vector<bool> halves_;  // who talks to whom
  bool one_way_ = false;      // the first half is heard by all
  EventQueue events_;
  Places<raft::Message> messages_;
  Places<raft::testing::Transfer> transfers_;
  std::vector<std::uint64_t> last_arrival_ns_;  // by way
  std::uint64_t now_ns_ = 0;
  std::uint64_t slept_ns_ = 0;       // of it, by the simulation's clock
  std::uint64_t late_until_ns_ = 0;  // when the last message that a fault has delayed arrives
  std::size_t next_action_ = 0;
  bool is_calm_ = false;
  bool drops_ = false;
  bool repeats_ = false;
  bool delays_ = false;
  bool fails_snapshots_ = false;
  bool fails_senders_ = false;
};

}  // namespace beach::sim::scenarios::raft_core
