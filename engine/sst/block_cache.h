// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/sst/block.h"
#include "engine/types.h"
#include "env/threads.h"

namespace beach::engine::sst {

// Data blocks in memory, for all tables of a database: verified and decompressed before they come
// here, immutable. File numbers are never used again (rule 17), so what was cached of a removed
// table is only old. Thread-safe; its locks are the innermost and held for pointer work alone.
//
// Blocks are dealt to shards by a hash of their place; each shard has its part of the budget and
// its lock. Within a shard blocks come to the *probation* part. A use marks its block and moves
// nothing. When room is needed, the oldest of probation goes, unless it was used: then it moves to
// the *protected* part, which has four fifths of the budget and gives back its oldest that was not
// used since. So a scan, which loads each block and uses it no more, drives out no block that was
// used again. (Lazy promotion, as in S3-FIFO: Yang et al., SOSP 2023.)
class BlockCache {
 public:
  struct Counts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t blocks = 0;
    std::uint64_t size_bytes = 0;
  };

  // Holds blocks of at most so many bytes together (Block::size_bytes); 0 holds none.
  explicit BlockCache(std::uint64_t capacity_bytes);
  ~BlockCache();
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  // Null where it is not here.
  std::shared_ptr<const Block> Find(FileNumber file, std::uint64_t offset);
  // One that is larger than a shard's part of the budget is not kept.
  void Insert(FileNumber file, std::uint64_t offset, std::shared_ptr<const Block> block);

  // Since the cache was made, and now; while others use it, of no single moment.
  Counts counts();
  std::uint64_t size_bytes() { return counts().size_bytes; }

 private:
  struct Shard;
  Shard& ShardOf(std::uint64_t hash) { return *shards_[hash >> 32 & (shards_.size() - 1)]; }

  std::vector<std::unique_ptr<Shard>> shards_;  // a power of two of them; none for no budget
};

}  // namespace beach::engine::sst
