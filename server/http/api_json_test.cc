// SPDX-License-Identifier: Apache-2.0
#include "server/http/api_json.h"

#include <gtest/gtest.h>

#include <string>

namespace beach::server {
namespace {

std::string Render(std::string_view path, const NodeFacts& facts) {
  for (const ApiDocument& document : ApiDocuments()) {
    if (path == document.path) return document.render(facts);
  }
  return {};
}

TEST(ApiJson, TextIsQuotedWhateverItsBytes) {
  EXPECT_EQ(JsonText("a\"\\\n\x01</script>"), "\"a\\\"\\\\\\u000a\\u0001</script>\"");
  EXPECT_EQ(JsonText("\xc3\xa9\xf0\x9f\x8f\x96"), "\"\xc3\xa9\xf0\x9f\x8f\x96\"");
  EXPECT_EQ(JsonText("\xff\xc3"), "\"\\ufffd\\ufffd\"");
  EXPECT_EQ(JsonText("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");  // a surrogate
  EXPECT_EQ(JsonText("\xc0\x80"), "\"\\ufffd\\ufffd\"");             // longer than need be
}

TEST(ApiJson, MembersOfALeaderLagThoseOfOthersDoNotSay) {
  NodeFacts facts;
  facts.node = facts.leader = raft::NodeId(2);
  facts.role = raft::Role::kLeader;
  facts.commit = raft::LogIndex(9);
  facts.members = {{.node = raft::NodeId(1),
                    .address = "a:1",
                    .voter = true,
                    .match = raft::LogIndex(4),
                    .silent_ns = 7'000'000}};
  EXPECT_EQ(Render("/api/members.json", facts),
            R"({"node":2,"leader":2,"term":0,"members":[{"node":1,"address":"a:1","voter":true,)"
            R"("leads":false,"match":4,"lag":5,"silent_ms":7}]})");
  facts.role = raft::Role::kFollower;
  EXPECT_EQ(Render("/api/members.json", facts).find("lag"), std::string::npos);
}

TEST(ApiJson, LevelsAndStatus) {
  NodeFacts facts;
  facts.engine.levels = {{.tables = 3, .bytes = 300}, {}};
  EXPECT_TRUE(Render("/api/levels.json", facts)
                  .starts_with(R"({"levels":[{"tables":3,"bytes":300},{"tables":0,"bytes":0}],)"));
  const std::string status = Render("/api/status.json", facts);
  EXPECT_NE(status.find(R"("ready":false,"why_not_ready":"no leader is known")"), std::string::npos)
      << status;
}

}  // namespace
}  // namespace beach::server
