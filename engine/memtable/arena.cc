// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/arena.h"

#include <algorithm>

#include "base/check.h"

namespace beach::engine {

static_assert(Arena::kAlignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
static_assert(Arena::kChunkSizeMin % Arena::kAlignment == 0);

char* Arena::Allocate(std::size_t size_bytes) {
  BEACH_CHECK_GT(size_bytes, 0U);
  size_bytes_.fetch_add(size_bytes, std::memory_order_relaxed);
  const std::size_t padded = (size_bytes + kAlignment - 1) / kAlignment * kAlignment;
  BEACH_CHECK_GE(padded, size_bytes);
  // Large pieces get a chunk of their own, so that the rest of the present one is not lost.
  if (padded > free_size_ && padded > chunk_size_next_ / 4) return AllocateChunk(padded);
  if (padded > free_size_) {
    free_ = AllocateChunk(chunk_size_next_);
    free_size_ = chunk_size_next_;
    chunk_size_next_ = std::min(chunk_size_next_ * 2, kChunkSizeMax);
  }
  char* const piece = free_;
  free_ += padded;
  free_size_ -= padded;
  return piece;
}

char* Arena::AllocateChunk(std::size_t size_bytes) {
  chunks_.push_back(std::make_unique_for_overwrite<char[]>(size_bytes));
  return chunks_.back().get();
}

}  // namespace beach::engine
