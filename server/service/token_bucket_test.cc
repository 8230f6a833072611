// SPDX-License-Identifier: Apache-2.0
#include "server/service/token_bucket.h"

#include <gtest/gtest.h>

namespace beach::server {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

std::uint64_t TakeAll(TokenBucket& bucket, std::uint64_t now_ns) {
  std::uint64_t taken = 0;
  while (taken < 10'000 && bucket.Take(now_ns)) ++taken;
  return taken;
}

TEST(TokenBucket, HoldsABurstAndGetsItsRate) {
  TokenBucket bucket(100, 7);
  std::uint64_t now = 5 * kSecond;
  EXPECT_EQ(TakeAll(bucket, now), 7U);
  EXPECT_EQ(TakeAll(bucket, now + kSecond / 100 - 1), 0U);
  EXPECT_EQ(TakeAll(bucket, now += kSecond / 100), 1U);
  EXPECT_EQ(TakeAll(bucket, now += kSecond / 25), 4U);
  EXPECT_EQ(TakeAll(bucket, now += 100 * kSecond), 7U);
}

TEST(TokenBucket, OverTimeNobodyGetsMoreThanItsRateHoweverHeAsks) {
  for (const std::uint64_t rate : std::initializer_list<std::uint64_t>{1, 3, 999, kPaceMax}) {
    TokenBucket bucket(rate, 1);
    const std::uint64_t step = kSecond / rate / 3 + 1;
    std::uint64_t taken = 0;
    std::uint64_t now = kSecond;
    for (int i = 0; i < 30'000; ++i, now += step) taken += bucket.Take(now) ? 1 : 0;
    const double right = static_cast<double>(now - kSecond) / kSecond * static_cast<double>(rate);
    EXPECT_LE(static_cast<double>(taken), right * 1.001 + 1) << rate;
    EXPECT_GE(static_cast<double>(taken), right * 0.7) << rate;
  }
}

TEST(TokenBucket, ARateOfNoneIsNoLimitAndBothMayChange) {
  TokenBucket bucket;
  EXPECT_EQ(TakeAll(bucket, 1), 10'000U);
  bucket.Renew(1, 2);
  EXPECT_EQ(TakeAll(bucket, 1), 2U);
  bucket.Renew(1, 5);
  EXPECT_EQ(TakeAll(bucket, 1), 3U);
  bucket.Renew(0, 0);
  EXPECT_EQ(TakeAll(bucket, 1), 10'000U);
}

}  // namespace
}  // namespace beach::server
