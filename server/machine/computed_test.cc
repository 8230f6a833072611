// SPDX-License-Identifier: Apache-2.0
#include "server/machine/computed.h"

#include <gtest/gtest.h>

#include "base/coding.h"
#include "server/machine/testing/machine_fixture.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kNow = 100;

// "said / value @ expiry", "-" for what is not there, "same" for a key that is as it was.
std::string Of(const Operation& operation, const KeyState& state) {
  const Computed computed = Compute(operation, state, kNow);
  std::string text = computed.said ? "'" + *computed.said + "'" : "-";
  if (!computed.left) return text + " / same";
  if (!computed.left->value) return text + " / -";
  text += " / " + *computed.left->value;
  const std::uint64_t expires_at_ms = computed.left->expires_at_ms;
  return expires_at_ms == 0 ? text : text + " @" + std::to_string(expires_at_ms);
}

Operation Set(std::uint8_t flags, ExpiryKind expiry = ExpiryKind::kNever, std::uint64_t ms = 0) {
  return {.kind = OperationKind::kSet,
          .key = "k",
          .value = "new",
          .expires_at_ms = ms,
          .expiry = expiry,
          .flags = flags};
}
Operation Expire(std::uint8_t flags, ExpiryKind expiry, std::uint64_t ms = 0) {
  return {.kind = OperationKind::kExpire,
          .key = "k",
          .expires_at_ms = ms,
          .expiry = expiry,
          .flags = flags};
}
std::string Add(std::int64_t addend, const KeyState& state) {
  Bytes bytes;
  Encoder(bytes).Fixed64(static_cast<std::uint64_t>(addend));
  return Of({.kind = OperationKind::kAddTo, .key = "k", .value = bytes}, state);
}

const KeyState kNone;
const KeyState kOld{.value = "old"};
const KeyState kEnds{.value = "old", .expires_at_ms = 200};

TEST(Computed, ASetIsDoneWhereItsFlagsSay) {
  EXPECT_EQ(Of(Set(0), kNone), "'' / new");
  EXPECT_EQ(Of(Set(0), kEnds), "'' / new");
  EXPECT_EQ(Of(Set(kIfAbsent), kNone), "'' / new");
  EXPECT_EQ(Of(Set(kIfAbsent), kOld), "- / same");
  EXPECT_EQ(Of(Set(kIfPresent), kNone), "- / same");
  EXPECT_EQ(Of(Set(kIfPresent), kOld), "'' / new");
  EXPECT_EQ(Of(Set(0, ExpiryKind::kKeep), kEnds), "'' / new @200");
  EXPECT_EQ(Of(Set(0, ExpiryKind::kKeep), kOld), "'' / new");
  EXPECT_EQ(Of(Set(0, ExpiryKind::kAt, 101), kOld), "'' / new @101");
  EXPECT_EQ(Of(Set(0, ExpiryKind::kAt, 100), kOld), "'' / -");
  EXPECT_EQ(Of(Set(0, ExpiryKind::kAt, 0), kOld), "'' / -");
  EXPECT_EQ(Of(Set(0, ExpiryKind::kIn, 5), kOld), "'' / new @105");
  EXPECT_EQ(Of(Set(0, ExpiryKind::kIn, 0), kOld), "'' / -");
  EXPECT_EQ(Of(Set(0, ExpiryKind::kIn, ~0ULL), kOld), "'' / new @18446744073709551615");
}

TEST(Computed, ASumIsOfNumbersAsTheyAreWritten) {
  EXPECT_EQ(Add(5, kNone), "'5' / 5");
  EXPECT_EQ(Add(-7, {.value = "5", .expires_at_ms = 200}), "'-2' / -2 @200");
  for (const char* none : {"", " 5", "5 ", "+5", "05", "-0", "5.0", "x", "9223372036854775808"}) {
    EXPECT_EQ(Add(1, {.value = none}), "- / same") << none;
  }
  EXPECT_EQ(Add(0, {.value = "9223372036854775807"}),
            "'9223372036854775807' / 9223372036854775807");
  EXPECT_EQ(Add(1, {.value = "9223372036854775807"}), "'' / same");
  EXPECT_EQ(Add(-1, {.value = "-9223372036854775808"}), "'' / same");
}

