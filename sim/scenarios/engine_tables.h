// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario.h"

namespace beach::sim::scenarios {

// One host, one database in several lives whose named tables come and go: clients create and drop
// them under few names, write batches across them in all ways that there are, and read them by
// handles that others have dropped meanwhile, by snapshots and iterators from before. Keys are
// those that lie at the edges of a table's range. Each life ends by a close, a kill or a power
// loss; what is found then, in each table by itself, is a state that the database was in, batches
// across tables whole. At last, with everything compacted, no byte of a dropped table is left.
class EngineTables final : public Scenario {
 public:
  std::string name() const override { return "engine-tables"; }
  std::string boots() const override;
  std::string checks() const override;
  std::vector<std::uint32_t> rules() const override {
    return {2, 7, 8, 9, 10, 34, 35, 36, 37, 38, 39, 43};
  }
  void Run(Simulation& simulation) const override;
};

}  // namespace beach::sim::scenarios
