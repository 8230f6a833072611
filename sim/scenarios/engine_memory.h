// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario.h"

namespace beach::sim::scenarios {

// One host whose disk fails, one database in memory in each of several lives: it begins with
// nothing, the three clients of engine-tables use it, and all of it goes with its handle. The model
// judges it as it judges one on a disk, but for what outlives a process. No fault of the disk is an
// excuse, and no file comes to be there; in half of the runs memory is all that there may be need
// of, and then no call fails at all.
class EngineMemory final : public Scenario {
 public:
  std::string name() const override { return "engine-memory"; }
  std::string boots() const override;
  std::string checks() const override;
  std::vector<std::uint32_t> rules() const override {
    return {2, 7, 8, 9, 10, 19, 34, 35, 36, 37, 38, 39, 43};
  }
  void Run(Simulation& simulation) const override;
};

}  // namespace beach::sim::scenarios
