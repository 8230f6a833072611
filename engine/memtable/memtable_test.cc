// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/memtable.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <atomic>
#include <map>
#include <utility>
#include <vector>

#include "engine/internal_key.h"
#include "env/threads.h"

namespace beach::engine {
namespace {

Bytes KeyAt(ByteView user_key, std::uint64_t sequence, ValueKind kind = ValueKind::kPut) {
  Bytes key;
  AppendInternalKey(key,
                    {.user_key = user_key, .sequence = SequenceNumber(sequence), .kind = kind});
  return key;
}

struct InternalLess {
  bool operator()(const Bytes& left, const Bytes& right) const {
    return CompareInternalKeys(left, right) < 0;
  }
};
using Model = std::map<Bytes, Bytes, InternalLess>;

// Few keys, so that most have several versions; the empty key and ends of the byte range included.
Bytes SmallKey() {
  return *rc::gen::element(Bytes(), Bytes("a"), Bytes("a\0", 2), Bytes("ab"), Bytes("b"),
                           Bytes("\x7f"), Bytes("\x80"), Bytes("\xff\xff"));
}

Model Fill(Memtable& memtable) {
  Model model;
  const auto count = *rc::gen::inRange<std::uint64_t>(0, 60);
  for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
    const Bytes key = SmallKey();
    const bool put = *rc::gen::inRange(0, 4) != 0;
    const ValueKind kind = put ? ValueKind::kPut : ValueKind::kDelete;
    const Bytes value = put ? std::to_string(sequence) : Bytes();
    memtable.Add(SequenceNumber(sequence), kind, key, value);
    model.emplace(KeyAt(key, sequence, kind), value);
  }
  return model;
}

// Both stand at the same entry, or at none.
void ExpectSame(const Iterator& iterator, const Model& model, Model::const_iterator expected) {
  RC_ASSERT(iterator.Valid() == (expected != model.end()));
  RC_ASSERT(iterator.status().has_value());
  if (!iterator.Valid()) return;
  RC_ASSERT(Bytes(iterator.key()) == expected->first);
  RC_ASSERT(Bytes(iterator.value()) == expected->second);
}

class MemtableTest : public testing::TestWithParam<MemtableKind> {};

INSTANTIATE_TEST_SUITE_P(Kinds, MemtableTest,
                         testing::Values(MemtableKind::kSkipList, MemtableKind::kBTree,
                                         MemtableKind::kHash),
                         [](const auto& kind) {
                           switch (kind.param) {
                             case MemtableKind::kSkipList: return "SkipList";
                             case MemtableKind::kBTree: return "BTree";
                             case MemtableKind::kHash: return "Hash";
                           }
                           return "Unknown";
                         });

TEST_P(MemtableTest, IteratorMovesLikeAModel) {
  EXPECT_TRUE(rc::check([] {
    Memtable memtable(GetParam());
    const Model model = Fill(memtable);
    RC_ASSERT(memtable.count() == model.size());
    const auto iterator = memtable.NewIterator();
    auto at = model.end();
    const auto before = [&](Model::const_iterator it) {
      return it == model.begin() ? model.end() : std::prev(it);
    };
    ExpectSame(*iterator, model, at);
    for (int step = 0; step < 40; ++step) {
      const Bytes target = KeyAt(SmallKey(), *rc::gen::inRange<std::uint64_t>(0, 62));
      switch (*rc::gen::inRange(0, 6)) {
        case 0: iterator->SeekToFirst(), at = model.begin(); break;
        case 1: iterator->SeekToLast(), at = before(model.end()); break;
        case 2: iterator->Seek(target), at = model.lower_bound(target); break;
        case 3: iterator->SeekForPrevious(target), at = before(model.upper_bound(target)); break;
        case 4:
          if (iterator->Valid()) iterator->Next(), ++at;
          break;
        default:
          if (iterator->Valid()) iterator->Previous(), at = before(at);
          break;
      }
      ExpectSame(*iterator, model, at);
    }
  }));
}

TEST_P(MemtableTest, GetFindsTheNewestVersionNotAboveTheSequence) {
  EXPECT_TRUE(rc::check([] {
    Memtable memtable(GetParam());
    const Model model = Fill(memtable);
    for (int read = 0; read < 20; ++read) {
      const Bytes key = SmallKey();
      const auto sequence = *rc::gen::inRange<std::uint64_t>(0, 62);
      const auto expected = model.lower_bound(KeyAt(key, sequence));
      const auto found = memtable.Get(key, SequenceNumber(sequence));
      const bool there = expected != model.end() && UserKeyOf(expected->first) == key;
      RC_ASSERT(found.has_value() == there);
      if (!there) continue;
      RC_ASSERT(KeyAt(key, found->sequence.value, found->kind) == expected->first);
      RC_ASSERT(found->value == expected->second);
    }
  }));
}

TEST_P(MemtableTest, EqualWritesMakeEqualSizes) {
  Memtable first(GetParam());
  Memtable second(GetParam());
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    first.Add(SequenceNumber(i), ValueKind::kPut, std::to_string(i % 17), "value");
    second.Add(SequenceNumber(i), ValueKind::kPut, std::to_string(i % 17), "value");
  }
  EXPECT_EQ(first.size_bytes(), second.size_bytes());
  EXPECT_GT(first.size_bytes(), 1000U * 5);
  EXPECT_EQ(first.count(), 1000U);
}

TEST_P(MemtableTest, TheSameVersionTwiceIsABug) {
  Memtable memtable(GetParam());
  memtable.Add(SequenceNumber(1), ValueKind::kPut, "key", "value");
  EXPECT_DEATH(memtable.Add(SequenceNumber(1), ValueKind::kPut, "key", "other"), "is_new");
}

