// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/cluster.h"

#include <gtest/gtest.h>

#include "sim/run.h"
#include "sim/scenarios/testing/whole_runs.h"

namespace beach::sim::scenarios {
namespace {

constexpr std::uint64_t kSeeds = testing::kSanitized ? 10 : 100;

TEST(ClusterScenario, FreshSeedsFindNothing) {
  const testing::Totals totals = testing::ExpectClean(Cluster(), 1, kSeeds);
  EXPECT_GT(totals.operations, 50 * kSeeds);
  EXPECT_GT(totals.faults.at("crash.power_loss"), kSeeds);
}

TEST(ClusterScenario, DamagedDisksOfFewNodesAreMendedAndOthersHarmNobody) {
  const Cluster scenario(cluster::Focus::kStorage);
  testing::ExpectClean(scenario, 1, kSeeds / 2);
  testing::ExpectEqualHashes(scenario, 3);
  testing::ExpectReplays(scenario, 3);
}

TEST(ClusterScenario, EqualSeedsHaveEqualHashesWhereverMemoryLies) {
  testing::ExpectEqualHashes(Cluster(), 5);
}

TEST(ClusterScenario, ReplaysFromItsArtifact) { testing::ExpectReplays(Cluster(), 3); }

TEST(ClusterScenario, RefusesAWorkloadThatIsNotItsOwn) {
  RunOptions options;
  const RunReport report = RunScenario(Cluster(), options);
  artifacts::Artifact artifact = MakeArtifact(Cluster(), options, report);
  artifact.operations.push_back({.id = 1, .life = 0, .client = 0, .kind = "sync", .arguments = {}});
  options.replay = &artifact;
  EXPECT_EQ(RunScenario(Cluster(), options).verdict.signature, "cluster/bad-workload");
}

}  // namespace
}  // namespace beach::sim::scenarios
