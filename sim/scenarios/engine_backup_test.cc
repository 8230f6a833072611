// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_backup.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "artifacts/artifact.h"
#include "sim/run.h"
#include "sim/scenarios/engine_backup_plan.h"

namespace beach::sim::scenarios {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kSeeds = 10;  // each takes many times as long
#else
constexpr std::uint64_t kSeeds = 100;
#endif

TEST(EngineBackup, FreshSeedsFindNothing) {
  std::uint64_t operations = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunScenario(EngineBackup(), options);
    EXPECT_TRUE(report.verdict.ok())
        << "seed " << seed << ": " << report.verdict.signature << ": " << report.verdict.message;
    operations += report.operations;
  }
  EXPECT_GT(operations, 50 * kSeeds);
}

TEST(EngineBackup, EqualSeedsHaveEqualHashesWhereverMemoryLies) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunScenario(EngineBackup(), options);
    options.address_salt = 99;
    EXPECT_EQ(RunScenario(EngineBackup(), options).hash, report.hash) << seed;
  }
}

TEST(EngineBackup, ReplaysFromItsArtifact) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunScenario(EngineBackup(), options);
    const Result<artifacts::Artifact> artifact =
        artifacts::FromJson(artifacts::ToJson(MakeArtifact(EngineBackup(), options, report)));
    ASSERT_TRUE(artifact.has_value());
    options.replay = &*artifact;
    const RunReport replayed = RunScenario(EngineBackup(), options);
    EXPECT_EQ(replayed.hash, report.hash) << seed;
    EXPECT_EQ(replayed.diverged_at, std::nullopt) << seed;
  }
}

}  // namespace

namespace copies {
namespace {

TEST(EngineBackupWorkload, MakesOperationsThatParseOfEveryKind) {
  Plan plan;
  plan.operations_per_client = 500;
  plan.lives.resize(2);
  std::set<std::string> kinds;
  for (const artifacts::Operation& operation : MakeWorkload(plan, RandomStream(1))) {
    EXPECT_TRUE(ParseOperation(operation)) << operation.kind << " " << operation.id;
    kinds.insert(operation.kind);
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"backup", "checkpoint", "compact", "flush", "pause",
                                          "peek", "restore", "write"}));
}

std::optional<Command> Parse(std::string kind, std::vector<std::string> arguments) {
  return ParseOperation({.id = 5,
                         .life = 0,
                         .client = 1,
                         .kind = std::move(kind),
                         .arguments = std::move(arguments)});
}

TEST(EngineBackupWorkload, RefusesWhatIsNotAnOperation) {
  EXPECT_TRUE(Parse("write", {"sync", "k", "0"}));
  EXPECT_FALSE(Parse("", {}));
  EXPECT_FALSE(Parse("write", {"sync"}));
  EXPECT_FALSE(Parse("write", {"always", "k", "0"}));
  EXPECT_FALSE(Parse("write", {"sync", "k", "-1"}));
  EXPECT_FALSE(Parse("write", {"sync", "k", "1", "l"}));
  EXPECT_TRUE(Parse("write", {"sync", "k", "0@7", "", "@9"}));
  EXPECT_FALSE(Parse("write", {"sync", "k", "0@"}));
  EXPECT_FALSE(Parse("write", {"sync", "k", "-@7"}));
  EXPECT_FALSE(Parse("write", {"sync", "k", "@9"}));
  EXPECT_FALSE(Parse("flush", {"now"}));
  EXPECT_FALSE(Parse("checkpoint", {"3"}));
  EXPECT_FALSE(Parse("backup", {"all"}));
  EXPECT_FALSE(Parse("pause", {"1s"}));
}

}  // namespace
}  // namespace copies
}  // namespace beach::sim::scenarios
