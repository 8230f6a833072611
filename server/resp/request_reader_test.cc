// SPDX-License-Identifier: Apache-2.0
#include "server/resp/request_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "base/random.h"
#include "server/resp/reply_writer.h"

namespace beach::server {
namespace {

Bytes Encoded(const RespRequest& request) {
  Bytes bytes;
  RespReplyWriter writer(RespVersion::kTwo, bytes);  // a request is an array like another
  writer.Array(request.size());
  for (const Bytes& argument : request) writer.Bulk(argument);
  return bytes;
}

// All that comes out of the bytes, fed as they are.
std::vector<RespRequest> All(RespRequestReader& reader, ByteView bytes) {
  std::vector<RespRequest> requests;
  reader.Feed(bytes);
  while (true) {
    const auto next = reader.Next();
    EXPECT_TRUE(next.has_value()) << next.error().message();
    if (!next || !*next) return requests;
    requests.push_back(**next);
  }
}

std::string ErrorOf(ByteView bytes, const RespRequestLimits& limits = {}) {
  RespRequestReader reader(limits);
  reader.Feed(bytes);
  while (true) {
    const auto next = reader.Next();
    if (!next) {
      EXPECT_EQ(next.error().code(), ErrorCode::kCorruption);
      reader.Feed("*1\r\n$4\r\nPING\r\n");
      EXPECT_FALSE(reader.Next().has_value()) << "something comes behind an error";
      return next.error().message();
    }
    if (!*next) return "";
  }
}

RC_GTEST_PROP(RespRequest, IsReadAsItWasWrittenHoweverItIsSplit, (std::uint64_t seed)) {
  RandomStream stream(seed);
  std::vector<RespRequest> sent;
  Bytes bytes;
  for (std::uint64_t i = 1 + stream.Below(6); i > 0; --i) {
    RespRequest request;
    for (std::uint64_t k = 1 + stream.Below(5); k > 0; --k) {
      Bytes argument;
      const std::uint64_t size = stream.Chance(1, 8) ? stream.Below(300) : stream.Below(6);
      for (std::uint64_t at = 0; at < size; ++at) {
        argument.push_back("\r\n*$1a\0\xff"[stream.Below(8)]);
      }
      request.push_back(argument);
    }
    bytes += Encoded(request);
    sent.push_back(request);
  }
  RespRequestReader reader;
  std::vector<RespRequest> received;
  for (ByteView rest = bytes; !rest.empty();) {
    const std::uint64_t piece = 1 + stream.Below(stream.Chance(1, 2) ? 3 : rest.size());
    for (RespRequest& request : All(reader, rest.substr(0, piece))) received.push_back(request);
    rest.remove_prefix(std::min<std::size_t>(piece, rest.size()));
  }
  RC_ASSERT(received == sent);
  RC_ASSERT(reader.kept_bytes() == 0U);
}

// Requests with changed bytes: they are read or refused, and memory follows what has arrived.
RC_GTEST_PROP(RespRequest, GarbageIsReadOrRefused, (std::uint64_t seed)) {
  RandomStream stream(seed);
  Bytes bytes = Encoded({"SET", "key", "value"}) + "PING 'a b' \"\\x41\"\r\n" +
                Encoded({"GET", Bytes(stream.Below(40), '$')});
  for (std::uint64_t i = stream.Below(6); i > 0; --i) {
    bytes[stream.Below(bytes.size())] = "*$\r\n-019aZ\"'\\\0\xff"[stream.Below(15)];
  }
  RespRequestReader reader(
      {.arguments_max = 64, .bulk_size_max = 4096, .request_size_max = 8192, .line_size_max = 100});
  reader.Feed(bytes);
  std::uint64_t size = 0;
  while (true) {
    const auto next = reader.Next();
    if (!next || !*next) break;
    RC_ASSERT(!(*next)->empty());
    RC_ASSERT((*next)->size() <= 64U);
    for (const Bytes& argument : **next) size += argument.size();
  }
  RC_ASSERT(size <= bytes.size());
}

TEST(RespRequest, InlineCommandsAreWordsOnALine) {
  RespRequestReader reader;
  const auto requests =
      All(reader, "\r\n\nPING\r\nset a 'b c' \"\\x41\\n\\\"\" ''\n  get\ta \r\n*0\r\n*-1\r\n");
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0], RespRequest({"PING"}));
  EXPECT_EQ(requests[1], RespRequest({"set", "a", "b c", "A\n\"", ""}));
  EXPECT_EQ(requests[2], RespRequest({"get", "a"}));
  EXPECT_EQ(SplitInline("'it\\'s'"), RespRequest({"it's"}));
  EXPECT_EQ(SplitInline("a\"b c\""), RespRequest({"ab c"}));
  EXPECT_FALSE(SplitInline("'open").has_value());
  EXPECT_FALSE(SplitInline("\"a\"b").has_value());
}

TEST(RespRequest, WhatIsNoStreamOfCommandsIsRefused) {
  EXPECT_EQ(ErrorOf("*1\r\n+PING\r\n"), "Protocol error: expected '$'");
  EXPECT_EQ(ErrorOf("*x\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(ErrorOf("*1 \r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(ErrorOf("*1\r\n$-1\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(ErrorOf("*1\r\n$99999999999999999999\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(ErrorOf("*1\r\n$1\r\nabc"), "Protocol error: expected an end of line");
  EXPECT_EQ(ErrorOf("set \"a\r\n"), "Protocol error: unbalanced quotes in request");
  EXPECT_EQ(ErrorOf("*" + Bytes(40, '1')), "Protocol error: too big mbulk count string");
  EXPECT_EQ(ErrorOf("*1\r\n$" + Bytes(40, '1')), "Protocol error: too big bulk count string");
}

TEST(RespRequest, EachLengthHasItsLimit) {
  const RespRequestLimits limits{
      .arguments_max = 3, .bulk_size_max = 10, .request_size_max = 29, .line_size_max = 20};
  EXPECT_EQ(ErrorOf("*3\r\n$1\r\na\r\n", limits), "");
  EXPECT_EQ(ErrorOf("*4\r\n", limits), "Protocol error: invalid multibulk length");
  EXPECT_EQ(ErrorOf("*1\r\n$10\r\n", limits), "");
  EXPECT_EQ(ErrorOf("*1\r\n$11\r\n", limits), "Protocol error: invalid bulk length");
  EXPECT_EQ(ErrorOf("*2\r\n$10\r\n1234567890\r\n$10\r\n", limits),
            "Protocol error: too big request");
  EXPECT_EQ(ErrorOf(Bytes(20, 'a'), limits), "");
  EXPECT_EQ(ErrorOf(Bytes(21, 'a'), limits), "Protocol error: too big inline request");
  EXPECT_EQ(ErrorOf("a b c d\r\n", limits), "Protocol error: too big inline request");
}

}  // namespace
}  // namespace beach::server
