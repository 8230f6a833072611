// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/scenario.h"

namespace beach::sim::scenarios {

// One host, one database, several lives. In each life a process opens the database, checks what it
// recovered, and lets clients write and read until it closes, is killed, or the power goes: also in
// the middle of an open, again and again. Disk faults strike as the run's plan wants. At the end,
// without faults, the database is opened three more times and must not have lost or changed
// anything.
class EngineCrash final : public Scenario {
 public:
  std::string name() const override;
  std::string boots() const override;
  std::string checks() const override;
  void Run(Simulation& simulation) const override;
};

}  // namespace beach::sim::scenarios
