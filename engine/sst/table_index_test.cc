// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/table_index.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <vector>

#include "base/coding.h"
#include "engine/sst/table_testing.h"

namespace beach::engine::sst {
namespace {

constexpr std::uint64_t kBlockSize = 10;

struct Built {
  Bytes content;
  std::uint64_t data_end = 0;
};

Built BuildIndex(const std::vector<Bytes>& last_keys) {
  TableIndexBuilder builder;
  Built built;
  for (const Bytes& key : last_keys) {
    builder.Add(key, kBlockSize);
    built.data_end += kBlockSize + kBlockTrailerSize;
  }
  built.content = builder.Finish();
  return built;
}

// Keys that share prefixes of 0 to 20 bytes, so that 8 bytes tell some of them apart and not
// others.
Bytes SomeKey() {
  Bytes key(*rc::gen::element<std::size_t>(0, 3, 8, 20), '\x7f');
  const auto rest = *rc::gen::inRange<std::size_t>(0, 4);
  for (std::size_t i = 0; i < rest; ++i) key += *rc::gen::element('\0', '\1', 'a', '\x7f', '\xff');
  return key;
}

TEST(TableIndex, FindsLikeALowerBound) {
  EXPECT_TRUE(rc::check([] {
    Entries keys;
    const auto count = *rc::gen::inRange(0, 40);
    const Bytes common(*rc::gen::element<std::size_t>(0, 5, 12), 'c');
    for (int i = 0; i < count; ++i) {
      keys.emplace(KeyAt(common + SomeKey(), *rc::gen::inRange<std::uint64_t>(0, 4)), "");
    }
    std::vector<Bytes> last_keys;
    for (const auto& [key, value] : keys) last_keys.push_back(key);
    const Built built = BuildIndex(last_keys);
    const auto index = TableIndex::Parse(built.content, built.data_end, "f", 0);
    RC_ASSERT(index.has_value());
    RC_ASSERT(index->count() == last_keys.size());
    for (int i = 0; i < 60; ++i) {
      const Bytes target = KeyAt((*rc::gen::inRange(0, 3) == 0 ? Bytes() : common) + SomeKey(),
                                 *rc::gen::inRange<std::uint64_t>(0, 4));
      const auto expected = std::distance(keys.begin(), keys.lower_bound(target));
      RC_ASSERT(index->Find(target) == static_cast<std::size_t>(expected));
    }
    for (std::size_t block = 0; block < index->count(); ++block) {
      RC_ASSERT(index->last_key(block) == last_keys[block]);
      RC_ASSERT(index->handle(block).offset == block * (kBlockSize + kBlockTrailerSize));
      RC_ASSERT(index->handle(block).size == kBlockSize);
    }
  }));
}

TEST(TableIndex, WhatDoesNotDescribeTheBlocksIsDamage) {
  const Built good = BuildIndex({KeyAt("a", 2), KeyAt("a", 1), KeyAt("b", 1)});
  const auto refused = [](const Bytes& content, std::uint64_t data_end) {
    const auto index = TableIndex::Parse(content, data_end, "f", 500);
    if (index) return false;
    EXPECT_EQ(index.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(index.error().path(), "f");
    EXPECT_GE(index.error().offset(), 500U);
    EXPECT_LE(index.error().offset(), 500 + content.size());
    return true;
  };
  EXPECT_FALSE(refused(good.content, good.data_end));
  EXPECT_FALSE(refused("", 0));
  EXPECT_TRUE(refused("", 1));
  EXPECT_TRUE(refused(good.content, good.data_end + 1));
  EXPECT_TRUE(refused(good.content, good.data_end - 1));
  EXPECT_TRUE(refused(good.content, 0));
  for (std::size_t length = 1; length < good.content.size(); ++length) {
    EXPECT_TRUE(refused(good.content.substr(0, length), good.data_end)) << length;
  }
  const Built twice = BuildIndex({KeyAt("b", 1), KeyAt("b", 1)});
  EXPECT_TRUE(refused(twice.content, twice.data_end));
  const Built back = BuildIndex({KeyAt("b", 1), KeyAt("b", 2)});
  EXPECT_TRUE(refused(back.content, back.data_end));
  Bytes short_key;
  Encoder(short_key).LengthPrefixed("short");
  Encoder(short_key).Varint(kBlockSize);
  EXPECT_TRUE(refused(short_key, kBlockSize + kBlockTrailerSize));
  Bytes empty_block;
  Encoder(empty_block).LengthPrefixed(KeyAt("a", 1));
  Encoder(empty_block).Varint(0);
  EXPECT_TRUE(refused(empty_block, kBlockTrailerSize));
  Bytes huge;
  Encoder(huge).LengthPrefixed(KeyAt("a", 1));
  Encoder(huge).Varint(~std::uint64_t{0});
  EXPECT_TRUE(refused(huge, 1000));
}

}  // namespace
}  // namespace beach::engine::sst
