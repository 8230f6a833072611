// SPDX-License-Identifier: Apache-2.0
#include "server/command/answer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/random.h"
#include "server/command/command.h"
#include "server/command/testing/page_example.h"

namespace beach::server {
namespace {

Bytes Encoded(const Answer& answer) {
  Bytes bytes;
  EncodeAnswer(answer, bytes);
  return bytes;
}

Answer Drawn(RandomStream& stream) {
  Answer answer;
  answer.kind = static_cast<AnswerKind>(stream.Below(5));
  answer.index = stream.Next();
  answer.index >>= stream.Below(64);
  for (std::uint64_t i = stream.Below(5); i > 0; --i) {
    std::optional<Bytes>& value = answer.values.emplace_back();
    if (stream.Chance(2, 3)) value = Bytes(stream.Below(200), 'v');
  }
  return answer;
}

RC_GTEST_PROP(Answer, IsReadAsItWasWritten, (std::uint64_t seed)) {
  RandomStream stream(seed);
  const Answer answer = Drawn(stream);
  const Bytes bytes = Encoded(answer);
  const Result<Answer> read = DecodeAnswer(bytes);
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == answer);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Result<Answer> part = DecodeAnswer(ByteView(bytes).substr(0, size));
    RC_ASSERT(!part.has_value());
    RC_ASSERT(part.error().code() == ErrorCode::kCorruption);
  }
  RC_ASSERT(!DecodeAnswer(bytes + "x").has_value());
}

TEST(Answer, AnEmptyValueIsNotAbsence) {
  const Answer answer{.kind = AnswerKind::kDone, .index = 1, .values = {std::nullopt, ""}};
  const Result<Answer> read = DecodeAnswer(Encoded(answer));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->values[0], std::nullopt);
  EXPECT_EQ(read->values[1], Bytes());
}

TEST(Answer, NumbersThatMeanNothingAreRefused) {
  const Bytes good = Encoded({.kind = AnswerKind::kDone, .index = 1, .values = {""}});
  ASSERT_TRUE(DecodeAnswer(good).has_value());
  const auto changed = [&](std::size_t at, char value) {
    Bytes bytes = good;
    bytes[at] = value;
    return DecodeAnswer(bytes);
  };
  EXPECT_FALSE(changed(0, 2).has_value());  // version
  EXPECT_FALSE(changed(1, 5).has_value());  // kind
  EXPECT_FALSE(changed(3, 2).has_value());  // more values than there are
  EXPECT_FALSE(changed(4, 2).has_value());  // neither there nor absent
}

// As much as a command may read, and no more; and a value of any size.
TEST(Answer, LimitsAreWhatTheyAreSaidToBe) {
  Answer answer{.kind = AnswerKind::kDone, .index = ~std::uint64_t{0}, .values = {}};
  answer.values.resize(kReadsMax);
  EXPECT_TRUE(DecodeAnswer(Encoded(answer)).has_value());
  answer.values.emplace_back();
  EXPECT_FALSE(DecodeAnswer(Encoded(answer)).has_value());
  answer.values = {Bytes(kValueSizeMax, 'v')};
  EXPECT_LE(Encoded(answer).size(), kAnswerSizeMax);
  EXPECT_TRUE(DecodeAnswer(Encoded(answer)).has_value());
  answer.values = {Bytes(kAnswerSizeMax, 'v')};
  EXPECT_FALSE(DecodeAnswer(Encoded(answer)).has_value());
}

// The second example of docs/formats/command.md.
TEST(Answer, IsWhatItsPageSays) {
  const Answer answer{
      .kind = AnswerKind::kOtherwise, .index = 300, .values = {"ebb", std::nullopt}};
  EXPECT_EQ(Printable(testing::PageExample(1), 1000), Printable(Encoded(answer), 1000));
}

}  // namespace
}  // namespace beach::server
