// SPDX-License-Identifier: Apache-2.0
#include "engine/tables/catalogue.h"

#include <gtest/gtest.h>

#include <map>

#include "base/coding.h"
#include "engine/tables/stored_key.h"

namespace beach::engine {
namespace {

using Entries = std::map<Bytes, Bytes>;

class MapIterator final : public Iterator {
 public:
  explicit MapIterator(const Entries& entries) : entries_(entries), at_(entries.end()) {}
  void SeekToFirst() override { at_ = entries_.begin(), Show(); }
  void SeekToLast() override {}
  void Seek(ByteView) override {}
  void SeekForPrevious(ByteView) override {}
  void Next() override { ++at_, Show(); }
  void Previous() override {}
  ByteView value() const override { return at_->second; }
  Status status() const override { return {}; }

 private:
  void Show() { at_ == entries_.end() ? StandNowhere() : StandAt(at_->first); }

  const Entries& entries_;
  Entries::const_iterator at_;
};

// What the batch does to the system table.
void Write(const WriteBatch& batch, Entries& entries) {
  BatchReader reader(batch.encoding());
  BatchOperation operation;
  while (reader.Next(operation)) {
    const auto parts = ParseStoredKey(operation.key);
    ASSERT_TRUE(parts);
    if (parts->table != kSystemTable) continue;
    if (operation.kind == ValueKind::kPut) entries[Bytes(parts->user_key)] = operation.value;
    if (operation.kind == ValueKind::kDelete) entries.erase(Bytes(parts->user_key));
  }
}

NamedTable Create(Catalogue& catalogue, Entries& entries, ByteView name) {
  const auto change = catalogue.PlanCreate(name, 100);
  EXPECT_TRUE(change);
  Write(Catalogue::BatchOf(*change), entries);
  catalogue.Apply(*change);
  return change->table;
}

TEST(Catalogue, ComesBackFromWhatWasWrittenAndGivesNoNumberTwice) {
  Catalogue catalogue;
  Entries entries;
  const NamedTable a = Create(catalogue, entries, "a");
  const NamedTable b = Create(catalogue, entries, "b");
  EXPECT_EQ(a.number, TableNumber(2));
  EXPECT_EQ(b.number, TableNumber(3));
  EXPECT_EQ(catalogue.PlanCreate("a", 100).error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(catalogue.PlanCreate("c", 2).error().code(), ErrorCode::kOverloaded);
  EXPECT_EQ(catalogue.PlanDrop("c").error().code(), ErrorCode::kNotFound);
  const auto drop = catalogue.PlanDrop("b");
  ASSERT_TRUE(drop);
  Write(Catalogue::BatchOf(*drop), entries);

  Catalogue again;
  MapIterator entry(entries);
  ASSERT_TRUE(again.Load(entry));
  EXPECT_EQ(again.Numbers(), std::vector<TableNumber>{a.number});
  EXPECT_EQ(Create(again, entries, "b").number, TableNumber(4));
}

TEST(Catalogue, ADropIsOneBatchOfDeletesOverTheWholeRange) {
  const WriteBatch batch =
      Catalogue::BatchOf({.drop = true, .table = NamedTable{TableNumber(300)}, .name = "a"});
  EXPECT_TRUE(batch.deletes_only());
  EXPECT_EQ(batch.count(), 3U);
  BatchReader reader(batch.encoding());
  BatchOperation operation;
  while (reader.Next(operation)) {
  }
  EXPECT_EQ(operation.key, ByteView(PrefixOf(NamedTable{TableNumber(300)})));
  EXPECT_EQ(operation.end, ByteView(PrefixOf(NamedTable{TableNumber(301)})));
}

TEST(Catalogue, EveryContradictionIsCorruption) {
  Catalogue catalogue;
  Entries sound;
  Create(catalogue, sound, "a");
  Create(catalogue, sound, "b");
  const auto load = [](const Entries& entries) {
    Catalogue loaded;
    MapIterator entry(entries);
    return loaded.Load(entry);
  };
  ASSERT_TRUE(load(sound));
  ASSERT_TRUE(load({}));
  for (const auto& [key, value] : sound) {
    Entries damaged = sound;
    damaged.erase(key);
    EXPECT_EQ(load(damaged).error().code(), ErrorCode::kCorruption) << Printable(key);
    damaged[key] = value + "x";
    EXPECT_EQ(load(damaged).error().code(), ErrorCode::kCorruption) << Printable(key);
    damaged[key] = Bytes(8, '\0');
    EXPECT_EQ(load(damaged).error().code(), ErrorCode::kCorruption) << Printable(key);
  }
  Entries more = sound;
  more["\3"] = "";
  EXPECT_EQ(load(more).error().code(), ErrorCode::kCorruption);
}

TEST(Catalogue, NamesAreHeldToTheirCharactersAndLength) {
  EXPECT_TRUE(CheckTableName("Orders_2026-11.old"));
  EXPECT_TRUE(CheckTableName(Bytes(kTableNameSizeMax, 'a')));
  for (const Bytes& name : {Bytes(), Bytes(kTableNameSizeMax + 1, 'a'), Bytes("a b"),
                            Bytes("a\0", 2), Bytes("\xc3\xa4"), Bytes("a/b")}) {
    EXPECT_EQ(CheckTableName(name).error().code(), ErrorCode::kInvalidArgument) << Printable(name);
  }
}

TEST(LiveTables, ADroppedOneIsThereForReadsFromBefore) {
  const LiveTables none({});
  const NamedTable a{TableNumber(2)};
  const NamedTable b{TableNumber(3)};
  const LiveTables two = none.With(a.number).With(b.number);
  EXPECT_FALSE(none.Contains(a, SequenceNumber(5)));
  EXPECT_TRUE(two.Contains(a, SequenceNumber(5)));
  const LiveTables one = two.Without(a.number, SequenceNumber(7));
  EXPECT_TRUE(one.Contains(a, SequenceNumber(6)));
  EXPECT_FALSE(one.Contains(a, SequenceNumber(7)));
  EXPECT_TRUE(one.Contains(b, SequenceNumber(7)));
  EXPECT_FALSE(one.With(TableNumber(4)).Contains(a, SequenceNumber(6)));
}

}  // namespace
}  // namespace beach::engine
