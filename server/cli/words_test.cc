// SPDX-License-Identifier: Apache-2.0
#include "server/cli/words.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace beach::server {
namespace {

using Words = std::vector<std::string>;

TEST(Words, EndAtBlanks) {
  EXPECT_EQ(SplitWords("").value(), Words());
  EXPECT_EQ(SplitWords(" \t\r").value(), Words());
  EXPECT_EQ(SplitWords(" put  a\tb ").value(), (Words{"put", "a", "b"}));
}

TEST(Words, QuotesKeepBlanksAndMakeEmptyWords) {
  EXPECT_EQ(SplitWords("put 'a b' \"c d\"").value(), (Words{"put", "a b", "c d"}));
  EXPECT_EQ(SplitWords("put '' \"\"").value(), (Words{"put", "", ""}));
  EXPECT_EQ(SplitWords("a'b'\"c\"d").value(), Words{"abcd"});
  EXPECT_EQ(SplitWords("'\\n' \"'\"").value(), (Words{"\\n", "'"}));
}

TEST(Words, EscapesAreBytes) {
  EXPECT_EQ(SplitWords("\"\\x00\\xfF\" a\\ b \\n\\t\\r\\\\\\\"\\'").value(),
            (Words{std::string("\0\xff", 2), "a b", "\n\t\r\\\"'"}));
}

TEST(Words, ARemarkEndsTheLine) {
  EXPECT_EQ(SplitWords("# nothing").value(), Words());
  EXPECT_EQ(SplitWords("get a#b # c").value(), (Words{"get", "a#b"}));
}

TEST(Words, WhatIsWrongHasAPlace) {
  for (const auto& [line, place] : std::map<std::string, std::string>{{"put 'a", "column 5"},
                                                                      {"\"", "column 1"},
                                                                      {"a \\q", "column 3"},
                                                                      {"\\x1", "column 1"},
                                                                      {"\\", "column 1"}}) {
    const auto words = SplitWords(line);
    ASSERT_FALSE(words.has_value()) << line;
    EXPECT_EQ(words.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(words.error().ToString().find(place), std::string::npos) << words.error().ToString();
  }
}

// Any words, each quoted in hexadecimal, come back.
RC_GTEST_PROP(Words, AnyBytesCanBeSaid, (const Words& words)) {
  std::string line;
  for (const std::string& word : words) {
    line += " \"";
    for (const char c : word) {
      static constexpr char kDigits[] = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      line += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    line += '"';
  }
  RC_ASSERT(SplitWords(line).value() == words);
}

RC_GTEST_PROP(Words, AnyLineIsWordsOrAnError, (const std::string& line)) {
  const auto words = SplitWords(line);
  RC_ASSERT(words.has_value() || words.error().code() == ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace beach::server
