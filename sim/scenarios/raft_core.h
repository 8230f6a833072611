// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario.h"

namespace beach::sim::scenarios {

// The core of consensus (raft/core.h) on one to five voters and up to two spare nodes, whose
// disks, state machines and network are no more than times: no process, no file, no connection.
// Messages are lost, repeated and late, nodes crash and pause, links are cut, members change,
// leadership is handed over, logs are compacted. In the end nothing goes wrong any more, and the
// cluster must serve.
class RaftCore final : public Scenario {
 public:
  std::string name() const override { return "raft-core"; }
  std::string boots() const override;
  std::string checks() const override;
  std::vector<std::uint32_t> rules() const override { return {21, 29}; }
  void Run(Simulation& simulation) const override;
};

}  // namespace beach::sim::scenarios
