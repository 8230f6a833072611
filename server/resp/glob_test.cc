// SPDX-License-Identifier: Apache-2.0
#include "server/resp/glob.h"

#include <gtest/gtest.h>

namespace beach::server {
namespace {

TEST(Glob, MatchesAllOfTheText) {
  EXPECT_TRUE(MatchesGlob("", ""));
  EXPECT_TRUE(MatchesGlob("*", ""));
  EXPECT_TRUE(MatchesGlob("a*c", "abbc"));
  EXPECT_FALSE(MatchesGlob("a*c", "abbcd"));
  EXPECT_TRUE(MatchesGlob("*ab*ab*", "xabyabz"));
  EXPECT_FALSE(MatchesGlob("?", ""));
  EXPECT_TRUE(MatchesGlob("h?llo", "hallo"));
  EXPECT_TRUE(MatchesGlob("h[ae]llo", "hello"));
  EXPECT_FALSE(MatchesGlob("h[^ae]llo", "hello"));
  EXPECT_TRUE(MatchesGlob("[a-c]x[^0-9]", "bx!"));
  EXPECT_TRUE(MatchesGlob("[c-a]", "b"));
  EXPECT_TRUE(MatchesGlob("\\*", "*"));
  EXPECT_FALSE(MatchesGlob("\\*", "x"));
  EXPECT_TRUE(MatchesGlob("[\\]]", "]"));
  EXPECT_TRUE(MatchesGlob("[ab", "b"));
  EXPECT_FALSE(MatchesGlob("[", "x"));
  EXPECT_TRUE(MatchesGlob("a\\", "a\\"));
  EXPECT_TRUE(MatchesGlob("[\xff]", "\xff"));
}

TEST(Glob, ManyStarsTakeNoTime) {
  Bytes pattern;
  for (int i = 0; i < 1000; ++i) pattern += "a*";
  EXPECT_FALSE(MatchesGlob(pattern + "b", Bytes(10'000, 'a')));
}

}  // namespace
}  // namespace beach::server
