// SPDX-License-Identifier: Apache-2.0
#include "server/load/zipfian.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace beach::server {
namespace {

constexpr std::uint64_t kDraws = 400'000;

TEST(Zipfian, DrawsEachRankInProportionToItsPower) {
  for (const std::uint64_t ranks : {2U, 3U, 10U, 100U}) {
    RandomStream random(ranks);
    const Zipfian zipfian(ranks);
    std::vector<std::uint64_t> counts(ranks);
    for (std::uint64_t i = 0; i < kDraws; ++i) ++counts.at(zipfian.Draw(random));
    double whole = 0;
    for (std::uint64_t i = 0; i < ranks; ++i) whole += std::pow(static_cast<double>(i + 1), -0.99);
    for (std::uint64_t i = 0; i < ranks; ++i) {
      const double share = std::pow(static_cast<double>(i + 1), -0.99) / whole;
      const double expected = share * static_cast<double>(kDraws);
      // Five standard deviations.
      EXPECT_NEAR(static_cast<double>(counts[i]), expected, 5 * std::sqrt(expected))
          << "rank " << i << " of " << ranks;
    }
  }
}

TEST(Zipfian, OfOneRankDrawsThat) {
  RandomStream random(1);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(Zipfian(1).Draw(random), 0U);
}

// Their powers add up to 26.469, the constant that YCSB has for so many.
TEST(Zipfian, OfTenThousandMillionTheFirstIsDrawnOnceInTwentySix) {
  RandomStream random(7);
  const Zipfian zipfian(10'000'000'000);
  std::uint64_t first = 0;
  std::uint64_t far = 0;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const std::uint64_t rank = zipfian.Draw(random);
    ASSERT_LT(rank, 10'000'000'000U);
    if (rank == 0) ++first;
    if (rank >= 5'000'000'000) ++far;
  }
  const double expected = static_cast<double>(kDraws) / 26.469;
  EXPECT_NEAR(static_cast<double>(first), expected, 5 * std::sqrt(expected));
  // The upper half: from the integral of x^-0.99.
  const double half = (std::pow(1e10, 0.01) - std::pow(5e9, 0.01)) / 0.01 / 26.469;
  EXPECT_NEAR(static_cast<double>(far), half * static_cast<double>(kDraws),
              5 * std::sqrt(half * static_cast<double>(kDraws)));
}

}  // namespace
}  // namespace beach::server
