// SPDX-License-Identifier: Apache-2.0
#include "server/protocol/reply.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "server/command/answer.h"
#include "server/command/command.h"
#include "server/protocol/request.h"

namespace beach::server {
namespace {

using wire::NodeNumber;

Bytes Encoded(const Reply& reply) {
  Bytes bytes;
  EncodeReply(reply, bytes);
  return bytes;
}

// Some of each kind. The string outlives them.
std::vector<Reply> Replies(std::uint64_t number, const std::string& bytes) {
  const NodeNumber leader(number % 7);
  const ByteView all(bytes);
  ScanReply scanned{.leader = leader, .index = number, .entries = {}, .next = std::nullopt};
  for (std::size_t length = 0; length <= all.size() && length < 10; ++length) {
    scanned.entries.push_back({.key = all.substr(0, length), .value = all.substr(length)});
  }
  ScanReply part = scanned;
  part.next = all;
  part.cursor = number / 2;
  StatusReply status{.leader = leader,
                     .id = NodeNumber(number),
                     .role = static_cast<NodeRole>(number % 4),
                     .term = number / 2,
                     .commit = number / 3,
                     .applied = number / 5,
                     .log_base = number / 7,
                     .log_last = number / 11,
                     .log_bytes = number / 13,
                     .state = number / 17,
                     .configuration = number / 19,
                     .nodes = {}};
  for (std::uint64_t id = 1; id <= number % 4; ++id) {
    status.nodes.push_back({.id = NodeNumber(id),
                            .membership = static_cast<std::uint8_t>(number / 4 % 16),
                            .progress = std::nullopt,
                            .address = all.substr(0, id)});
    if (id == 2) continue;
    status.nodes.back().progress = {.match = number / 23, .silent_ms = number / 29};
  }
  return {
      WriteReply{.leader = leader, .answer = all},
      GetReply{.leader = leader, .index = number, .value = all},
      GetReply{.leader = leader, .index = number, .value = std::nullopt},
      scanned,
      part,
      status,
      Failure{.leader = leader,
              .kind = static_cast<FailureKind>(number % 256),
              .retry_is_safe = number % 2 == 0,
              .retry_may_help = number % 3 == 0,
              .leader_address = all.substr(0, 255),
              .detail = all.substr(0, 1024)},
      ChangeReply{.leader = leader, .index = number},
      TransferReply{.leader = leader},
      AuthenticateReply{.leader = leader},
      WatchReply{.leader = leader, .next = {.index = number, .skip = 3}, .entries = {}},
      WatchReply{
          .leader = leader,
          .next = {.index = 8, .skip = 1},
          .entries = {{.index = 4,
                       .changes = {{.kind = KeyChangeKind::kDelete, .key = all},
                                   {.kind = KeyChangeKind::kPut, .key = all, .value = all},
                                   {.kind = KeyChangeKind::kDeleteRange, .key = all, .end = all},
                                   {.kind = KeyChangeKind::kDeleteRange, .key = all}}},
                      {.index = 9,
                       .changes = {{.kind = KeyChangeKind::kMerge,
                                    .key = all,
                                    .value = all,
                                    .merge = MergeKind::kMin},
                                   {.kind = KeyChangeKind::kPutUntil,
                                    .key = all,
                                    .value = all,
                                    .expires_at_ms = number}}}}},
  };
}

RC_GTEST_PROP(Reply, IsReadAsItWasWritten, (std::uint64_t number, std::string some)) {
  for (const Reply& reply : Replies(number, some)) {
    const Bytes bytes = Encoded(reply);
    const Result<Reply> read = DecodeReply(TypeOf(reply), bytes);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == reply);
    RC_ASSERT(LeaderOf(*read) == NodeNumber(number % 7));
    RC_ASSERT(bytes.size() <= *ReplyBytesMax(TypeOf(reply)));
  }
}

TEST(Reply, WhatIsCutShortOrTooLongIsNone) {
  const std::string some = "abc";
  for (const Reply& reply : Replies(7, some)) {
    if (std::holds_alternative<WriteReply>(reply)) continue;  // its answer ends where it ends
    const Bytes bytes = Encoded(reply);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const auto read = DecodeReply(TypeOf(reply), ByteView(bytes).substr(0, length));
      ASSERT_FALSE(read.has_value()) << TypeOf(reply) << ", " << length << " bytes";
      EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
    }
    EXPECT_FALSE(DecodeReply(TypeOf(reply), bytes + "x").has_value()) << TypeOf(reply);
  }
}

