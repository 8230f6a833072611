// SPDX-License-Identifier: Apache-2.0
#include "sim/swarm.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "sim/kernel/test_scenario.h"

namespace beach::sim {
namespace {

constexpr std::uint64_t kRates[] = {100, 1'000, 10'000};
constexpr FaultLadder kFaults[] = {
    {"test.first", kRates}, {"test.second", kRates}, {"test.third", kRates}};

std::vector<std::uint64_t> Drawn(std::uint64_t seed, std::span<const FaultLadder> faults,
                                 const SwarmOptions& swarm = {}) {
  std::vector<std::uint64_t> rates;
  RunOptions options;
  options.seed = seed;
  const RunReport report = RunBody(
      [&](Simulation& simulation) {
        for (const FaultRate& rate : DrawFaults(simulation, faults, swarm)) {
          rates.push_back(rate.per_million);
        }
      },
      options);
  for (std::size_t i = 0; i < faults.size(); ++i) {
    EXPECT_EQ(report.options.at(std::string("fault.") + faults[i].site.name), rates[i]);
  }
  return rates;
}

TEST(Swarm, TurnsRandomSubsetsOffAndHasCalmRuns) {
  int calm = 0;
  std::map<std::vector<bool>, int> subsets;
  std::map<std::uint64_t, int> of_first;
  constexpr int kRuns = 2'000;
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    const std::vector<std::uint64_t> rates = Drawn(seed, kFaults);
    std::vector<bool> subset;
    for (const std::uint64_t rate : rates) subset.push_back(rate != 0);
    ++subsets[subset];
    ++of_first[rates[0]];
    if (subset == std::vector<bool>(3, false)) ++calm;
  }
  EXPECT_EQ(subsets.size(), 8U);
  EXPECT_NEAR(calm, kRuns * 4 / 10 + kRuns * 6 / 80, 120);
  EXPECT_NEAR(of_first[0], kRuns * 7 / 10, 120);
  for (const std::uint64_t rate : kRates) EXPECT_NEAR(of_first[rate], kRuns / 10, 80) << rate;
}

TEST(Swarm, OneFaultMoreMovesNoOther) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<std::uint64_t> all = Drawn(seed, kFaults);
    const std::vector<std::uint64_t> two = Drawn(seed, std::span(kFaults).subspan(1));
    EXPECT_EQ(two, std::vector<std::uint64_t>(all.begin() + 1, all.end()));
  }
}

TEST(Swarm, SharesAreTheScenarios) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (const std::uint64_t rate : Drawn(seed, kFaults, {.calm_percent = 0, .on_percent = 100})) {
      EXPECT_GT(rate, 0U);
    }
    for (const std::uint64_t rate : Drawn(seed, kFaults, {.calm_percent = 100})) {
      EXPECT_EQ(rate, 0U);
    }
  }
}

TEST(Swarm, RatesSetByHandWinAndStrike) {
  RunOptions options;
  options.options["fault.test.first"] = 5'000'000;  // more than always
  options.options["fault.test.second"] = 0;
  RunBody(
      [](Simulation& simulation) {
        const std::vector<FaultRate> rates = DrawFaults(simulation, kFaults);
        SetFaults(simulation, rates, true);
        EXPECT_EQ(simulation.decisions().Fault("test.first"), 1U);
        EXPECT_EQ(simulation.decisions().Fault("test.second"), 0U);
        SetFaults(simulation, rates, false);
        EXPECT_EQ(simulation.decisions().Fault("test.first"), 0U);
      },
      options);
}

TEST(Swarm, LogScaleDrawsFillTheirBoundsEvenly) {
  RandomStream stream(1);
  std::map<int, int> octaves;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t value = DrawLog(stream, 1, 1023);
    ASSERT_GE(value, 1U);
    ASSERT_LE(value, 1023U);
    ++octaves[static_cast<int>(std::bit_width(value))];
  }
  ASSERT_EQ(octaves.size(), 10U);
  for (const auto& [octave, count] : octaves) EXPECT_NEAR(count, 1'000, 150) << octave;

  std::map<std::uint64_t, int> small;
  for (int i = 0; i < 12'000; ++i) ++small[DrawLog(stream, 5, 11)];
  EXPECT_EQ(small.size(), 7U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(DrawLog(stream, 7, 7), 7U);
  constexpr std::uint64_t kMost = (std::uint64_t{1} << 63) - 1;
  for (int i = 0; i < 1'000; ++i) EXPECT_LE(DrawLog(stream, 1, kMost), kMost);
}

TEST(Swarm, KnobsAreOptionsWithinTheirBounds) {
  std::map<std::string, std::map<std::uint64_t, int>> seen;
  const auto draw = [&seen](Simulation& simulation) {
    Knobs knobs(simulation, "test.knobs");
    ++seen["log"][knobs.Log("log", 3, 12)];
    ++seen["far"][knobs.Log("far", 3, 12, 100)];
    ++seen["even"][knobs.Even("even", 0, 3)];
    ++seen["flag"][knobs.Flag("flag", 25) ? 1 : 0];
  };
  RunOptions options;
  for (options.seed = 0; options.seed < 400; ++options.seed) {
    const RunReport report = RunBody(draw, options);
    EXPECT_EQ(report.options.size(), 5U + (report.options.at("schedule.policy") == 1 ? 2U : 0U));
  }
  EXPECT_EQ(seen["log"].size(), 10U);
  EXPECT_EQ(seen["far"].size(), 10U);
  EXPECT_EQ(seen["even"].size(), 4U);
  EXPECT_NEAR(seen["flag"][1], 100, 40);
  seen.clear();
  options.options = {{"log", 1'000}, {"far", 1'000}, {"even", 2}, {"flag", 9}};
  RunBody(draw, options);
  EXPECT_EQ(seen["log"].begin()->first, 12U);
  EXPECT_EQ(seen["far"].begin()->first, 100U);
  EXPECT_EQ(seen["even"].begin()->first, 2U);
  EXPECT_EQ(seen["flag"].begin()->first, 1U);
}

TEST(Swarm, KindsAreDrawnByWeightAndThoseWithoutMoveNothing) {
  constexpr KindWeight kUsual[] = {{"read", 3}, {"write", 1}};
  constexpr KindWeight kMore[] = {{"first", 0}, {"read", 3}, {"middle", 0}, {"write", 1}, {"", 0}};
  RandomStream usual(5);
  RandomStream more(5);
  std::map<std::string, int> count;
  for (int i = 0; i < 4'000; ++i) {
    const std::string kind = DrawKind(usual, kUsual);
    EXPECT_EQ(DrawKind(more, kMore), kind);
    ++count[kind];
  }
  EXPECT_NEAR(count["read"], 3'000, 150);
  EXPECT_EQ(count["read"] + count["write"], 4'000);
}

}  // namespace
}  // namespace beach::sim
