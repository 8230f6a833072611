// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/decision_maker.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "env/marks.h"
#include "env/threads.h"
#include "sim/kernel/test_scenario.h"

namespace beach::sim {
namespace {

// 100 draws of each kind in a process; what came out.
std::vector<std::uint64_t> Draws(const RunOptions& options, RunReport& report,
                                 bool other_site_first = false) {
  std::vector<std::uint64_t> values;
  values.reserve(1000);
  report = RunBody(
      [&](Simulation& simulation) {
        simulation.SetFault("test.fault", 100'000);
        const HostId host = simulation.AddHost("a");
        const ProcessId process = simulation.Start(host, "p", [&](const env::Env&) {
          for (int i = 0; i < 100; ++i) {
            if (other_site_first) simulation.decisions().Draw("test.other");
            values.push_back(simulation.decisions().Draw("test.draw"));
            values.push_back(simulation.decisions().Fault("test.fault", 3));
            values.push_back(simulation.decisions().Fault("test.unset", 3));
            values.push_back(simulation.decisions().Choose("test.choice", 5));
          }
        });
        simulation.Wait(process);
      },
      options);
  return values;
}

TEST(Decisions, AreAFunctionOfSiteAndUseAlone) {
  RunReport report;
  RunOptions options;
  options.seed = 9;
  const auto values = Draws(options, report);
  EXPECT_EQ(Draws(options, report, true), values);
  options.seed = 10;
  EXPECT_NE(Draws(options, report), values);
}

TEST(Decisions, FaultsStrikeAtTheirRateAndAreRecorded) {
  RunReport report;
  RunOptions options;
  options.seed = 3;
  const auto values = Draws(options, report);
  std::uint64_t strikes = 0;
  std::uint64_t choices = 0;
  for (std::size_t i = 0; i < values.size(); i += 4) {
    EXPECT_LE(values[i + 1], 3U);
    EXPECT_EQ(values[i + 2], 0U);
    EXPECT_LT(values[i + 3], 5U);
    strikes += values[i + 1] != 0 ? 1 : 0;
    choices += values[i + 3] != 0 ? 1 : 0;
  }
  EXPECT_GT(strikes, 0U);
  EXPECT_LT(strikes, 40U);
  EXPECT_EQ(report.faults.at("test.fault"), strikes);
  EXPECT_EQ(report.decisions.size(), strikes + choices);
  for (const artifacts::Decision& decision : report.decisions) {
    EXPECT_EQ(decision.host, "a");
    EXPECT_EQ(decision.thread, "main");
    EXPECT_NE(decision.value, 0U);
  }
}

TEST(Decisions, ReplayFollowsTheRecordAndNothingElse) {
  RunReport recorded;
  RunOptions options;
  options.seed = 3;
  const auto values = Draws(options, recorded);
  artifacts::Artifact artifact = MakeArtifact(TestScenario(nullptr), options, recorded);
  options.replay = &artifact;
  RunReport replayed;
  EXPECT_EQ(Draws(options, replayed), values);
  EXPECT_EQ(replayed.hash, recorded.hash);
  EXPECT_EQ(replayed.decisions, recorded.decisions);
  EXPECT_EQ(replayed.diverged_at, std::nullopt);

  // Without its decisions the same run has no faults, and is told apart.
  artifact.decisions.clear();
  Draws(options, replayed);
  EXPECT_TRUE(replayed.decisions.empty());
  EXPECT_TRUE(replayed.faults.empty());
  EXPECT_TRUE(replayed.diverged_at.has_value());

  // Values of a foreign artifact stay in range.
  artifact.decisions = {{"test.fault", "a", "main", 0, 1000}, {"test.choice", "a", "main", 1, 99}};
  const auto clamped = Draws(options, replayed);
  EXPECT_EQ(clamped[1], 3U);
  EXPECT_EQ(clamped[7], 4U);
}

TEST(Decisions, ASecondLifeDrawsAfresh) {
  std::vector<std::uint64_t> values;
  values.reserve(10);
  RunBody([&](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    for (int life = 0; life < 2; ++life) {
      simulation.Wait(simulation.Start(host, "p", [&](const env::Env&) {
        values.push_back(simulation.decisions().Draw("test.draw"));
      }));
    }
  });
  ASSERT_EQ(values.size(), 2U);
  EXPECT_NE(values[0], values[1]);
}

TEST(Decisions, BuggifyIsActiveInAQuarterOfRunsAndNeverInTheHarness) {
  int active_runs = 0;
  int taken = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RunOptions options;
    options.seed = seed;
    int taken_here = 0;
    const RunReport report = RunBody(
        [&](Simulation& simulation) {
          for (int i = 0; i < 50; ++i) {
            if (BEACH_BUGGIFY("test.buggify")) simulation.Fail("harness", "took a rare branch");
          }
          const HostId host = simulation.AddHost("a");
          simulation.Wait(simulation.Start(host, "p", [&](const env::Env&) {
            for (int i = 0; i < 80; ++i) taken_here += BEACH_BUGGIFY("test.buggify") ? 1 : 0;
          }));
        },
        options);
    EXPECT_TRUE(report.verdict.ok());
    EXPECT_EQ(report.decisions.size(), static_cast<std::size_t>(taken_here));
    active_runs += taken_here > 0 ? 1 : 0;
    taken += taken_here;
  }
  EXPECT_NEAR(active_runs, 50, 25);
  EXPECT_NEAR(taken, active_runs * 10, active_runs * 2);
}

TEST(Decisions, SometimesCountsHitsOnly) {
  const RunReport report = RunBody([](Simulation&) {
    for (int i = 0; i < 10; ++i) BEACH_SOMETIMES("test.even", i % 2 == 0);
    BEACH_SOMETIMES("test.never", false);
  });
  EXPECT_EQ(report.sometimes, (std::map<std::string, std::uint64_t>{{"test.even", 5}}));
}

}  // namespace
}  // namespace beach::sim
