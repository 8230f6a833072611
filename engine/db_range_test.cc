// SPDX-License-Identifier: Apache-2.0
// Range deletes of a whole database: what they hide, and what becomes of them.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/random.h"
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

Bytes Key(std::uint64_t number) { return std::to_string(1000 + number); }

class RangeTest : public DbTest {
 protected:
  void Fill(Db& db, const std::string& value, std::uint64_t count = 100) {
    for (std::uint64_t i = 0; i < count; ++i) ASSERT_TRUE(db.Put(lazy_, Key(i), value));
  }
};

TEST_F(RangeTest, HidesWhatIsOlderAndNothingElse) {
  auto db = Open();
  Fill(*db, "old", 10);
  const auto before = *db->GetSnapshot();
  ASSERT_TRUE(db->DeleteRange(sync_, Key(2), Key(8)));
  ASSERT_TRUE(db->Put(sync_, Key(5), "new"));
  const Model expected = {
      {Key(0), "old"}, {Key(1), "old"}, {Key(5), "new"}, {Key(8), "old"}, {Key(9), "old"}};
  const auto check = [&] {
    EXPECT_EQ(Scan(*db), expected);
    for (std::uint64_t i = 0; i < 10; ++i) {
      const auto found = db->Get({}, Key(i));
      ASSERT_TRUE(found);
      EXPECT_EQ(found->has_value(), expected.contains(Key(i))) << i;
    }
  };
  check();
  EXPECT_EQ(Scan(*db, {.snapshot = before.get(), .range = {}}).size(), 10U);
  ASSERT_TRUE(db->Flush());
  check();
  EXPECT_EQ(Scan(*db, {.snapshot = before.get(), .range = {}}).size(), 10U);
  ASSERT_TRUE(db->CompactRange({}, {}));
  check();
  EXPECT_EQ(Scan(*db, {.snapshot = before.get(), .range = {}}).size(), 10U);
}

TEST_F(RangeTest, OneThatEndsBeforeItBeginsIsRefusedAndAnEmptyOneIsFine) {
  auto db = Open();
  Fill(*db, "v", 3);
  EXPECT_TRUE(db->DeleteRange(sync_, Key(1), Key(1)));
  const Status refused = db->DeleteRange(sync_, Key(2), Key(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  const Status large = db->DeleteRange(sync_, "a", Bytes(1001, 'b'));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Scan(*db).size(), 3U);
}

TEST_F(RangeTest, IsDroppedWithWhatItDeletedInTheLastLevel) {
  auto db = Open();
  Fill(*db, "v");
  ASSERT_TRUE(db->CompactRange({}, {}));
  ASSERT_TRUE(db->DeleteRange(sync_, Key(0), Key(99)));
  ASSERT_TRUE(db->Put(sync_, "last", "v"));  // the newest operation is kept, whatever it is
  ASSERT_TRUE(db->CompactRange({}, {}));
  EXPECT_EQ(Scan(*db), (Model{{Key(99), "v"}, {"last", "v"}}));
  const DbStats stats = db->Stats();
  std::uint64_t tables = 0;
  for (const auto& level : stats.levels) tables += level.tables;
  EXPECT_EQ(tables, 1U);
}

TEST_F(RangeTest, AloneItGoesThroughLogAndTables) {
  Options options = SmallOptions();
  auto db = Open(options);
  Fill(*db, "v");
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->DeleteRange(sync_, Key(10), Key(90)));
  ASSERT_TRUE(db->Close());
  db = Open(options);  // from the log
  EXPECT_EQ(Scan(*db).size(), 20U);
  ASSERT_TRUE(db->Flush());  // a table without an entry
  EXPECT_EQ(Scan(*db).size(), 20U);
  ASSERT_TRUE(db->Close());
  db = Open(options);
  EXPECT_EQ(Scan(*db).size(), 20U);
  EXPECT_EQ(*db->Get({}, Key(50)), std::nullopt);
  auto iterator = *db->NewIterator({});
  iterator->Seek(Key(10));
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->key(), Key(90));
  iterator->Previous();
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->key(), Key(9));
}

// Tables so small that ranges are cut in many places, and levels that meet at the cuts.
TEST_F(RangeTest, EqualsAMapWhereRangesAreCutBetweenTables) {
  Options options = SmallOptions();
  options.compaction_style = CompactionStyle::kLeveled;
  options.table_size = 600;
  options.level0_compact_count = 2;
  options.level_size_base = 4 * kKiB;
  options.level_size_ratio = 2;
  RandomStream random(17);
  auto db = Open(options);
  Model model;
  for (int round = 0; round < 3000; ++round) {
    const std::uint64_t number = random.Below(300);
    if (random.Chance(1, 12)) {
      const std::uint64_t end = number + 1 + random.Below(random.Chance(1, 8) ? 300 : 20);
      ASSERT_TRUE(db->DeleteRange(lazy_, Key(number), Key(end)));
      model.erase(model.lower_bound(Key(number)), model.lower_bound(Key(end)));
    } else {
      const Bytes value(random.Below(40), 'v');
      ASSERT_TRUE(db->Put(lazy_, Key(number), value));
      model[Key(number)] = value;
    }
    if (round % 100 == 99) {
      ASSERT_TRUE(db->Flush());
    }
    if (round % 500 == 499) {
      ASSERT_TRUE(db->CompactRange(Key(50), Key(150)));
    }
    if (round % 1000 == 999) {
      ASSERT_TRUE(db->Close());
      db = Open(options);
    }
    if (round % 50 == 49) {
      ASSERT_EQ(Scan(*db), model) << round;
    }
  }
  for (std::uint64_t i = 0; i < 300; ++i) {
    const auto found = db->Get({}, Key(i));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->has_value(), model.contains(Key(i))) << i;
  }
  ASSERT_TRUE(db->CompactRange({}, {}));
  EXPECT_EQ(Scan(*db), model);
}

}  // namespace
}  // namespace beach::engine
