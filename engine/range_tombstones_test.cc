// SPDX-License-Identifier: Apache-2.0
#include "engine/range_tombstones.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>

#include "engine/memtable/range_list.h"

namespace beach::engine {
namespace {

Bytes SmallKey() {
  return *rc::gen::element(Bytes(), Bytes("a"), Bytes("a\0", 2), Bytes("b"), Bytes("c"),
                           Bytes("\x80"), Bytes("\xff"));
}

// Of sequence numbers from 1 on, each range's own.
sst::RangeDeletes SomeRanges() {
  sst::RangeDeletes ranges;
  const auto count = *rc::gen::inRange<std::uint64_t>(0, 12);
  for (std::uint64_t i = 1; i <= count; ++i) {
    Bytes begin = SmallKey();
    Bytes end = SmallKey();
    if (end < begin) std::swap(begin, end);
    if (begin < end) ranges.push_back({begin, end, SequenceNumber(2 * i)});
  }
  return ranges;
}

SequenceNumber Expected(const sst::RangeDeletes& ranges, ByteView key, SequenceNumber at) {
  SequenceNumber newest;
  for (const sst::RangeDelete& range : ranges) {
    if (range.sequence > at || key < range.begin || key >= range.end) continue;
    newest = std::max(newest, range.sequence);
  }
  return newest;
}

TEST(RangeTombstones, AnswersAsALookAtEachOfThemDoes) {
  EXPECT_TRUE(rc::check([] {
    const sst::RangeDeletes ranges = SomeRanges();
    const RangeTombstones tombstones = RangeTombstones::Of(ranges);
    RangeList list;
    for (const sst::RangeDelete& range : ranges) list.Add(range.sequence, range.begin, range.end);
    RC_ASSERT(list.count() == ranges.size());
    RC_ASSERT(tombstones.empty() == ranges.empty());
    for (int i = 0; i < 20; ++i) {
      const Bytes key = SmallKey();
      const SequenceNumber at(*rc::gen::inRange<std::uint64_t>(0, 26));
      const SequenceNumber expected = Expected(ranges, key, at);
      RC_ASSERT(tombstones.NewestOver(key, at) == expected);
      RC_ASSERT(list.NewestOver(key, at) == expected);
    }
  }));
}

TEST(RangeTombstones, ASpanHoldsForAllItsKeys) {
  EXPECT_TRUE(rc::check([] {
    const sst::RangeDeletes ranges = SomeRanges();
    const RangeTombstones tombstones = RangeTombstones::Of(ranges);
    const SequenceNumber at(*rc::gen::inRange<std::uint64_t>(0, 26));
    const Bytes key = SmallKey();
    const RangeTombstones::Span span = tombstones.Search(key, at);
    RC_ASSERT(span.Contains(key));
    for (int i = 0; i < 20; ++i) {
      const Bytes other = SmallKey();
      if (span.Contains(other)) RC_ASSERT(Expected(ranges, other, at) == span.newest);
    }
  }));
}

TEST(RangeTombstones, NeighboursDifferAndTheLastFragmentIsNone) {
  EXPECT_TRUE(rc::check([] {
    const sst::RangeDeletes ranges = SomeRanges();
    const RangeTombstones tombstones = RangeTombstones::Of(ranges);
    const auto& fragments = tombstones.fragments();
    RC_ASSERT(fragments.size() <= 2 * ranges.size());
    for (std::size_t i = 1; i < fragments.size(); ++i) {
      RC_ASSERT(fragments[i - 1].begin < fragments[i].begin);
      RC_ASSERT(fragments[i - 1].newest != fragments[i].newest);
    }
    if (!fragments.empty()) RC_ASSERT(fragments.back().newest == SequenceNumber());
  }));
}

// What a reader has taken stays what it was.
TEST(RangeList, PartsStayWhenMoreIsAdded) {
  RangeList list;
  EXPECT_TRUE(list.empty());
  list.Add(SequenceNumber(1), "a", "m");
  const RangeList::Parts before = list.parts();
  const std::uint64_t size = list.size_bytes();
  for (std::uint64_t i = 2; i < 100; ++i) list.Add(SequenceNumber(i), "b", "c" + std::to_string(i));
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(before[0]->NewestOver("b", kMaxSequence), SequenceNumber(1));
  EXPECT_EQ(list.NewestOver("b", kMaxSequence), SequenceNumber(99));
  EXPECT_EQ(list.NewestOver("a", kMaxSequence), SequenceNumber(1));
  EXPECT_LE(list.parts().size(), 7U);
  EXPECT_GT(list.size_bytes(), size + 98 * 64);
}

}  // namespace
}  // namespace beach::engine
