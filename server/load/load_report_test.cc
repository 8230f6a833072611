// SPDX-License-Identifier: Apache-2.0
#include "server/load/load_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace beach::server {
namespace {

LoadPlan APlan() {
  LoadPlan plan;
  plan.workload = WorkloadOf("a").value();
  plan.rate = 100;
  return plan;
}

// Reads of 1 ms, updates of 2 ms, as many; one failed, and one was not begun for a second.
LoadResult AResult() {
  LoadResult result;
  for (int i = 0; i < 100; ++i) {
    result.latency_ns[static_cast<std::size_t>(WorkKind::kRead)].Add(1'000'000);
    result.latency_ns[static_cast<std::size_t>(WorkKind::kUpdate)].Add(2'000'000);
  }
  result.late_ns.Add(1'000'000'000);
  result.errors[FailureKind::kDeadline] = 1;
  result.in_time = 190;
  result.counted_ns = 2'000'000'000;
  return result;
}

TEST(LoadReport, CountsWhatWasNotBegunAmongLatenciesAndNotAsDone) {
  const auto json = nlohmann::json::parse(LoadAsJson(APlan(), AResult()));
  EXPECT_EQ(json["operations"], 200);
  EXPECT_EQ(json["ops_per_s"], 95.0);
  EXPECT_EQ(json["max_us"], 1e6);
  EXPECT_NEAR(json["p50_us"], 2000, 64);
  EXPECT_EQ(json["p99_9_us"], 1e6);
  EXPECT_EQ(json["not_begun"], 1);
  EXPECT_EQ(json["errors"], (nlohmann::json{{"deadline", 1}}));
  EXPECT_EQ(json["kinds"]["read"]["max_us"], 1000.0);
  EXPECT_EQ(json["kinds"]["read"]["p99_us"], 1000.0);  // not the end of its bucket
  EXPECT_EQ(json["kinds"].size(), 2U);
  const std::string text = LoadAsText(APlan(), AResult());
  EXPECT_NE(text.find("95 operations a second"), std::string::npos);
  EXPECT_NE(text.find("error: deadline: 1"), std::string::npos);
  EXPECT_NE(text.find("1 were due and not begun"), std::string::npos);
}

TEST(LoadReport, OfTwoLanesIsTheirSum) {
  LoadResult both = AResult();
  both.Merge(AResult());
  EXPECT_EQ(both.done(), 400U);
  EXPECT_EQ(both.errors[FailureKind::kDeadline], 2U);
  EXPECT_EQ(both.in_time, 380U);
  EXPECT_EQ(both.counted_ns, 2'000'000'000U);  // they run side by side
  EXPECT_EQ(both.all_ns().count(), 402U);
}

TEST(LoadReport, OfNothingHasNoFigures) {
  const auto json = nlohmann::json::parse(LoadAsJson(APlan(), {}));
  EXPECT_EQ(json["ops_per_s"], 0.0);
  EXPECT_EQ(json["max_us"], 0.0);
  EXPECT_EQ(json["kinds"], nlohmann::json::object());
}

}  // namespace
}  // namespace beach::server
