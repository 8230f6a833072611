// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "env/marks.h"
#include "env/threads.h"
#include "sim/disk/disk.h"
#include "sim/kernel/process.h"
#include "sim/kernel/test_scenario.h"
#include "sim/system_scope.h"

// Armed strikes: which calls they count, and where they land.

namespace beach::sim {
namespace {

// What a process's code may use to reach its gate: files and clock are all it knows.
SeamGate& GateOf(const env::Env& environment) { return dynamic_cast<Process&>(*environment.clock); }

// A recording that says nothing but what each armed strike of host "a" counts: an index of the
// kernel's table. All else is drawn.
artifacts::Artifact StrikesCount(std::uint64_t kind) {
  artifacts::Artifact fixed;
  for (std::uint64_t number = 1; number <= 8; ++number) {
    fixed.decisions.push_back({"crash.strike_at", "a", 0, "", number, kind});
  }
  return fixed;
}

constexpr std::uint64_t kAnyCall = 0;
constexpr std::uint64_t kMutatingCall = 2;
constexpr std::uint64_t kFailpoint = 4;
constexpr std::uint64_t kWriteInFlight = 6;
constexpr std::uint64_t kSyncInFlight = 7;
constexpr std::uint64_t kFewNames = 8;
constexpr std::uint64_t kTakingAway = 10;

// The n-th seam call is struck: so many calls began before, and none after.
TEST(Strikes, StrikesHitInsideTheSeamCall) {
  int at_begin = 0;
  int at_end = 0;
  int in_flight = 0;
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    const artifacts::Artifact fixed = StrikesCount(kAnyCall);
    RunOptions options;
    options.seed = seed;
    options.replay = &fixed;
    int effects = 0;
    int returned = 0;
    const Strike strike = seed % 2 == 0 ? Strike::kKill : Strike::kPowerLoss;
    const RunReport report = RunBody(
        [&](Simulation& simulation) {
          const HostId host = simulation.AddHost("a");
          const ProcessId process = simulation.Start(host, "p", [&](const env::Env& environment) {
            SeamGate& gate = GateOf(environment);
            for (int i = 0; i < 10; ++i) {
              gate.Enter("test.call", 0);
              ++effects;
              gate.Leave("test.call");
              ++returned;
            }
            while (true) gate.Enter("files.sync.in_flight", 0);
          });
          simulation.ArmStrike(host, strike, 4);
          EXPECT_EQ(simulation.Wait(process),
                    strike == Strike::kKill ? ProcessEnd::kKilled : ProcessEnd::kPowerLost);
        },
        options);
    EXPECT_TRUE(report.verdict.ok()) << report.verdict.message;
    if (strike == Strike::kPowerLoss && returned == 10) {
      ++in_flight;
      continue;
    }
    EXPECT_EQ(returned, 3);
    EXPECT_TRUE(effects == 3 || effects == 4);
    (effects == 3 ? at_begin : at_end) += 1;
  }
  EXPECT_GT(at_begin, 5);
  EXPECT_GT(at_end, 5);
  EXPECT_GT(in_flight, 5);
}

// Where no write comes, a power loss that waits for one comes all the same.
TEST(Strikes, APowerLossWaitsForAWriteNotForLong) {
  const artifacts::Artifact fixed = StrikesCount(kAnyCall);
  RunOptions options;
  options.replay = &fixed;
  for (options.seed = 0; options.seed < 20; ++options.seed) {
    int calls = 0;
    RunBody(
        [&calls](Simulation& simulation) {
          const HostId host = simulation.AddHost("a");
          simulation.ArmStrike(host, Strike::kPowerLoss, 4);
          const ProcessId process = simulation.Start(host, "p", [&calls](const env::Env& env) {
            for (;; ++calls) {
              GateOf(env).Enter("test.call", 0);
              GateOf(env).Leave("test.call");
            }
          });
          EXPECT_EQ(simulation.Wait(process), ProcessEnd::kPowerLost);
        },
        options);
    EXPECT_GE(calls, 3);
    EXPECT_LE(calls, 36);
  }
}

TEST(Strikes, StrikesHitFailpointsAndCanBeDisarmed) {
  const artifacts::Artifact fixed = StrikesCount(kAnyCall);
  RunOptions options;
  options.replay = &fixed;
  const auto body = [](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    int passed = 0;
    const auto pass = [&passed](const env::Env&) {
      for (int i = 0; i < 5; ++i) {
        BEACH_FAILPOINT("test.failpoint");
        ++passed;
      }
    };
    simulation.ArmStrike(host, Strike::kKill, 3);
    EXPECT_EQ(simulation.Wait(simulation.Start(host, "p", pass)), ProcessEnd::kKilled);
    EXPECT_EQ(passed, 2);
    simulation.ArmStrike(host, Strike::kKill, 3);
    simulation.ArmStrike(host, Strike::kKill, 0);
    EXPECT_EQ(simulation.Wait(simulation.Start(host, "p", pass)), ProcessEnd::kExited);
    EXPECT_EQ(passed, 7);
  };
  const RunReport report = RunBody(body, options);
  EXPECT_TRUE(report.verdict.ok());
  EXPECT_EQ(report.strikes.at("test.failpoint"), 1U);
}

// One process that reads, passes a failpoint, and writes directly, syncs and submits, each time.
RunReport StruckAt(std::uint64_t kind, std::uint64_t calls, std::uint64_t seed, ProcessEnd& end) {
  const artifacts::Artifact fixed = StrikesCount(kind);
  RunOptions options;
  options.seed = seed;
  options.replay = &fixed;
  options.options["host.a.direct"] = 1;
  return RunBody(
      [&](Simulation& simulation) {
        const HostId host = simulation.AddHost("a");
        simulation.ArmStrike(host, Strike::kPowerLoss, calls);
        end = simulation.Wait(simulation.Start(host, "p", [](const env::Env& env) {
          auto file = env.files->Open("f", {env::OpenMode::kCreate, false});
          BEACH_CHECK(file.has_value());
          for (int i = 0; i < 10; ++i) {
            char byte = 0;
            for (int j = 0; j < 8; ++j) BEACH_CHECK((*file)->ReadAt(0, &byte, 1).has_value());
            BEACH_FAILPOINT("test.passed");
            auto pending = (*file)->SubmitWrite(0, "x");
            BEACH_CHECK(pending.has_value());
            BEACH_CHECK((*pending)->Wait().has_value());
            BEACH_CHECK((*file)->SyncData().has_value());
          }
        }));
      },
      options);
}

TEST(Strikes, StrikesLandOnTheKindOfCallThatWasDrawn) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    ProcessEnd end = ProcessEnd::kExited;
    const RunReport failpoint = StruckAt(kFailpoint, 1 + seed, seed, end);
    EXPECT_EQ(end, ProcessEnd::kPowerLost);
    EXPECT_EQ(failpoint.strikes.at("test.passed"), 1U);
    const RunReport write = StruckAt(kWriteInFlight, 1 + seed, seed, end);
    EXPECT_EQ(end, ProcessEnd::kPowerLost);
    EXPECT_EQ(write.strikes.at("disk.write_in_flight"), 1U);
    const RunReport sync = StruckAt(kSyncInFlight, 1 + seed, seed, end);
    EXPECT_EQ(end, ProcessEnd::kPowerLost);
    EXPECT_EQ(sync.strikes.at("files.sync.in_flight"), 1U);
    const RunReport mutating = StruckAt(kMutatingCall, 1 + seed, seed, end);
    EXPECT_EQ(end, ProcessEnd::kPowerLost);
    EXPECT_EQ(mutating.strikes.count("files.read"), 0U);
    // It takes nothing away, and with no such call left, nothing strikes.
    EXPECT_TRUE(StruckAt(kTakingAway, 1, seed, end).strikes.empty());
    EXPECT_EQ(end, ProcessEnd::kExited);
    EXPECT_TRUE(StruckAt(kFailpoint, 1000, seed, end).strikes.empty());
    EXPECT_EQ(end, ProcessEnd::kExited);
  }
}

