// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/arena.h"

#include <algorithm>
#include <new>

#include "base/check.h"

namespace beach::engine {

static_assert(Arena::kAlignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
static_assert(Arena::kChunkSizeMin % Arena::kAlignment == 0);

Arena::~Arena() {
  Delete(chunk_.load(std::memory_order_acquire));
  Delete(large_.load(std::memory_order_acquire));
}

char* Arena::Allocate(std::size_t size_bytes) {
  BEACH_CHECK_GT(size_bytes, 0U);
  size_bytes_.fetch_add(size_bytes, std::memory_order_relaxed);
  const std::size_t padded = (size_bytes + kAlignment - 1) / kAlignment * kAlignment;
  BEACH_CHECK_GE(padded, size_bytes);
  Chunk* chunk = chunk_.load(std::memory_order_acquire);
  while (true) {
    const std::size_t next_size =
        chunk == nullptr ? kChunkSizeMin : std::min(chunk->size * 2, kChunkSizeMax);
    if (chunk != nullptr) {
      // Large pieces get a chunk of their own, so that the rest of the present one is not lost.
      const std::size_t used = chunk->used.load(std::memory_order_relaxed);
      const std::size_t left = used < chunk->size ? chunk->size - used : 0;
      if (padded > left && padded > next_size / 4) return AllocateOwn(padded);
      const std::size_t at = chunk->used.fetch_add(padded, std::memory_order_relaxed);
      if (at + padded <= chunk->size) return chunk->bytes() + at;
    } else if (padded > next_size / 4) {
      return AllocateOwn(padded);
    }
    OwnedChunk next = NewChunk(next_size, padded);
    next->previous = chunk;
    // Where another thread was first, its chunk is the one.
    if (chunk_.compare_exchange_strong(chunk, next.get(), std::memory_order_acq_rel)) {
      return next.release()->bytes();
    }
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
  Chunk* const chunk = NewChunk(padded, padded).release();
  Chunk* previous = large_.load(std::memory_order_relaxed);
  do {
    chunk->previous = previous;
  } while (!large_.compare_exchange_weak(previous, chunk, std::memory_order_acq_rel));
  return chunk->bytes();
}

Arena::OwnedChunk Arena::NewChunk(std::size_t size, std::size_t used) {
  static_assert(sizeof(Chunk) % kAlignment == 0);
  Chunk* const chunk = static_cast<Chunk*>(::operator new(sizeof(Chunk) + size));
  return OwnedChunk(new (chunk) Chunk{.previous = nullptr, .size = size, .used = used});
}

void Arena::Free::operator()(Chunk* chunk) const {
  ::operator delete(chunk, sizeof(Chunk) + chunk->size);
}

void Arena::Delete(Chunk* newest) {
  while (newest != nullptr) newest = OwnedChunk(newest)->previous;
}

}  // namespace beach::engine
