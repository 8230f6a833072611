// SPDX-License-Identifier: Apache-2.0
#include "engine/snapshot_iterator.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <iterator>
#include <map>

#include "engine/internal_key.h"
#include "engine/memtable/memtable.h"
#include "engine/merging_iterator.h"
#include "engine/testing/vector_iterator.h"

namespace beach::engine {
namespace {

using testing::EntryList;
using testing::VectorIterator;
using Model = std::map<Bytes, Bytes>;

Bytes KeyAt(ByteView user_key, std::uint64_t sequence, ValueKind kind = ValueKind::kPut) {
  Bytes key;
  AppendInternalKey(key,
                    {.user_key = user_key, .sequence = SequenceNumber(sequence), .kind = kind});
  return key;
}

Bytes SmallKey() {
  return *rc::gen::element(Bytes(), Bytes("a"), Bytes("a\0", 2), Bytes("b"), Bytes("c"),
                           Bytes("\x80"), Bytes("\xff"));
}

std::unique_ptr<Iterator> Snapshot(std::unique_ptr<Iterator> internal, std::uint64_t sequence,
                                   KeyRange range = {}) {
  return NewSnapshotIterator(std::move(internal), RangeCover(SequenceNumber(sequence)), 0,
                             std::move(range), nullptr);
}

// Counts what a source is asked to show.
class Counted final : public Iterator {
 public:
  Counted(std::unique_ptr<Iterator> source, int& steps, int& seeks)
      : source_(std::move(source)), steps_(steps), seeks_(seeks) {}
  void SeekToFirst() override { ++seeks_, source_->SeekToFirst(), Show(); }
  void SeekToLast() override { ++seeks_, source_->SeekToLast(), Show(); }
  void Seek(ByteView target) override { ++seeks_, source_->Seek(target), Show(); }
  void SeekForPrevious(ByteView target) override {
    ++seeks_, source_->SeekForPrevious(target), Show();
  }
  void Next() override { ++steps_, source_->Next(), Show(); }
  void Previous() override { ++steps_, source_->Previous(), Show(); }
  ByteView value() const override { return source_->value(); }
  Status status() const override { return source_->status(); }

 private:
  void Show() { source_->Valid() ? StandAt(source_->key()) : StandNowhere(); }