// A failpoint that is passed once is struck as often as one that is passed all the time.
TEST(Strikes, AStrikeAtFewNamesMeetsRareOnes) {
  std::map<std::string, std::uint64_t> struck;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const artifacts::Artifact fixed = StrikesCount(kFewNames);
    RunOptions options;
    options.seed = seed;
    options.replay = &fixed;
    const RunReport report = RunBody(
        [&](Simulation& simulation) {
          const HostId host = simulation.AddHost("a");
          simulation.ArmStrike(host, Strike::kKill, 1);
          simulation.Wait(simulation.Start(host, "p", [](const env::Env&) {
            for (int i = 0; i < 100; ++i) BEACH_FAILPOINT("test.often");
            BEACH_FAILPOINT("test.once");
          }));
        },
        options);
    for (const auto& [where, count] : report.strikes) struck[where] += count;
  }
  EXPECT_GT(struck["test.often"], 10U);
  EXPECT_GT(struck["test.once"], 10U);
  EXPECT_LT(struck["test.often"] + struck["test.once"], 100U);
}

// The n/256+1st removal, rename or truncation, before or after its effect.
TEST(Strikes, AStrikeMeetsWhatIsTakenAway) {
  std::map<std::string, std::uint64_t> struck;
  std::uint64_t left = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const artifacts::Artifact fixed = StrikesCount(kTakingAway);
    RunOptions options;
    options.seed = seed;
    options.replay = &fixed;
    const RunReport report = RunBody(
        [&](Simulation& simulation) {
          const HostId host = simulation.AddHost("a");
          simulation.ArmStrike(host, Strike::kKill, 256);
          simulation.Wait(simulation.Start(host, "p", [](const env::Env& env) {
            for (const char* const name : {"a", "b", "c"}) {
              static_cast<void>(env.files->Open(name, {.mode = env::OpenMode::kCreate}));
            }
            static_cast<void>(env.files->Rename("a", "d"));
            static_cast<void>(env.files->Remove("b"));
            static_cast<void>(env.files->Remove("c"));
          }));
          simulation.Wait(simulation.Start(host, "q", [&left](const env::Env& env) {
            const bool stays = *env.files->Exists("b");
            const SystemScope system;
            left += stays ? 1 : 0;
          }));
        },
        options);
    for (const auto& [where, count] : report.strikes) struck[where] += count;
  }
  EXPECT_EQ(struck, (std::map<std::string, std::uint64_t>{{"files.remove", 20}}));
  EXPECT_GT(left, 0U);
  EXPECT_LT(left, 20U);
}

// Whichever kind is drawn, the record of it says so, and gives the same run again.
TEST(Strikes, TheKindOfAStrikeIsRecordedAndReplayed) {
  std::map<std::uint64_t, int> seen;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    RunOptions options;
    options.seed = seed;
    const auto body = [](Simulation& simulation) {
      const HostId host = simulation.AddHost("a");
      simulation.ArmStrike(host, Strike::kKill, 2);
      simulation.Wait(simulation.Start(host, "p", [](const env::Env& env) {
        for (int i = 0; i < 5; ++i) {
          BEACH_FAILPOINT("test.kinds");
          static_cast<void>(env.files->Exists("f"));
        }
      }));
    };
    const RunReport report = RunBody(body, options);
    for (const artifacts::Decision& decision : report.decisions) {
      if (decision.site == "crash.strike_at") ++seen[decision.value];
    }
    const artifacts::Artifact artifact = MakeArtifact(TestScenario(nullptr), options, report);
    options.replay = &artifact;
    const RunReport again = RunBody(body, options);
    EXPECT_EQ(again.hash, report.hash);
    EXPECT_EQ(again.diverged_at, std::nullopt);
  }
  EXPECT_EQ(seen.size(), 11U);
}

}  // namespace
}  // namespace beach::sim