TEST(Computed, AnExtensionIsBehindWhatIsThere) {
  const Operation extend{.kind = OperationKind::kExtend, .key = "k", .value = "xy"};
  EXPECT_EQ(Of(extend, kNone), "'2' / xy");
  EXPECT_EQ(Of(extend, kEnds), "'5' / oldxy @200");
  EXPECT_EQ(Of(extend, {.value = Bytes(kValueSizeMax - 1, 'v')}), "- / same");
}

TEST(Computed, AnExpiryIsSetWhereItsFlagsSay) {
  constexpr ExpiryKind kAt = ExpiryKind::kAt;
  EXPECT_EQ(Of(Expire(0, kAt, 150), kNone), "- / same");
  EXPECT_EQ(Of(Expire(0, kAt, 150), kOld), "'' / old @150");
  EXPECT_EQ(Of(Expire(0, ExpiryKind::kIn, 50), kOld), "'' / old @150");
  EXPECT_EQ(Of(Expire(0, kAt, 100), kOld), "'' / -");
  EXPECT_EQ(Of(Expire(0, ExpiryKind::kNever), kEnds), "'' / old");
  EXPECT_EQ(Of(Expire(0, ExpiryKind::kNever), kOld), "- / same");
  EXPECT_EQ(Of(Expire(kIfNever, kAt, 150), kEnds), "- / same");
  EXPECT_EQ(Of(Expire(kIfNever, kAt, 150), kOld), "'' / old @150");
  EXPECT_EQ(Of(Expire(kIfSometime, kAt, 150), kEnds), "'' / old @150");
  EXPECT_EQ(Of(Expire(kIfSometime, kAt, 150), kOld), "- / same");
  EXPECT_EQ(Of(Expire(kIfLater, kAt, 201), kEnds), "'' / old @201");
  EXPECT_EQ(Of(Expire(kIfLater, kAt, 200), kEnds), "- / same");
  EXPECT_EQ(Of(Expire(kIfLater, kAt, 201), kOld), "- / same");
  EXPECT_EQ(Of(Expire(kIfSooner, kAt, 199), kEnds), "'' / old @199");
  EXPECT_EQ(Of(Expire(kIfSooner, kAt, 200), kEnds), "- / same");
  EXPECT_EQ(Of(Expire(kIfSooner, kAt, 200), kOld), "'' / old @200");
}

using testing::Done;
using testing::GetOf;
using testing::MachineTest;
using testing::PutOf;

TEST_F(MachineTest, ComputedWritesSeeWhatStandsBeforeThemAndAreSeen) {
  const Bytes one("\1\0\0\0\0\0\0\0", 8);
  const Operation add{.kind = OperationKind::kAddTo, .key = "n", .value = one};
  const Operation expiry{.kind = OperationKind::kExpiry, .key = "n"};
  const Answer answer = Apply(Done(
      {add,
       PutOf("n", "7"),
       expiry,
       add,
       {.kind = OperationKind::kExpire, .key = "n", .expires_at_ms = 10, .expiry = ExpiryKind::kIn},
       add,
       expiry,
       GetOf("n"),
       {.kind = OperationKind::kDelete, .key = "n"},
       expiry,
       add}));
  EXPECT_EQ(answer.kind, AnswerKind::kDone);
  const std::vector<std::optional<Bytes>> expected = {"1",    "",  "8",          "", "9",
                                                      "1010", "9", std::nullopt, "1"};
  EXPECT_EQ(answer.values, expected);
  EXPECT_EQ(Get("n"), "1");
}

TEST_F(MachineTest, ComputedWritesLeaveSoMuchAtMost) {
  const Bytes large(kValueSizeMax, 'v');
  const auto soon = [](ByteView key) {
    return Operation{.kind = OperationKind::kExpire,
                     .key = key,
                     .expires_at_ms = 1000,
                     .expiry = ExpiryKind::kIn};
  };
  for (const char* key : {"a", "b", "c"}) Apply(Done({PutOf(key, large)}));
  EXPECT_EQ(Apply(Done({soon("a"), soon("b"), soon("c")})).kind, AnswerKind::kInvalid);
  EXPECT_EQ(Apply(Done({{.kind = OperationKind::kExpiry, .key = "a"}})).values.front(), "");
  EXPECT_EQ(Apply(Done({soon("a"), soon("b")})).kind, AnswerKind::kDone);
}

}  // namespace
}  // namespace beach::server
