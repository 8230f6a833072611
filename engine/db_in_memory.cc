// SPDX-License-Identifier: Apache-2.0
// A database in memory: the same engine on files that go with the handle.
#include <utility>

#include "engine/db_impl.h"
#include "env/memory/memory_files.h"

namespace beach::engine {

Result<std::unique_ptr<Db>> Db::OpenInMemory(const env::Env& env, const Options& options,
                                             std::uint64_t bytes_max) {
  std::unique_ptr<env::FileSystem> files = env::NewMemoryFiles(bytes_max);
  env::Env inside = env;
  inside.files = files.get();
  Options chosen = options;
  chosen.create_if_missing = true;
  chosen.wal_direct = false;  // there are no direct files
  BEACH_TRY_ASSIGN(std::unique_ptr<Db> db, Open(inside, "memory", chosen));
  static_cast<DbImpl&>(*db).Own(std::move(files));
  return db;
}

}  // namespace beach::engine
