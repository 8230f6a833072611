// SPDX-License-Identifier: Apache-2.0
#include "server/cli/txn_words.h"

#include <gtest/gtest.h>

#include "server/cli/words.h"

namespace beach::server {
namespace {

TEST(Transaction, IsReadAsItIsTyped) {
  const auto words = SplitWords(
      "if a = 1 and b != 2 and c exists and d absent then put a 2 del b get c else get a");
  const auto read = ReadTransaction(*words);
  ASSERT_TRUE(read) << read.error().ToString();
  ASSERT_EQ(read->conditions.size(), 4U);
  EXPECT_EQ(read->conditions[0], (Condition{ConditionKind::kEquals, "a", "1"}));
  EXPECT_EQ(read->conditions[1], (Condition{ConditionKind::kDiffers, "b", "2"}));
  EXPECT_EQ(read->conditions[2], (Condition{ConditionKind::kPresent, "c", ""}));
  EXPECT_EQ(read->conditions[3], (Condition{ConditionKind::kAbsent, "d", ""}));
  ASSERT_EQ(read->operations.size(), 3U);
  EXPECT_EQ(read->operations[0].kind, OperationKind::kPut);
  EXPECT_EQ(read->operations[0].key, "a");
  EXPECT_EQ(read->operations[0].value, "2");
  EXPECT_EQ(read->operations[1].kind, OperationKind::kDelete);
  EXPECT_EQ(read->operations[2].kind, OperationKind::kGet);
  ASSERT_EQ(read->otherwise.size(), 1U);
  EXPECT_EQ(read->otherwise[0].key, "a");
}

TEST(Transaction, AWordsPlaceSaysWhatItIs) {
  const auto words = SplitWords("if if = then then put else and del put");
  const auto read = ReadTransaction(*words);
  ASSERT_TRUE(read) << read.error().ToString();
  EXPECT_EQ(read->conditions[0], (Condition{ConditionKind::kEquals, "if", "then"}));
  EXPECT_EQ(read->operations[0].key, "else");
  EXPECT_EQ(read->operations[0].value, "and");
  EXPECT_EQ(read->operations[1].key, "put");
}

TEST(Transaction, WhatMakesNoSenseIsTold) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "expected if or then, not the end"},
      {"put a 1", "expected if or then, not 'put'"},
      {"then", "expected put, del or get, not the end"},
      {"then put a", "expected a value, not the end"},
      {"then del", "expected a key, not the end"},
      {"then get a more", "expected put, del, get or the end, not 'more'"},
      {"if a then get a", "expected =, !=, exists or absent, not 'then'"},
      {"if a = 1 get a", "expected and or then, not 'get'"},
      {"if a exists and then get a", "expected =, !=, exists or absent, not 'get'"},
      {"if a exists then get a else", "expected put, del or get, not the end"},
      {"then get a else get b", "expected no else without if, not 'else'"},
  };
  for (const auto& [line, why] : cases) {
    const auto words = SplitWords(line);
    const auto read = ReadTransaction(*words);
    ASSERT_FALSE(read) << line;
    EXPECT_EQ(read.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(read.error().message(), std::string("txn: ") + why) << line;
  }
}

}  // namespace
}  // namespace beach::server
