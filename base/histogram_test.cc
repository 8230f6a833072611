// SPDX-License-Identifier: Apache-2.0
#include "base/histogram.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace beach {
namespace {

TEST(Histogram, EmptyOneTellsZero) {
  EXPECT_EQ(Histogram().Percentile(500), 0U);
  EXPECT_EQ(Histogram().max(), 0U);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (std::uint64_t value = 0; value < 64; ++value) histogram.Add(value);
  EXPECT_EQ(histogram.count(), 64U);
  EXPECT_EQ(histogram.Percentile(0), 0U);
  EXPECT_EQ(histogram.Percentile(500), 31U);
  EXPECT_EQ(histogram.Percentile(1000), 63U);
}

TEST(Histogram, TakesTheLargestValueThereIs) {
  Histogram histogram;
  histogram.Add(~std::uint64_t{0});
  EXPECT_EQ(histogram.Percentile(500), ~std::uint64_t{0});
  EXPECT_EQ(histogram.max(), ~std::uint64_t{0});
}

TEST(Histogram, OneSlowOperationInAHundredIsThe99thPercentileAndAHalf) {
  Histogram histogram;
  for (int i = 0; i < 99; ++i) histogram.Add(10);
  histogram.Add(1000);
  EXPECT_EQ(histogram.Percentile(990), 10U);
  EXPECT_GE(histogram.Percentile(995), 1000U);
  EXPECT_EQ(histogram.max(), 1000U);
}

RC_GTEST_PROP(Histogram, IsNeverBelowTheExactPercentileNorThreeInAHundredAbove,
              (std::vector<std::uint32_t> values)) {
  RC_PRE(!values.empty());
  Histogram histogram;
  for (const std::uint32_t value : values) histogram.Add(value);
  std::ranges::sort(values);
  for (const std::uint64_t permille : {1U, 250U, 500U, 900U, 990U, 1000U}) {
    const std::size_t rank = (values.size() * permille + 999) / 1000;
    const std::uint64_t exact = values[std::max<std::size_t>(rank, 1) - 1];
    const std::uint64_t told = histogram.Percentile(permille);
    RC_ASSERT(told >= exact);
    RC_ASSERT(told <= exact + exact / 32);
  }
}

RC_GTEST_PROP(Histogram, MergedOnesAreAsOne,
              (const std::vector<std::uint16_t>& a, const std::vector<std::uint16_t>& b)) {
  Histogram first;
  Histogram second;
  Histogram both;
  for (const auto value : a) first.Add(value), both.Add(value);
  for (const auto value : b) second.Add(value), both.Add(value);
  first.Merge(second);
  RC_ASSERT(first.count() == both.count());
  RC_ASSERT(first.max() == both.max());
  for (const std::uint64_t permille : {0U, 500U, 990U, 1000U}) {
    RC_ASSERT(first.Percentile(permille) == both.Percentile(permille));
  }
}

}  // namespace
}  // namespace beach
