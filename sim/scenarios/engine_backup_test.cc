// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_backup.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "artifacts/artifact.h"
#include "sim/scenarios/engine_backup_plan.h"
#include "sim/scenarios/testing/whole_runs.h"

namespace beach::sim::scenarios {
namespace {

constexpr std::uint64_t kSeeds = testing::kSanitized ? 10 : 100;

TEST(EngineBackup, FreshSeedsFindNothing) {
  EXPECT_GT(testing::ExpectClean(EngineBackup(), 1, kSeeds).operations, 50 * kSeeds);
}

TEST(EngineBackup, EqualSeedsHaveEqualHashesWhereverMemoryLies) {
  testing::ExpectEqualHashes(EngineBackup(), 5);
}

TEST(EngineBackup, ReplaysFromItsArtifact) { testing::ExpectReplays(EngineBackup(), 3); }

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
