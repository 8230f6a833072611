// SPDX-License-Identifier: Apache-2.0
#include "server/protocol/request.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "server/command/command.h"

namespace beach::server {
namespace {

Bytes Encoded(const Request& request) {
  Bytes bytes;
  EncodeRequest(request, bytes);
  return bytes;
}

// One of each kind. The strings outlive them.
std::vector<Request> Requests(std::uint32_t deadline_ms, const std::string& a,
                              const std::string& b) {
  return {
      WriteRequest{.deadline_ms = deadline_ms, .command = a},
      GetRequest{.deadline_ms = deadline_ms, .consistency = Consistency::kLease, .key = b},
      ScanRequest{.deadline_ms = deadline_ms,
                  .consistency = Consistency::kStale,
                  .begin = a,
                  .end = b,
                  .entries_max = 7,
                  .bytes_max = 0,
                  .cursor = 99,
                  .keep = true},
      ScanRequest{.deadline_ms = deadline_ms,
                  .consistency = Consistency::kLinearizable,
                  .begin = b,
                  .end = std::nullopt,
                  .entries_max = 1,
                  .bytes_max = deadline_ms},
      StatusRequest{.deadline_ms = deadline_ms},
      ChangeRequest{
          .deadline_ms = deadline_ms,
          .joint = true,
          .changes = {{.kind = MemberChangeKind::kRemove, .node = wire::NodeNumber(a.size())},
                      {.kind = MemberChangeKind::kAddLearner, .node = wire::NodeNumber(77)}}},
      ChangeRequest{
          .deadline_ms = deadline_ms,
          .joint = false,
          .changes = {{.kind = MemberChangeKind::kAddVoter, .node = wire::NodeNumber(~0ULL)}}},
      TransferRequest{.deadline_ms = deadline_ms, .target = wire::NodeNumber(b.size() + 1)},
      WatchRequest{.deadline_ms = deadline_ms, .begin = a, .end = b, .from = std::nullopt},
      WatchRequest{.deadline_ms = deadline_ms,
                   .begin = b,
                   .end = std::nullopt,
                   .from = WatchPlace{.index = 7, .skip = 8}},
      AuthenticateRequest{.deadline_ms = deadline_ms,
                          .user = ByteView(a).substr(0, kUserSizeMax),
                          .token = ByteView(b).substr(0, kTokenSizeMax)},
  };
}

RC_GTEST_PROP(Request, IsReadAsItWasWritten, (std::uint32_t deadline_ms, std::string b)) {
  const auto a = *rc::gen::arbitrary<std::string>() + std::string(kCommandHeadSize, 'c');
  for (const Request& request : Requests(deadline_ms, a, b)) {
    const Bytes bytes = Encoded(request);
    const Result<Request> read = DecodeRequest(TypeOf(request), bytes);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == request);
    RC_ASSERT(DeadlineMsOf(*read) == deadline_ms);
    RC_ASSERT(bytes.size() <= *RequestBytesMax(TypeOf(request)));
  }
}

TEST(Request, WhatIsCutShortOrTooLongIsNone) {
  const std::string command(20, 'c');
  const Bytes key = "key";
  for (const Request& request : Requests(5, command, key)) {
    if (std::holds_alternative<WriteRequest>(request)) continue;  // its command ends where it ends
    const Bytes bytes = Encoded(request);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const auto read = DecodeRequest(TypeOf(request), ByteView(bytes).substr(0, length));
      ASSERT_FALSE(read.has_value()) << TypeOf(request) << ", " << length << " bytes";
      EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
    }
    const auto longer = DecodeRequest(TypeOf(request), bytes + "x");
    ASSERT_FALSE(longer.has_value()) << TypeOf(request);
    EXPECT_EQ(longer.error().code(), ErrorCode::kCorruption);
  }
}

TEST(Request, NumbersThatMeanNothingAreRefused) {
  Bytes get = Encoded(GetRequest{.deadline_ms = 0, .consistency = {}, .key = "k"});
  get[4] = 3;
  EXPECT_FALSE(DecodeRequest(33, get).has_value());
  Bytes scan = Encoded(ScanRequest{});
  scan[6] = 2;  // neither with an end nor without
  EXPECT_FALSE(DecodeRequest(34, scan).has_value());
  scan[6] = 0;
  EXPECT_TRUE(DecodeRequest(34, scan).has_value());
  scan.back() = 2;  // neither to be kept nor not
  EXPECT_FALSE(DecodeRequest(34, scan).has_value());
  Bytes change = Encoded(ChangeRequest{.changes = {{.node = wire::NodeNumber(1)}}});
  change[4] = 2;  // neither joint nor not
  EXPECT_FALSE(DecodeRequest(36, change).has_value());
  change[4] = 1;
  EXPECT_TRUE(DecodeRequest(36, change).has_value());
  change[6] = 3;  // no such change
  EXPECT_FALSE(DecodeRequest(36, change).has_value());
  Bytes watch = Encoded(WatchRequest{});
  watch[7] = 1;  // no place, and yet an index
  EXPECT_FALSE(DecodeRequest(38, watch).has_value());
  watch[6] = 1;
  EXPECT_TRUE(DecodeRequest(38, watch).has_value());
  watch[6] = 2;
  EXPECT_FALSE(DecodeRequest(38, watch).has_value());
  for (const int number : {0, 16, 31, 47, 48, 65535}) {
    const auto type = static_cast<std::uint16_t>(number);
    EXPECT_FALSE(DecodeRequest(type, Encoded(StatusRequest{})).has_value()) << type;
    EXPECT_FALSE(RequestBytesMax(type).has_value()) << type;
  }
}

