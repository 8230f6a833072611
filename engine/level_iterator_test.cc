// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/sst/table_testing.h"
#include "engine/version.h"

namespace beach::engine {
namespace {

using sst::BuildTable;
using sst::KeyAt;

class LevelIteratorTest : public ::testing::Test {
 protected:
  // Behind those that there are. Without keys: range deletes alone.
  void AddTable(const std::vector<Bytes>& keys) {
    sst::Entries entries;
    for (const Bytes& key : keys) entries.emplace(KeyAt(key, 1), "v" + key);
    for (const auto& [key, value] : entries) keys_.push_back(key);
    sst::RangeDeletes ranges;
    if (keys.empty()) ranges = {{.begin = "m", .end = "n", .sequence = SequenceNumber(1)}};
    const FileNumber file(++last_file_);
    auto table = std::make_shared<Table>();
    const std::string path = std::to_string(file.value);
    table->info = BuildTable(files_, path, entries, Options(), file, ranges);
    auto reader = TableReader::Open(files_, path, sst::kDatabase, table->info);
    ASSERT_TRUE(reader);
    table->reader = *std::move(reader);
    tables_.push_back(std::move(table));
  }
  static std::vector<Bytes> Ahead(Iterator& entry) {
    std::vector<Bytes> keys;
    for (entry.SeekToFirst(); entry.Valid(); entry.Next()) keys.emplace_back(entry.key());
    EXPECT_TRUE(entry.status());
    return keys;
  }
  // In the order of the keys all the same.
  static std::vector<Bytes> Back(Iterator& entry) {
    std::vector<Bytes> keys;
    for (entry.SeekToLast(); entry.Valid(); entry.Previous()) keys.emplace_back(entry.key());
    EXPECT_TRUE(entry.status());
    std::ranges::reverse(keys);
    return keys;
  }

  testing::MemoryFiles files_;
  std::vector<TablePointer> tables_;
  std::vector<Bytes> keys_;
  std::uint64_t last_file_ = 0;
};

TEST_F(LevelIteratorTest, WalksBothWaysOverAllTables) {
  AddTable({"a", "b"});
  AddTable({"c"});
  AddTable({"p", "q", "r"});
  const auto entry = NewLevelIterator(tables_);
  EXPECT_EQ(Ahead(*entry), keys_);
  EXPECT_EQ(Back(*entry), keys_);
}

TEST_F(LevelIteratorTest, GoesOnBehindATableWithoutEntriesWhereverItIs) {
  for (const std::vector<std::vector<Bytes>>& level :
       {std::vector<std::vector<Bytes>>{{}, {"y", "z"}}, {{"a"}, {}, {"z"}}, {{"a", "b"}, {}}}) {
    tables_.clear();
    keys_.clear();
    for (const std::vector<Bytes>& keys : level) AddTable(keys);
    const auto entry = NewLevelIterator(tables_);
    EXPECT_EQ(Ahead(*entry), keys_);
    EXPECT_EQ(Back(*entry), keys_);
  }
}

TEST_F(LevelIteratorTest, OfNoTablesShowsNothing) {
  const auto entry = NewLevelIterator({});
  EXPECT_EQ(Ahead(*entry), keys_);
  EXPECT_EQ(Back(*entry), keys_);
}

TEST_F(LevelIteratorTest, DamageEndsTheWalkOnBothWays) {
  AddTable({"a"});
  AddTable({"b"});
  AddTable({"c"});
  Bytes damaged = files_.Content("2");
  damaged[0] ^= 1;
  files_.SetContent("2", damaged);
  const auto entry = NewLevelIterator(tables_);
  entry->SeekToFirst();
  ASSERT_TRUE(entry->Valid());
  entry->Next();
  EXPECT_FALSE(entry->Valid());
  EXPECT_EQ(entry->status().error().path(), "2");
  entry->SeekToLast();
  ASSERT_TRUE(entry->Valid());
  entry->Previous();
  EXPECT_FALSE(entry->Valid());
  EXPECT_EQ(entry->status().error().path(), "2");
}

}  // namespace
}  // namespace beach::engine