  const std::unique_ptr<Iterator> source_;
  int& steps_;
  int& seeks_;
};

// Random writes over some memtables, and what is live at one sequence number.
struct History {
  std::vector<std::unique_ptr<Memtable>> tables;
  std::uint64_t first = 0;  // sequence numbers in use: [first, last]
  std::uint64_t last = 0;
  std::uint64_t snapshot = 0;
  KeyRange range;
  Model live;  // in the range
};

History SomeHistory() {
  History history;
  const auto tables = *rc::gen::inRange<std::size_t>(1, 5);
  for (std::size_t i = 0; i < tables; ++i) history.tables.push_back(std::make_unique<Memtable>());
  const auto count = *rc::gen::inRange<std::uint64_t>(0, 50);
  // The smallest and the largest numbers there are, and some between.
  history.first = *rc::gen::element<std::uint64_t>(0, 1, 1000, kMaxSequence.value - count);
  history.last = history.first + count;
  history.snapshot = *rc::gen::inRange(history.first, history.last + 1);
  if (*rc::gen::inRange(0, 4) == 0) history.snapshot = kMaxSequence.value;
  for (std::uint64_t sequence = history.first; sequence <= history.last; ++sequence) {
    const Bytes key = SmallKey();
    const bool put = *rc::gen::inRange(0, 3) != 0;
    const auto table = *rc::gen::inRange<std::size_t>(0, tables);
    const Bytes value = put ? std::to_string(sequence) : Bytes();
    history.tables[table]->Add(SequenceNumber(sequence), put ? ValueKind::kPut : ValueKind::kDelete,
                               key, value);
    if (sequence > history.snapshot) continue;
    if (put) history.live.insert_or_assign(key, value);
    if (!put) history.live.erase(key);
  }
  if (*rc::gen::arbitrary<bool>()) history.range.begin = SmallKey();
  if (*rc::gen::arbitrary<bool>()) history.range.end = SmallKey();
  std::erase_if(history.live,
                [&](const auto& entry) { return !history.range.Contains(entry.first); });
  return history;
}

std::unique_ptr<Iterator> Open(const History& history) {
  std::vector<std::unique_ptr<Iterator>> sources;
  for (const auto& table : history.tables) sources.push_back(table->NewIterator());
  return Snapshot(NewMergingIterator(std::move(sources)), history.snapshot, history.range);
}

TEST(SnapshotIterator, MovesLikeAModelBothWays) {
  const bool ok = rc::check([] {
    const History history = SomeHistory();
    const Model& model = history.live;
    const auto iterator = Open(history);
    const auto before = [&](Model::const_iterator it) {
      return it == model.begin() ? model.end() : std::prev(it);
    };
    auto at = model.end();
    for (int step = 0; step < 60; ++step) {
      const Bytes target = SmallKey();
      switch (*rc::gen::inRange(0, 10)) {
        case 0: iterator->SeekToFirst(), at = model.begin(); break;
        case 1: iterator->SeekToLast(), at = before(model.end()); break;
        case 2: iterator->Seek(target), at = model.lower_bound(target); break;
        case 3: iterator->SeekForPrevious(target), at = before(model.upper_bound(target)); break;
        case 4:
        case 5:
        case 6:
          if (iterator->Valid()) iterator->Next(), ++at;
          break;
        default:
          if (iterator->Valid()) iterator->Previous(), at = before(at);
          break;
      }
      RC_ASSERT(iterator->status().has_value());
      RC_ASSERT(iterator->Valid() == (at != model.end()));
      if (!iterator->Valid()) continue;
      RC_ASSERT(Bytes(iterator->key()) == at->first);
      RC_ASSERT(Bytes(iterator->value()) == at->second);
    }
  });
  EXPECT_TRUE(ok);
}

TEST(SnapshotIterator, ASequenceNumberIsIncluded) {
  const EntryList entries = {
      {KeyAt("k", 9, ValueKind::kDelete), ""}, {KeyAt("k", 7), "seven"}, {KeyAt("k", 5), "five"}};
  const auto value_at = [&](std::uint64_t sequence) -> Bytes {
    const auto iterator = Snapshot(std::make_unique<VectorIterator>(entries), sequence);
    iterator->SeekToFirst();
    const Bytes forward = iterator->Valid() ? Bytes(iterator->value()) : "none";
    iterator->SeekToLast();
    const Bytes backward = iterator->Valid() ? Bytes(iterator->value()) : "none";
    EXPECT_EQ(forward, backward) << sequence;
    return forward;
  };
  EXPECT_EQ(value_at(4), "none");
  EXPECT_EQ(value_at(5), "five");
  EXPECT_EQ(value_at(6), "five");
  EXPECT_EQ(value_at(7), "seven");
  EXPECT_EQ(value_at(8), "seven");
  EXPECT_EQ(value_at(9), "none");
}

// The newest version is what cannot be read: an older one must not be shown instead.
TEST(SnapshotIterator, DamageNeverUncoversAnOlderVersion) {
  const EntryList entries = {
      {KeyAt("a", 3), "a"}, {KeyAt("k", 9), "new"}, {KeyAt("k", 5), "old"}, {KeyAt("z", 1), "z"}};
  const auto iterator = Snapshot(std::make_unique<VectorIterator>(entries, 1), 100);

  iterator->SeekToFirst();
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->key(), "a");
  iterator->Next();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_EQ(iterator->status().error().code(), ErrorCode::kCorruption);

  iterator->SeekToLast();
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->key(), "z");
  EXPECT_TRUE(iterator->status().has_value()) << "a seek starts afresh";
  iterator->Previous();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_EQ(iterator->status().error().code(), ErrorCode::kCorruption);

  iterator->Seek("k");
  EXPECT_FALSE(iterator->Valid());
  EXPECT_FALSE(iterator->status().has_value());
  iterator->SeekForPrevious("k");
  EXPECT_FALSE(iterator->Valid());
  EXPECT_FALSE(iterator->status().has_value());
}

