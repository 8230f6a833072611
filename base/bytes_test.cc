// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/check.h"

namespace beach {
namespace {

using namespace std::string_literals;

TEST(Bytes, OrderIsUnsignedBytewise) {
  EXPECT_LT(Bytes("a"), Bytes("b"));
  EXPECT_LT(Bytes("a"), Bytes("aa"));
  EXPECT_LT(Bytes("\x7f"), Bytes("\x80"));
  EXPECT_LT(ByteView("\x7f"), ByteView("\xff"));
  EXPECT_LT(Bytes(), "\0"s);
  EXPECT_LT("a\0b"s, "a\1"s);
}

TEST(Printable, EscapesWhatIsNotPrintableAscii) {
  EXPECT_EQ(Printable("plain text~"), "plain text~");
  EXPECT_EQ(Printable("\0\n\x7f\xff"s), "\\x00\\x0a\\x7f\\xff");
  EXPECT_EQ(Printable(""), "");
}

TEST(Printable, IsUnambiguous) {
  EXPECT_NE(Printable("\\x00"), Printable("\0"s));
  EXPECT_EQ(Printable("\\"), "\\x5c");
}

TEST(Printable, CutsLongBytesAndSaysHowLongTheyAre) {
  EXPECT_EQ(Printable(Bytes(64, 'a')), Bytes(64, 'a'));
  EXPECT_EQ(Printable(Bytes(65, 'a')), Bytes(64, 'a') + "... (65 bytes)");
  EXPECT_EQ(Printable("abcdef", 2), "ab... (6 bytes)");
}

TEST(CheckDeathTest, FailureSaysFileLineExpressionAndValues) {
  const int left = 3;
  EXPECT_DEATH(BEACH_CHECK(left == 4), "bytes_test.cc:[0-9]+: check failed: left == 4");
  EXPECT_DEATH(BEACH_CHECK_EQ(left, 4), "left == 4 \\(left 3, right 4\\)");
  BEACH_CHECK(left == 3);
  BEACH_CHECK_LT(left, 4);
}

TEST(Check, EvaluatesItsOperandsOnce) {
  int evaluations = 0;
  BEACH_CHECK_EQ(++evaluations, 1);
  BEACH_CHECK(++evaluations == 2);
  EXPECT_EQ(evaluations, 2);
}

TEST(Bytes, ResizeUnfilledGivesTheSizeAskedForAndKeepsWhatWasThere) {
  for (const std::size_t before : {0U, 10U, 16U, 100U}) {
    for (const std::size_t after : {0U, 1U, 15U, 17U, 31U, 250U}) {
      Bytes bytes(before, 'x');
      ResizeUnfilled(bytes, after);
      ASSERT_EQ(bytes.size(), after);
      EXPECT_EQ(bytes.substr(0, before), Bytes(std::min(before, after), 'x'));
    }
  }
}

}  // namespace
}  // namespace beach
