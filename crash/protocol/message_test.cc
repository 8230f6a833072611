// SPDX-License-Identifier: Apache-2.0
#include "crash/protocol/message.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "crash/protocol/line_reader.h"

namespace beach::crash {
namespace {

Bytes AllBytes() {
  Bytes all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  return all;
}

TEST(Message, AnyBytesComeBack) {
  const std::vector<Change> batch = {{Change::Kind::kPut, AllBytes(), AllBytes()},
                                     {Change::Kind::kDelete, "", {}},
                                     {Change::Kind::kErase, "a", AllBytes()}};
  const Entries entries = {{"", AllBytes()}, {AllBytes(), ""}};
  const std::string line =
      Json{{"batch", ToJson(batch)}, {"entries", ToJson(entries)}, {"key", ToJson(AllBytes())}}
          .dump();
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto json = ParseLine(line);
  ASSERT_TRUE(json);
  EXPECT_EQ(*BatchAt(*json, "batch"), batch);
  EXPECT_EQ(*EntriesAt(*json, "entries"), entries);
  EXPECT_EQ(*BytesAt(*json, "key"), AllBytes());
}

TEST(Message, WhatIsNoMessageIsRefused) {
  for (const char* line :
       {"", "{", "[]", "1", "{} {}", "{\"a\":\"\\ud800\"}", "{\"a\":[[[[[[[[1]]]]]]]]}", "\xff"}) {
    const auto json = ParseLine(line);
    ASSERT_FALSE(json) << line;
    EXPECT_EQ(json.error().code(), ErrorCode::kInvalidArgument) << line;
  }
}

TEST(Message, WrongFieldsAreNamed) {
  const auto json =
      ParseLine(R"({"number":-1,"text":5,"high":"ā","batch":[["put","a"]],"other":{},"flag":1})");
  ASSERT_TRUE(json);
  const auto names = [](const auto& result, const char* field) {
    return !result && result.error().message().find(field) != std::string::npos;
  };
  EXPECT_TRUE(names(NumberAt(*json, "number"), "number"));
  EXPECT_TRUE(names(NumberAt(*json, "absent"), "absent"));
  EXPECT_EQ(*NumberAt(*json, "absent", 7), 7U);
  EXPECT_TRUE(names(BytesAt(*json, "text"), "text"));
  EXPECT_TRUE(names(BytesAt(*json, "high"), "high"));
  EXPECT_TRUE(names(BatchAt(*json, "batch"), "batch"));
  EXPECT_TRUE(names(EntriesAt(*json, "other"), "other"));
  EXPECT_TRUE(names(FlagAt(*json, "flag", true), "flag"));
}

class LineReaderTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0); }
  void TearDown() override {
    ::close(ends_[0]);
    EndInput();
  }
  void Write(const std::string& text) {
    ASSERT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void EndInput() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

TEST_F(LineReaderTest, LinesComeWholeAndTheLastWithoutAnEndDoesNot) {
  LineReader lines(ends_[0]);
  Write("one\n\ntw");
  EXPECT_EQ(**lines.Next(), "one");
  EXPECT_EQ(**lines.Next(), "");
  EXPECT_EQ(lines.Take(), std::nullopt);
  Write("o\nthr");
  EXPECT_EQ(**lines.Next(), "two");
  EndInput();
  EXPECT_EQ(*lines.Next(), std::nullopt);
}

}  // namespace
}  // namespace beach::crash
