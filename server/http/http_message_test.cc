// SPDX-License-Identifier: Apache-2.0
#include "server/http/http_message.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace beach::server {
namespace {

constexpr char kGet[] = "GET /metrics?a=b HTTP/1.1\r\nHost: here\r\nAccept: */*\r\n\r\n";

unsigned StatusOf(const std::string& bytes) {
  HttpReader reader;
  reader.Append(bytes);
  const auto next = reader.Next();
  if (!next) return 0;
  return next->has_value() ? 200 : next->error().status;
}

TEST(HttpReader, ARequestIsTheSameTornAnywhere) {
  const std::string bytes = kGet;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    HttpReader reader;
    reader.Append(bytes.substr(0, at));
    ASSERT_FALSE(reader.Next().has_value()) << at;
    reader.Append(bytes.substr(at));
    const auto next = reader.Next();
    ASSERT_TRUE(next && next->has_value()) << at;
    EXPECT_EQ((*next)->path, "/metrics");
    EXPECT_FALSE((*next)->head);
    EXPECT_TRUE((*next)->keep_alive);
    EXPECT_FALSE(reader.Next().has_value());
  }
}

TEST(HttpReader, ByteByByteAndOneBehindTheOther) {
  HttpReader reader;
  std::vector<std::string> paths;
  for (const char byte : std::string(kGet) + "HEAD /livez HTTP/1.0\r\n\r\n" + kGet) {
    reader.Append(ByteView(&byte, 1));
    while (const auto next = reader.Next()) {
      ASSERT_TRUE(next->has_value());
      paths.push_back((*next)->path + ((*next)->head ? " head" : "") +
                      ((*next)->keep_alive ? "" : " last"));
    }
  }
  EXPECT_EQ(paths, (std::vector<std::string>{"/metrics", "/livez head last", "/metrics"}));
}

TEST(HttpReader, EachRefusalHasItsStatus) {
  EXPECT_EQ(StatusOf("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"), 405U);
  EXPECT_EQ(StatusOf("PUT / HTTP/1.1\r\n\r\n"), 405U);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"), 413U);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"), 413U);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), 413U);
  EXPECT_EQ(StatusOf("GET / HTTP/7.1\r\n\r\n"), 505U);
  EXPECT_EQ(StatusOf(std::string("GET /\0 HTTP/1.1\r\n\r\n", 19)), 400U);
  EXPECT_EQ(StatusOf("*1\r\n$4\r\nPING\r\n"), 400U);
}

TEST(HttpReader, AHeaderHasItsLimit) {
  const std::string begin = "GET / HTTP/1.1\r\na: ";
  EXPECT_EQ(StatusOf(begin + std::string(7000, 'x') + "\r\n\r\n"), 200U);
  EXPECT_EQ(StatusOf(begin + std::string(9000, 'x') + "\r\n\r\n"), 431U);
  EXPECT_EQ(StatusOf("GET /" + std::string(100'000, 'x')), 431U);
  // Many lines, none of them long, a piece at a time.
  HttpReader reader;
  reader.Append("GET / HTTP/1.1\r\n");
  unsigned status = 0;
  for (int i = 0; i < 1000 && status == 0; ++i) {
    reader.Append("abcdefgh: ijklmnop\r\n");
    const auto next = reader.Next();
    if (next) status = next->has_value() ? 200 : next->error().status;
  }
  EXPECT_EQ(status, 431U);
}

TEST(HttpAnswer, SaysWhatItIsAndMayNotBeTakenForElse) {
  const HttpAnswer answer{.status = 503, .body = "no leader is known\n"};
  const Bytes whole = EncodeHttpAnswer(answer, false, true);
  EXPECT_TRUE(whole.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << whole;
  EXPECT_TRUE(whole.ends_with("\r\n\r\nno leader is known\n")) << whole;
  for (const char* field : {"Content-Length: 19\r\n", "Content-Type: text/plain; charset=utf-8\r\n",
                            "X-Content-Type-Options: nosniff\r\n", "default-src 'self'"}) {
    EXPECT_NE(whole.find(field), Bytes::npos) << field << "\n" << whole;
  }
  const Bytes head = EncodeHttpAnswer(answer, true, true);
  EXPECT_EQ(head + answer.body, whole);
  EXPECT_NE(EncodeHttpAnswer(answer, false, false).find("Connection: close\r\n"), Bytes::npos);
}

}  // namespace
}  // namespace beach::server
