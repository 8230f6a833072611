// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/decision_maker.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "env/marks.h"
#include "env/threads.h"
#include "sim/disk/disk.h"
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
    ++choices;
  }
  EXPECT_GT(strikes, 0U);
  EXPECT_LT(strikes, 40U);
  EXPECT_EQ(report.faults.at("test.fault"), strikes);
  EXPECT_EQ(report.decisions.size(), strikes + choices);
  for (const artifacts::Decision& decision : report.decisions) {
    EXPECT_EQ(decision.host, "a");
    EXPECT_EQ(decision.life, 1U);
    EXPECT_EQ(decision.thread, "main");
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
  EXPECT_EQ(replayed.decisions_recorded, recorded.decisions.size());
  EXPECT_EQ(replayed.decisions_followed, recorded.decisions.size());

  // Without its decisions the same run has no faults and draws its choices, and is told apart.
  artifact.decisions.clear();
  const auto drawn = Draws(options, replayed);
  EXPECT_TRUE(replayed.faults.empty());
  EXPECT_TRUE(replayed.diverged_at.has_value());
  for (std::size_t i = 3; i < values.size(); i += 4) EXPECT_EQ(drawn[i], values[i]);

  // Values of a foreign artifact stay in range, and are told.
  artifact.decisions = {{"test.fault", "a", 1, "main", 0, 1000},
                        {"test.choice", "a", 1, "main", 1, 99}};
  const auto clamped = Draws(options, replayed);
  EXPECT_EQ(clamped[1], 3U);
  EXPECT_EQ(clamped[7], 4U);
  EXPECT_EQ(replayed.decisions_followed, 2U);
  EXPECT_TRUE(replayed.diverged_at.has_value());
}

TEST(Decisions, RecordedFaultsDoNotStrikeWhereTheirRateIsZero) {
  const auto run = [](const RunOptions& options, std::uint64_t rate, bool& struck) {
    return RunBody(
        [&](Simulation& simulation) {
          simulation.SetFault("test.fault", rate);
          struck = simulation.decisions().Fault("test.fault", 1) != 0;
        },
        options);
  };
  RunOptions options;
  bool struck = false;
  const RunReport recorded = run(options, 1'000'000, struck);
  ASSERT_TRUE(struck);
  const artifacts::Artifact artifact = MakeArtifact(TestScenario(nullptr), options, recorded);
  options.replay = &artifact;
  run(options, 1, struck);
  EXPECT_TRUE(struck);
  const RunReport calm = run(options, 0, struck);
  EXPECT_FALSE(struck);
  EXPECT_EQ(calm.decisions_followed, 0U);
}

TEST(Decisions, ACalmRunDrawsTheShortestLatencyAndNothingFromTheSeed) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    RunOptions options;
    options.seed = seed;
    options.policy = Policy::kCalm;
    std::vector<std::uint64_t> values;
    const RunReport report = RunBody(
        [&](Simulation& simulation) {
          Disk& disk = simulation.disk(simulation.AddHost("a"));
          for (int i = 0; i < 50; ++i) {
            values.push_back(disk.DrawLatency("disk.latency.write", 70, 900));
            values.push_back(disk.Draw("files.write.split", 40));
          }
        },
        options);
    ASSERT_TRUE(report.verdict.ok());
    for (std::size_t i = 0; i < values.size(); i += 2) EXPECT_EQ(values[i], 70U);
    for (std::size_t i = 1; i < values.size(); i += 2) EXPECT_EQ(values[i], 39U);
  }
}

// Two lives: a write that no sync covers, and a power cut in the first's last seam call. `more`:
// changes to the code under test, which make another thread the one that is struck.
struct CutRun {
  RunReport report;
  std::string left;
};
CutRun RunCuts(const RunOptions& options, bool more) {
  CutRun run;
  run.left.reserve(1000);
  run.report = RunBody(
      [&run, more](Simulation& simulation) {
        const HostId host = simulation.AddHost("a");
        for (int life = 0; life < 6; ++life) {
          simulation.ArmStrike(host, Strike::kPowerLoss, 10);
          const ProcessId process = simulation.Start(host, "p", [more](const env::Env& env) {
            if (more) (void)env.files->Exists("other");
            const auto body = [&env] {
              const bool exists = env.files->Exists("f").value_or(false);
              const auto mode = exists ? env::OpenMode::kReadWrite : env::OpenMode::kCreate;
              const auto file = env.files->Open("f", {mode, false});
              for (int i = 0; i < 60; ++i) (void)(*file)->Append("0123456789");
            };
            env::Thread writer(more ? "new writer" : "writer", body);
            writer.Join();
          });
          EXPECT_EQ(simulation.Wait(process), ProcessEnd::kPowerLost);
          const auto content = simulation.disk(host).Inspect("f");
          run.left += content ? std::to_string(content->size()) + " " : "- ";
        }
      },
      options);
  return run;
}