// Many versions and many deletes, some of them newer than the snapshot: what a reader pays for
// them.
TEST(SnapshotIterator, ManyVersionsArePassedByASearch) {
  EntryList entries = {{KeyAt("a", 1), "a"}};
  for (std::uint64_t i = 3000; i >= 2; --i) entries.emplace_back(KeyAt("k", i), std::to_string(i));
  entries.emplace_back(KeyAt("z", 1), "z");
  for (const std::uint64_t sequence : {5U, 2990U, 3000U, 4000U}) {
    int steps = 0;
    int seeks = 0;
    const auto iterator =
        Snapshot(std::make_unique<Counted>(std::make_unique<VectorIterator>(entries), steps, seeks),
                 sequence);
    iterator->SeekToFirst();
    iterator->Next();
    ASSERT_TRUE(iterator->Valid());
    EXPECT_EQ(iterator->key(), "k");
    EXPECT_EQ(iterator->value(), std::to_string(std::min<std::uint64_t>(sequence, 3000)));
    iterator->Next();
    ASSERT_TRUE(iterator->Valid());
    EXPECT_EQ(iterator->key(), "z");
    EXPECT_LE(steps, 24) << sequence;
    EXPECT_LE(seeks, 4) << sequence;
  }
}

// Deleted keys behind the end of a range may be many.
TEST(SnapshotIterator, NothingIsReadForKeysOutsideOfTheRange) {
  EntryList entries;
  for (int i = 100; i < 999; ++i) {
    entries.emplace_back(KeyAt("k" + std::to_string(i), 2, ValueKind::kDelete), "");
  }
  entries.emplace_back(KeyAt("k500", 1), "under a delete");
  std::ranges::sort(entries, [](const auto& a, const auto& b) {
    return CompareInternalKeys(a.first, b.first) < 0;
  });
  int steps = 0;
  int seeks = 0;
  const auto iterator =
      Snapshot(std::make_unique<Counted>(std::make_unique<VectorIterator>(entries), steps, seeks),
               9, {.begin = "k400", .end = "k402"});
  iterator->SeekToFirst();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_EQ(steps, 2);
  steps = 0;
  iterator->SeekToLast();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_EQ(steps, 2);
  seeks = 0;
  iterator->Seek("k402");
  iterator->SeekForPrevious("k399");
  EXPECT_FALSE(iterator->Valid());
  EXPECT_TRUE(iterator->status());
  EXPECT_EQ(seeks, 0);
}

TEST(SnapshotIterator, AMalformedInternalKeyIsCorruption) {
  const EntryList entries = {{Bytes("k") + Bytes(8, '\xff'), "kind 255"}};
  const auto iterator = Snapshot(std::make_unique<VectorIterator>(entries), 100);
  iterator->SeekToFirst();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_EQ(iterator->status().error().code(), ErrorCode::kCorruption);
  iterator->SeekToLast();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_EQ(iterator->status().error().code(), ErrorCode::kCorruption);
}

TEST(SnapshotIterator, AValueThatIsNoneOfItsKindIsCorruptionAndUncoversNothing) {
  for (const ValueKind kind : {ValueKind::kPutUntil, ValueKind::kMerge}) {
    const EntryList entries = {{KeyAt("k", 2, kind), "\x07"}, {KeyAt("k", 1), "older"}};
    const auto iterator = Snapshot(std::make_unique<VectorIterator>(entries), 100);
    for (const bool forward : {true, false}) {
      forward ? iterator->SeekToFirst() : iterator->SeekToLast();
      EXPECT_FALSE(iterator->Valid());
      ASSERT_FALSE(iterator->status());
      EXPECT_EQ(iterator->status().error().code(), ErrorCode::kCorruption);
    }
  }
}

TEST(SnapshotIterator, KeepsWhatItReadsFromAlive) {
  auto table = std::make_shared<Memtable>();
  table->Add(SequenceNumber(1), ValueKind::kPut, "key", "value");
  const std::weak_ptr<Memtable> watch = table;
  auto internal = table->NewIterator();
  auto iterator = NewSnapshotIterator(std::move(internal), RangeCover(SequenceNumber(1)), 0, {},
                                      std::move(table));
  iterator->SeekToFirst();
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->value(), "value");
  EXPECT_FALSE(watch.expired());
  iterator.reset();
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace beach::engine
