// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "env/env.h"
#include "sim/scenarios/engine_backup_world.h"

namespace beach::sim::scenarios::copies {

// Damages one sector of the place of backups, drawn as choices of the run: the file that it is of,
// or nothing where there is none at rest. REQUIRES: nothing runs.
std::optional<std::string> RotOnePlace(World& world);

// The main of a process that looks at backups of which that file is damaged: each is restored as it
// was, or refused, and then there is no database. The next backup is whole again. REQUIRES: no
// errors are injected.
void RunDamaged(World& world, const std::string& damaged, const env::Env& env);

}  // namespace beach::sim::scenarios::copies
