// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/arena.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "base/check.h"

namespace beach::engine {

static_assert(Arena::kAlignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
static_assert(Arena::kChunkSizeMin % Arena::kAlignment == 0);

Arena::~Arena() {
  DeleteAll(pool_.get(), chunk_.load(std::memory_order_acquire));
  DeleteAll(nullptr, large_.load(std::memory_order_acquire));
}

char* Arena::Allocate(std::size_t size_bytes) {
  BEACH_CHECK_GT(size_bytes, 0U);
  size_bytes_.fetch_add(size_bytes, std::memory_order_relaxed);
  const std::size_t padded = (size_bytes + kAlignment - 1) / kAlignment * kAlignment;
  BEACH_CHECK_GE(padded, size_bytes);
  // Large pieces get a chunk of their own, so that the rest of the present one is not lost.
  const bool is_large = padded > kChunkSizeMax / 4;
  Chunk* chunk = chunk_.load(std::memory_order_acquire);
  while (true) {
    if (chunk != nullptr) {
      const std::size_t used = chunk->used.load(std::memory_order_relaxed);
      const std::size_t left = used < chunk->size ? chunk->size - used : 0;
      if (padded > left && is_large) return AllocateOwn(padded);
      const std::size_t at = chunk->used.fetch_add(padded, std::memory_order_relaxed);
      if (at + padded <= chunk->size) return chunk->bytes() + at;
    } else if (is_large) {
      return AllocateOwn(padded);
    }
    // Twice the present one, and four times the piece.
    const std::size_t doubled = chunk == nullptr ? kChunkSizeMin : chunk->size * 2;
    const std::size_t next_size =
        std::min(std::max(doubled, std::bit_ceil(4 * padded)), kChunkSizeMax);
    Chunk* const next = NewChunk(pool_.get(), next_size, padded);
    next->previous = chunk;
    if (chunk_.compare_exchange_strong(chunk, next, std::memory_order_acq_rel)) {
      return next->bytes();
    }
    Delete(pool_.get(), next);  // another thread was first, and its chunk is the one
  }
}

char* Arena::AllocateAligned(std::size_t size_bytes, std::size_t alignment) {
  const std::size_t slack = alignment - kAlignment;
  char* const piece = Allocate(size_bytes + slack);
  size_bytes_.fetch_sub(slack, std::memory_order_relaxed);
  const auto address = reinterpret_cast<std::uintptr_t>(piece);
  return piece + ((alignment - address % alignment) % alignment);
}

char* Arena::AllocateOwn(std::size_t padded) {
  Chunk* const chunk = NewChunk(nullptr, padded, padded);
  Chunk* previous = large_.load(std::memory_order_relaxed);
  do {
    chunk->previous = previous;
  } while (!large_.compare_exchange_weak(previous, chunk, std::memory_order_acq_rel));
  return chunk->bytes();
}

Arena::Chunk* Arena::NewChunk(ChunkPool* pool, std::size_t size, std::size_t used) {
  static_assert(sizeof(Chunk) % kAlignment == 0);
  const std::size_t whole = sizeof(Chunk) + size;
  void* const memory = pool != nullptr ? pool->Take(whole) : ::operator new(whole);
  return new (memory) Chunk{.previous = nullptr, .size = size, .used = used};
}

void Arena::Delete(ChunkPool* pool, Chunk* chunk) {
  const std::size_t whole = sizeof(Chunk) + chunk->size;
  if (pool != nullptr) return pool->Give(chunk, whole);
  ::operator delete(chunk, whole);
}

void Arena::DeleteAll(ChunkPool* pool, Chunk* newest) {
  while (newest != nullptr) Delete(pool, std::exchange(newest, newest->previous));
}

}  // namespace beach::engine
