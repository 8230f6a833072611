// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/range_deletes.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "base/coding.h"
#include "engine/sst/properties.h"
#include "engine/sst/table_testing.h"

namespace beach::engine::sst {
namespace {

using testing::MemoryFiles;

RangeDelete Range(ByteView begin, ByteView end, std::uint64_t sequence) {
  return {.begin = Bytes(begin), .end = Bytes(end), .sequence = SequenceNumber(sequence)};
}

TEST(RangeDeletes, DecodeWhatTheyEncode) {
  EXPECT_TRUE(rc::check([] {
    RangeDeletes ranges;
    const auto count = *rc::gen::inRange(1, 20);
    for (int i = 0; i < count; ++i) {
      const auto begin = *rc::gen::arbitrary<std::string>();
      const auto end = begin + *rc::gen::nonEmpty(rc::gen::arbitrary<std::string>());
      ranges.push_back(Range(begin, end, static_cast<std::uint64_t>(i)));
    }
    std::ranges::sort(ranges, InOrder);
    const auto decoded = DecodeRangeDeletes(EncodeRangeDeletes(ranges), "f", 0);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == ranges);
  }));
}

TEST(RangeDeletes, WhatNoBuilderWritesIsDamage) {
  const auto refused = [](const RangeDeletes& ranges) {
    const auto decoded = DecodeRangeDeletes(EncodeRangeDeletes(ranges), "f", 100);
    if (decoded) return false;
    EXPECT_EQ(decoded.error().code(), ErrorCode::kCorruption);
    EXPECT_GE(decoded.error().offset(), 100U);
    return true;
  };
  EXPECT_FALSE(refused({Range("a", "c", 3), Range("a", "b", 2), Range("a", "c", 2)}));
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({Range("a", "a", 1)}));
  EXPECT_TRUE(refused({Range("b", "a", 1)}));
  EXPECT_TRUE(refused({Range("a", "b", 1), Range("a", "b", 1)}));
  EXPECT_TRUE(refused({Range("a", "b", 1), Range("a", "b", 2)}));
  EXPECT_TRUE(refused({Range("b", "c", 2), Range("a", "b", 1)}));
  EXPECT_TRUE(refused({Range("a", "b", kMaxSequence.value + 1)}));
  const Bytes whole = EncodeRangeDeletes({Range("a", "b", 1)});
  for (std::size_t length = 1; length < whole.size(); ++length) {
    EXPECT_FALSE(DecodeRangeDeletes(whole.substr(0, length), "f", 0).has_value()) << length;
  }
}

TEST(RangeDeletes, ATableGivesThemBackSortedAndCountsThem) {
  MemoryFiles files;
  const TableInfo info =
      BuildTable(files, "t", {{KeyAt("d", 5), "v"}, {KeyAt("e", 6), "v"}}, Options(), kFile,
                 {Range("x", "z", 9), Range("b", "c", 2), Range("b", "f", 3)});
  EXPECT_EQ(info.entries, 5U);
  EXPECT_EQ(info.smallest, KeyAt("b", 3));
  EXPECT_EQ(info.largest, KeyAt("z", kMaxSequence.value));
  EXPECT_EQ(info.sequence_min, SequenceNumber(2));
  EXPECT_EQ(info.sequence_max, SequenceNumber(9));
  const auto reader = TableReader::Open(files, "t", kDatabase, info);
  ASSERT_TRUE(reader.has_value());
  EXPECT_TRUE((*reader)->Verify().has_value());
  const RangeDeletes sorted = {Range("b", "f", 3), Range("b", "c", 2), Range("x", "z", 9)};
  EXPECT_EQ((*reader)->range_deletes(), sorted);
  EXPECT_EQ((*reader)->properties().range_deletes, 3U);
  EXPECT_EQ((*reader)->properties().entries, 2U);
  // It tells; who reads several tables applies them.
  EXPECT_TRUE((*reader)->Get("d", kMaxSequence)->has_value());
}

TEST(RangeDeletes, ATableMayHaveNothingElse) {
  MemoryFiles files;
  const TableInfo info = BuildTable(files, "t", {}, Options(), kFile, {Range("b", "c", 2)});
  EXPECT_EQ(info.entries, 1U);
  const auto reader = TableReader::Open(files, "t", kDatabase, info);
  ASSERT_TRUE(reader.has_value()) << reader.error().ToString();
  EXPECT_TRUE((*reader)->Verify().has_value());
  EXPECT_FALSE((*reader)->Get("b", kMaxSequence)->has_value());
  const auto iterator = (*reader)->NewIterator();
  iterator->SeekToFirst();
  EXPECT_FALSE(iterator->Valid());
  iterator->SeekToLast();
  EXPECT_FALSE(iterator->Valid());
  iterator->Seek(KeyAt("a", 1));
  EXPECT_FALSE(iterator->Valid());
  iterator->SeekForPrevious(KeyAt("z", 1));
  EXPECT_FALSE(iterator->Valid());
  EXPECT_TRUE(iterator->status().has_value());
}

}  // namespace
}  // namespace beach::engine::sst
