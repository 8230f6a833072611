// SPDX-License-Identifier: Apache-2.0
#include "engine/merge_operator.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <vector>

#include "base/coding.h"

namespace beach::engine {
namespace {

Bytes Number(std::int64_t number) {
  Bytes bytes;
  Encoder(bytes).Fixed64(static_cast<std::uint64_t>(number));
  return bytes;
}

std::optional<Bytes> Merged(std::optional<Bytes> value, MergeOperator merge_operator,
                            ByteView operand) {
  const Status folded = FoldOperands({EncodeOperand(merge_operator, operand)}, value);
  EXPECT_TRUE(folded.has_value());
  return value;
}

TEST(MergeOperator, EachTakesEveryValueAndNone) {
  using enum MergeOperator;
  EXPECT_EQ(Merged({}, kAdd, Number(3)), Number(3));
  EXPECT_EQ(Merged(Number(-5), kAdd, Number(3)), Number(-2));
  EXPECT_EQ(Merged("not a number", kAdd, Number(3)), Number(3));
  EXPECT_EQ(Merged(Number(std::numeric_limits<std::int64_t>::max()), kAdd, Number(1)),
            Number(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(Merged({}, kAppend, ""), "");
  EXPECT_EQ(Merged("a", kAppend, "b"), "ab");
  EXPECT_EQ(Merged({}, kMax, ""), "");
  EXPECT_EQ(Merged("b", kMax, "a\xff"), "b");
  EXPECT_EQ(Merged("b", kMax, "\x80"), "\x80");
  EXPECT_EQ(Merged("b", kMin, "a\xff"), "a\xff");
  EXPECT_EQ(Merged("b", kMin, "\x80"), "b");
}

TEST(MergeOperator, MalformedOperandsAreTold) {
  MergeOperand operand;
  EXPECT_FALSE(ParseOperand("", operand));
  EXPECT_FALSE(ParseOperand("\x04value", operand));
  EXPECT_FALSE(ParseOperand(EncodeOperand(MergeOperator::kAdd, "1234567"), operand));
  EXPECT_FALSE(ParseOperand(EncodeOperand(MergeOperator::kAdd, "123456789"), operand));
  EXPECT_TRUE(ParseOperand(EncodeOperand(MergeOperator::kAppend, ""), operand));
  std::optional<Bytes> value;
  const Status folded = FoldOperands({"\x07"}, value);
  ASSERT_FALSE(folded);
  EXPECT_EQ(folded.error().code(), ErrorCode::kCorruption);
}

// What compaction relies on.
TEST(MergeOperator, CombinedOperandsDoWhatBothDo) {
  EXPECT_TRUE(rc::check([] {
    const auto merge_operator = static_cast<MergeOperator>(*rc::gen::inRange(0, 4));
    const auto draw = [&]() -> Bytes {
      if (merge_operator == MergeOperator::kAdd) return Number(*rc::gen::arbitrary<std::int64_t>());
      return *rc::gen::element(Bytes(), Bytes("a"), Bytes("ab"), Bytes("\xff"));
    };
    const Bytes older = draw();
    const Bytes newer = draw();
    std::optional<Bytes> value;
    if (*rc::gen::arbitrary<bool>()) value = draw();
    const auto expected = Merged(Merged(value, merge_operator, older), merge_operator, newer);
    const Bytes both = CombineOperands({merge_operator, older}, {merge_operator, newer});
    const Status folded = FoldOperands({both}, value);
    RC_ASSERT(folded.has_value());
    RC_ASSERT(value == expected);
  }));
}

TEST(MergeOperator, OperandsAreDescribedForPeople) {
  EXPECT_EQ(DescribeOperand(EncodeOperand(MergeOperator::kAdd, Number(-7))), "add -7");
  EXPECT_EQ(DescribeOperand(EncodeOperand(MergeOperator::kAppend, "a\n")), "append \"a\\x0a\"");
  EXPECT_EQ(DescribeOperand(EncodeOperand(MergeOperator::kMax, "")), "max \"\"");
  EXPECT_EQ(DescribeOperand(EncodeOperand(MergeOperator::kMin, "z")), "min \"z\"");
  EXPECT_EQ(DescribeOperand("\x04z"), "malformed \"\\x04z\"");
}

}  // namespace
}  // namespace beach::engine
