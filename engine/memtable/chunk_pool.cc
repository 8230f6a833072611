// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/chunk_pool.h"

#include <new>

#include "env/marks.h"

namespace beach::engine {

ChunkPool::ChunkPool(std::uint64_t size_bytes_max) : size_bytes_max_(size_bytes_max) {}

ChunkPool::~ChunkPool() {
  for (const auto& [size, chunks] : kept_) {
    for (void* const chunk : chunks) ::operator delete(chunk, size);
  }
}

void* ChunkPool::Take(std::size_t size_bytes) {
  {
    const env::MutexLock lock(mutex_);
    std::vector<void*>& chunks = kept_[size_bytes];
    if (!chunks.empty()) {
      void* const chunk = chunks.back();
      chunks.pop_back();
      kept_bytes_ -= size_bytes;
      BEACH_SOMETIMES("memtable.chunk_used_again", true);
      return chunk;
    }
  }
  return ::operator new(size_bytes);
}

void ChunkPool::Give(void* chunk, std::size_t size_bytes) {
  {
    const env::MutexLock lock(mutex_);
    if (kKeeps && size_bytes <= size_bytes_max_ - kept_bytes_) {
      kept_[size_bytes].push_back(chunk);
      kept_bytes_ += size_bytes;
      return;
    }
  }
  ::operator delete(chunk, size_bytes);
}

std::uint64_t ChunkPool::kept_bytes() const {
  const env::MutexLock lock(mutex_);
  return kept_bytes_;
}

}  // namespace beach::engine
