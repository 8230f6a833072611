// SPDX-License-Identifier: Apache-2.0
#include "bench/figures.h"

#include <gtest/gtest.h>

#include "sim/simulation.h"

namespace beach::bench {
namespace {

class Idle final : public sim::Scenario {
 public:
  std::string name() const override { return "idle"; }
  std::string boots() const override { return "nothing"; }
  std::string checks() const override { return "nothing"; }
  void Run(sim::Simulation&) const override {}
};

// Each seed takes 2 ms of the processor and 4 ms of the wall.
struct Machine {
  std::uint64_t now_ns = 0;
  std::vector<std::uint64_t> seeds;
  std::map<std::string, std::uint64_t> options_seen;  // of the last one

  Clocks clocks() {
    return {.processor_ns = [this] { return now_ns / 2; }, .wall_ns = [this] { return now_ns; }};
  }
  Runner runner() {
    return [this](const sim::Scenario&, const sim::RunOptions& options) {
      now_ns += 4'000'000;
      seeds.push_back(options.seed);
      options_seen = options.options;
      sim::RunReport report;
      report.events = 1000;
      report.operations = 30;
      report.virtual_ns = 6'000'000;
      report.faults = {{"crash.kill", 2}, {"crash.power_loss", 3}, {"disk.eio.read", 5}};
      if (options.seed == 12) report.verdict.signature = "idle/bored";
      return report;
    };
  }
};

TEST(SpreadOf, TakesTheMiddleOfOddAndEvenNumbersOfValues) {
  EXPECT_EQ(SpreadOf({3, 1, 2}).median, 2);
  EXPECT_EQ(SpreadOf({4, 1, 2, 3}).median, 2.5);
  EXPECT_EQ(SpreadOf({4, 1, 2}).least, 1);
  EXPECT_EQ(SpreadOf({4, 1, 2}).most, 4);
}

TEST(Measure, CountsPerSecondOfTheProcessorAndWarmsUpApart) {
  Machine machine;
  const Plan plan{
      .first_seed = 10, .rounds = 3, .wall_ns = 60'000'000, .warm_up_wall_ns = 4'000'000};
  std::uint64_t told = 0;
  const Figures figures =
      Measure(Idle(), plan, machine.runner(), machine.clocks(), [&told](const Sums&) { ++told; });
  EXPECT_EQ(machine.seeds.size(), 16U);  // one to warm up, five a round
  EXPECT_EQ(machine.seeds.front(), 10U);
  EXPECT_EQ(machine.seeds.back(), 25U);
  EXPECT_EQ(told, 16U);
  EXPECT_EQ(figures.sums.seeds, 15U);
  EXPECT_EQ(figures.sums.crashes, 75U);
  EXPECT_EQ(figures.sums.wall_ns, 60'000'000U);
  EXPECT_DOUBLE_EQ(figures.seeds_per_s.median, 500);
  EXPECT_DOUBLE_EQ(figures.seeds_per_wall_s.median, 250);
  EXPECT_DOUBLE_EQ(figures.events_per_s.median, 500'000);
  EXPECT_DOUBLE_EQ(figures.operations_per_s.median, 15'000);
  EXPECT_DOUBLE_EQ(figures.virtual_s_per_s.median, 3);
}

TEST(Measure, GivesEachRunTheOptionsOfThePlan) {
  Machine machine;
  const Plan plan{.rounds = 1, .options = {{"nodes", 3}}};
  Measure(Idle(), plan, machine.runner(), machine.clocks(), [](const Sums&) {});
  EXPECT_EQ(machine.options_seen, plan.options);
}

TEST(Measure, RunsASeedInEveryRoundHoweverShortAndTellsFailures) {
  Machine machine;
  const Plan plan{.first_seed = 11, .rounds = 2, .wall_ns = 0, .warm_up_wall_ns = 0};
  const Figures figures =
      Measure(Idle(), plan, machine.runner(), machine.clocks(), [](const Sums&) {});
  EXPECT_EQ(figures.sums.seeds, 2U);
  ASSERT_EQ(figures.failures.size(), 1U);
  EXPECT_EQ(figures.failures[0].seed, 12U);
  EXPECT_EQ(figures.failures[0].signature, "idle/bored");
  EXPECT_NE(AsText({figures}).find("seed 12 failed: idle/bored"), std::string::npos);
  EXPECT_NE(AsJson({figures}).find("\"operations_per_virtual_s\": 5000.0"), std::string::npos);
}

}  // namespace
}  // namespace beach::bench
