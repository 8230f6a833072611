// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "env/env.h"
#include "sim/scenarios/engine_backup_world.h"

namespace beach::sim::scenarios::copies {

using Clients = std::vector<std::vector<Command>>;

// The main of the process that has the database: what was recovered is judged, then clients write,
// flush, compact, and make copies.
void RunLife(World& world, const Clients& clients, const env::Env& env);

// The main of a process that looks at all copies and then removes the checkpoints. REQUIRES: no
// errors are injected. It may be struck, and run again.
void RunJudge(World& world, const env::Env& env);

// The main of a process that verifies the database after a clean close without faults: it has left
// nothing over.
void RunVerify(World& world, const env::Env& env);

}  // namespace beach::sim::scenarios::copies
