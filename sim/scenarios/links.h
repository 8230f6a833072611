// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario.h"

namespace beach::sim::scenarios {

// Two to four nodes, each with a link to each other one (wire/link.h), whose processes are killed
// and lose their power while partitions come and go and connections break, stall and flip bits.
// They say what the workload tells them, on both lanes. Each frame names its place: its link, how
// often that had come up, its lane and number. In the end nothing goes wrong any more, and all
// links must come up.
class Links final : public Scenario {
 public:
  std::string name() const override { return "links"; }
  std::string boots() const override;
  std::string checks() const override;
  std::vector<std::uint32_t> rules() const override { return {20, 21}; }
  void Run(Simulation& simulation) const override;
};

}  // namespace beach::sim::scenarios