// Well formed, so that the client can be told, and the connection stays.
TEST(Request, ALimitThatIsBrokenIsToldAsSuch) {
  const auto code = [](std::uint16_t type, const Bytes& bytes) {
    const auto read = DecodeRequest(type, bytes);
    return read ? std::string("none") : std::string(ErrorCodeName(read.error().code()));
  };
  Bytes get(5, '\0');
  get += "\x81\x80\x04" + std::string(kKeySizeMax + 1, 'k');
  EXPECT_EQ(code(33, get), "invalid argument");
  Bytes scan = Encoded(ScanRequest{});
  scan[scan.size() - 17] = scan[scan.size() - 16] = 0;  // no entries
  EXPECT_EQ(code(34, scan), "invalid argument");
  EXPECT_EQ(code(32, Bytes(4, '\0')), "invalid argument");  // no command
  EXPECT_EQ(code(36, Bytes(6, '\0')), "invalid argument");  // no changes
  EXPECT_EQ(code(36, Bytes(4, '\0') + "\1\1" + Bytes(9, '\0')), "invalid argument");
  EXPECT_EQ(code(36, Bytes(4, '\0') + "\1\x41" + Bytes(65 * 9, '\1')), "invalid argument");
  EXPECT_EQ(code(36, Bytes(4, '\0') + "\1\x7f" + Bytes(64 * 9, '\1')), "corruption");
  EXPECT_EQ(code(37, Bytes(12, '\0')), "invalid argument");  // to nobody
  EXPECT_EQ(code(32, Bytes(4 + kCommandSizeMax + 1, '\0')), "invalid argument");
  EXPECT_EQ(code(32, Bytes(4 + kCommandSizeMax, '\0')), "none");
}

TEST(Request, TheLongestOfEachIsAsLongAsItsTypeMayBe) {
  const std::string key(kKeySizeMax, 'k');
  const std::string command(kCommandSizeMax, 'c');
  const std::vector<MemberChange> changes(
      kChangesMax, {.kind = MemberChangeKind::kRemove, .node = wire::NodeNumber(~0ULL)});
  const std::string user(kUserSizeMax, 'u');
  const std::string token(kTokenSizeMax, 't');
  const Request longest[] = {
      WriteRequest{.deadline_ms = 0, .command = command},
      GetRequest{.deadline_ms = 0, .consistency = {}, .key = key},
      ScanRequest{.deadline_ms = 0, .consistency = {}, .begin = key, .end = key},
      StatusRequest{},
      ChangeRequest{.deadline_ms = 0, .joint = true, .changes = changes},
      TransferRequest{.deadline_ms = 0, .target = wire::NodeNumber(1)},
      WatchRequest{.deadline_ms = 0, .begin = key, .end = key, .from = WatchPlace{}},
      AuthenticateRequest{.deadline_ms = 0, .user = user, .token = token},
  };
  for (const Request& request : longest) {
    EXPECT_EQ(Encoded(request).size(), *RequestBytesMax(TypeOf(request))) << TypeOf(request);
  }
}

TEST(Request, WhatBreaksALimitIsNotWritten) {
  const std::string key(kKeySizeMax + 1, 'k');
  EXPECT_FALSE(CheckRequest(AuthenticateRequest{.user = ByteView(key).substr(0, 65)}));
  EXPECT_FALSE(CheckRequest(AuthenticateRequest{.token = ByteView(key).substr(0, 257)}));
  EXPECT_FALSE(CheckRequest(GetRequest{.deadline_ms = 0, .consistency = {}, .key = key}));
  EXPECT_FALSE(
      CheckRequest(ScanRequest{.deadline_ms = 0, .consistency = {}, .begin = key, .end = {}}));
  EXPECT_FALSE(
      CheckRequest(ScanRequest{.deadline_ms = 0, .consistency = {}, .begin = {}, .end = key}));
  EXPECT_FALSE(CheckRequest(WriteRequest{}));
  EXPECT_FALSE(CheckRequest(WatchRequest{.begin = key}));
  EXPECT_FALSE(CheckRequest(WatchRequest{.end = key}));
  Bytes bytes;
  EXPECT_DEATH(EncodeRequest(WriteRequest{}, bytes), "CheckRequest");
}

}  // namespace
}  // namespace beach::server
