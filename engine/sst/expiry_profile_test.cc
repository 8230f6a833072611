// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/expiry_profile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/expiry.h"
#include "engine/internal_key.h"
#include "engine/sst/properties.h"

namespace beach::engine::sst {
namespace {

ExpiryProfile Of(const std::vector<std::uint64_t>& times) {
  ExpirySampler sampler;
  for (const std::uint64_t time : times) sampler.Add(time);
  return sampler.Finish();
}

TEST(ExpiryProfile, SaysHowManyHaveExpiredInEighths) {
  const ExpiryProfile profile = Of({80, 10, 30, 20, 50, 40, 70, 60});
  EXPECT_EQ(profile.entries, 8U);
  EXPECT_EQ(profile.ExpiredAt(9), 0U);
  EXPECT_EQ(profile.ExpiredAt(10), 1U);
  EXPECT_EQ(profile.ExpiredAt(45), 4U);
  EXPECT_EQ(profile.ExpiredAt(79), 7U);
  EXPECT_EQ(profile.ExpiredAt(80), 8U);
  EXPECT_EQ(Of({}).ExpiredAt(~std::uint64_t{0}), 0U);
  EXPECT_EQ(Of({7}).ExpiredAt(7), 1U);
}

TEST(ExpiryProfile, NeverSaysMoreThanThereAreOfFewAndIsNearOfMany) {
  std::vector<std::uint64_t> times;
  for (std::uint64_t i = 0; i < 50; ++i) times.push_back(i * i % 37);
  const ExpiryProfile few = Of(times);
  for (std::uint64_t time = 0; time < 40; ++time) {
    const auto expired = static_cast<std::uint64_t>(
        std::ranges::count_if(times, [time](std::uint64_t t) { return t <= time; }));
    EXPECT_LE(few.ExpiredAt(time), expired) << time;
    EXPECT_EQ(few.ExpiredAt(time) > 0, expired > 0) << time;
  }
  times.clear();
  for (std::uint64_t i = 0; i < 100'000; ++i) times.push_back(i * 7919 % 100'000);
  const ExpiryProfile many = Of(times);
  EXPECT_EQ(many.entries, 100'000U);
  EXPECT_EQ(many.times.front(), 0U);
  EXPECT_EQ(many.times.back(), 99'999U);
  const std::uint64_t half = many.times[kExpiryParts / 2];
  EXPECT_GT(half, 45'000U);
  EXPECT_LT(half, 55'000U);
}

TEST(ExpiryProfile, StandsInThePropertiesOnlyWhereSomethingExpires) {
  Properties properties;
  Bytes key;
  AppendInternalKey(key, {"a", SequenceNumber(1), ValueKind::kPutUntil});
  properties.Count(key, EncodeExpiring(5, "v"));
  properties.data_blocks = 1;
  const Bytes without = EncodeProperties(properties);
  EXPECT_EQ(without.find("expiring"), Bytes::npos);
  properties.expiring = Of({5});
  const Bytes with = EncodeProperties(properties);
  const auto decoded = DecodeProperties(with, "t", 0);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, properties);
  // More than there are entries, out of order, or of none at all.
  for (const ExpiryProfile& wrong :
       {ExpiryProfile{.entries = 2, .times = properties.expiring.times},
        ExpiryProfile{.entries = 1, .times = {9, 1}}, ExpiryProfile{.entries = 0, .times = {}}}) {
    Bytes value;
    Encoder encoder(value);
    encoder.Varint(wrong.entries);
    for (const std::uint64_t time : wrong.times) encoder.Varint(time);
    Bytes damaged = with;
    const std::size_t at = damaged.find("expiring") + 8;
    damaged.replace(at + 1, static_cast<std::size_t>(damaged[at]), value);
    damaged[at] = static_cast<char>(value.size());
    const auto refused = DecodeProperties(damaged, "t", 0);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kCorruption);
  }
}

}  // namespace
}  // namespace beach::engine::sst
