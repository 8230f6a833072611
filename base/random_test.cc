// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <limits>

#include "base/site.h"
#include "base/strong_id.h"

namespace beach {
namespace {

// The published outputs of splitmix64 seeded with 1234567: Mix64 of the seed, then of the seed plus
// once the increment, and so on. They pin the values that recorded seeds rely on.
TEST(Random, Mix64IsSplitmix64) {
  constexpr std::uint64_t kIncrement = 0x9e3779b97f4a7c15U;
  static_assert(Mix64(1'234'567) == 6'457'827'717'110'365'317U);
  static_assert(Mix64(1'234'567 + kIncrement) == 3'203'168'211'198'807'973U);
  static_assert(Mix64(1'234'567 + 2 * kIncrement) == 9'817'491'932'198'370'423U);
}

TEST(Random, ValueIsAPureFunctionOfItsKey) {
  EXPECT_EQ(RandomValue(1, 2, 3), RandomValue(1, 2, 3));
  EXPECT_NE(RandomValue(1, 2, 3), RandomValue(1, 3, 2));
  EXPECT_NE(RandomValue(1, 2, 3), RandomValue(2, 2, 3));
  EXPECT_NE(RandomValue(1, 2), RandomValue(1, 2, 0));
}

RC_GTEST_PROP(RandomProperty, BelowStaysBelow, (std::uint64_t value)) {
  const auto bound = *rc::gen::suchThat(rc::gen::arbitrary<std::uint64_t>(),
                                        [](std::uint64_t b) { return b > 0; });
  RC_ASSERT(RandomBelow(value, bound) < bound);
}

RC_GTEST_PROP(RandomProperty, BetweenStaysBetween, (std::uint64_t key, std::uint32_t a,
                                                   std::uint32_t b)) {
  RandomStream stream(key);
  const std::uint64_t low = std::min(a, b);
  const std::uint64_t high = std::max(a, b);
  const std::uint64_t value = stream.Between(low, high);
  RC_ASSERT(value >= low);
  RC_ASSERT(value <= high);
}

TEST(Random, BelowReachesBothEnds) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(RandomBelow(0, 10), 0U);
  EXPECT_EQ(RandomBelow(kMax, 10), 9U);
  EXPECT_EQ(RandomBelow(kMax, kMax), kMax - 1);
  EXPECT_EQ(RandomBelow(kMax, 1), 0U);
}

TEST(RandomStream, SameKeySameSequence) {
  RandomStream one(7);
  RandomStream two(7);
  RandomStream other(8);
  int differences = 0;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t value = one.Next();
    EXPECT_EQ(value, two.Next());
    differences += value != other.Next() ? 1 : 0;
  }
  EXPECT_EQ(differences, 100);
}

TEST(RandomStream, SpreadsOverBucketsAndBits) {
  RandomStream stream(1);
  int buckets[8] = {};
  int bits = 0;
  for (int i = 0; i < 8'000; ++i) {
    ++buckets[stream.Below(8)];
    bits += std::popcount(stream.Next());
  }
  // Six standard deviations (30 a bucket, 358 over all bits) around the mean.
  for (const int count : buckets) EXPECT_NEAR(count, 1'000, 180);
  EXPECT_NEAR(bits, 8'000 * 32, 2'150);
}

TEST(RandomStream, ChanceAtItsEnds) {
  RandomStream stream(3);
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(stream.Chance(0, 5));
    EXPECT_TRUE(stream.Chance(5, 5));
  }
}

// FNV-1a of the empty string and of "a", as published; `name` is kept for reports.
TEST(Site, HashIsFnv1a) {
  static_assert(Site::Hash("") == 0xcbf29ce484222325U);
  static_assert(Site::Hash("a") == 0xaf63dc4c8601ec8cU);
  constexpr Site kSite("wal.cut");
  static_assert(kSite.hash == Site::Hash("wal.cut"));
  EXPECT_STREQ(kSite.name, "wal.cut");
}

TEST(StrongId, OrdersAndCounts) {
  using Id = StrongId<struct IdTag>;
  EXPECT_EQ(Id{}, Id(0));
  EXPECT_LT(Id(1), Id(2));
  EXPECT_EQ(Id(1).Next(), Id(2));
}

}  // namespace
}  // namespace beach
