// SPDX-License-Identifier: Apache-2.0
#include "crash/plan/plan.h"

#include <gtest/gtest.h>

#include <set>

#include "crash/plan/workload.h"
#include "crash/points/points.h"

namespace beach::crash {
namespace {

using artifacts::Operation;

std::string Text(const Plan& plan) {
  artifacts::Artifact artifact;
  PutPlan(plan, artifact);
  return artifacts::ToJson(artifact);
}

TEST(Points, AreSortedAndFoundByName) {
  ASSERT_GT(Points().size(), 60U);
  for (std::size_t i = 1; i < Points().size(); ++i) {
    EXPECT_LT(Points()[i - 1].name, Points()[i].name);
  }
  EXPECT_EQ(FindPoint("wal_sync_error")->kind, PointKind::kFault);
  EXPECT_EQ(FindPoint("manifest_after_append")->kind, PointKind::kCrash);
  EXPECT_EQ(FindPoint("manifest"), nullptr);
  EXPECT_EQ(FindPoint("zzz"), nullptr);
}

TEST(Plan, IsAFunctionOfItsRequest) {
  const PlanRequest request{.seed = 7, .cycles = 5, .operations = 30};
  EXPECT_EQ(Text(MakePlan(request)), Text(MakePlan(request)));
  PlanRequest other = request;
  other.seed = 8;
  EXPECT_NE(Text(MakePlan(request)), Text(MakePlan(other)));
}

TEST(Plan, SurvivesItsArtifact) {
  std::set<Ending> endings;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Plan plan = MakePlan({.seed = seed, .timed = seed % 5 == 0});
    artifacts::Artifact artifact;
    PutPlan(plan, artifact);
    const auto back = TakePlan(*artifacts::FromJson(artifacts::ToJson(artifact)));
    ASSERT_TRUE(back) << back.error().ToString();
    EXPECT_EQ(Text(*back), Text(plan));
    for (const Life& life : plan.lives) endings.insert(life.ending);
  }
  EXPECT_EQ(endings.size(), 4U);  // each way is drawn
}

TEST(Plan, WhatIsNoPlanIsRefused) {
  artifacts::Artifact good;
  PutPlan(MakePlan({.seed = 3}), good);
  const auto refused = [](const artifacts::Artifact& artifact) {
    const auto plan = TakePlan(artifact);
    return !plan && plan.error().code() == ErrorCode::kCorruption;
  };
  EXPECT_FALSE(refused(good));
  artifacts::Artifact other = good;
  other.scenario = "engine-crash";
  EXPECT_TRUE(refused(other));
  other = good;
  other.options.erase("lives");
  EXPECT_TRUE(refused(other));
  other = good;
  other.options["lives"] = ~std::uint64_t{0};
  EXPECT_TRUE(refused(other));
  other = good;
  other.operations.front().life = 1000;
  EXPECT_TRUE(refused(other));
  other = good;
  other.operations.front().kind = "nothing";
  EXPECT_TRUE(refused(other));
  other = good;
  other.operations.front().id = 0;
  EXPECT_TRUE(refused(other));
  other = good;
  other.operations.back().id = other.operations.front().id;
  EXPECT_TRUE(refused(other));
  other = good;
  other.operations.front().client = 64;
  EXPECT_TRUE(refused(other));
  other = good;
  other.decisions.front().life = 0;
  EXPECT_TRUE(refused(other));
}

TEST(Workload, EveryOperationMakesSense) {
  std::set<std::string> kinds;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const WorkloadRequest request{.operations = 100, .clients = 3};
    for (const Operation& operation : MakeWorkload(request, RandomStream(seed))) {
      EXPECT_TRUE(ParseOperation(operation)) << operation.kind;
      kinds.insert(operation.kind);
    }
  }
  EXPECT_EQ(kinds.size(), 10U);
}

TEST(Workload, WhatMakesNoSenseIsNothing) {
  const auto parse = [](const char* kind, std::vector<std::string> arguments) {
    return ParseOperation({.id = 1, .kind = kind, .arguments = std::move(arguments)}).has_value();
  };
  EXPECT_TRUE(parse("put", {"sync", "a", "3"}));
  EXPECT_FALSE(parse("put", {"sync", "a", "-3"}));
  EXPECT_FALSE(parse("put", {"sync", "a", "99999999"}));
  EXPECT_FALSE(parse("put", {"sometimes", "a", "3"}));
  EXPECT_FALSE(parse("put", {"sync", "a"}));
  EXPECT_FALSE(parse("put", {"sync", "a", "3", "b"}));
  EXPECT_FALSE(parse("erase", {"sync", "b", "a"}));
  EXPECT_FALSE(parse("erase", {"sync", "b", "b"}));
  EXPECT_FALSE(parse("batch", {"sync"}));
  EXPECT_FALSE(parse("batch", {"sync", "put", "a"}));
  EXPECT_FALSE(parse("batch", {"sync", "get", "a"}));
  EXPECT_FALSE(parse("compact", {"a"}));
  EXPECT_FALSE(parse("flush", {"a"}));
}

TEST(StepsOf, ACommandOfAnEarlierClientBeginsTheNext) {
  std::vector<Operation> operations;
  for (const std::uint64_t client : {0U, 1U, 2U, 0U, 2U, 1U, 1U}) {
    operations.push_back({.client = client, .kind = "flush", .arguments = {}});
  }
  const std::vector<Step> steps = StepsOf(operations);
  ASSERT_EQ(steps.size(), 4U);
  EXPECT_EQ(steps[0].end, 3U);
  EXPECT_EQ(steps[1].end, 5U);
  EXPECT_EQ(steps[2].end, 6U);
  EXPECT_EQ(steps[3].end, 7U);
}

}  // namespace
}  // namespace beach::crash
