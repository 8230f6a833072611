// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/db.h"
#include "env/env.h"
#include "sim/scenarios/engine_backup_world.h"

namespace beach::sim::scenarios::copies {

// How the clients of a life have ended, for its followers.
struct ClientsEnd {
  std::atomic<bool> done = false;
  std::atomic<bool> durable = false;    // all that they wrote is; set before
  std::atomic<std::uint64_t> last = 0;  // its number; set before
};

// A thread that follows the log by cursors, goes on where it was in the life before, and begins
// anew with pinned files where the log is gone. When the clients are done and all is durable, it
// must come to the end.
void Follow(World& world, engine::Db& db, const env::Env& env, std::uint64_t number,
            const ClientsEnd& end);

// The main of a process that opens the database to be read, and finds afterwards that not a byte of
// it has changed. REQUIRES: no errors are injected.
void RunReader(World& world, const env::Env& env);

}  // namespace beach::sim::scenarios::copies
