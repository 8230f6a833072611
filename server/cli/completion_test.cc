// SPDX-License-Identifier: Apache-2.0
#include "server/cli/completion.h"

#include <gtest/gtest.h>

namespace beach::server {
namespace {

using Words = std::vector<std::string>;

constexpr CommandShape kShapes[] = {
    {"scan", "[FROM] [TO]", "--limit N, --reverse", "Print"},
    {"member", "add|remove|ascend NODE", "--limit N", "Change"},
    {"members", "", "", "Print members"},
};

Words Complete(const std::string& before, const std::string& begun) {
  return Completions(kShapes, before, begun);
}

TEST(Completion, TheFirstWordIsACommand) {
  EXPECT_EQ(Complete("", "mem"), (Words{"member", "members"}));
  EXPECT_EQ(Complete("  ", "s"), Words{"scan"});
  EXPECT_EQ(Complete("", ""), (Words{"member", "members", "scan"}));
  EXPECT_EQ(Complete("", "x"), Words{});
}

TEST(Completion, OptionsAreThoseOfTheCommand) {
  EXPECT_EQ(Complete("scan a ", "--"), (Words{"--limit", "--reverse"}));
  EXPECT_EQ(Complete("scan a ", "--r"), Words{"--reverse"});
  EXPECT_EQ(Complete("members ", "--"), Words{});
  EXPECT_EQ(Complete("nonsense ", "--"), Words{});
}

TEST(Completion, WordsOutOfAListAreThoseOfTheirPlace) {
  EXPECT_EQ(Complete("member ", ""), (Words{"add", "remove", "ascend"}));
  EXPECT_EQ(Complete("member --limit 5 ", "a"), (Words{"add", "ascend"}));
  EXPECT_EQ(Complete("member add ", "a"), Words{});
  EXPECT_EQ(Complete("scan ", "a"), Words{});
  EXPECT_EQ(Complete("member 'a", "a"), Words{});
}

TEST(Completion, AHintSaysWhatIsTaken) {
  EXPECT_EQ(HintOf(kShapes, " scan a"), "scan [FROM] [TO] [--limit N] [--reverse]\n  Print");
  EXPECT_EQ(HintOf(kShapes, "sca"), "");
  EXPECT_EQ(HintOf(kShapes, ""), "");
}

TEST(Secrets, AreNotForAHistory) {
  for (const char* const line : {"auth me x", "put API_TOKEN x", "put password 1", "get Secret"}) {
    EXPECT_TRUE(IsSecret(line)) << line;
  }
  EXPECT_FALSE(IsSecret("put colour blue"));
}

}  // namespace
}  // namespace beach::server
