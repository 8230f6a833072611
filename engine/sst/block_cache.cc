// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/block_cache.h"

#include <utility>

#include "env/marks.h"

namespace beach::engine::sst {

std::shared_ptr<const Block> BlockCache::Find(FileNumber file, std::uint64_t offset) {
  if (capacity_bytes_ == 0) return nullptr;
  const env::MutexLock lock(mutex_);
  const auto found = where_.find({file, offset});
  if (found == where_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->block;
}

void BlockCache::Insert(FileNumber file, std::uint64_t offset, std::shared_ptr<const Block> block) {
  if (block->size_bytes() > capacity_bytes_) return;
  Entries dropped;  // outlives the lock, so that blocks are freed without it
  const env::MutexLock lock(mutex_);
  const auto [at, is_new] = where_.try_emplace({file, offset});
  if (!is_new) return;  // another reader was faster
  size_bytes_ += block->size_bytes();
  entries_.push_front({.place = {file, offset}, .block = std::move(block)});
  at->second = entries_.begin();
  while (size_bytes_ > capacity_bytes_) {
    BEACH_SOMETIMES("cache.block_dropped", true);
    const auto last = std::prev(entries_.end());
    size_bytes_ -= last->block->size_bytes();
    where_.erase(last->place);
    dropped.splice(dropped.begin(), entries_, last);
  }
}

std::uint64_t BlockCache::size_bytes() {
  const env::MutexLock lock(mutex_);
  return size_bytes_;
}

}  // namespace beach::engine::sst