TEST(Decisions, PowerCutsBelongToTheHostAndTheirNumber) {
  artifacts::Artifact any_call;  // each strike counts any call
  for (std::uint64_t number = 1; number <= 6; ++number) {
    any_call.decisions.push_back({"crash.strike_at", "a", 0, "", number, 0});
  }
  RunOptions options;
  options.seed = 4;
  options.replay = &any_call;
  const CutRun recorded = RunCuts(options, false);
  std::map<std::string, std::vector<std::uint64_t>> uses;
  for (const artifacts::Decision& decision : recorded.report.decisions) {
    EXPECT_EQ(decision.host, "a");
    EXPECT_EQ(decision.thread, "");
    EXPECT_EQ(decision.life, 0U);
    uses[decision.site].push_back(decision.use);
  }
  const std::vector<std::uint64_t> each = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(uses.at("disk.cut.mode"), each);
  EXPECT_EQ(uses.at("disk.cut.detail"), each);
  EXPECT_EQ(uses.at("crash.strike_at"), each);
  EXPECT_EQ(uses.at("crash.strike_at_end"), each);

  // Whoever is struck in the changed code, the cuts are the recorded ones; not those of its seed.
  artifacts::Artifact artifact = MakeArtifact(TestScenario(nullptr), options, recorded.report);
  for (artifacts::Decision& decision : artifact.decisions) {
    if (decision.site == "disk.cut.mode") decision.value = decision.use % 2;  // none, all, none...
  }
  options.replay = &artifact;
  const CutRun same = RunCuts(options, false);
  const CutRun changed = RunCuts(options, true);
  EXPECT_EQ(same.report.decisions, artifact.decisions);
  EXPECT_EQ(changed.report.decisions, artifact.decisions);
  EXPECT_EQ(changed.report.decisions_followed, artifact.decisions.size());
  EXPECT_EQ(changed.left.substr(0, 2), "- ");  // the first cut took it all
  EXPECT_TRUE(changed.report.diverged_at.has_value());
}

TEST(Decisions, AChoiceOfZeroIsReplayed) {
  RunOptions options;
  const auto run = [&options](std::uint64_t& chosen) {
    return RunBody(
        [&chosen](Simulation& simulation) {
          chosen = simulation.decisions().ChooseFor("test.cut", "a", 1, 1000);
        },
        options);
  };
  std::uint64_t drawn = 0;
  artifacts::Artifact artifact = MakeArtifact(TestScenario(nullptr), options, run(drawn));
  ASSERT_NE(drawn, 0U);
  artifact.decisions.at(0).value = 0;
  artifact.checkpoints.clear();
  artifact.last_events.clear();
  options.replay = &artifact;
  std::uint64_t replayed = 1;
  const RunReport report = run(replayed);
  EXPECT_EQ(replayed, 0U);
  EXPECT_EQ(report.decisions, artifact.decisions);
  EXPECT_EQ(report.diverged_at, std::nullopt);
}

TEST(Decisions, ARecordedDecisionThatNobodyAsksForIsADivergence) {
  RunOptions options;
  const auto body = [](Simulation& simulation) { simulation.SleepFor(1000); };
  artifacts::Artifact artifact =
      MakeArtifact(TestScenario(nullptr), options, RunBody(body, options));
  options.replay = &artifact;
  EXPECT_EQ(RunBody(body, options).diverged_at, std::nullopt);
  artifact.decisions = {{"test.gone", "a", 1, "main", 0, 1}};
  const RunReport report = RunBody(body, options);
  EXPECT_EQ(report.decisions_recorded, 1U);
  EXPECT_EQ(report.decisions_followed, 0U);
  EXPECT_TRUE(report.diverged_at.has_value());
}

// A repaired run follows the recording up to the recorded failure, and goes on from there.
TEST(Decisions, ARunThatGoesOnBeyondTheRecordedFailureHasNotDiverged) {
  RunOptions options;
  const auto run = [&options](bool repaired, int before) {
    return RunBody(
        [=](Simulation& simulation) {
          for (int i = 0; i < before; ++i) simulation.decisions().Choose("test.choice", 5);
          if (!repaired) simulation.Fail("rule", "it is broken");
          for (int i = 0; i < 5'000; ++i) simulation.decisions().Choose("test.choice", 5);
        },
        options);
  };
  const artifacts::Artifact artifact =
      MakeArtifact(TestScenario(nullptr), options, run(false, 3'000));
  options.replay = &artifact;
  EXPECT_EQ(run(false, 3'000).diverged_at, std::nullopt);
  const RunReport repaired = run(true, 3'000);
  EXPECT_TRUE(repaired.verdict.ok());
  EXPECT_EQ(repaired.diverged_at, std::nullopt);
  EXPECT_TRUE(run(false, 2'000).diverged_at.has_value());
}

// A life that makes more draws than it did moves nothing in the next one.
TEST(Decisions, LivesHaveStreamsOfTheirOwn) {
  const auto second_life = [](int draws_in_first) {
    std::uint64_t value = 0;
    RunBody([&](Simulation& simulation) {
      const HostId host = simulation.AddHost("a");
      simulation.Wait(simulation.Start(host, "p", [&](const env::Env&) {
        for (int i = 0; i < draws_in_first; ++i) simulation.decisions().Draw("test.draw");
      }));
      simulation.Wait(simulation.Start(
          host, "p", [&](const env::Env&) { value = simulation.decisions().Draw("test.draw"); }));
    });
    return value;
  };
  EXPECT_EQ(second_life(1), second_life(7));
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
    EXPECT_EQ(report.faults.contains("test.buggify"), taken_here > 0);
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
