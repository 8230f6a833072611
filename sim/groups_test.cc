// SPDX-License-Identifier: Apache-2.0
#include "sim/groups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "env/marks.h"
#include "env/threads.h"
#include "sim/disk/disk.h"
#include "sim/kernel/test_scenario.h"
#include "sim/system_scope.h"

// What a run is without does not happen in it, and moves nothing else.

namespace beach::sim {
namespace {

constexpr std::uint64_t kHalf = 500'000;

RunOptions Without(std::initializer_list<std::string> members, std::uint64_t seed = 1) {
  RunOptions options;
  options.seed = seed;
  for (const std::string& member : members) {
    options.options[std::string(kWithoutPrefix) + member] = 1;
  }
  return options;
}

// Reads and writes, and how each ended: 'r' and 'w', 'R' and 'W' where it failed.
std::string ReadAndWrite(const RunOptions& options, RunReport& report,
                         const std::vector<std::string>& on) {
  std::string ends;
  report = RunBody(
      [&](Simulation& simulation) {
        const HostId host = simulation.AddHost("a");
        const auto is_on = [&](const char* site) { return std::ranges::count(on, site) > 0; };
        if (is_on("disk.eio.read")) simulation.SetFault("disk.eio.read", kHalf);
        if (is_on("disk.eio.write")) simulation.SetFault("disk.eio.write", kHalf);
        if (is_on("clock.step")) simulation.SetFault("clock.step", 1);
        simulation.Wait(simulation.Start(host, "p", [&](const env::Env& env) {
          const auto file = env.files->Open("f", {env::OpenMode::kCreate, false});
          char byte = 0;
          for (int i = 0; i < 40; ++i) {
            const Status wrote = (*file)->WriteAt(0, "x");
            const auto read = (*file)->ReadAt(0, &byte, 1);
            env.clock->MonotonicNow();
            const SystemScope system;
            ends += wrote ? "w" : "W";
            ends += read ? "r" : "R";
          }
        }));
      },
      options);
  return ends;
}

TEST(Groups, AFaultDoesNotStrikeAndTheOthersStrikeWhereTheyDid) {
  const std::vector<std::string> on = {"disk.eio.read", "disk.eio.write"};
  RunReport all;
  RunReport without;
  std::string expected = ReadAndWrite(Without({}), all, on);
  const std::string seen = ReadAndWrite(Without({"disk.eio.read"}), without, on);
  EXPECT_GT(all.faults.at("disk.eio.read"), 5U);
  EXPECT_GT(all.faults.at("disk.eio.write"), 5U);
  EXPECT_FALSE(without.faults.contains("disk.eio.read"));
  EXPECT_EQ(without.faults.at("disk.eio.write"), all.faults.at("disk.eio.write"));
  std::ranges::replace(expected, 'R', 'r');
  EXPECT_EQ(seen, expected);
}

TEST(Groups, ARunInWhichItWouldNotHaveStruckIsTheSame) {
  const std::vector<std::string> on = {"disk.eio.write", "clock.step"};
  RunReport all;
  RunReport without;
  ReadAndWrite(Without({}), all, on);
  ASSERT_FALSE(all.faults.contains("clock.step"));
  ReadAndWrite(Without({"clock.step", "disk.eio.read", "deadlock"}), without, on);
  EXPECT_EQ(without.hash.ToString(), all.hash.ToString());
  EXPECT_EQ(without.options.at("without.clock.step"), 1U);
  EXPECT_FALSE(all.options.contains("without.clock.step"));
  // At zero, which a shrinker may write, it is as if it did not stand there.
  RunOptions zero;
  zero.seed = 1;
  zero.options["without.disk.eio.write"] = 0;
  RunReport same;
  ReadAndWrite(zero, same, on);
  EXPECT_EQ(same.hash.ToString(), all.hash.ToString());
}

// Arms a strike and tells how the process ended.
ProcessEnd Strikes(Strike strike, const RunOptions& options) {
  ProcessEnd end{};
  RunBody(
      [&](Simulation& simulation) {
        const HostId host = simulation.AddHost("a");
        simulation.ArmStrike(host, strike, 4);
        end = simulation.Wait(simulation.Start(host, "p", [](const env::Env& env) {
          const auto file = env.files->Open("f", {env::OpenMode::kCreate, false});
          for (int i = 0; i < 40; ++i) static_cast<void>((*file)->Size());
        }));
      },
      options);
  return end;
}

TEST(Groups, StrikesOfItsKindDoNotCome) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    // Each strike counts all calls: else some would wait for what does not come here.
    const RunOptions without_kills = Without({"crash.kill", "crash.strike_at"}, seed);
    const RunOptions without_cuts = Without({"crash.power_loss", "crash.strike_at"}, seed);
    EXPECT_EQ(Strikes(Strike::kKill, without_cuts), ProcessEnd::kKilled);
    EXPECT_EQ(Strikes(Strike::kKill, without_kills), ProcessEnd::kExited);
    EXPECT_EQ(Strikes(Strike::kPowerLoss, without_kills), ProcessEnd::kPowerLost);
    EXPECT_EQ(Strikes(Strike::kPowerLoss, without_cuts), ProcessEnd::kExited);
  }
}

// What a cut has left of a file that was never synced, over many seeds.
std::set<std::size_t> SizesAfterACut(std::initializer_list<std::string> without) {
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    RunBody(
        [&](Simulation& simulation) {
          const HostId host = simulation.AddHost("a");
          simulation.Wait(simulation.Start(host, "p", [](const env::Env& env) {
            const auto file = env.files->Open("f", {env::OpenMode::kCreate, false});
            EXPECT_TRUE((*file)->Append(std::string(4096, 'x')));
          }));
          simulation.PowerLoss(host);
          const SystemScope system;
          const Result<Bytes> left = simulation.disk(host).Inspect("f");
          sizes.insert(left ? left->size() : 0);
        },
        Without(without, seed));
  }
  return sizes;
}