// Readers walk both ways beside the writer. Every entry's value tells its sequence number, and a
// reader must see all entries up to the number published before it began.
TEST_P(MemtableTest, ReadersBesideTheWriterSeeWholeEntriesAndAllOlderOnes) {
  constexpr std::uint64_t kWrites = 20000;
  constexpr std::uint64_t kKeys = 64;
  Memtable memtable(GetParam());
  std::atomic<std::uint64_t> published{0};
  std::atomic<std::uint64_t> mistakes{0};

  const auto read = [&] {
    for (bool last = false; !last;) {
      const std::uint64_t from = published.load(std::memory_order_acquire);
      last = from == kWrites;
      std::uint64_t seen = 0;
      const auto iterator = memtable.NewIterator();
      Bytes previous;
      for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
        InternalKey key;
        const bool parsed = ParseInternalKey(iterator->key(), key);
        if (!parsed || iterator->value() != std::to_string(key.sequence.value)) ++mistakes;
        if (!previous.empty() && CompareInternalKeys(previous, iterator->key()) >= 0) ++mistakes;
        previous.assign(iterator->key());
        seen += key.sequence.value <= from ? 1U : 0U;
      }
      if (seen != from) ++mistakes;
      if (from > 0) {
        const auto found = memtable.Get(std::to_string(from % kKeys), SequenceNumber(from));
        if (!found || found->sequence.value != from) ++mistakes;
      }
      iterator->SeekToLast();
      for (int step = 0; step < 100 && iterator->Valid(); ++step) iterator->Previous();
    }
  };

  env::Thread first("reader-1", read);
  env::Thread second("reader-2", read);
  for (std::uint64_t i = 1; i <= kWrites; ++i) {
    const Bytes text = std::to_string(i);
    memtable.Add(SequenceNumber(i), ValueKind::kPut, std::to_string(i % kKeys), text);
    published.store(i, std::memory_order_release);
  }
  first.Join();
  second.Join();
  EXPECT_EQ(mistakes.load(), 0U);
}

// Writers of a kind that takes them add at once, beside a reader: nothing is lost, whoever was
// first.
TEST(MemtableAtOnceTest, WritersAtOnceLoseNothing) {
  constexpr std::uint64_t kWriters = 3;
  constexpr std::uint64_t kWrites = 10000;  // of each
  Memtable memtable(MemtableKind::kSkipList);
  ASSERT_TRUE(memtable.TakesConcurrentWriters());
  const auto key_of = [](std::uint64_t number) { return std::to_string(number * 7919 % 1009); };
  std::vector<env::Thread> writers;
  for (std::uint64_t writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back("writer", [&, writer] {
      for (std::uint64_t i = 0; i < kWrites; ++i) {
        const std::uint64_t number = 1 + i * kWriters + writer;
        memtable.AddConcurrently(SequenceNumber(number), ValueKind::kPut, key_of(number),
                                 std::to_string(number));
      }
    });
  }
  std::uint64_t mistakes = 0;
  while (memtable.count() < kWriters * kWrites) {
    const std::uint64_t least = memtable.count();
    const auto iterator = memtable.NewIterator();
    std::uint64_t seen = 0;
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) ++seen;
    mistakes += seen < least ? 1U : 0U;
  }
  for (env::Thread& writer : writers) writer.Join();
  EXPECT_EQ(mistakes, 0U);
  for (std::uint64_t number = 1; number <= kWriters * kWrites; ++number) {
    const auto found = memtable.Get(key_of(number), SequenceNumber(number));
    ASSERT_TRUE(found);
    ASSERT_EQ(found->sequence.value, number);
    ASSERT_EQ(found->value, std::to_string(number));
  }
  Memtable in_turns(MemtableKind::kSkipList);
  for (std::uint64_t number = kWriters * kWrites; number > 0; --number) {
    in_turns.Add(SequenceNumber(number), ValueKind::kPut, key_of(number), std::to_string(number));
  }
  EXPECT_EQ(memtable.size_bytes(), in_turns.size_bytes());  // in whatever order they come
}

TEST(MemtableAtOnceTest, AKindThatTakesOneWriterIsNotGivenSeveral) {
  for (const MemtableKind kind : {MemtableKind::kBTree, MemtableKind::kHash}) {
    Memtable memtable(kind);
    ASSERT_FALSE(memtable.TakesConcurrentWriters());
    EXPECT_DEATH(memtable.AddConcurrently(SequenceNumber(1), ValueKind::kPut, "k", "v"), "check");
  }
}

TEST_P(MemtableTest, VersionsOfAKeyMayComeInAnyOrder) {
  Memtable memtable(GetParam());
  for (const std::uint64_t sequence : {5U, 9U, 1U, 7U, 3U}) {
    memtable.Add(SequenceNumber(sequence), ValueKind::kPut, "k", std::to_string(sequence));
  }
  const auto iterator = memtable.NewIterator();
  iterator->SeekToFirst();
  for (const char* value : {"9", "7", "5", "3", "1"}) {
    ASSERT_TRUE(iterator->Valid());
    EXPECT_EQ(iterator->value(), value);
    iterator->Next();
  }
  EXPECT_FALSE(iterator->Valid());
  EXPECT_EQ(memtable.Get("k", SequenceNumber(6))->value, "5");
  EXPECT_EQ(memtable.Get("k", SequenceNumber(0)), std::nullopt);
}

TEST(MemtableKindTest, OneThatThereIsNotIsABug) {
  EXPECT_DEATH(Memtable(static_cast<MemtableKind>(255)), "check");
}

}  // namespace
}  // namespace beach::engine
