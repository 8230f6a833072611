// SPDX-License-Identifier: Apache-2.0
#include "server/cli/command_shape.h"

#include <gtest/gtest.h>

namespace beach::server {
namespace {

using Words = std::vector<std::string>;
using Options = std::map<std::string, std::string>;

constexpr CommandShape kShape = {"look", "KEY [TO]", "--limit N, --absent", "Look"};

Result<Given> Read(const Words& line) { return ReadGiven(kShape, line); }

TEST(CommandShape, SaysWhatItTakes) {
  EXPECT_EQ(kShape.usage(), "look KEY [TO] [--limit N] [--absent]");
  EXPECT_EQ(CommandShape("help", "", "", "").usage(), "help");
}

TEST(CommandShape, OptionsStandAnywhere) {
  const auto given = Read({"--limit", "5", "a", "--absent", "b"});
  ASSERT_TRUE(given);
  EXPECT_EQ(given->words, (Words{"a", "b"}));
  EXPECT_EQ(given->options, (Options{{"--limit", "5"}, {"--absent", ""}}));
  EXPECT_EQ(Read({"a", "--limit=5"})->options, (Options{{"--limit", "5"}}));
}

TEST(CommandShape, BehindTwoDashesAllAreWords) {
  const auto given = Read({"--", "--limit", "--"});
  ASSERT_TRUE(given);
  EXPECT_EQ(given->words, (Words{"--limit", "--"}));
  EXPECT_TRUE(given->options.empty());
}

TEST(CommandShape, TheLastWordMayStandForMany) {
  constexpr CommandShape kMany = {"say", "TO WORD...", "", "Say"};
  EXPECT_EQ(kMany.usage(), "say TO WORD...");
  EXPECT_EQ(kMany.words().back().name, "WORD");
  EXPECT_FALSE(ReadGiven(kMany, Words{"you"}));
  EXPECT_EQ(ReadGiven(kMany, Words{"you", "a", "b", "c"})->words, (Words{"you", "a", "b", "c"}));
}

TEST(CommandShape, WhatDoesNotFitIsAnsweredWithTheUsage) {
  for (const Words& line : {Words{}, Words{"a", "b", "c"}, Words{"a", "--limit"},
                            Words{"a", "--lots", "5"}, Words{"a", "--absent=yes"}}) {
    const auto given = Read(line);
    ASSERT_FALSE(given);
    EXPECT_EQ(given.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(given.error().message().find("usage: look KEY [TO]"), std::string::npos);
  }
}

}  // namespace
}  // namespace beach::server
