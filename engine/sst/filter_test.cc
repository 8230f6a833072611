// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/filter.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "base/coding.h"
#include "engine/sst/key_hash.h"

namespace beach::engine::sst {
namespace {

Bytes KeyNumber(std::uint64_t number) { return "key" + std::to_string(number * 7919); }

Bytes BuildFilter(std::uint64_t keys, std::uint64_t bits_per_key) {
  FilterBuilder builder(bits_per_key);
  for (std::uint64_t i = 0; i < keys; ++i) builder.Add(HashUserKey(KeyNumber(i)));
  return builder.Finish();
}

TEST(Filter, NeverDeniesAKeyThatWasAdded) {
  EXPECT_TRUE(rc::check([](const std::set<std::string>& keys) {
    const auto bits = *rc::gen::inRange<std::uint64_t>(1, kFilterBitsPerKeyMax + 1);
    FilterBuilder builder(bits);
    for (const std::string& key : keys) builder.Add(HashUserKey(key));
    const Bytes content = builder.Finish();
    RC_ASSERT(content.empty() == keys.empty());
    if (keys.empty()) return;
    const auto filter = Filter::Parse(content, "f", 0);
    RC_ASSERT(filter.has_value());
    RC_ASSERT(filter->lines() == FilterLines(keys.size(), bits));
    RC_ASSERT(filter->probes() == FilterProbes(bits));
    for (const std::string& key : keys) RC_ASSERT(filter->MayContain(HashUserKey(key)));
  }));
}

// The figures of docs/formats/sst.md. Keys are fixed, so the counts are too.
TEST(Filter, IsWrongAsSeldomAsTheDocumentSays) {
  constexpr std::uint64_t kKeys = 100'000;
  constexpr std::uint64_t kAbsent = 1'000'000;
  const struct {
    std::uint64_t bits_per_key;
    std::uint64_t least;  // wrong answers of kAbsent
    std::uint64_t most;
  } rates[] = {{1, 600'000, 700'000}, {5, 85'000, 100'000}, {8, 21'000, 26'000},
               {10, 8'500, 11'000},   {16, 600, 1'000},     {20, 100, 350}};
  for (const auto& rate : rates) {
    const auto filter = Filter::Parse(BuildFilter(kKeys, rate.bits_per_key), "f", 0);
    ASSERT_TRUE(filter.has_value());
    std::uint64_t wrong = 0;
    for (std::uint64_t i = kKeys; i < kKeys + kAbsent; ++i) {
      wrong += filter->MayContain(HashUserKey(KeyNumber(i))) ? 1 : 0;
    }
    RecordProperty("wrong_at_" + std::to_string(rate.bits_per_key), std::to_string(wrong));
    EXPECT_GE(wrong, rate.least) << rate.bits_per_key;
    EXPECT_LE(wrong, rate.most) << rate.bits_per_key;
  }
}

TEST(Filter, ItsBytesAreTheFormat) {
  // Two keys, 10 bits each: one line, 6 probes.
  const Bytes content = BuildFilter(2, 10);
  ASSERT_EQ(content.size(), kFilterLineSize + kFilterTailSize);
  EXPECT_EQ(content.back(), 6);
  std::size_t bits = 0;
  for (const char byte : content.substr(0, kFilterLineSize)) {
    bits += static_cast<std::size_t>(__builtin_popcount(static_cast<unsigned char>(byte)));
  }
  EXPECT_GE(bits, 8U);
  EXPECT_LE(bits, 12U);
  EXPECT_EQ(HashUserKey(""), 1248345046728723836U);
  EXPECT_EQ(HashUserKey("beach"), 1150204255525066427U);
}

TEST(Filter, WhatNoBuilderMakesIsDamage) {
  const Bytes good = BuildFilter(100, 10);
  const auto refused = [](const Bytes& content) {
    const auto filter = Filter::Parse(content, "f", 1000);
    if (filter) return false;
    EXPECT_EQ(filter.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(filter.error().path(), "f");
    EXPECT_GE(filter.error().offset(), 1000U);
    return true;
  };
  EXPECT_FALSE(refused(good));
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused(good.substr(1)));
  EXPECT_TRUE(refused(good + "x"));
  EXPECT_TRUE(refused(Bytes(1, '\6')));
  Bytes bad = good;
  bad.back() = '\0';
  EXPECT_TRUE(refused(bad));
  bad.back() = static_cast<char>(kFilterProbesMax + 1);
  EXPECT_TRUE(refused(bad));
}

}  // namespace
}  // namespace beach::engine::sst
