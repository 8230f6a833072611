// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "engine/db.h"
#include "engine/options.h"
#include "env/env.h"
#include "sim/scenarios/engine_backup_world.h"
#include "sim/system_scope.h"

// What whoever opens copies needs, in the process under test.

namespace beach::sim::scenarios::copies {

inline constexpr const char* kDirectory = "db";
inline constexpr const char* kPlace = "backups";
inline constexpr const char* kRestored = "restored";

// A copy is another database: what it says is not for the history of ours.
env::Env Quiet(const env::Env& env);

engine::Options OptionsOfCopy(const World& world);

// A directory and its files, for good: a power loss must not bring a part of it back. Fine where
// there is none.
void RemoveAll(World& world, env::FileSystem& files, const std::string& directory);

// What the database shows is handed to `judge`.
template <class Judge>
void Look(World& world, engine::Db& db, const char* doing, const Judge& judge) {
  const engine::SequenceNumber last = db.VisibleSequence();
  const Result<State> state = ReadState(db);
  if (!state) world.Excuse(doing, state.error());
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = judge(Found{.last = last.value, .state = state ? &*state : nullptr});
  }
  world.Settle(judgement);
}

}  // namespace beach::sim::scenarios::copies
