// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/raft_core.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "artifacts/artifact.h"
#include "sim/run.h"
#include "sim/scenarios/testing/whole_runs.h"

namespace beach::sim::scenarios {
namespace {

constexpr std::uint64_t kSeeds = testing::kSanitized ? 20 : 300;

TEST(RaftCore, FreshSeedsFindNothing) {
  EXPECT_GT(testing::ExpectClean(RaftCore(), 1, kSeeds).operations, 1'000 * kSeeds);
}

TEST(RaftCore, EqualSeedsHaveEqualHashesWhereverMemoryLies) {
  testing::ExpectEqualHashes(RaftCore(), 10);
}

TEST(RaftCore, ReplaysFromItsArtifact) { testing::ExpectReplays(RaftCore(), 5); }

// A disk that loses what was durable is reported, and what led to it is in the operations: most of
// them can go.
TEST(RaftCore, AFailureNeedsFewOfItsOperations) {
  RunOptions options;
  options.options["loses_entries"] = 1;
  RunReport report;
  do {
    ++options.seed;
    ASSERT_LT(options.seed, 50U);
    report = RunScenario(RaftCore(), options);
  } while (report.verdict.signature != "raft-core/durable-entry-lost");
  artifacts::Artifact artifact = MakeArtifact(RaftCore(), options, report);
  ASSERT_GT(artifact.operations.size(), 60U);
  options.options.clear();
  options.replay = &artifact;
  const std::string signature = report.verdict.signature;
  for (std::size_t step = artifact.operations.size() / 2; step > 0; step /= 2) {
    for (std::size_t first = 0; first + step <= artifact.operations.size();) {
      const std::vector<artifacts::Operation> all = artifact.operations;
      const auto begin = artifact.operations.begin() + static_cast<std::ptrdiff_t>(first);
      artifact.operations.erase(begin, begin + static_cast<std::ptrdiff_t>(step));
      if (RunScenario(RaftCore(), options).verdict.signature == signature) continue;
      artifact.operations = all;
      first += step;
    }
  }
  EXPECT_LE(artifact.operations.size(), 12U);
}

TEST(RaftCore, RefusesAWorkloadThatIsNotItsOwn) {
  RunOptions options;
  options.seed = 1;
  const artifacts::Artifact good =
      MakeArtifact(RaftCore(), options, RunScenario(RaftCore(), options));
  const std::vector<artifacts::Operation> bad = {
      {.id = 1, .life = 0, .client = 0, .kind = "dance", .arguments = {"1"}},
      {.id = 1, .life = 0, .client = 99, .kind = "propose", .arguments = {"1", "1"}},
      {.id = 1, .life = 0, .client = 0, .kind = "propose", .arguments = {"1", "-1"}},
      {.id = 1, .life = 0, .client = 0, .kind = "propose", .arguments = {"1", "1", "1"}},
      {.id = 1, .life = 0, .client = 0, .kind = "propose", .arguments = {"1", "999999"}},
      {.id = 1, .life = 0, .client = 0, .kind = "read", .arguments = {"1"}},
      {.id = 1, .life = 0, .client = 0, .kind = "heal", .arguments = {}},
      {.id = 1, .life = 0, .client = 0, .kind = "transfer", .arguments = {"1", "99"}},
      {.id = 1, .life = 0, .client = 0, .kind = "partition", .arguments = {"1", "65536", "0"}},
      {.id = 1, .life = 0, .client = 0, .kind = "change", .arguments = {"1", "0", "24"}},
      {.id = 1, .life = 0, .client = 0, .kind = "change", .arguments = {"1", "4", "0"}},
  };
  for (const artifacts::Operation& operation : bad) {
    artifacts::Artifact artifact = good;
    artifact.operations = {operation};
    RunOptions replay;
    replay.replay = &artifact;
    EXPECT_EQ(RunScenario(RaftCore(), replay).verdict.signature, "raft-core/bad-workload")
        << operation.kind;
  }
}

}  // namespace
}  // namespace beach::sim::scenarios