TEST(Reply, NumbersThatMeanNothingAreRefused) {
  Bytes got = Encoded(GetReply{});
  got[16] = 2;
  EXPECT_FALSE(DecodeReply(49, got).has_value());
  Bytes scanned = Encoded(ScanReply{});
  scanned[24] = 2;
  EXPECT_FALSE(DecodeReply(50, scanned).has_value());
  Bytes status = Encoded(StatusReply{});
  status[16] = 4;
  EXPECT_FALSE(DecodeReply(51, status).has_value());
  StatusReply of_one;
  of_one.nodes.push_back({.id = NodeNumber(1), .membership = 15, .progress = {}, .address = {}});
  Bytes one = Encoded(of_one);
  ASSERT_TRUE(DecodeReply(51, one).has_value());
  one[one.size() - 3] = 16;  // a membership that there is not
  EXPECT_FALSE(DecodeReply(51, one).has_value());
  one[one.size() - 3] = 15;
  one[one.size() - 2] = 2;  // a progress that is neither there nor not
  EXPECT_FALSE(DecodeReply(51, one).has_value());
  for (const std::size_t flag : {9U, 10U}) {
    Bytes failed = Encoded(Failure{});
    failed[flag] = 2;
    EXPECT_FALSE(DecodeReply(52, failed).has_value()) << flag;
  }
  for (const int number : {0, 16, 32, 47, 63, 65535}) {
    const auto type = static_cast<std::uint16_t>(number);
    EXPECT_FALSE(DecodeReply(type, Encoded(Failure{})).has_value()) << type;
    EXPECT_FALSE(ReplyBytesMax(type).has_value()) << type;
  }
}

// A kind that a later version may have: the flags say what to do.
TEST(Reply, AFailureOfAKindThatNobodyKnowsIsRead) {
  Bytes failed = Encoded(Failure{});
  failed[8] = '\xee';
  failed[10] = 1;
  const auto read = DecodeReply(52, failed);
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(std::get<Failure>(*read).retry_may_help);
  EXPECT_FALSE(std::get<Failure>(*read).retry_is_safe);
  EXPECT_STREQ(FailureKindName(std::get<Failure>(*read).kind), "another failure");
}

TEST(Reply, EntriesThatDoNotAscendAreRefused) {
  const Bytes good =
      Encoded(ScanReply{.leader = {},
                        .index = 1,
                        .entries = {{.key = "a", .value = "1"}, {.key = "b", .value = "2"}},
                        .next = std::nullopt});
  ASSERT_TRUE(DecodeReply(50, good).has_value());
  for (const char second : {'a', 'A'}) {
    Bytes bad = good;
    bad[bad.size() - 3] = second;
    EXPECT_FALSE(DecodeReply(50, bad).has_value()) << second;
  }
}

// Entries that do not ascend, without a change, or behind where it goes on; changes of no kind.
TEST(Reply, ChangesThatMakeNoSenseAreRefused) {
  const auto encoded = [](std::uint64_t next, std::uint32_t skip, std::uint64_t second) {
    const KeyChange put{.kind = KeyChangeKind::kPut, .key = "k", .value = "v"};
    return Encoded(WatchReply{
        .leader = {},
        .next = {.index = next, .skip = skip},
        .entries = {{.index = 3, .changes = {put}}, {.index = second, .changes = {put}}}});
  };
  EXPECT_TRUE(DecodeReply(55, encoded(4, 0, 4)).has_value());
  EXPECT_TRUE(DecodeReply(55, encoded(3, 1, 4)).has_value());
  EXPECT_FALSE(DecodeReply(55, encoded(3, 0, 4)).has_value());
  EXPECT_FALSE(DecodeReply(55, encoded(2, 1, 4)).has_value());
  EXPECT_FALSE(DecodeReply(55, encoded(4, 0, 3)).has_value());
  Bytes bytes = encoded(4, 0, 4);
  bytes[bytes.size() - 5] = 5;
  EXPECT_FALSE(DecodeReply(55, bytes).has_value());  // a kind that there is not
  bytes[bytes.size() - 6] = 0;
  bytes.resize(bytes.size() - 5);
  EXPECT_FALSE(DecodeReply(55, bytes).has_value());  // an entry without a change
  Bytes many = Encoded(WatchReply{});
  many.pop_back();
  many += "\x81\x20";  // 4097 entries
  many += Bytes(4097 * 11, '\1');
  EXPECT_FALSE(DecodeReply(55, many).has_value());
}

