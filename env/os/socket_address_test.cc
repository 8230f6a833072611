// SPDX-License-Identifier: Apache-2.0
#include "env/os/socket_address.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace beach::env {
namespace {

TEST(SocketAddress, SplitsHostAndPort) {
  const auto four = SplitAddress("10.0.0.1:7000");
  ASSERT_TRUE(four);
  EXPECT_EQ(four->host, "10.0.0.1");
  EXPECT_EQ(four->port, "7000");
  const auto six = SplitAddress("[fe80::1%lo]:0");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->host, "fe80::1%lo");
  ASSERT_TRUE(SplitAddress("node-1.example.com:65535"));
}

TEST(SocketAddress, WhatIsNoneIsSaid) {
  for (const char* text :
       {"",        ":",       "host",       "host:",       ":1",    "host:x", "host:1x",  "host:+1",
        "host:-1", "host: 1", "host:65536", "host:123456", "::1",   "::1:1",  "[::1]",    "[::1]1",
        "[::1:1",  "::1]:1",  "[]:1",       "[host]:1",    "a b:1", "a/b:1",  "[[::1]]:1"}) {
    const auto parts = SplitAddress(text);
    ASSERT_FALSE(parts) << text;
    EXPECT_EQ(parts.error().code(), ErrorCode::kInvalidArgument);
  }
}

TEST(SocketAddress, NumbersComeBackAsTheyWere) {
  for (const char* text : {"127.0.0.1:1", "[::1]:65535", "[2001:db8::7]:80"}) {
    const auto parts = SplitAddress(text);
    ASSERT_TRUE(parts) << text;
    const auto address = NumericAddress(*parts);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->ToString(), text);
  }
  const auto mapped = NumericAddress({.host = "::ffff:10.1.2.3", .port = "5"});
  ASSERT_TRUE(mapped);
  EXPECT_EQ(mapped->ToString(), "10.1.2.3:5");
  EXPECT_FALSE(NumericAddress({.host = "localhost", .port = "5"}));
}

TEST(SocketAddress, NamesAreLookedUp) {
  const auto local = LookUp({.host = "localhost", .port = "5"});
  ASSERT_TRUE(local) << local.error().ToString();
  EXPECT_FALSE(local->empty());
  const auto nobody = LookUp({.host = "nobody.invalid", .port = "5"});
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code(), ErrorCode::kIo);
  EXPECT_NE(nobody.error().message().find("nobody.invalid"), std::string::npos);
}

TEST(SocketAddress, ErrorsHaveWords) {
  EXPECT_EQ(OsErrorText(ECONNREFUSED), "connection refused");
  EXPECT_EQ(OsErrorText(99'999), "error 99999");
}

}  // namespace
}  // namespace beach::env
