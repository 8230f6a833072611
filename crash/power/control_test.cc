// SPDX-License-Identifier: Apache-2.0
#include "crash/power/control.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "env/os/os_clock.h"

namespace beach::crash {
namespace {

using nlohmann::json;

struct ControlTest : testing::Test {
  json Answer(const std::string& line) { return json::parse(AnswerControl(machine, line).line); }

  env::OsClock clock;
  Machine machine{{}, clock, [] {}};
};

TEST_F(ControlTest, EachVerbIsDone) {
  EXPECT_EQ(Answer(R"({"do":"status"})")["powered"], true);
  EXPECT_EQ(Answer(R"({"do":"cut-at","n":3})")["at"], 3);
  EXPECT_EQ(Answer(R"({"do":"status"})")["cut_at"], 3);
  EXPECT_EQ(Answer(R"({"do":"pending"})")["pending"], json::array());
  EXPECT_EQ(Answer(R"({"do":"fault","site":"disk.eio.sync","per_million":5})")["ok"], true);
  EXPECT_EQ(Answer(R"({"do":"faults"})")["faults"][1]["per_million"], 5);
  EXPECT_EQ(Answer(R"({"do":"cut"})")["pending"], 0);
  EXPECT_EQ(Answer(R"({"do":"status"})")["powered"], false);
  EXPECT_FALSE(Answer(R"({"do":"status"})").contains("cut_at"));
  EXPECT_EQ(Answer(R"({"do":"wait-cut","ms":1})")["lost"], true);
  EXPECT_EQ(Answer(R"({"do":"power-on"})")["released"], 0);
  EXPECT_TRUE(AnswerControl(machine, R"({"do":"quit"})").quit);
}

TEST_F(ControlTest, AWaitIsAnsweredLater) {
  const ControlReply reply = AnswerControl(machine, R"({"do":"wait-cut","ms":20})");
  EXPECT_EQ(reply.wait_ms, 20U);
  EXPECT_EQ(json::parse(WaitReply(false)), (json{{"ok", true}, {"lost", false}}));
}

TEST_F(ControlTest, WhatMakesNoSenseIsRefusedWithAReason) {
  for (const char* line :
       {"", "{", "[]", "null", "7", R"({"do":7})", R"({"do":"none"})", R"({"DO":"cut"})",
        R"({"do":"cut-at"})", R"({"do":"cut-at","n":-1})", R"({"do":"cut-at","n":1.5})",
        R"({"do":"cut-at","n":"1"})", R"({"do":"cut-at","n":18446744073709551616})",
        R"({"do":"fault","site":7,"per_million":1})", R"({"do":"fault","per_million":1})",
        R"({"do":"wait-cut","ms":99999999999})", R"({"do":"power-on"})", "{\"do\":\"\xff\"}"}) {
    const json answer = Answer(line);
    EXPECT_EQ(answer["ok"], false) << line;
    EXPECT_FALSE(answer["error"].get<std::string>().empty()) << line;
  }
  EXPECT_TRUE(machine.powered());
}

TEST_F(ControlTest, WordsBecomeTheLineThatIsUnderstood) {
  const auto line = ControlLine("fault", {"disk.eio.sync", "1000"});
  ASSERT_TRUE(line);
  EXPECT_EQ(Answer(*line)["ok"], true);
  EXPECT_EQ(json::parse(*ControlLine("cut-at", {"7"})), (json{{"do", "cut-at"}, {"n", 7}}));
  for (const auto& [verb, words] :
       std::vector<std::pair<std::string, std::vector<std::string>>>{{"none", {}},
                                                                     {"cut", {"1"}},
                                                                     {"cut-at", {}},
                                                                     {"cut-at", {"x"}},
                                                                     {"cut-at", {"-1"}},
                                                                     {"fault", {"1000"}}}) {
    const auto refused = ControlLine(verb, words);
    ASSERT_FALSE(refused) << verb;
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace beach::crash
