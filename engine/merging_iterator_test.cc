// SPDX-License-Identifier: Apache-2.0
#include "engine/merging_iterator.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "engine/internal_key.h"
#include "engine/testing/vector_iterator.h"

namespace beach::engine {
namespace {

using testing::EntryList;
using testing::SortEntries;
using testing::VectorIterator;

Bytes KeyAt(ByteView user_key, std::uint64_t sequence, ValueKind kind = ValueKind::kPut) {
  Bytes key;
  AppendInternalKey(key,
                    {.user_key = user_key, .sequence = SequenceNumber(sequence), .kind = kind});
  return key;
}

Bytes SmallKey() {
  return *rc::gen::element(Bytes(), Bytes("a"), Bytes("ab"), Bytes("b"), Bytes("\x80"));
}

// Entries spread over sources, and all of them in the order in which a walk must show them.
struct Spread {
  std::vector<EntryList> sources;
  EntryList all;
};

Spread SomeSpread() {
  Spread spread;
  spread.sources.resize(*rc::gen::inRange<std::size_t>(0, 5));
  if (spread.sources.empty()) return spread;
  const auto count = *rc::gen::inRange<std::uint64_t>(0, 40);
  for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
    const Bytes key = KeyAt(SmallKey(), sequence);
    const auto source = *rc::gen::inRange<std::size_t>(0, spread.sources.size());
    spread.sources[source].emplace_back(key, std::to_string(sequence));
    // Now and then the same entry is in a later source as well, as after an interrupted move.
    if (source + 1 < spread.sources.size() && *rc::gen::inRange(0, 8) == 0) {
      spread.sources.back().emplace_back(key, "copy");
    }
  }
  for (EntryList& source : spread.sources) SortEntries(source);
  // Each behind its equals, which earlier sources put there.
  const auto is_before = [](const auto& left, const auto& right) {
    return CompareInternalKeys(left.first, right.first) < 0;
  };
  for (const EntryList& source : spread.sources) {
    for (const auto& entry : source) {
      const auto at = std::upper_bound(spread.all.begin(), spread.all.end(), entry, is_before);
      spread.all.insert(at, entry);
    }
  }
  return spread;
}

std::unique_ptr<Iterator> Merge(const std::vector<EntryList>& lists) {
  std::vector<std::unique_ptr<Iterator>> sources;
  for (const EntryList& list : lists) sources.push_back(std::make_unique<VectorIterator>(list));
  return NewMergingIterator(std::move(sources));
}

TEST(MergingIterator, MovesLikeOneSortedListBothWays) {
  EXPECT_TRUE(rc::check([] {
    const Spread spread = SomeSpread();
    const auto iterator = Merge(spread.sources);
    VectorIterator expected(spread.all);
    RC_ASSERT(!iterator->Valid());
    for (int step = 0; step < 60; ++step) {
      const Bytes target = KeyAt(SmallKey(), *rc::gen::inRange<std::uint64_t>(0, 42));
      switch (*rc::gen::inRange(0, 10)) {
        case 0: iterator->SeekToFirst(), expected.SeekToFirst(); break;
        case 1: iterator->SeekToLast(), expected.SeekToLast(); break;
        case 2: iterator->Seek(target), expected.Seek(target); break;
        case 3: iterator->SeekForPrevious(target), expected.SeekForPrevious(target); break;
        case 4:
        case 5:
        case 6:
          if (iterator->Valid()) iterator->Next(), expected.Next();
          break;
        default:
          if (iterator->Valid()) iterator->Previous(), expected.Previous();
          break;
      }
      RC_ASSERT(iterator->status().has_value());
      RC_ASSERT(iterator->Valid() == expected.Valid());
      if (!iterator->Valid()) continue;
      RC_ASSERT(iterator->key() == expected.key());
      RC_ASSERT(iterator->value() == expected.value());
    }
  }));
}

TEST(MergingIterator, NoSourcesAreAnEmptyWalk) {
  const auto iterator = NewMergingIterator({});
  iterator->SeekToFirst();
  EXPECT_FALSE(iterator->Valid());
  iterator->SeekToLast();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_TRUE(iterator->status().has_value());
}

// A walk into the failing entry shows all that is in front of it, then the error, never what is
// behind.
TEST(MergingIterator, AFailingSourceEndsTheWalkWithItsErrorBothWays) {
  EXPECT_TRUE(rc::check([] {
    EntryList good;
    EntryList bad;
    for (std::uint64_t i = 0; i < 10; ++i) {
      (i % 2 == 0 ? good : bad).emplace_back(KeyAt("k" + std::to_string(i), 1), "v");
    }
    const auto failing = *rc::gen::inRange<std::size_t>(0, bad.size());
    const bool forward = *rc::gen::arbitrary<bool>();
    std::vector<std::unique_ptr<Iterator>> sources;
    sources.push_back(std::make_unique<VectorIterator>(good));
    sources.push_back(std::make_unique<VectorIterator>(bad, failing));
    const auto iterator = NewMergingIterator(std::move(sources));
    forward ? iterator->SeekToFirst() : iterator->SeekToLast();
    while (iterator->Valid()) {
      const int order = iterator->key().compare(bad[failing].first);
      RC_ASSERT((forward ? order < 0 : order > 0));
      forward ? iterator->Next() : iterator->Previous();
    }
    RC_ASSERT(!iterator->status().has_value());
    RC_ASSERT(iterator->status().error().code() == ErrorCode::kCorruption);
    RC_ASSERT(iterator->status().error().offset() == failing);
    iterator->Seek(KeyAt("z", 1));
    RC_ASSERT(!iterator->Valid());
    RC_ASSERT(iterator->status().has_value());
  }));
}

TEST(MergingIterator, AnErrorWhileTurningRoundSurfaces) {
  const EntryList left = {{KeyAt("a", 1), ""}, {KeyAt("c", 1), ""}};
  const EntryList right = {{KeyAt("b", 1), ""}, {KeyAt("d", 1), ""}};
  std::vector<std::unique_ptr<Iterator>> sources;
  sources.push_back(std::make_unique<VectorIterator>(left));
  sources.push_back(std::make_unique<VectorIterator>(right, 0));
  const auto iterator = NewMergingIterator(std::move(sources));
  iterator->Seek(KeyAt("c", 1));
  ASSERT_TRUE(iterator->Valid());
  iterator->Previous();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_FALSE(iterator->status().has_value());
}

}  // namespace
}  // namespace beach::engine
