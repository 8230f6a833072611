// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/links.h"

#include <gtest/gtest.h>

#include <string>

#include "artifacts/artifact.h"
#include "sim/run.h"

namespace beach::sim::scenarios {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kSeeds = 10;  // each takes many times as long
#else
constexpr std::uint64_t kSeeds = 100;
#endif

TEST(Links, FreshSeedsFindNothing) {
  std::uint64_t operations = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunScenario(Links(), options);
    EXPECT_TRUE(report.verdict.ok())
        << "seed " << seed << ": " << report.verdict.signature << ": " << report.verdict.message;
    operations += report.operations;
  }
  EXPECT_GT(operations, 20 * kSeeds);
}

TEST(Links, EqualSeedsHaveEqualHashesWhereverMemoryLies) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunScenario(Links(), options);
    options.address_salt = 99;
    EXPECT_EQ(RunScenario(Links(), options).hash, report.hash) << seed;
  }
}

TEST(Links, ReplaysFromItsArtifact) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunScenario(Links(), options);
    const Result<artifacts::Artifact> artifact =
        artifacts::FromJson(artifacts::ToJson(MakeArtifact(Links(), options, report)));
    ASSERT_TRUE(artifact.has_value());
    options.replay = &*artifact;
    const RunReport replayed = RunScenario(Links(), options);
    EXPECT_EQ(replayed.hash, report.hash) << seed;
    EXPECT_EQ(replayed.diverged_at, std::nullopt) << seed;
  }
}

}  // namespace

}  // namespace beach::sim::scenarios
