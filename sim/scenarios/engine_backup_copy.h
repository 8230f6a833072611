// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "engine/options.h"
#include "env/env.h"
#include "sim/scenarios/engine_backup_world.h"

// What whoever opens copies needs, in the process under test.

namespace beach::sim::scenarios::copies {

// A copy is another database: what it says is not for the history of ours.
env::Env Quiet(const env::Env& env);

engine::Options OptionsOfCopy(const World& world);

// A directory and its files, for good: a power loss must not bring a part of it back. Fine where
// there is none.
void RemoveAll(World& world, env::FileSystem& files, const std::string& directory);

}  // namespace beach::sim::scenarios::copies
