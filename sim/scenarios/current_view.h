// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/scenario.h"

namespace beach::sim::scenarios {

// The current view alone, which readers pin without a lock while it is replaced: what is pinned is
// there, is what was current, and is gone when nobody looks at it any more. Only in a preemption
// build is there a switch anywhere inside of it, and so only there is this a scenario
// (docs/preemption.md).
class CurrentViewAlone final : public Scenario {
 public:
  std::string name() const override { return "current-view"; }
  std::string boots() const override;
  std::string checks() const override;
  void Run(Simulation& simulation) const override;
};

}  // namespace beach::sim::scenarios
