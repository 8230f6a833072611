// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/scenario.h"

namespace beach::sim::scenarios {

// One host, one database in several lives. Clients write, flush and compact, and beside that make
// checkpoints and backups, in the middle of which processes are killed and the power goes. Between
// lives other processes look at all copies, and may be struck too: each that was made opens and
// shows exactly what the database was at one moment, not before the call; each that was not is
// whole all the same, or no database.
class EngineBackup final : public Scenario {
 public:
  std::string name() const override { return "engine-backup"; }
  std::string boots() const override;
  std::string checks() const override;
  void Run(Simulation& simulation) const override;
};

}  // namespace beach::sim::scenarios
