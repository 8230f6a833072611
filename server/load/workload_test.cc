// SPDX-License-Identifier: Apache-2.0
#include "server/load/workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "server/load/records.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kDraws = 100'000;
constexpr std::uint64_t kRecords = 1000;

std::vector<std::uint64_t> CountsOf(Distribution distribution) {
  WorkStream stream(*WorkloadOf("c").value(), distribution, 3);
  std::vector<std::uint64_t> counts(kRecords);
  for (std::uint64_t i = 0; i < kDraws; ++i) ++counts.at(stream.DrawRecord(kRecords));
  return counts;
}

// How often a draw of that probability comes, give or take five standard deviations.
void ExpectShare(std::uint64_t count, double share) {
  const double expected = share * static_cast<double>(kDraws);
  EXPECT_NEAR(static_cast<double>(count), expected, 5 * std::sqrt(expected));
}

TEST(Workload, KindsComeInTheirShares) {
  for (const Workload& workload : AllWorkloads()) {
    EXPECT_EQ(std::accumulate(workload.percent.begin(), workload.percent.end(), std::uint64_t{0}),
              100U);
    WorkStream stream(workload, workload.distribution, 1);
    std::vector<std::uint64_t> counts(kWorkKinds);
    for (std::uint64_t i = 0; i < kDraws; ++i) {
      ++counts[static_cast<std::size_t>(stream.DrawKind())];
    }
    for (std::size_t kind = 0; kind < kWorkKinds; ++kind) {
      SCOPED_TRACE(workload.name + std::string(" ") + WorkKindName(static_cast<WorkKind>(kind)));
      ExpectShare(counts[kind], static_cast<double>(workload.percent[kind]) / 100);
    }
  }
}

TEST(Workload, UniformMeansEachRecordAsOften) {
  for (const std::uint64_t count : CountsOf(Distribution::kUniform)) ExpectShare(count, 0.001);
}

// What of ten thousand million ranks is not the first ones' is spread over all.
TEST(Workload, ZipfianMeansFewRecordsOftenWhoAreAnywhere) {
  const auto counts = CountsOf(Distribution::kZipfian);
  for (std::uint64_t rank = 0; rank < 3; ++rank) {
    const std::uint64_t record = Mix64(rank) % kRecords;
    const double own = std::pow(static_cast<double>(rank + 1), -0.99) / 26.469;
    ExpectShare(counts[record], own + 0.0007);
  }
  const std::uint64_t least = *std::ranges::min_element(counts);
  EXPECT_GT(least, 20U);
}

TEST(Workload, LatestMeansTheNewestMostOftenHoweverManyThereAre) {
  const auto counts = CountsOf(Distribution::kLatest);
  double whole = 0;
  for (std::uint64_t i = 1; i <= kRecords; ++i) whole += std::pow(static_cast<double>(i), -0.99);
  ExpectShare(counts[kRecords - 1], 1 / whole);
  ExpectShare(counts[kRecords - 2], std::pow(2, -0.99) / whole);
  WorkStream stream(*WorkloadOf("d").value(), Distribution::kLatest, 3);
  for (const std::uint64_t records : {1U, 2U, 17U, 1U << 20}) {
    for (int i = 0; i < 1000; ++i) ASSERT_LT(stream.DrawRecord(records), records);
  }
}

TEST(Workload, WhatIsNotThereIsTold) {
  EXPECT_EQ(WorkloadOf("g").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(DistributionOf("even").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(DistributionOf("latest").value(), Distribution::kLatest);
}

TEST(Workload, ScansAreFromOneToAHundredLong) {
  WorkStream stream(*WorkloadOf("e").value(), Distribution::kZipfian, 9);
  std::set<std::uint64_t> lengths;
  for (std::uint64_t i = 0; i < kDraws; ++i) lengths.insert(stream.DrawScanLength());
  EXPECT_EQ(lengths.size(), kScanLengthMax);
  EXPECT_EQ(*lengths.begin(), 1U);
  EXPECT_EQ(*lengths.rbegin(), kScanLengthMax);
}

// Nobody reads a record whose insert is under way.
TEST(RecordNumbers, AreThereUpToTheFirstInsertThatHasNotEnded) {
  RecordNumbers numbers(10);
  EXPECT_EQ(numbers.below(), 10U);
  EXPECT_EQ(numbers.Take(), 10U);
  EXPECT_EQ(numbers.Take(), 11U);
  EXPECT_EQ(numbers.Take(), 12U);
  numbers.Close(11);
  EXPECT_EQ(numbers.below(), 10U);
  numbers.Close(10);
  EXPECT_EQ(numbers.below(), 12U);
  numbers.Close(12);
  EXPECT_EQ(numbers.below(), 13U);
}

TEST(Records, KeysAreOfOneSizeAndValuesOfTheirs) {
  EXPECT_EQ(KeyOf(0).size(), 24U);
  EXPECT_EQ(KeyOf(1'000'000).size(), 24U);
  EXPECT_NE(KeyOf(0), KeyOf(1));
  const Values values(100, 1);
  RandomStream random(1);
  const ByteView first = values.Draw(random);
  EXPECT_EQ(first.size(), 100U);
  EXPECT_NE(first, values.Draw(random));
}

}  // namespace
}  // namespace beach::server
