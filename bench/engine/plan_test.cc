// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/plan.h"

#include <gtest/gtest.h>

#include "bench/engine/test_engine.h"

namespace beach::bench {
namespace {

std::vector<std::string> NamesOf(const std::vector<const Workload*>& workloads) {
  std::vector<std::string> names;
  for (const Workload* workload : workloads) names.emplace_back(workload->name);
  return names;
}

Engines Built() {
  Engines engines;
  engines.push_back(std::make_unique<MapEngine>("beachdb"));
  engines.push_back(std::make_unique<MapEngine>("rocksdb"));
  engines.push_back(std::make_unique<MapEngine>("lmdb"));
  return engines;
}

TEST(AllWorkloads, ReadersComeBeforeWhoChangesTheData) {
  bool changed = false;
  for (const Workload& workload : AllWorkloads()) {
    if (workload.data == Data::kChanges) changed = true;
    EXPECT_FALSE(changed && workload.data == Data::kReads) << workload.name;
    EXPECT_GE(workload.operations_per, 1U) << workload.name;
    EXPECT_GE(workload.stride, 1U) << workload.name;
  }
}

TEST(AllWorkloads, SharesOfAMixMakeAThousandAndReadersDoNotPut) {
  for (const Workload& workload : AllWorkloads()) {
    if (workload.action != Action::kMix) continue;
    const Mix& mix = workload.mix;
    EXPECT_EQ(mix.put_permille + mix.get_permille + mix.miss_permille, 1000U) << workload.name;
    EXPECT_EQ(mix.put_permille == 0, workload.data == Data::kReads) << workload.name;
  }
}

TEST(ParseWorkloads, TakesThemInTheOrderOfARoundAndEachOnce) {
  const auto chosen = ParseWorkloads("overwrite,fillseq,overwrite");
  ASSERT_TRUE(chosen);
  EXPECT_EQ(NamesOf(*chosen), (std::vector<std::string>{"fillseq", "overwrite"}));
  EXPECT_EQ(ParseWorkloads("")->size(), AllWorkloads().size());
}

TEST(ParseWorkloads, NamesWhatThereIsNot) {
  for (const char* names : {"nosuch", "fillseq,,readseq", "fillseq,", ","}) {
    const auto chosen = ParseWorkloads(names);
    ASSERT_FALSE(chosen) << names;
    EXPECT_EQ(chosen.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(chosen.error().message().find("readrandom"), std::string::npos);
  }
}

TEST(ParseThreads, TakesAList) {
  EXPECT_EQ(*ParseThreads("1,2,1,16"), (std::vector<std::uint64_t>{1, 2, 16}));
  for (const char* text : {"", "0", "65", "-1", "2x", "1,,2", "one"}) {
    EXPECT_FALSE(ParseThreads(text)) << text;
  }
}

TEST(StepsOf, RepeatsByThreadsWhatHasNoNumberOfItsOwn) {
  Plan plan{.workloads = *ParseWorkloads("fillsync16,readrandom"), .threads = {1, 4}};
  std::vector<std::pair<std::string, std::uint64_t>> steps;
  for (const Step& step : StepsOf(plan)) steps.emplace_back(step.workload->name, step.threads);
  const std::vector<std::pair<std::string, std::uint64_t>> expected = {
      {"fillsync16", 16}, {"readrandom", 1}, {"readrandom", 4}};
  EXPECT_EQ(steps, expected);
}

TEST(OperationsOf, DividesNAndGivesEachThreadOne) {
  const Workload* const workload = ParseWorkloads("fillsync64")->front();
  EXPECT_EQ(OperationsOf({.workload = workload, .threads = 64}, 2'000'000), 100'000U);
  EXPECT_EQ(OperationsOf({.workload = workload, .threads = 64}, 1000), 64U);
}

TEST(ChooseEngines, OursComesAlwaysAndFirst) {
  const Engines built = Built();
  const auto alone = ChooseEngines(built, "");
  ASSERT_TRUE(alone);
  ASSERT_EQ(alone->size(), 1U);
  EXPECT_EQ(alone->front()->name(), "beachdb");
  const auto two = ChooseEngines(built, "lmdb");
  ASSERT_TRUE(two);
  ASSERT_EQ(two->size(), 2U);
  EXPECT_EQ(two->back()->name(), "lmdb");
}

TEST(ChooseEngines, TellsAPeerThatIsNoneFromOneThatIsNotBuiltIn) {
  const Engines built = Built();
  const auto unknown = ChooseEngines(built, "rocksdb,sqlite");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), ErrorCode::kInvalidArgument);
  const auto absent = ChooseEngines(built, "rocksdb,leveldb");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code(), ErrorCode::kUnsupported);
  EXPECT_NE(absent.error().message().find("make peers"), std::string::npos);
}

}  // namespace
}  // namespace beach::bench
