// SPDX-License-Identifier: Apache-2.0
#include "server/resp/reply_writer.h"

#include <gtest/gtest.h>

#include <functional>

namespace beach::server {
namespace {

Bytes Said(RespVersion version, const std::function<void(RespReplyWriter&)>& say) {
  Bytes bytes;
  RespReplyWriter writer(version, bytes);
  say(writer);
  return bytes;
}

TEST(RespReply, WhatBothVersionsHaveIsTheSame) {
  const auto say = [](RespReplyWriter& writer) {
    writer.Array(5);
    writer.Simple("OK");
    writer.Integer(-7);
    writer.Bulk(ByteView("a\r\n\0", 4));
    writer.BulkOrNull(Bytes());
    writer.Error("ERR bad\r\n+OK");
  };
  const Bytes said = Said(RespVersion::kTwo, say);
  EXPECT_EQ(said, Bytes("*5\r\n+OK\r\n:-7\r\n$4\r\na\r\n\0\r\n$0\r\n\r\n-ERR bad  +OK\r\n", 45));
  EXPECT_EQ(Said(RespVersion::kThree, say), said);
}

TEST(RespReply, WhatTheOldVersionLacksHasTheFormThatItsClientsKnow) {
  const auto say = [](RespReplyWriter& writer) {
    writer.Null();
    writer.NullArray();
    writer.BulkOrNull(std::nullopt);
    writer.Bool(true);
    writer.Bool(false);
    writer.Map(2);
    writer.Set(3);
    writer.Text("hi");
  };
  EXPECT_EQ(Said(RespVersion::kTwo, say),
            "$-1\r\n*-1\r\n$-1\r\n:1\r\n:0\r\n*4\r\n*3\r\n$2\r\nhi\r\n");
  EXPECT_EQ(Said(RespVersion::kThree, say),
            "_\r\n_\r\n_\r\n#t\r\n#f\r\n%2\r\n~3\r\n=6\r\ntxt:hi\r\n");
}

}  // namespace
}  // namespace beach::server
