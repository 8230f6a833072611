// SPDX-License-Identifier: Apache-2.0
#include "server/command/command.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <string>

#include "base/random.h"
#include "server/command/testing/page_example.h"

namespace beach::server {
namespace {

Bytes Encoded(const Command& command) {
  Bytes bytes;
  EncodeCommand(command, bytes);
  return bytes;
}

// Values drawn from the stream; views of `bytes`.
class Drawing {
 public:
  Drawing(RandomStream& stream, ByteView bytes) : stream_(stream), bytes_(bytes) {}

  Command Any() {
    Command command;
    command.kind = static_cast<CommandKind>(stream_.Below(3));
    command.proposed_at_ms = Some();
    if (command.kind != CommandKind::kOpenSession) command.session.value = 1 + Some() / 2;
    if (command.kind != CommandKind::kTransaction) return command;
    if (stream_.Chance(1, 4)) command.session = {};
    if (command.session != SessionId{}) {
      command.answered_below.value = Some() / 2;
      command.request.value = command.answered_below.value + stream_.Below(kOutstandingMax);
    }
    for (std::uint64_t i = stream_.Below(4); i > 0; --i) command.conditions.push_back(ACondition());
    for (std::uint64_t i = stream_.Below(5); i > 0; --i)
      command.operations.push_back(AnOperation());
    for (std::uint64_t i = stream_.Below(3); i > 0; --i) command.otherwise.push_back(AnOperation());
    return command;
  }

 private:
  std::uint64_t Some() {
    const std::uint64_t value = stream_.Next();
    return value >> stream_.Below(64);
  }
  ByteView View() { return bytes_.substr(0, stream_.Below(bytes_.size() + 1)); }

  Condition ACondition() {
    Condition condition;
    condition.kind = static_cast<ConditionKind>(stream_.Below(4));
    condition.key = View();
    if (condition.kind >= ConditionKind::kEquals) condition.value = View();
    return condition;
  }
  Operation AnOperation() {
    Operation operation;
    operation.kind = static_cast<OperationKind>(stream_.Below(12));
    operation.key = View();
    switch (operation.kind) {
      case OperationKind::kSet:
        operation.value = View();
        operation.flags = static_cast<std::uint8_t>(stream_.Below(4));
        SetExpiry(operation, 4);
        break;
      case OperationKind::kExpire:
        operation.flags = static_cast<std::uint8_t>(stream_.Below(16));
        SetExpiry(operation, 3);
        break;
      case OperationKind::kAddTo: operation.value = bytes_.substr(0, 8); break;
      case OperationKind::kExtend: operation.value = View(); break;
      case OperationKind::kPutUntil: operation.expires_at_ms = Some(); [[fallthrough]];
      case OperationKind::kPut: operation.value = View(); break;
      case OperationKind::kDeleteRange: operation.value = bytes_; break;
      case OperationKind::kMerge:
        operation.merge = static_cast<MergeKind>(stream_.Below(4));
        operation.value = bytes_.substr(0, 8);
        break;
      default: break;
    }
    return operation;
  }

  // The last one is not of all.
  void SetExpiry(Operation& operation, std::uint64_t kinds) {
    constexpr ExpiryKind kKinds[] = {ExpiryKind::kNever, ExpiryKind::kAt, ExpiryKind::kIn,
                                     ExpiryKind::kKeep};
    operation.expiry = kKinds[stream_.Below(kinds)];
    const bool timed = operation.expiry == ExpiryKind::kAt || operation.expiry == ExpiryKind::kIn;
    if (timed) operation.expires_at_ms = Some();
  }

  RandomStream& stream_;
  ByteView bytes_;
};

constexpr ByteView kText = "0123456789 a beach is sand and water, and where they meet.";

RC_GTEST_PROP(Command, IsReadAsItWasWritten, (std::uint64_t seed)) {
  RandomStream stream(seed);
  const Command command = Drawing(stream, kText).Any();
  RC_ASSERT(CheckCommand(command).has_value());
  const Bytes bytes = Encoded(command);
  RC_ASSERT(bytes.size() == EncodedCommandSize(command));
  const Result<Command> read = DecodeCommand(bytes);
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == command);
}

// Whatever bit differs, the command does, or there is none; and what there is can be said again.
RC_GTEST_PROP(Command, EachBitMatters, (std::uint64_t seed)) {
  RandomStream stream(seed);
  const Command command = Drawing(stream, kText).Any();
  Bytes bytes = Encoded(command);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const char mask = static_cast<char>(1 << bit % 8);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
    const Result<Command> read = DecodeCommand(bytes);
    if (read) {
      RC_ASSERT(CheckCommand(*read).has_value());
      RC_ASSERT(!(*read == command) || Encoded(*read).size() < bytes.size());
    } else {
      RC_ASSERT(read.error().code() == ErrorCode::kCorruption);
    }
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
  }
}

