// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/table_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "engine/sst/table_testing.h"

namespace beach::engine::sst {
namespace {

using testing::FileCall;
using testing::FileEvent;
using testing::MemoryFiles;

constexpr std::uint64_t kTables = 5;

class TableCacheTest : public ::testing::Test {
 protected:
  TableCacheTest() {
    Options options;
    options.block_size = 100;
    for (std::uint64_t i = 1; i <= kTables; ++i) {
      Entries entries;
      for (std::uint64_t j = 0; j < 30; ++j) {
        entries.emplace(KeyAt("key" + std::to_string(10 + j), i), ValueOf(i, j));
      }
      infos_.push_back(BuildTable(files_, PathOf(i), entries, options, FileNumber(i)));
    }
    files_.set_hook([this](const FileEvent& event) -> Status {
      opens_ += event.call == FileCall::kOpen ? 1 : 0;
      reads_ += event.call == FileCall::kRead ? 1 : 0;
      read_bytes_max_ = std::max(read_bytes_max_, event.length);
      return {};
    });
  }

  static Bytes ValueOf(std::uint64_t table, std::uint64_t key) {
    return std::to_string(table) + " of key " + std::to_string(10 + key);
  }
  static std::string PathOf(std::uint64_t number) { return TableFileName(FileNumber(number)); }

  void Open(const TableCache::Limits& limits) {
    cache_ = std::make_shared<TableCache>(limits);
    for (const TableInfo& info : infos_) {
      auto reader = TableReader::Open(files_, PathOf(info.file.value), kDatabase, info, cache_);
      ASSERT_TRUE(reader.has_value());
      readers_.push_back(*std::move(reader));
    }
  }

  void ExpectReads(std::size_t table) {
    const auto found = readers_[table]->Get("key20", kMaxSequence);
    ASSERT_TRUE(found.has_value()) << found.error().ToString();
    ASSERT_TRUE(found->has_value());
    EXPECT_EQ((*found)->value, ValueOf(table + 1, 10));
  }

