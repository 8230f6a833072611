// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "env/env.h"
#include "sim/scenarios/engine_crash_world.h"

namespace beach::sim::scenarios::engine_crash {

// The main of a process that repairs the closed database, after a dry run. The next recovery is
// judged by its loss report. REQUIRES: no errors are injected; damage may be there.
void RunRepair(World& world, const env::Env& env);

}  // namespace beach::sim::scenarios::engine_crash
