// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/block_cache.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/coding.h"
#include "engine/internal_key.h"
#include "engine/options.h"

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

TEST(BlockCache, OfThoseUsedOnceTheOldestGoFirst) {
  const auto block = MakeBlock(100);
  BlockCache cache(5 * block->size_bytes());
  for (std::uint64_t offset = 0; offset < 8; ++offset) {
    cache.Insert(FileNumber(1), offset, MakeBlock(100));
    EXPECT_LE(cache.size_bytes(), 5 * block->size_bytes());
  }
  for (std::uint64_t offset = 0; offset < 8; ++offset) {
    EXPECT_EQ(cache.Find(FileNumber(1), offset) != nullptr, offset >= 3) << offset;
  }
  EXPECT_EQ(cache.counts().blocks, 5U);
  EXPECT_EQ(cache.counts().hits, 5U);
  EXPECT_EQ(cache.counts().misses, 3U);
}

TEST(BlockCache, AScanDrivesOutNothingThatWasUsedTwice) {
  const auto block = MakeBlock(100);
  BlockCache cache(10 * block->size_bytes());
  for (std::uint64_t offset = 0; offset < 8; ++offset) {
    cache.Insert(FileNumber(1), offset, MakeBlock(100));
    EXPECT_NE(cache.Find(FileNumber(1), offset), nullptr);
  }
  for (std::uint64_t offset = 0; offset < 1000; ++offset) {
    cache.Insert(FileNumber(2), offset, MakeBlock(100));
  }
  for (std::uint64_t offset = 0; offset < 8; ++offset) {
    EXPECT_NE(cache.Find(FileNumber(1), offset), nullptr) << offset;
  }
  EXPECT_EQ(cache.Find(FileNumber(2), 500), nullptr);
}

TEST(BlockCache, TheProtectedPartGivesBackWhatWasNotUsedSince) {
  const auto block = MakeBlock(100);
  BlockCache cache(10 * block->size_bytes());
  for (std::uint64_t offset = 0; offset < 10; ++offset) {
    cache.Insert(FileNumber(1), offset, MakeBlock(100));
    EXPECT_NE(cache.Find(FileNumber(1), offset), nullptr);
  }
  // All were used, and eight fit the protected part: 0 and 1 are given back and go.
  cache.Insert(FileNumber(2), 0, MakeBlock(100));
  cache.Insert(FileNumber(2), 1, MakeBlock(100));
  cache.Insert(FileNumber(2), 2, MakeBlock(100));
  std::uint64_t there = 0;
  for (std::uint64_t offset = 0; offset < 10; ++offset) {
    there += cache.Find(FileNumber(1), offset) != nullptr ? 1 : 0;
  }
  EXPECT_EQ(there, 8U);
}

TEST(BlockCache, EachShardKeepsToItsPartOfTheBudget) {
  constexpr std::uint64_t kBudget = 8 * kMiB;  // several shards
  BlockCache cache(kBudget);
  const auto block = MakeBlock(10'000);
  for (std::uint64_t i = 0; i < 5'000; ++i) cache.Insert(FileNumber(i % 7 + 1), i * 4096, block);
  EXPECT_LE(cache.size_bytes(), kBudget);
  EXPECT_GT(cache.size_bytes(), kBudget * 9 / 10);
  std::uint64_t found = 0;
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    found += cache.Find(FileNumber(i % 7 + 1), i * 4096) != nullptr ? 1 : 0;
  }
  EXPECT_EQ(found, cache.counts().blocks);
}

TEST(BlockCache, HoldsWhatAModelOfItHolds) {
  EXPECT_TRUE(rc::check([] {
    const auto block = MakeBlock(100);
    const std::uint64_t size = block->size_bytes();
    const auto capacity = *rc::gen::inRange<std::uint64_t>(1, 12);
    BlockCache cache(capacity * size);
    const std::uint64_t protected_max = (capacity * size - capacity * size / 5) / size;
    std::vector<std::uint64_t> probation;  // the oldest first
    std::vector<std::uint64_t> guarded;
    std::set<std::uint64_t> used;
    for (int step = 0; step < 100; ++step) {
      const auto offset = *rc::gen::inRange<std::uint64_t>(0, 20);
      const auto in_probation = std::ranges::find(probation, offset);
      const auto in_guarded = std::ranges::find(guarded, offset);
      const bool there = in_probation != probation.end() || in_guarded != guarded.end();
      if (*rc::gen::arbitrary<bool>()) {
        RC_ASSERT((cache.Find(FileNumber(1), offset) != nullptr) == there);
        if (there) used.insert(offset);
      } else {
        cache.Insert(FileNumber(1), offset, block);
        if (there) continue;
        probation.push_back(offset);
        if (probation.size() + guarded.size() <= capacity) continue;
        while (used.erase(probation.front()) > 0) {
          guarded.push_back(probation.front());
          probation.erase(probation.begin());
          while (guarded.size() > protected_max) {
            const std::uint64_t oldest = guarded.front();
            guarded.erase(guarded.begin());
            (used.erase(oldest) > 0 ? guarded : probation).push_back(oldest);
          }
        }
        used.erase(probation.front());
        probation.erase(probation.begin());
      }
      RC_ASSERT(cache.size_bytes() == (probation.size() + guarded.size()) * size);
    }
  }));
}

TEST(BlockCache, OneThatIsUsedOutlivesItsPlace) {
  const auto first = MakeBlock(100);
  BlockCache cache(first->size_bytes());
  cache.Insert(FileNumber(1), 0, first);
  const auto held = cache.Find(FileNumber(1), 0);
  cache.Insert(FileNumber(1), 1, MakeBlock(100));  // is not kept: 0 was used
  cache.Insert(FileNumber(1), 2, MakeBlock(100));
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
