// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/block_cache.h"

#include <gtest/gtest.h>

#include <utility>

#include "base/coding.h"
#include "engine/internal_key.h"

namespace beach::engine::sst {
namespace {

std::shared_ptr<const Block> MakeBlock(std::size_t value_size) {
  BlockBuilder builder(1);
  Bytes key;
  AppendInternalKey(key, {.user_key = "k", .sequence = SequenceNumber(1)});
  builder.Add(key, Bytes(value_size, 'v'));
  auto block = Block::Parse(builder.Finish(), "t.sst", 0);
  EXPECT_TRUE(block.has_value());
  return *std::move(block);
}

TEST(BlockCache, FindsABlockByFileAndOffset) {
  BlockCache cache(10'000);
  const auto block = MakeBlock(10);
  cache.Insert(FileNumber(1), 100, block);
  EXPECT_EQ(cache.Find(FileNumber(1), 100), block);
  EXPECT_EQ(cache.Find(FileNumber(1), 0), nullptr);
  EXPECT_EQ(cache.Find(FileNumber(2), 100), nullptr);
  EXPECT_EQ(cache.size_bytes(), block->size_bytes());
}

TEST(BlockCache, TheLeastRecentlyUsedGoFirst) {
  const auto block = MakeBlock(100);
  BlockCache cache(3 * block->size_bytes());
  for (std::uint64_t offset = 0; offset < 3; ++offset) {
    cache.Insert(FileNumber(1), offset, MakeBlock(100));
  }
  EXPECT_NE(cache.Find(FileNumber(1), 0), nullptr);
  cache.Insert(FileNumber(1), 3, MakeBlock(100));
  EXPECT_NE(cache.Find(FileNumber(1), 0), nullptr);
  EXPECT_EQ(cache.Find(FileNumber(1), 1), nullptr);
  EXPECT_NE(cache.Find(FileNumber(1), 2), nullptr);
  EXPECT_NE(cache.Find(FileNumber(1), 3), nullptr);
  EXPECT_EQ(cache.size_bytes(), 3 * block->size_bytes());
}

TEST(BlockCache, OneThatIsUsedOutlivesItsPlace) {
  const auto first = MakeBlock(100);
  BlockCache cache(first->size_bytes());
  cache.Insert(FileNumber(1), 0, first);
  const auto held = cache.Find(FileNumber(1), 0);
  cache.Insert(FileNumber(1), 1, MakeBlock(100));
  EXPECT_EQ(cache.Find(FileNumber(1), 0), nullptr);
  const auto entry = held->NewIterator();
  entry->SeekToFirst();
  EXPECT_TRUE(entry->Valid());
}

TEST(BlockCache, NeitherABlockBeyondTheBudgetNorAnyWithoutOneIsKept) {
  const auto block = MakeBlock(1'000);
  BlockCache small(block->size_bytes() - 1);
  small.Insert(FileNumber(1), 0, MakeBlock(10));
  small.Insert(FileNumber(1), 1, block);
  EXPECT_EQ(small.Find(FileNumber(1), 1), nullptr);
  EXPECT_NE(small.Find(FileNumber(1), 0), nullptr);
  BlockCache none(0);
  none.Insert(FileNumber(1), 0, MakeBlock(10));
  EXPECT_EQ(none.Find(FileNumber(1), 0), nullptr);
  EXPECT_EQ(none.size_bytes(), 0U);
}

TEST(BlockCache, ASecondReaderOfABlockChangesNothing) {
  const auto block = MakeBlock(10);
  BlockCache cache(10'000);
  cache.Insert(FileNumber(1), 0, block);
  cache.Insert(FileNumber(1), 0, MakeBlock(10));
  EXPECT_EQ(cache.Find(FileNumber(1), 0), block);
  EXPECT_EQ(cache.size_bytes(), block->size_bytes());
}

}  // namespace
}  // namespace beach::engine::sst
