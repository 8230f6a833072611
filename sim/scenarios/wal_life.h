// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "env/env.h"
#include "sim/scenarios/wal_recovered.h"
#include "sim/scenarios/wal_workload.h"
#include "sim/scenarios/wal_world.h"

namespace beach::sim::scenarios::log_alone {

// What a process is to do.
struct LifeWork {
  const std::vector<std::vector<Command>>* writers = nullptr;  // each a thread
  OpenWork open = {};
  std::uint64_t strike_calls = 0;           // armed when the log is open; 0: not then
  std::uint64_t strike_calls_in_close = 0;  // armed before the close; 0: not then
  Strike strike = Strike::kKill;
  bool calm_end = false;
};

// The process under test: recover, judge, let the writers write, close.
void RunLife(World& world, const LifeWork& work, const env::Env& env);

}  // namespace beach::sim::scenarios::log_alone
