// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_backup_copy.h"

namespace beach::sim::scenarios::copies {

env::Env Quiet(const env::Env& env) {
  env::Env quiet = env;
  quiet.events = nullptr;
  return quiet;
}

engine::Options OptionsOfCopy(const World& world) {
  engine::Options options = world.plan.options;
  options.create_if_missing = false;
  return options;
}

void RemoveAll(World& world, env::FileSystem& files, const std::string& directory) {
  const auto names = files.List(directory);
  if (!names) return;
  for (const std::string& name : *names) {
    const Status removed = files.Remove(env::JoinPath(directory, name));
    if (!removed) return world.Excuse("removing a copy", removed.error());
  }
  Status removed = files.SyncDirectory(directory);
  if (removed) removed = files.RemoveDirectory(directory);
  if (removed) removed = files.SyncDirectory(".");
  if (!removed) return world.Excuse("removing a copy", removed.error());
}

}  // namespace beach::sim::scenarios::copies