// Counts that the bytes cannot hold take no memory for them.
TEST(Reply, AnnouncedEntriesAreNotReserved) {
  Bytes scanned = Encoded(ScanReply{});
  scanned.pop_back();
  scanned += "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
  EXPECT_FALSE(DecodeReply(50, scanned).has_value());
  Bytes many = Encoded(ScanReply{});
  many.pop_back();
  many += "\x81\x20";  // 4097 of them
  for (int i = 0; i < 4097; ++i) {
    many += '\x02';
    many += static_cast<char>(i >> 8);
    many += static_cast<char>(i & 255);
    many += '\0';
  }
  EXPECT_FALSE(DecodeReply(50, many).has_value());
  Bytes status = Encoded(StatusReply{});
  status.pop_back();
  status += "\x81\x01";  // 129 nodes
  for (int i = 0; i < 129; ++i) status += std::string(11, '\0');
  EXPECT_FALSE(DecodeReply(51, status).has_value());
}

TEST(Reply, TextsHaveTheirLimits) {
  const std::string address(kAddressSizeMax + 1, 'a');
  const std::string detail(kDetailSizeMax + 1, 'd');
  Failure failure;
  failure.leader_address = ByteView(address).substr(1);
  failure.detail = ByteView(detail).substr(1);
  EXPECT_EQ(Encoded(failure).size(), *ReplyBytesMax(52));
  Bytes bytes(11, '\0');
  bytes += "\x80\x02" + address;
  bytes += '\0';
  EXPECT_FALSE(DecodeReply(52, bytes).has_value());
  bytes.resize(11);
  bytes += '\0';
  bytes += "\x81\x08" + detail;
  EXPECT_FALSE(DecodeReply(52, bytes).has_value());
  failure.detail = detail;
  EXPECT_DEATH(Encoded(failure), "kDetailSizeMax");
}

// What a client expects to hear is what it may hear.
TEST(Reply, EachRequestHasOne) {
  for (std::uint16_t type = 0; type < 100; ++type) {
    const auto reply = ReplyTypeOf(type);
    EXPECT_EQ(reply.has_value(), RequestBytesMax(type).has_value()) << type;
    if (!reply) continue;
    EXPECT_TRUE(ReplyBytesMax(*reply).has_value()) << type;
    EXPECT_NE(*reply, static_cast<std::uint16_t>(ReplyType::kFailed)) << type;
  }
}

// One entry of any size, and as many small ones as there may be with a key to go on from.
TEST(Reply, TheLongestOfEachFitsItsType) {
  const std::string value(kValueSizeMax, 'v');
  std::string key(kKeySizeMax, 'k');
  EXPECT_EQ(Encoded(GetReply{.leader = {}, .index = 0, .value = value}).size(), *ReplyBytesMax(49));
  ScanReply one{.leader = {}, .index = 0, .entries = {{.key = key, .value = value}}, .next = key};
  EXPECT_LE(Encoded(one).size(), *ReplyBytesMax(50));
  const std::string answer(kAnswerSizeMax, 'a');
  EXPECT_EQ(Encoded(WriteReply{.leader = {}, .answer = answer}).size(), *ReplyBytesMax(48));
  WatchReply watched;
  const std::string change_key(kWatchBytesMax / kWatchChangesMax, 'k');
  for (std::uint64_t i = 0; i < kWatchChangesMax; ++i) {
    watched.entries.push_back(
        {.index = i + 1, .changes = {{.kind = KeyChangeKind::kPutUntil, .key = change_key}}});
  }
  watched.next.index = kWatchChangesMax;
  EXPECT_LE(Encoded(watched).size(), *ReplyBytesMax(55));
  watched.entries = {
      {.index = 1, .changes = {{.kind = KeyChangeKind::kPutUntil, .key = key, .value = value}}}};
  EXPECT_LE(Encoded(watched).size(), *ReplyBytesMax(55));
  const std::string address(kAddressSizeMax, 'a');
  StatusReply status;
  for (std::uint64_t id = 0; id < kNodesMax; ++id) {
    status.nodes.push_back({.id = NodeNumber(id),
                            .membership = 1,
                            .progress = NodeProgress{.match = 1, .silent_ms = 2},
                            .address = address});
  }
  EXPECT_EQ(Encoded(status).size(), *ReplyBytesMax(51));
}

}  // namespace
}  // namespace beach::server