  MemoryFiles files_;
  std::vector<TableInfo> infos_;
  std::shared_ptr<TableCache> cache_;
  std::vector<std::unique_ptr<TableReader>> readers_;
  std::uint64_t opens_ = 0;
  std::uint64_t reads_ = 0;
  std::uint64_t read_bytes_max_ = 0;
};

TEST_F(TableCacheTest, TheFilesUsedLastStayOpen) {
  Open({.open_tables_max = 2});
  EXPECT_EQ(cache_->open_tables(), 2U);
  EXPECT_EQ(opens_, kTables);
  ExpectReads(3);
  ExpectReads(4);
  EXPECT_EQ(opens_, kTables);
  ExpectReads(0);  // closes 3
  ExpectReads(4);
  EXPECT_EQ(opens_, kTables + 1);
  ExpectReads(3);
  EXPECT_EQ(opens_, kTables + 2);
  EXPECT_EQ(cache_->open_tables(), 2U);
  readers_.clear();
  EXPECT_EQ(cache_->open_tables(), 0U);
}

TEST_F(TableCacheTest, AFileInUseIsNotClosed) {
  TableFile first(files_, PathOf(1));
  TableFile second(files_, PathOf(2));
  TableCache cache({.open_tables_max = 1});
  {
    const auto used = cache.Use(first);
    ASSERT_TRUE(used.has_value());
    ASSERT_TRUE(cache.Use(second).has_value());
    EXPECT_EQ(cache.open_tables(), 2U);
    char byte = 0;
    EXPECT_TRUE((*used)->ReadAt(0, &byte, 1).has_value());
  }
  TableFile third(files_, PathOf(3));
  ASSERT_TRUE(cache.Use(third).has_value());
  EXPECT_EQ(cache.open_tables(), 1U);
  for (TableFile* const file : {&first, &second, &third}) cache.Forget(*file);
  EXPECT_EQ(cache.open_tables(), 0U);
}

TEST_F(TableCacheTest, ATableThatIsKeptOpenOutlivesItsName) {
  Open({.open_tables_max = 1});
  ASSERT_TRUE(readers_[0]->KeepOpen().has_value());
  ASSERT_TRUE(readers_[0]->KeepOpen().has_value());
  ASSERT_TRUE(files_.Remove(PathOf(1)).has_value());
  ASSERT_TRUE(files_.Remove(PathOf(2)).has_value());
  for (const std::size_t other : {2U, 3U, 4U}) ExpectReads(other);
  ExpectReads(0);
  const auto lost = readers_[1]->Get("key20", kMaxSequence);
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(lost.error().path(), PathOf(2));
}

TEST_F(TableCacheTest, AnotherFileUnderTheNameIsToldByItsChecksums) {
  Open({.open_tables_max = 1});
  files_.SetContent(PathOf(1), files_.Content(PathOf(2)));
  EXPECT_EQ(readers_[0]->Get("key20", kMaxSequence).error().code(), ErrorCode::kCorruption);
}

TEST_F(TableCacheTest, ABlockIsReadOnceWhileItStays) {
  Open({.block_cache_size = 100'000});
  ExpectReads(0);
  const std::uint64_t before = reads_;
  ExpectReads(0);
  EXPECT_EQ(reads_, before);
  ExpectReads(1);  // the same offset of another file
  EXPECT_EQ(reads_, before + 1);
}

TEST_F(TableCacheTest, AReadThatFillsNoCacheStillUsesIt) {
  Open({.block_cache_size = 100'000});
  const auto scan = readers_[0]->NewIterator({.fill_cache = false});
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) {
  }
  EXPECT_TRUE(scan->status().has_value());
  EXPECT_EQ(cache_->blocks().counts().blocks, 0U);
  ASSERT_TRUE(readers_[0]->Get("key20", kMaxSequence, {.fill_cache = false})->has_value());
  EXPECT_EQ(cache_->blocks().counts().blocks, 0U);
  ExpectReads(0);
  EXPECT_EQ(cache_->blocks().counts().blocks, 1U);
  const std::uint64_t before = reads_;
  ASSERT_TRUE(readers_[0]->Get("key20", kMaxSequence, {.fill_cache = false})->has_value());
  EXPECT_EQ(reads_, before);
}

TEST_F(TableCacheTest, AnAbsentKeyCostsNoRead) {
  Open({});
  const std::uint64_t before = reads_;
  std::uint64_t wrong = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t reads = reads_;
    EXPECT_FALSE(readers_[0]->Get("key2" + std::to_string(i) + "x", kMaxSequence)->has_value());
    wrong += reads_ - reads;
  }
  EXPECT_EQ(reads_, before + wrong);
  EXPECT_LT(wrong, 40U);  // 10 bits per key
}

TEST_F(TableCacheTest, AWalkReadsSeveralBlocksAtOnce) {
  Entries entries;
  for (std::uint64_t j = 0; j < 20'000; ++j) {
    entries.emplace(KeyAt("key" + std::to_string(100'000 + j), 1), std::to_string(j));
  }
  Options options;
  options.block_size = 500;
  const TableInfo info = BuildTable(files_, "walk", entries, options, FileNumber(9));
  const auto walk = [&](std::uint64_t readahead_max) {
    cache_ = std::make_shared<TableCache>(TableCache::Limits{.readahead_max = readahead_max});
    auto reader = TableReader::Open(files_, "walk", kDatabase, info, cache_);
    EXPECT_TRUE(reader.has_value());
    reads_ = 0;
    read_bytes_max_ = 0;
    const auto iterator = (*reader)->NewIterator();
    auto expected = entries.begin();
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next(), ++expected) {
      EXPECT_EQ(iterator->key(), expected->first);
    }
    EXPECT_TRUE(iterator->status().has_value());
    EXPECT_EQ(expected, entries.end());
    const std::uint64_t reads = reads_;
    for (iterator->SeekToLast(); iterator->Valid(); iterator->Previous()) --expected;
    EXPECT_EQ(expected, entries.begin());
    return reads;
  };
  const std::uint64_t blocks = walk(0);
  EXPECT_GT(blocks, 500U);
  EXPECT_LT(walk(4 * kKiB), blocks / 6);
  EXPECT_LE(read_bytes_max_, 4 * kKiB);
  EXPECT_LT(walk(64 * kKiB), 20U);
  EXPECT_LE(read_bytes_max_, 64 * kKiB);
  EXPECT_GT(read_bytes_max_, 60 * kKiB);
}

TEST_F(TableCacheTest, AWalkOverLargeBlocksComesToReadSeveralToo) {
  Entries entries;
  for (std::uint64_t j = 0; j < 100; ++j) {
    entries.emplace(KeyAt("key" + std::to_string(100 + j), 1), Bytes(20 * kKiB, 'v'));
  }
  const TableInfo info = BuildTable(files_, "large", entries, Options(), FileNumber(9));
  cache_ = std::make_shared<TableCache>(TableCache::Limits{.readahead_max = 256 * kKiB});
  auto reader = TableReader::Open(files_, "large", kDatabase, info, cache_);
  ASSERT_TRUE(reader.has_value());
  reads_ = 0;
  const auto iterator = (*reader)->NewIterator();
  std::size_t seen = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) ++seen;
  EXPECT_EQ(seen, 100U);
  EXPECT_LT(reads_, 20U);
}

TEST_F(TableCacheTest, AReadOfSeveralThatFailsIsNoDamageOfTheFirst) {
  Open({.readahead_max = 64 * kKiB});
  files_.set_hook([](const FileEvent& event) -> Status {
    if (event.call != FileCall::kRead || event.length < 300) return {};
    return Fail(ErrorCode::kIo, "several at once");
  });
  const auto iterator = readers_[0]->NewIterator();
  std::size_t seen = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) ++seen;
  EXPECT_EQ(seen, 30U);
  EXPECT_TRUE(iterator->status().has_value());
}

}  // namespace
}  // namespace beach::engine::sst
