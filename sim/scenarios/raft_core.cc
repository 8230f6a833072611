// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/raft_core.h"

#include "sim/scenarios/raft_core_cluster.h"
#include "sim/scenarios/raft_core_plan.h"
#include "sim/scenarios/raft_core_workload.h"
#include "sim/swarm.h"

namespace beach::sim::scenarios {
namespace {

using namespace raft_core;  // NOLINT: the parts of this scenario

constexpr std::uint64_t kRates[] = {1'000, 10'000, 50'000, 200'000};
constexpr FaultLadder kFaults[] = {{"raft.drop", kRates},
                                   {"raft.duplicate", kRates},
                                   {"raft.delay", kRates},
                                   {"raft.snapshot_fails", kRates},
                                   {"raft.sender_crashes", kRates}};

}  // namespace

std::string RaftCore::boots() const {
  return "one to five voters and up to two spare nodes, cores of consensus without processes";
}

std::string RaftCore::checks() const {
  return "Raft's invariants, linearizable reads, fates that hold; in calm the cluster serves";
}

void RaftCore::Run(Simulation& simulation) const {
  const std::vector<FaultRate> faults = DrawFaults(simulation, kFaults, {.calm_percent = 20});
  const Plan plan = DrawPlan(simulation);
  std::vector<Action> actions = TakeWorkload(simulation, plan);
  SetFaults(simulation, faults, true);
  Cluster cluster(simulation, plan, std::move(actions));
  cluster.Run();
  SetFaults(simulation, faults, false);
  cluster.Calm();
  cluster.ExpectService();
}

}  // namespace beach::sim::scenarios
