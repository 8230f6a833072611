// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "engine/sst/block_cache.h"
#include "engine/sst/compression.h"
#include "env/clock.h"
#include "env/files.h"
#include "env/threads.h"

namespace beach::engine::sst {

// The file of one table, open or not. What is inside belongs to the cache.
class TableFile {
 public:
  TableFile(env::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  TableFile(const TableFile&) = delete;
  TableFile& operator=(const TableFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  friend class TableCache;
  env::FileSystem& files_;
  const std::string path_;
  // Under the cache's mutex.
  std::shared_ptr<env::File> file_;        // null: closed
  bool kept_ = false;                      // never closed before the table goes
  std::list<TableFile*>::iterator place_;  // in the cache, where it is open and not kept
};

// What the tables of a database share: data blocks in memory, and a limit to the files that are
// open. A file is opened when it is needed; beyond the limit the one that was used longest ago and
// that nobody reads at the moment is closed. Reads that find their blocks in memory come nowhere
// near. Thread-safe; its lock is held for no I/O.
class TableCache {
 public:
  struct Limits {
    std::uint64_t block_cache_size = 0;  // bytes; 0: no blocks are kept
    std::uint64_t open_tables_max = ~std::uint64_t{0};
    std::uint64_t readahead_max = 0;  // bytes that a walk reads at once; 0: block by block
    env::Clock* clock = nullptr;      // of Met; without one what cannot be read is no damage
  };
  explicit TableCache(const Limits& limits) : limits_(limits), blocks_(limits.block_cache_size) {}

  BlockCache& blocks() { return blocks_; }
  Decompressor& decompressor() { return decompressor_; }
  std::uint64_t readahead_max() const { return limits_.readahead_max; }

  // Open, for as long as the result is held. A table that was removed is kCorruption: it is listed.
  Result<std::shared_ptr<env::File>> Use(TableFile& table);
  // The same, and not closed any more before Forget, whatever the limit.
  Status Keep(TableFile& table);
  // Gives a file that the caller has opened.
  void Add(TableFile& table, std::shared_ptr<env::File> file);
  // REQUIRES: nobody else uses the table, now or later.
  void Forget(TableFile& table);

  // To be told of every error of reading a table; remembers the first that is kCorruption, or that
  // the disk had for the same place a second or more before: what it cannot read time and again is
  // as good as damaged.
  void Met(const Error& error);
  std::optional<Error> damage();

  std::uint64_t open_tables();

 private:
  // Null where it is closed.
  std::shared_ptr<env::File> FindOpen(TableFile& table);
  bool IsUnreadableAgain(const Error& error);
  std::shared_ptr<env::File> TakeIn(TableFile& table, std::shared_ptr<env::File> file, bool keep);

  const Limits limits_;
  BlockCache blocks_;
  Decompressor decompressor_;
  env::Mutex mutex_;
  std::list<TableFile*> open_;  // not kept; the last used first. Under mutex_
  std::uint64_t kept_ = 0;      // under mutex_
  struct Unreadable {
    std::string path;
    std::uint64_t offset = 0;
    std::uint64_t since_ns = 0;
  };
  std::deque<Unreadable> unreadable_;  // the newest places. Under mutex_
  std::optional<Error> damage_;        // under mutex_
};

}  // namespace beach::engine::sst
