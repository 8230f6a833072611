// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario.h"

namespace beach::sim::scenarios {

// One host, one database in several lives. Clients write, flush and compact, and beside that make
// checkpoints and backups, in the middle of which processes are killed and the power goes. Between
// lives other processes look at all copies, and may be struck too: each that was made opens and
// shows exactly what the database was at one moment, not before the call; each that was not is
// whole all the same, or no database. Followers read the log by cursors through all lives, and
// begin anew with pinned files where it is gone: of these some make databases, which they keep up
// with the log. Other processes open the database to be read. In most runs some values expire. At
// the end of half of them one place of the backups is damaged.
class EngineBackup final : public Scenario {
 public:
  std::string name() const override { return "engine-backup"; }
  std::string boots() const override;
  std::string checks() const override;
  std::vector<std::uint32_t> rules() const override {
    return {2, 5, 15, 30, 31, 32, 33, 39, 40, 41, 42, 43};
  }
  void Run(Simulation& simulation) const override;
};

}  // namespace beach::sim::scenarios
