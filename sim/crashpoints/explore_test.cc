// SPDX-License-Identifier: Apache-2.0
#include "sim/crashpoints/explore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "artifacts/artifact.h"
#include "base/check.h"
#include "env/env.h"
#include "sim/crash_points.h"
#include "sim/disk/disk.h"
#include "sim/kernel/test_scenario.h"

namespace beach::sim::crashpoints {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Replaces the content of `name` by way of a temporary file. Without `sync` the new name may
// survive a power loss that the data behind it do not.
void Replace(const env::Env& env, const std::string& name, ByteView content, bool sync) {
  const auto file = env.files->Open(name + ".new", {.mode = env::OpenMode::kCreate});
  BEACH_CHECK(file.has_value());
  BEACH_CHECK((*file)->Append(content).has_value());
  if (sync) BEACH_CHECK((*file)->Sync().has_value());
  BEACH_CHECK(env.files->Rename(name + ".new", name).has_value());
  BEACH_CHECK(env.files->SyncDirectory(".").has_value());
}

TestScenario Replacing(bool sync) {
  return TestScenario([sync](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    simulation.Wait(
        simulation.Start(host, "old", [](const env::Env& env) { Replace(env, "f", "old", true); }));
    if (simulation.FaultCount(kCrashPoint) == 0) {
      simulation.Wait(simulation.Start(
          host, "new", [sync](const env::Env& env) { Replace(env, "f", "new", sync); }));
    }
    const auto found = simulation.disk(host).Inspect("f");
    const bool before = simulation.FaultCount(kCrashPoint) > 0;
    if (!found && before) return;  // before the first was there
    if (!found || (*found != "old" && *found != "new")) {
      simulation.Fail("half-replaced", "the file is neither old nor new");
    }
  });
}

TEST(ExploreTest, FindsNothingWhereEveryOrderingIsEnforced) {
  const TestScenario scenario = Replacing(true);
  const auto exploration = Explore(scenario, {}, {.cuts_max = 32, .jobs = 2}, {});
  ASSERT_TRUE(exploration.has_value());
  EXPECT_TRUE(exploration->verdict.ok());
  EXPECT_GT(exploration->points, 6U);
  EXPECT_GT(exploration->cuts, exploration->points);
  EXPECT_THAT(exploration->failures, testing::IsEmpty());
}

TEST(ExploreTest, NamesTheOrderingThatWasAssumed) {
  const TestScenario scenario = Replacing(false);
  const auto exploration = Explore(scenario, {}, {.cuts_max = 32, .jobs = 2}, {});
  ASSERT_TRUE(exploration.has_value());
  ASSERT_EQ(exploration->failures.size(), 1U);
  const Failure& failure = exploration->failures.front();
  EXPECT_EQ(failure.signature, "test/half-replaced");
  EXPECT_THAT(failure.kept, testing::Contains(HasSubstr("name f")));
  EXPECT_THAT(failure.lost, ElementsAre(HasSubstr("f: write [0, 512)")));
}

TEST(ExploreTest, TheArtifactOfAFailureReplays) {
  const TestScenario scenario = Replacing(false);
  RunOptions options;
  options.seed = 5;
  const auto exploration = Explore(scenario, options, {.cuts_max = 8, .jobs = 1}, {});
  ASSERT_TRUE(exploration.has_value());
  ASSERT_FALSE(exploration->failures.empty());
  const auto artifact = artifacts::FromJson(exploration->failures.front().artifact_json);
  ASSERT_TRUE(artifact.has_value());
  options.replay = &*artifact;
  const RunReport report = RunScenario(scenario, options);
  EXPECT_EQ(report.verdict.signature, "test/half-replaced");
  EXPECT_EQ(report.hash, artifact->hash);
  EXPECT_FALSE(report.diverged_at.has_value());
}

TEST(ExploreTest, AChildThatDiesIsAFailure) {
  const TestScenario scenario([](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    simulation.Wait(
        simulation.Start(host, "old", [](const env::Env& env) { Replace(env, "f", "old", true); }));
    BEACH_CHECK_EQ(simulation.FaultCount(kCrashPoint), 0U);
  });
  const auto exploration = Explore(scenario, {}, {.cuts_max = 2, .jobs = 1}, {});
  ASSERT_TRUE(exploration.has_value());
  ASSERT_EQ(exploration->failures.size(), 1U);
  EXPECT_EQ(exploration->failures.front().signature, "died: ABRT");
  EXPECT_EQ(exploration->failures.front().count, exploration->cuts);
}

}  // namespace
}  // namespace beach::sim::crashpoints
