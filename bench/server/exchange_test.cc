// SPDX-License-Identifier: Apache-2.0
#include "bench/server/exchange.h"

#include <gtest/gtest.h>

#include <string>

namespace beach::bench {
namespace {

using enum ServerWork;

// Whole with its last byte, and not before.
void ExpectEnds(const Exchange& exchange, ServerWork work, const std::string& reply) {
  for (std::size_t size = 0; size < reply.size(); ++size) {
    const auto whole = exchange.IsWhole(work, ByteView(reply).substr(0, size));
    ASSERT_TRUE(whole.has_value()) << size;
    EXPECT_FALSE(*whole) << size;
  }
  EXPECT_TRUE(exchange.IsWhole(work, reply).value());
}

TEST(Exchange, Base64IsAsInItsRfc) {
  EXPECT_EQ(Base64Of(""), "");
  EXPECT_EQ(Base64Of("f"), "Zg==");
  EXPECT_EQ(Base64Of("fo"), "Zm8=");
  EXPECT_EQ(Base64Of("foo"), "Zm9v");
  EXPECT_EQ(Base64Of("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64Of("\xff\xfe\xfd"), "//79");
}

TEST(Exchange, OfRedis) {
  const auto resp = NewRespExchange();
  Bytes said;
  resp->AppendPut("k", "four", said);
  EXPECT_EQ(said, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\nfour\r\n");
  said.clear();
  resp->AppendGet("k", said);
  EXPECT_EQ(said, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
  ExpectEnds(*resp, kPut, "+OK\r\n");
  ExpectEnds(*resp, kGet, "$4\r\nfo\r\n\r\n");
  EXPECT_EQ(resp->IsWhole(kGet, "$-1\r\n").error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(resp->IsWhole(kPut, "-ERR no leader\r\n").error().code(), ErrorCode::kCorruption);
}

TEST(Exchange, OfEtcd) {
  const auto etcd = NewEtcdExchange();
  Bytes said;
  etcd->AppendPut("foo", "fo", said);
  EXPECT_TRUE(said.starts_with("POST /v3/kv/put HTTP/1.1\r\n"));
  EXPECT_TRUE(said.ends_with("\r\nContent-Length: 29\r\n\r\n{\"key\":\"Zm9v\",\"value\":\"Zm8=\"}"))
      << said;
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
  ExpectEnds(*etcd, kPut, head + "Content-Length: 13\r\n\r\n{\"header\":{}}");
  ExpectEnds(*etcd, kGet, head + "Content-Length: 10\r\n\r\n{\"kvs\":[]}");
  ExpectEnds(*etcd, kGet,
             head + "Transfer-Encoding: chunked\r\n\r\na\r\n{\"kvs\":[]}\r\n0\r\n\r\n");
  EXPECT_EQ(etcd->IsWhole(kGet, head + "Content-Length: 13\r\n\r\n{\"header\":{}}").error().code(),
            ErrorCode::kCorruption);
  EXPECT_EQ(etcd->IsWhole(kPut, "HTTP/1.1 503 Service Unavailable\r\n\r\n").error().code(),
            ErrorCode::kCorruption);
}

}  // namespace
}  // namespace beach::bench
