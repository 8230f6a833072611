// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/db.h"
#include "engine/log_cursor.h"
#include "engine/pinned_files.h"
#include "env/env.h"
#include "sim/scenarios/engine_backup_world.h"

namespace beach::sim::scenarios::copies {

// A database of its own that a follower makes of pinned files, as whoever gets them over a network
// would: of what the files and their list say, and nothing else. From there on it is given the
// batches that a cursor shows, which have the same sequence numbers in it. Lives in the process; of
// one thread.
class Replica {
 public:
  Replica(World& world, const env::Env& env, std::uint64_t follower)
      : world_(world), env_(env), directory_("replica" + std::to_string(follower)) {}

  bool is_open() const { return db_ != nullptr; }
  // Instead of what it was. It shows what the source did at the number and the time of the pin. An
  // error that a fault explains leaves it closed, here and below.
  void Install(const engine::PinnedFiles& pin);
  // Of those that it has, nothing.
  void Apply(const engine::LogBatch& batch);
  // After a compaction of all of it, it shows what the source did where it has come to.
  void Check();

 private:
  Status Make(const engine::PinnedFiles& pin);
  void Look();
  void GiveUp(const char* doing, const Error& error);

  World& world_;
  const env::Env& env_;
  const std::string directory_;
  std::unique_ptr<engine::Db> db_;
  std::uint64_t last_ = 0;  // all up to this one is in it
};

}  // namespace beach::sim::scenarios::copies