RC_GTEST_PROP(Command, BytesThatAreMissingOrLeftOverAreNone, (std::uint64_t seed)) {
  RandomStream stream(seed);
  const Bytes bytes = Encoded(Drawing(stream, kText).Any());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    RC_ASSERT(!DecodeCommand(ByteView(bytes).substr(0, size)).has_value());
  }
  RC_ASSERT(!DecodeCommand(bytes + "x").has_value());
}

Command Put(ByteView key, ByteView value) {
  Command command;
  command.operations.push_back({.kind = OperationKind::kPut, .key = key, .value = value});
  return command;
}

void ExpectInvalid(const Command& command, const std::string& what) {
  const Status status = CheckCommand(command);
  ASSERT_FALSE(status.has_value()) << what;
  EXPECT_EQ(status.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(status.error().message().find(what), std::string::npos) << status.error().message();
}

TEST(Command, LimitsAreWhatTheyAreSaidToBe) {
  const Bytes key(kKeySizeMax, 'k');
  const Bytes value(kValueSizeMax, 'v');
  EXPECT_TRUE(CheckCommand(Put(key, value)).has_value());
  ExpectInvalid(Put(key + "k", "v"), "64 KiB");
  ExpectInvalid(Put("k", value + "v"), "4 MiB");

  Command command = Put("k", "v");
  command.conditions.assign(kConditionsMax, {});
  EXPECT_TRUE(CheckCommand(command).has_value());
  command.conditions.assign(kConditionsMax + 1, {});
  ExpectInvalid(command, "1024 conditions");
  command.conditions = {{.kind = ConditionKind::kEquals, .key = key, .value = value}};
  command.conditions[0].value = ByteView();
  EXPECT_TRUE(CheckCommand(command).has_value());
  const Bytes long_value = value + "v";
  command.conditions[0].value = long_value;
  ExpectInvalid(command, "4 MiB");
  const Bytes long_key = key + "k";
  command.conditions[0] = {.kind = ConditionKind::kPresent, .key = long_key, .value = ""};
  ExpectInvalid(command, "64 KiB");

  command = {};
  command.otherwise.assign(kOperationsMax, {});
  EXPECT_TRUE(CheckCommand(command).has_value());
  EXPECT_TRUE(DecodeCommand(Encoded(command)).has_value());
  command.otherwise.push_back({});
  ExpectInvalid(command, "65536 operations");
  command.otherwise.assign(kReadsMax, {.kind = OperationKind::kHas, .key = "k"});
  EXPECT_TRUE(CheckCommand(command).has_value());
  command.otherwise.push_back({.kind = OperationKind::kGet, .key = "k"});
  ExpectInvalid(command, "128 reads");
  command.otherwise.back().kind = OperationKind::kSet;
  ExpectInvalid(command, "128 reads");

  command = {};
  command.operations.assign(4, {.kind = OperationKind::kPut, .key = "k", .value = value});
  ExpectInvalid(command, "16 MiB");
  command.operations.back().value.remove_suffix(EncodedCommandSize(command) - kCommandSizeMax);
  EXPECT_TRUE(CheckCommand(command).has_value());
  EXPECT_TRUE(DecodeCommand(Encoded(command)).has_value());
}

TEST(Command, NumbersOfRequestsAreInTheirWindow) {
  Command command = Put("k", "v");
  command.session = SessionId(3);
  command.request = RequestNumber(7);
  command.answered_below = RequestNumber(8);
  ExpectInvalid(command, "below those that are answered");
  command.answered_below = RequestNumber(7);
  EXPECT_TRUE(CheckCommand(command).has_value());
  command.request = RequestNumber(7 + kOutstandingMax - 1);
  EXPECT_TRUE(CheckCommand(command).has_value());
  command.request = RequestNumber(7 + kOutstandingMax);
  ExpectInvalid(command, "more than 64 requests");
  command.session = {};
  command.request = command.answered_below;
  ExpectInvalid(command, "without a session");
  // Behind the greatest number there is none.
  command.session = SessionId(3);
  command.request = command.answered_below = RequestNumber(~std::uint64_t{0});
  Bytes bytes = Encoded(command);
  EXPECT_TRUE(DecodeCommand(bytes).has_value());
  bytes[bytes.size() - Encoded(Put("k", "v")).size() + kCommandHeadSize + 3] = 1;
  EXPECT_FALSE(DecodeCommand(bytes).has_value());
}

TEST(Command, SessionsAreOpenedAndClosedAlone) {
  Command command;
  command.kind = CommandKind::kOpenSession;
  EXPECT_TRUE(CheckCommand(command).has_value());
  command.session = SessionId(1);
  ExpectInvalid(command, "open");
  command.kind = CommandKind::kCloseSession;
  EXPECT_TRUE(CheckCommand(command).has_value());
  command.request = command.answered_below = RequestNumber(1);
  ExpectInvalid(command, "close");
  command.request = command.answered_below = {};
  command.otherwise.push_back({});
  ExpectInvalid(command, "beside");
}

TEST(Command, OperationsThatMeanNothingAreInvalid) {
  Command command;
  command.operations = {{.kind = OperationKind::kDeleteRange, .key = "b", .value = "a"}};
  ExpectInvalid(command, "ends before it begins");
  command.operations = {{.kind = OperationKind::kDeleteRange, .key = "a", .value = "a"}};
  EXPECT_TRUE(CheckCommand(command).has_value());
  const Bytes long_key(kKeySizeMax + 1, 'k');
  command.operations = {{.kind = OperationKind::kDeleteRange, .key = "a", .value = long_key}};
  ExpectInvalid(command, "64 KiB");
  command.operations = {{.kind = OperationKind::kMerge, .key = "a", .value = "1234567"}};
  ExpectInvalid(command, "addend");
  command.operations[0].merge = MergeKind::kAppend;
  EXPECT_TRUE(CheckCommand(command).has_value());
  command.operations = {{.kind = OperationKind::kAddTo, .key = "a", .value = "1234567"}};
  ExpectInvalid(command, "addend");
  command.operations = {{.kind = OperationKind::kSet, .key = "a", .flags = 4}};
  ExpectInvalid(command, "flags");
  command.operations = {{.kind = OperationKind::kExpire, .key = "a", .flags = 16}};
  ExpectInvalid(command, "flags");
  command.operations = {{.kind = OperationKind::kExpire, .key = "a", .expiry = ExpiryKind::kKeep}};
  ExpectInvalid(command, "as it is");
}

TEST(Command, KindsAndVersionsThatAreNoneAreRefused) {
  const Bytes good = Encoded(Put("k", "v"));
  ASSERT_TRUE(DecodeCommand(good).has_value());
  Bytes bytes = good;
  bytes[0] = 2;  // version
  EXPECT_FALSE(DecodeCommand(bytes).has_value());
  bytes = good;
  bytes[kCommandHeadSize] = 3;  // kind
  EXPECT_FALSE(DecodeCommand(bytes).has_value());
  bytes = good;
  bytes[bytes.size() - 6] = 12;  // operation
  EXPECT_FALSE(DecodeCommand(bytes).has_value());
}

TEST(Command, CountsThatTheBytesCannotHoldAreRefused) {
  Bytes bytes = Encoded(Command{});
  bytes.resize(bytes.size() - 3);
  bytes += "\xff\xff\x03";  // 65535
  EXPECT_FALSE(DecodeCommand(bytes).has_value());
  EXPECT_FALSE(DecodeCommand(Bytes(kCommandSizeMax + 1, '\x01')).has_value());
}

TEST(Command, IsStampedInPlace) {
  Command command = Put("k", "v");
  command.proposed_at_ms = 5;
  Bytes bytes = Encoded(command);
  StampCommand(bytes.data(), 0x0102030405060708U);
  command.proposed_at_ms = 0x0102030405060708U;
  EXPECT_EQ(*DecodeCommand(bytes), command);
}

// The first example of docs/formats/command.md.
TEST(Command, IsWhatItsPageSays) {
  Command command;
  command.proposed_at_ms = 256;
  command.session = SessionId(300);
  command.request = RequestNumber(7);
  command.answered_below = RequestNumber(5);
  command.conditions = {{.kind = ConditionKind::kEquals, .key = "tide", .value = "low"}};
  Bytes two(8, '\0');
  two[0] = 2;
  command.operations = {
      {.kind = OperationKind::kPut, .key = "tide", .value = "high"},
      {.kind = OperationKind::kDelete, .key = "pier"},
      {.kind = OperationKind::kDeleteRange, .key = "a", .value = "c"},
      {.kind = OperationKind::kMerge, .key = "n", .value = two, .merge = MergeKind::kAdd},
      {.kind = OperationKind::kPutUntil, .key = "t", .value = "v", .expires_at_ms = 258},
  };
  command.otherwise = {{.kind = OperationKind::kGet, .key = "tide"},
                       {.kind = OperationKind::kHas, .key = "pier"}};
  EXPECT_EQ(Printable(testing::PageExample(0), 1000), Printable(Encoded(command), 1000));
}

}  // namespace
}  // namespace beach::server