TEST(Groups, WithoutPowerCutsNothingIsLostByOne) {
  EXPECT_GT(SizesAfterACut({}).size(), 1U);
  EXPECT_EQ(SizesAfterACut({"crash.power_loss"}), std::set<std::size_t>{4096});
}

TEST(Groups, RareBranchesAreNotTaken) {
  const auto taken = [](const RunOptions& options) {
    int count = 0;
    for (RunOptions run = options; run.seed < 40; ++run.seed) {
      RunBody(
          [&](Simulation& simulation) {
            const HostId host = simulation.AddHost("a");
            simulation.Wait(simulation.Start(host, "p", [&](const env::Env&) {
              for (int i = 0; i < 20; ++i) count += BEACH_BUGGIFY("test.groups_branch") ? 1 : 0;
            }));
          },
          run);
    }
    return count;
  };
  EXPECT_GT(taken(Without({})), 5);
  EXPECT_EQ(taken(Without({kBuggifyMember.name})), 0);
}

TEST(Groups, PoliciesAreNotDrawn) {
  const auto policies = [](std::initializer_list<std::string> without) {
    std::set<std::uint64_t> drawn;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      const RunReport report = RunBody([](Simulation&) {}, Without(without, seed));
      drawn.insert(report.options.at("schedule.policy"));
    }
    return drawn;
  };
  EXPECT_EQ(policies({}), (std::set<std::uint64_t>{0, 1}));
  EXPECT_EQ(policies({"schedule.policy"}), std::set<std::uint64_t>{0});
  EXPECT_EQ(policies({"schedule.switches"}), std::set<std::uint64_t>{2});
}

TEST(Groups, ARuleIsNotReportedAndEndsTheRun) {
  bool went_on = false;
  const auto body = [&](Simulation& simulation) {
    simulation.Fail("lost-write", "5 is gone");
    went_on = true;
  };
  EXPECT_EQ(RunBody(body, Without({})).verdict.signature, "test/lost-write");
  EXPECT_EQ(RunBody(body, Without({"wrong-read"})).verdict.signature, "test/lost-write");
  const RunReport report = RunBody(body, Without({"lost-write"}));
  EXPECT_TRUE(report.verdict.ok()) << report.verdict.signature;
  EXPECT_EQ(report.sometimes.at("sim.verdict.unreported"), 1U);
  EXPECT_FALSE(went_on);
}

TEST(Groups, ADeadlockIsNotReported) {
  const auto body = [](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    simulation.Wait(simulation.Start(host, "p", [](const env::Env&) {
      env::Mutex mutex;
      env::CondVar never;
      mutex.Lock();
      never.Wait(mutex);
    }));
  };
  EXPECT_EQ(RunBody(body, Without({})).verdict.signature, "test/deadlock");
  EXPECT_TRUE(RunBody(body, Without({"deadlock"})).verdict.ok());
}

TEST(Groups, AnArtifactOfSuchARunReplays) {
  const auto body = [](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    simulation.SetFault("disk.eio.read", kHalf);
    simulation.SetFault("disk.eio.write", kHalf);
    bool failed = false;
    simulation.Wait(simulation.Start(host, "p", [&](const env::Env& env) {
      const auto file = env.files->Open("f", {env::OpenMode::kCreate, false});
      char byte = 0;
      for (int i = 0; i < 20; ++i) {
        if (!(*file)->ReadAt(0, &byte, 1)) failed = true;
        const Status wrote = (*file)->WriteAt(0, "x");
      }
    }));
    if (failed) simulation.Fail("read-failed", "a read failed");
    simulation.Fail("ended", "no read failed");
  };
  const TestScenario scenario(body);
  const RunOptions options = Without({"disk.eio.read", "read-failed"});
  const RunReport report = RunScenario(scenario, options);
  ASSERT_EQ(report.verdict.signature, "test/ended");
  const auto artifact =
      artifacts::FromJson(artifacts::ToJson(MakeArtifact(scenario, options, report)));
  ASSERT_TRUE(artifact.has_value());
  RunOptions replay;
  replay.seed = artifact->seed;
  replay.replay = &*artifact;
  const RunReport again = RunScenario(scenario, replay);
  EXPECT_EQ(again.verdict.signature, "test/ended");
  EXPECT_EQ(again.hash.ToString(), report.hash.ToString());
  EXPECT_EQ(again.options, report.options);
  EXPECT_FALSE(again.diverged_at.has_value());
  EXPECT_TRUE(IsWithout(replay, "read-failed"));
  replay.options["without.read-failed"] = 0;
  EXPECT_FALSE(IsWithout(replay, "read-failed"));
}

TEST(Groups, MembersAreInOneGroupAndKnowTheFaultsOfTheDisk) {
  std::set<std::string> members;
  std::set<std::string> names;
  for (const Group& group : OwnGroups()) {
    EXPECT_TRUE(names.insert(group.name).second) << group.name;
    EXPECT_FALSE(group.members.empty()) << group.name;
    for (const std::string& member : group.members) {
      EXPECT_TRUE(members.insert(member).second) << member;
    }
  }
  for (const KnownDiskFault& fault : KnownDiskFaults()) {
    EXPECT_TRUE(members.contains(fault.site.name)) << fault.site.name;
  }
  EXPECT_EQ(MemberOf("data-race a.cc:1 + b.cc:2"), "data-race");
  EXPECT_EQ(MemberOf("abort: f < g"), "abort");
  EXPECT_EQ(MemberOf("torn-batch"), "torn-batch");
}

}  // namespace
}  // namespace beach::sim
