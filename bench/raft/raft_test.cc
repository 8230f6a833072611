// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bench/raft/run_raft.h"

namespace beach::bench {
namespace {

TEST(BenchRaft, CountsWhatItDoes) {
  Cores cores(3);
  const CoreCosts one = cores.Replicate(100, 10, 1, false);
  EXPECT_EQ(one.entries, 100U);
  EXPECT_GE(one.messages, 100U * 4) << "an append and its answer, to each of two";
  EXPECT_EQ(one.phase_calls[0], 0U);
  const CoreCosts many = cores.Replicate(128, 10, 64, true);
  EXPECT_EQ(many.phase_calls[static_cast<std::size_t>(Phase::kPropose)], 128U);
  EXPECT_EQ(many.phase_calls[static_cast<std::size_t>(Phase::kStep)], many.messages);
  EXPECT_LT(many.messages, 128U) << "those that are proposed together travel together";
  EXPECT_EQ(cores.Heartbeats(10).messages, 10U * 4);
}

TEST(BenchRaft, FiguresAreOfThreeAndFiveNodesAndAllThere) {
  const std::vector<RaftRow> rows = MeasureRaft({.entries = 200, .bytes = 100, .rounds = 2});
  ASSERT_EQ(rows.size(), 6U);
  const auto json = nlohmann::json::parse(AsJson(rows));
  for (const auto& row : json["rows"]) {
    EXPECT_GT(row["messages_per_s"], 0);
    if (row["workload"] == "heartbeats") continue;
    EXPECT_GT(row["ns_per_entry"], 0);
    for (const char* name : {"propose", "output", "step", "persist", "apply"}) {
      EXPECT_GT(row[std::string(name) + "_ns_per_entry"], 0) << name;
    }
  }
  EXPECT_NE(AsText(rows).find("5 nodes, 64 at a time"), std::string::npos);
}

}  // namespace
}  // namespace beach::bench
