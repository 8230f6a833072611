// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario.h"
#include "sim/scenarios/cluster_plan.h"

namespace beach::sim::scenarios {

// One to five nodes as they ship: the core of consensus on its loop, the durable log, the state
// machine on the engine, links and one port each; and clients that come over the network. Nodes
// are killed, lose their power one by one or all at once, and begin anew, while the network, their
// disks and clocks do what they like. In the end nothing goes wrong any more: all clients must be
// served, and all replicas hold the same.
//
// The same with a focus is a scenario of its own: cluster-membership, cluster-snapshot,
// cluster-clock, cluster-liveness, cluster-storage-faults.
class Cluster final : public Scenario {
 public:
  explicit Cluster(cluster::Focus focus = cluster::Focus::kEverything) : focus_(focus) {}

  std::string name() const override;
  std::string boots() const override;
  std::string checks() const override;
  std::vector<std::uint32_t> rules() const override;
  void Run(Simulation& simulation) const override;

 private:
  const cluster::Focus focus_;
};

}  // namespace beach::sim::scenarios
