// SPDX-License-Identifier: Apache-2.0
#include "oracle/merge.h"

#include <gtest/gtest.h>

namespace beach::oracle {
namespace {

Bytes Add(const std::optional<Bytes>& value, std::uint64_t number) {
  return Merged(MergeKind::kAdd, value, NumberOperand(number));
}

TEST(Merged, SumsCarryAndWrapRound) {
  EXPECT_EQ(NumberOperand(0x0102), Bytes("\2\1\0\0\0\0\0\0", 8));
  EXPECT_EQ(Add(NumberOperand(0xffff), 1), NumberOperand(0x10000));
  EXPECT_EQ(Add(NumberOperand(~std::uint64_t{0}), 3), NumberOperand(2));
}

TEST(Merged, WhatIsNoNumberCountsAsZero) {
  EXPECT_EQ(Add(std::nullopt, 7), NumberOperand(7));
  EXPECT_EQ(Add("seven", 7), NumberOperand(7));
}

TEST(Merged, AnAppendGoesBehind) {
  EXPECT_EQ(Merged(MergeKind::kAppend, "a", "b"), "ab");
  EXPECT_EQ(Merged(MergeKind::kAppend, std::nullopt, "b"), "b");
}

TEST(Merged, TheGreaterAndTheLesserAreSoBytewiseAndNoValueGivesWay) {
  EXPECT_EQ(Merged(MergeKind::kMax, "\x7f", "\x80"), "\x80");
  EXPECT_EQ(Merged(MergeKind::kMin, "\x7f", "\x80"), "\x7f");
  EXPECT_EQ(Merged(MergeKind::kMax, std::nullopt, ""), "");
  EXPECT_EQ(Merged(MergeKind::kMin, std::nullopt, "z"), "z");
}

}  // namespace
}  // namespace beach::oracle
