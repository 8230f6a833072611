// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "env/env.h"
#include "sim/scenarios/engine_crash_workload.h"
#include "sim/scenarios/engine_crash_world.h"

namespace beach::sim::scenarios::engine_crash {

inline constexpr const char* kDirectory = "db";

// What a process is to do once it has opened the database and checked what it recovered.
struct LifeWork {
  // By client, in order. In the simulation's memory.
  const std::vector<std::vector<Command>>* clients = nullptr;
  // Armed when what was recovered has been checked; 0: none.
  std::uint64_t strike_calls = 0;
  // Armed when the clients are done, so that it strikes the close; 0: none.
  std::uint64_t strike_calls_in_close = 0;
  Strike strike = Strike::kKill;
  engine::RecoveryMode mode = engine::RecoveryMode::kTornTail;
  // No error is injected any more once the clients are done, and writes must succeed then, unless
  // the handle is poisoned.
  std::uint64_t watch_ns = 0;
  bool calm_end = false;
};

// The main of the process under test.
void RunLife(World& world, const LifeWork& work, const env::Env& env);

// The main of a process that verifies the closed database. A crash leaves no damage, and `tidy`, a
// clean close, nothing else either. REQUIRES: no errors are injected.
void RunVerify(World& world, bool tidy, const env::Env& env);

}  // namespace beach::sim::scenarios::engine_crash
