// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/chunk_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "engine/memtable/arena.h"

namespace beach::engine {
namespace {

TEST(ChunkPool, GivesAgainWhatItWasGivenOfThatSize) {
  ChunkPool pool(1000);
  void* const chunk = pool.Take(100);
  std::memset(chunk, 'x', 100);
  pool.Give(chunk, 100);
  if (ChunkPool::kKeeps) {
    EXPECT_EQ(pool.kept_bytes(), 100U);
  }
  void* const other = pool.Take(99);
  // A pool that keeps nothing has given it back, and any memory may come.
  if (ChunkPool::kKeeps) {
    EXPECT_NE(other, chunk);
  }
  void* const again = pool.Take(100);
  if (ChunkPool::kKeeps) {
    EXPECT_EQ(again, chunk);
  }
  EXPECT_EQ(pool.kept_bytes(), 0U);
  pool.Give(other, 99);
  pool.Give(again, 100);
}

TEST(ChunkPool, KeepsNoMoreThanItMay) {
  ChunkPool pool(250);
  void* const chunks[] = {pool.Take(100), pool.Take(100), pool.Take(100)};
  for (void* const chunk : chunks) pool.Give(chunk, 100);
  EXPECT_EQ(pool.kept_bytes(), ChunkPool::kKeeps ? 200U : 0U);
  ChunkPool none(0);
  none.Give(none.Take(1), 1);
  EXPECT_EQ(none.kept_bytes(), 0U);
}

TEST(ChunkPool, ArenasLeaveTheirChunksToOthersButForLargePieces) {
  const auto pool = std::make_shared<ChunkPool>(std::uint64_t{1} << 30);
  const auto fill = [&] {
    Arena arena(pool);
    for (int i = 0; i < 5000; ++i) std::memset(arena.Allocate(1000), 'x', 1000);
    std::memset(arena.Allocate(3 * Arena::kChunkSizeMax), 'y', 3 * Arena::kChunkSizeMax);
  };
  fill();
  const std::uint64_t kept = pool->kept_bytes();
  if (ChunkPool::kKeeps) {
    EXPECT_GT(kept, 5'000'000U);
    EXPECT_LT(kept, 8'000'000U);
  }
  fill();
  EXPECT_EQ(pool->kept_bytes(), kept);
}

}  // namespace
}  // namespace beach::engine
