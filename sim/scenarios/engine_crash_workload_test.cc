// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "engine/limits.h"

namespace beach::sim::scenarios::engine_crash {
namespace {

Plan SmallPlan() {
  Plan plan;
  plan.clients = 3;
  plan.keys = 20;
  plan.operations_per_client = 200;
  plan.lives.resize(2);
  return plan;
}

TEST(MakeWorkload, MakesOperationsThatParse) {
  const auto operations = MakeWorkload(SmallPlan(), RandomStream(1));
  ASSERT_EQ(operations.size(), 2U * 3U * 200U);
  std::set<std::string> kinds;
  std::set<std::uint64_t> ids;
  for (const artifacts::Operation& operation : operations) {
    EXPECT_TRUE(ParseOperation(operation).has_value()) << operation.kind << " " << operation.id;
    EXPECT_TRUE(ids.insert(operation.id).second);
    kinds.insert(operation.kind);
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"async", "batch", "check", "delete", "erase", "flush",
                                          "get", "hold", "if", "merge", "multiget", "pause", "put",
                                          "range", "scan", "time", "until"}));
}

TEST(MakeWorkload, MakesBatchesThatTheSmallestSegmentTakes) {
  engine::Options options;
  options.wal_segment_size = 64 * engine::kKiB;
  Plan plan = SmallPlan();
  plan.keys = 64;
  plan.operations_per_client = 20'000;
  std::uint64_t largest = 0;
  for (const artifacts::Operation& operation : MakeWorkload(plan, RandomStream(3))) {
    const std::optional<Command> command = ParseOperation(operation);
    ASSERT_TRUE(command.has_value());
    if (command->batch.id == oracle::BatchId()) continue;
    engine::WriteBatch batch;
    for (const oracle::ModelOperation& write : command->batch.operations) {
      if (write.range_end) {
        batch.DeleteRange(write.key, *write.range_end);
      } else if (write.merge) {
        batch.Merge(write.key, engine::MergeOperator::kAppend, *write.value);
      } else if (write.value) {
        batch.Put(write.key, *write.value);
      }
    }
    largest = std::max(largest, batch.size_bytes());
    ASSERT_TRUE(engine::CheckBatch(options, batch)) << operation.id;
  }
  EXPECT_GT(largest, 15'000U);
}

TEST(MakeWorkload, IsEqualForEqualStreams) {
  EXPECT_EQ(MakeWorkload(SmallPlan(), RandomStream(7)), MakeWorkload(SmallPlan(), RandomStream(7)));
  EXPECT_NE(MakeWorkload(SmallPlan(), RandomStream(7)), MakeWorkload(SmallPlan(), RandomStream(8)));
}

// So that a seed that fails today fails when there is one more kind to choose from.
TEST(MakeWorkload, AKindThatWeighsNothingMovesNoOperation) {
  const auto operations = MakeWorkload(SmallPlan(), RandomStream(7));
  const std::vector<KindWeight> usual(WeightsOf(Focus::kWrites).begin(),
                                      WeightsOf(Focus::kWrites).end());
  for (std::size_t i = 0; i <= usual.size(); ++i) {
    std::vector<KindWeight> weights = usual;
    weights.insert(weights.begin() + static_cast<std::ptrdiff_t>(i), {"other", 0});
    EXPECT_EQ(MakeWorkload(SmallPlan(), RandomStream(7), weights), operations) << i;
  }
}

std::optional<Command> Parse(std::string kind, std::vector<std::string> arguments) {
  return ParseOperation({.id = 5,
                         .life = 0,
                         .client = 1,
                         .kind = std::move(kind),
                         .arguments = std::move(arguments)});
}

TEST(ParseOperation, ReadsABatchInOrder) {
  const auto command =
      Parse("batch", {"nosync", "put", "a", "3", "delete", "b", "put", "", "empty"});
  ASSERT_TRUE(command.has_value());
  EXPECT_FALSE(command->batch.sync);
  EXPECT_EQ(command->batch.id, oracle::BatchId(5));
  ASSERT_EQ(command->batch.operations.size(), 3U);
  EXPECT_EQ(command->batch.operations[0].value, oracle::MakeValue({oracle::BatchId(5), 0}, 3));
  EXPECT_EQ(command->batch.operations[1].value, std::nullopt);
  EXPECT_EQ(command->batch.operations[2].value, Bytes());
}

TEST(ParseOperation, ReadsConditionsBeforeWhatHangsOnThem) {
  const auto command = Parse("if", {"sync", "seen", "a", "absent", "then", "then", "delete", "a"});
  ASSERT_TRUE(command.has_value());
  EXPECT_EQ(command->kind, CommandKind::kWriteIf);
  ASSERT_EQ(command->conditions.size(), 2U);
  EXPECT_EQ(command->conditions[1].expectation, Expectation::kAbsent);
  EXPECT_EQ(command->conditions[1].key, "then");
  ASSERT_EQ(command->batch.operations.size(), 1U);
  EXPECT_TRUE(Parse("if", {"nosync", "then"}));
  EXPECT_FALSE(Parse("if", {"sync", "seen", "a"}));
  EXPECT_FALSE(Parse("if", {"sync", "seen", "then"}));
  EXPECT_FALSE(Parse("if", {"sync", "then", "seen", "a"}));
}

TEST(ParseOperation, RefusesWhatIsNotAnOperation) {
  EXPECT_FALSE(Parse("", {}));
  EXPECT_FALSE(Parse("puts", {"sync", "a", "1"}));
  EXPECT_FALSE(Parse("put", {}));
  EXPECT_FALSE(Parse("put", {"sync", "a"}));
  EXPECT_FALSE(Parse("put", {"always", "a", "1"}));
  EXPECT_FALSE(Parse("put", {"sync", "a", "x"}));
  EXPECT_FALSE(Parse("put", {"sync", "a", "-1"}));
  EXPECT_FALSE(Parse("put", {"sync", "a", "99999999999999999999"}));
  EXPECT_FALSE(Parse("put", {"sync", "a", "99999999"}));
  EXPECT_FALSE(Parse("put", {"sync", "a", "1", "more"}));
  EXPECT_FALSE(Parse("batch", {"sync", "put", "a"}));
  EXPECT_FALSE(Parse("batch", {"sync", "merge", "a"}));
  EXPECT_FALSE(Parse("scan", {"sideways", "a"}));
  EXPECT_FALSE(Parse("pause", {"1s"}));
  EXPECT_FALSE(ParseOperation(
      {.id = 0, .life = 0, .client = 0, .kind = "delete", .arguments = {"sync", "a"}}));
}

}  // namespace
}  // namespace beach::sim::scenarios::engine_crash
