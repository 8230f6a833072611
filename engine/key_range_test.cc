// SPDX-License-Identifier: Apache-2.0
#include "engine/key_range.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace beach::engine {
namespace {

TEST(KeyRange, IsHalfOpen) {
  const KeyRange range{.begin = "b", .end = "d"};
  EXPECT_FALSE(range.Contains("a\xff"));
  EXPECT_TRUE(range.Contains("b"));
  EXPECT_TRUE(range.Contains("c\xff"));
  EXPECT_FALSE(range.Contains("d"));
  EXPECT_TRUE(KeyRange{}.Contains(""));
  EXPECT_TRUE(KeyRange{}.Contains("\xff\xff"));
  EXPECT_FALSE((KeyRange{.begin = "b", .end = "b"}.Contains("b")));
}

TEST(KeyRange, OfAPrefixEndsBehindAllThatBeginWithIt) {
  EXPECT_EQ(KeyRange::OfPrefix("ab").end, "ac");
  EXPECT_EQ(KeyRange::OfPrefix("a\xff").end, "b");
  EXPECT_EQ(KeyRange::OfPrefix("\x7f").end, "\x80");
  EXPECT_EQ(KeyRange::OfPrefix("\xff\xff").end, std::nullopt);
  EXPECT_EQ(KeyRange::OfPrefix("").end, std::nullopt);
}

TEST(KeyRange, OfAPrefixContainsWhatBeginsWithItAndNothingElse) {
  const bool ok = rc::check([] {
    const auto byte = rc::gen::element('\0', 'a', '\x7f', '\x80', '\xfe', '\xff');
    const auto prefix = *rc::gen::container<Bytes>(byte);
    const auto key = *rc::gen::container<Bytes>(byte);
    RC_ASSERT(KeyRange::OfPrefix(prefix).Contains(key) == key.starts_with(prefix));
    RC_ASSERT(KeyRange::OfPrefix(prefix).Contains(prefix + key));
  });
  EXPECT_TRUE(ok);
}

}  // namespace
}  // namespace beach::engine
