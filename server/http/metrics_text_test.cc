// SPDX-License-Identifier: Apache-2.0
#include "server/http/metrics_text.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "server/http/api_json.h"
#include "server/http/http_port.h"

namespace beach::server {
namespace {

NodeFacts Leader() {
  NodeFacts facts;
  facts.version = "1\"\\\n";
  facts.uptime_ns = 1'500'000'000;
  facts.node = facts.leader = raft::NodeId(2);
  facts.role = raft::Role::kLeader;
  facts.commit = facts.applied = raft::LogIndex(50);
  facts.members = {{.node = raft::NodeId(1),
                    .address = "a:1",
                    .voter = true,
                    .match = raft::LogIndex(47),
                    .silent_ns = 20'000'000},
                   {.node = raft::NodeId(2),
                    .address = "b:1",
                    .voter = true,
                    .match = raft::LogIndex(51),
                    .silent_ns = 0}};
  facts.engine.levels = {{.tables = 3, .bytes = 300}, {.tables = 1, .bytes = 1000}};
  facts.engine.pressure_reason = "level 0";
  facts.engine.pressure = 400;
  return facts;
}

TEST(MetricsText, HasWhatTheFactsSay) {
  const std::string text = "\n" + MetricsText(Leader(), {.clients = 4});
  for (const char* line :
       {"beachdb_info{version=\"1\\\"\\\\\\n\"} 1", "beachdb_uptime_seconds 1.500000000",
        "beachdb_ready 1", "beachdb_raft_role{role=\"leader\"} 1",
        "beachdb_raft_role{role=\"follower\"} 0", "beachdb_raft_member_lag_entries{node=\"1\"} 3",
        "beachdb_raft_member_lag_entries{node=\"2\"} 0",
        "beachdb_raft_member_silent_seconds{node=\"1\"} 0.020000000",
        "beachdb_engine_level_bytes{level=\"1\"} 1000",
        "beachdb_engine_pressure{reason=\"level 0\"} 400", "beachdb_clients{kind=\"http\"} 4"}) {
    EXPECT_NE(text.find("\n" + std::string(line) + "\n"), std::string::npos) << line << text;
  }
}

TEST(MetricsText, OfMembersOnlyALeaderTells) {
  NodeFacts facts = Leader();
  facts.role = raft::Role::kFollower;
  EXPECT_EQ(MetricsText(facts, {}).find("lag_entries{"), std::string::npos);
}

TEST(MetricsText, EachLineIsOfTheMetricThatStandsAboveItAndNoneIsThereTwice) {
  std::istringstream lines(MetricsText(Leader(), {}));
  std::set<std::string> seen;
  std::string name;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) {
      name = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(name.starts_with("beachdb_")) << line;
      EXPECT_TRUE(seen.insert(name).second) << line;
    } else if (line.starts_with("# TYPE ")) {
      const bool counter = name.ends_with("_total");
      EXPECT_EQ(line, "# TYPE " + name + (counter ? " counter" : " gauge"));
    } else {
      EXPECT_EQ(line.substr(0, line.find_first_of(" {")), name);
    }
  }
}

TEST(MetricsPage, TheDocumentHasBothTables) {
  std::ifstream in(BEACH_SOURCE_DIR "/docs/metrics.md");
  std::stringstream page;
  page << in.rdbuf();
  for (const std::string& table : {MetricsPage(), ApiPage()}) {
    EXPECT_NE(page.str().find(table), std::string::npos) << "put this in its place:\n" << table;
  }
}

}  // namespace
}  // namespace beach::server
