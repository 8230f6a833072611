// SPDX-License-Identifier: Apache-2.0
#include "sim/network/address.h"

#include <gtest/gtest.h>

namespace beach::sim {
namespace {

TEST(Address, TakesHostAndPortApart) {
  const auto address = ParseAddress("a.b:7000");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->host, "a.b");
  EXPECT_EQ(address->port, 7000);
  EXPECT_EQ(ParseAddress("[::1]:65535")->host, "[::1]");
}

TEST(Address, RefusesWhatIsNone) {
  for (const char* const text :
       {"", "a", "a:", ":1", "a:b", "a:65536", "a:-1", "a:1x", "::1:1", "[::1]"}) {
    EXPECT_FALSE(ParseAddress(text).has_value()) << text;
  }
}

TEST(Address, KnowsHowAMachineCallsItself) {
  EXPECT_TRUE(IsAddressOf({"a", 1}, "a"));
  EXPECT_TRUE(IsAddressOf({"localhost", 1}, "a"));
  EXPECT_FALSE(IsAddressOf({"b", 1}, "a"));
}

}  // namespace
}  // namespace beach::sim
