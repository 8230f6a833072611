// SPDX-License-Identifier: Apache-2.0
#include "server/cli/rows.h"

#include <gtest/gtest.h>

#include "server/cli/words.h"

namespace beach::server {
namespace {

constexpr char kOdd[] = "\xff\x00";
const Bytes kOddBytes(kOdd, 2);

TEST(Rows, ATableIsAlignedUnderItsNames) {
  Rows rows(OutputForm::kTable, {"key", "value", "lag"});
  rows.Add({Bytes("a"), Bytes("dark blue"), std::uint64_t{7}});
  rows.Add({Bytes("größe"), Bytes(), std::monostate()});
  EXPECT_EQ(rows.Take(),
            "key    value        lag\n"
            "a      \"dark blue\"  7\n"
            "größe  \"\"           -\n");
  EXPECT_EQ(rows.Take(), "");
  rows.Add({kOddBytes, Bytes("x"), std::uint64_t{0}});
  EXPECT_EQ(rows.Take(), "\"\\xff\\x00\"  x            0\n");  // no names again
}

TEST(Rows, RawBytesAreAsTheyAre) {
  Rows rows(OutputForm::kRaw, {"key", "value"});
  rows.Add({kOddBytes, Bytes("dark blue")});
  rows.Add({Bytes("n"), std::uint64_t{7}});
  rows.Add({Bytes("none"), std::monostate()});
  EXPECT_EQ(rows.Take(), kOddBytes + "\tdark blue\nn\t7\nnone\t\n");
}

TEST(Rows, JsonHasOneObjectALineAndLosesNoByte) {
  Rows rows(OutputForm::kJson, {"key", "value"});
  rows.Add({Bytes("größe"), std::uint64_t{7}});
  rows.Add({kOddBytes, std::monostate()});
  EXPECT_EQ(rows.Take(),
            "{\"key\":\"größe\",\"value\":7}\n"
            "{\"key_base64\":\"/wA=\",\"value\":null}\n");
}

TEST(Rows, NothingIsPrintedOfNoRows) { EXPECT_EQ(Rows(OutputForm::kTable, {"key"}).Take(), ""); }

TEST(Base64, HasAllLengthsOfItsLastGroup) {
  nlohmann::json object;
  SetBytes(object, "a", "\xff");
  SetBytes(object, "b", "\xff\xfe");
  SetBytes(object, "c", "\xff\xfe\xfd");
  SetBytes(object, "d", "\xff\xfe\xfd\xfc");
  EXPECT_EQ(object["a_base64"], "/w==");
  EXPECT_EQ(object["b_base64"], "//4=");
  EXPECT_EQ(object["c_base64"], "//79");
  EXPECT_EQ(object["d_base64"], "//79/A==");
}

TEST(Utf8, WhatIsNoLetterIsFound) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("sea, größe, \xe2\x82\xac, \xf0\x9f\x8c\x8a"));
  for (const char* const wrong :
       {"\x80", "\xc3", "\xc3(", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xe2\x82",
        "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_FALSE(IsUtf8(wrong)) << Quoted(wrong);
  }
}

// A terminal obeys them: a value must not move its cursor.
TEST(Quoted, ControlBytesAreNotHandedToATerminal) {
  EXPECT_EQ(Quoted("\x1b[2J"), "\"\\x1b[2J\"");
  EXPECT_EQ(Quoted("\xc2\x9b"), "\"\\xc2\\x9b\"");
  EXPECT_EQ(ShownValue("\x1b[2J", OutputForm::kTable), "\"\\x1b[2J\"");
  EXPECT_EQ(ShownValue("\x1b[2J", OutputForm::kRaw), "\x1b[2J");
  EXPECT_EQ(ShownValue("two\n\tlines", OutputForm::kTable), "two\n\tlines");
}

TEST(Quoted, IsReadBackAsOneWord) {
  for (const Bytes& bytes : {Bytes("plain"), Bytes(), Bytes("dark blue"), Bytes("#1"),
                             Bytes("a'b\"c\\"), Bytes("\n\t"), kOddBytes, Bytes("größe")}) {
    const auto words = SplitWords(Quoted(bytes));
    ASSERT_TRUE(words) << Quoted(bytes);
    EXPECT_EQ(*words, std::vector<std::string>{bytes});
  }
}

TEST(OutputForm, OthersAreRefused) {
  EXPECT_EQ(*ParseOutputForm("raw"), OutputForm::kRaw);
  EXPECT_EQ(ParseOutputForm("xml").error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace beach::server
