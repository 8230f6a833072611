// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/scenario.h"

namespace beach::sim::scenarios {

// The memtable alone, of a drawn kind, which takes no lock: one to three writers, one at a time, or
// at once where the kind takes that, beside readers that get, walk forward and walk backward
// without waiting for anybody. What a reader sees of the entries that were in before it began is
// exact. Only in a preemption build is there a switch anywhere inside of it, and so only there is
// this a scenario (docs/preemption.md).
class MemtableAlone final : public Scenario {
 public:
  std::string name() const override { return "memtable"; }
  std::string boots() const override;
  std::string checks() const override;
  void Run(Simulation& simulation) const override;
};

}  // namespace beach::sim::scenarios
