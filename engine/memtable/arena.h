// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "engine/memtable/chunk_pool.h"

namespace beach::engine {

// Memory that is given out piece by piece and taken back all at once, on destruction. Any number of
// threads may allocate at once, without a lock: a piece is cut off the present chunk by one
// addition. What it hands out may be read anywhere, and size_bytes() asked anywhere.
class Arena {
 public:
  static constexpr std::size_t kChunkSizeMin = 1024;
  static constexpr std::size_t kChunkSizeMax = 1024 * 1024;  // each chunk doubles up to here
  static constexpr std::size_t kAlignment = 8;

  // `chunks`: where chunks come from and go to, but those of one large piece; null: the allocator.
  explicit Arena(std::shared_ptr<ChunkPool> chunks = nullptr) : pool_(std::move(chunks)) {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Uninitialized, aligned to kAlignment, never moved. REQUIRES: size_bytes > 0.
  char* Allocate(std::size_t size_bytes);
  // The same at a multiple of `alignment`, a power of two.
  char* AllocateAligned(std::size_t size_bytes, std::size_t alignment);

  // The sum of what was asked for: no padding, no unused rest of a chunk, so that decisions made by
  // it are the same on every machine.
  std::uint64_t size_bytes() const { return size_bytes_.load(std::memory_order_relaxed); }

 private:
  // Memory with this in front of it.
  struct Chunk {
    Chunk* previous;
    std::size_t size;
    std::atomic<std::size_t> used;  // above `size` once a piece did not fit

    char* bytes() { return reinterpret_cast<char*>(this + 1); }
  };

  // From the pool, or null from the allocator.
  static Chunk* NewChunk(ChunkPool* pool, std::size_t size, std::size_t used);
  static void Delete(ChunkPool* pool, Chunk* chunk);
  static void DeleteAll(ChunkPool* pool, Chunk* newest);  // and those before it
  char* AllocateOwn(std::size_t padded);

  const std::shared_ptr<ChunkPool> pool_;
  std::atomic<Chunk*> chunk_{nullptr};  // the newest doubling chunk; those before it are full
  std::atomic<Chunk*> large_{nullptr};  // of one piece each
  std::atomic<std::uint64_t> size_bytes_{0};
};

}  // namespace beach::engine
