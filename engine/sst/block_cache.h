// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <memory>

#include "engine/sst/block.h"
#include "engine/types.h"
#include "env/threads.h"

namespace beach::engine::sst {

// Data blocks in memory, for all tables of a database: verified before they come here, immutable,
// the least recently used dropped first. File numbers are never used again (rule 17), so what was
// cached of a removed table is only old. Thread-safe; its lock is the innermost.
class BlockCache {
 public:
  // Holds blocks of at most so many bytes together; 0 holds none.
  explicit BlockCache(std::uint64_t capacity_bytes) : capacity_bytes_(capacity_bytes) {}

  // Null where it is not here.
  std::shared_ptr<const Block> Find(FileNumber file, std::uint64_t offset);
  void Insert(FileNumber file, std::uint64_t offset, std::shared_ptr<const Block> block);

  std::uint64_t size_bytes();

 private:
  struct Place {
    FileNumber file;
    std::uint64_t offset = 0;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Entry {
    Place place;
    std::shared_ptr<const Block> block;
  };
  using Entries = std::list<Entry>;

  const std::uint64_t capacity_bytes_;
  env::Mutex mutex_;
  Entries entries_;                           // the last used first
  std::map<Place, Entries::iterator> where_;  // of each entry
  std::uint64_t size_bytes_ = 0;
};

}  // namespace beach::engine::sst
