// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/wal.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "artifacts/artifact.h"
#include "oracle/value_id.h"
#include "sim/run.h"
#include "sim/scenarios/testing/whole_runs.h"
#include "sim/scenarios/wal_workload.h"

namespace beach::sim::scenarios {
namespace {

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

constexpr std::uint64_t kSeeds = testing::kSanitized ? 25 : 200;

// BEACH_SEED is the first seed, BEACH_SEEDS how many.
TEST(Wal, FreshSeedsFindNothing) {
  const std::uint64_t first = FromEnvironment("BEACH_SEED", 1);
  const std::uint64_t count = FromEnvironment("BEACH_SEEDS", kSeeds);
  const testing::Totals totals = testing::ExpectClean(Wal(), first, count);
  EXPECT_GT(totals.operations, 100 * count);
  const auto struck = [&totals](const char* name) {
    const auto found = totals.faults.find(name);
    return found == totals.faults.end() ? 0 : found->second;
  };
  EXPECT_GT(struck("crash.kill") + struck("crash.power_loss"), 2 * count);
}

TEST(Wal, EqualSeedsHaveEqualHashesWhereverMemoryLies) { testing::ExpectEqualHashes(Wal(), 10); }

TEST(Wal, ReplaysFromItsArtifact) { testing::ExpectReplays(Wal(), 5); }

TEST(Wal, RefusesAWorkloadThatIsNotItsOwn) {
  RunOptions options;
  const RunReport report = RunScenario(Wal(), options);
  artifacts::Artifact artifact = MakeArtifact(Wal(), options, report);
  artifact.operations.push_back({.id = 1, .life = 0, .client = 0, .kind = "sync", .arguments = {}});
  options.replay = &artifact;
  EXPECT_EQ(RunScenario(Wal(), options).verdict.signature, "wal/bad-workload");
}

// What a shrinker makes of an artifact: a run of its own kind, never a dead worker.
TEST(Wal, TakesAnyNumberForAKnob) {
  RunOptions options;
  options.seed = 5;
  const RunReport report = RunScenario(Wal(), options);
  for (const auto& [name, value] : report.options) {
    for (const std::uint64_t other : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 20}) {
      if (name.starts_with("host.")) continue;
      RunOptions changed = options;
      changed.options = {{"lives", 1}, {"operations_per_life", 1}, {name, other}};
      const artifacts::Verdict verdict = RunScenario(Wal(), changed).verdict;
      EXPECT_TRUE(verdict.ok()) << name << " = " << other << ": " << verdict.message;
    }
  }
}

}  // namespace

namespace log_alone {
namespace {

Plan SmallPlan() {
  Plan plan;
  plan.writers = 3;
  plan.operations_per_writer = 500;
  plan.lives.resize(2);
  return plan;
}

TEST(WalWorkload, MakesOperationsThatParseAndName) {
  const auto operations = MakeWorkload(SmallPlan(), RandomStream(1));
  ASSERT_EQ(operations.size(), 2U * 3U * 500U);
  std::set<std::string> kinds;
  for (const artifacts::Operation& operation : operations) {
    const std::optional<Command> command = ParseOperation(operation);
    ASSERT_TRUE(command.has_value()) << operation.kind << " " << operation.id;
    kinds.insert(operation.kind);
    const Bytes payload = MakePayload(command->id, command->size);
    EXPECT_EQ(oracle::ParseValueId(payload)->batch.value, operation.id);
    EXPECT_GE(payload.size(), command->size);
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"append", "mark", "pause", "retire", "sync", "vouch"}));
}

// So that a seed that fails today fails when there is one more kind to choose from.
TEST(WalWorkload, AKindThatWeighsNothingMovesNoOperation) {
  const auto operations = MakeWorkload(SmallPlan(), RandomStream(7));
  const std::vector<KindWeight> usual(UsualWeights().begin(), UsualWeights().end());
  for (std::size_t i = 0; i <= usual.size(); ++i) {
    std::vector<KindWeight> weights = usual;
    weights.insert(weights.begin() + static_cast<std::ptrdiff_t>(i), {"truncate", 0});
    EXPECT_EQ(MakeWorkload(SmallPlan(), RandomStream(7), weights), operations) << i;
  }
  std::vector<KindWeight> weights = usual;
  weights.push_back({"truncate", 50});
  EXPECT_NE(MakeWorkload(SmallPlan(), RandomStream(7), weights), operations);
}

std::optional<Command> Parse(std::string kind, std::vector<std::string> arguments) {
  return ParseOperation({.id = 5,
                         .life = 0,
                         .client = 1,
                         .kind = std::move(kind),
                         .arguments = std::move(arguments)});
}

TEST(WalWorkload, RefusesWhatIsNotAnOperation) {
  EXPECT_TRUE(Parse("append", {"sync", "1", "0"}));
  EXPECT_FALSE(Parse("", {}));
  EXPECT_FALSE(Parse("append", {}));
  EXPECT_FALSE(Parse("append", {"always", "1", "0"}));
  EXPECT_FALSE(Parse("append", {"sync", "0", "0"}));
  EXPECT_FALSE(Parse("append", {"sync", "1", "-1"}));
  EXPECT_FALSE(Parse("append", {"sync", "1", "99999999"}));
  EXPECT_FALSE(Parse("append", {"sync", "1", "2", "3"}));
  EXPECT_FALSE(Parse("sync", {"now"}));
  EXPECT_FALSE(Parse("pause", {"1s"}));
  EXPECT_FALSE(ParseOperation({.id = 0, .life = 0, .client = 0, .kind = "sync", .arguments = {}}));
}

}  // namespace
}  // namespace log_alone
}  // namespace beach::sim::scenarios
