// SPDX-License-Identifier: Apache-2.0
// Compaction of a whole database: by itself and by hand, and what failures of files make of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

Options Compacting() {
  Options options = SmallOptions();
  options.compaction_style = CompactionStyle::kLeveled;
  options.memtable_size = 64 * kKiB;
  options.table_size = 2 * kKiB;
  options.level0_compact_count = 2;
  options.level_size_base = 8 * kKiB;
  options.level_size_ratio = 4;
  return options;
}

class CompactTest : public DbTest {
 protected:
  // Writes `count` keys from `first` on, then flushes.
  static void FillTable(Db& db, const WriteOptions& options, int first, int count,
                        const std::string& value) {
    for (int i = first; i < first + count; ++i) {
      ASSERT_TRUE(db.Put(options, Key(i), value));
    }
    ASSERT_TRUE(db.Flush());
  }
  static Bytes Key(int number) { return std::to_string(10'000 + number); }
  // Waits until nothing is to be done, at most some seconds.
  template <class Condition>
  static bool Eventually(Db& db, const Condition& condition) {
    for (int i = 0; i < 5000; ++i) {
      if (condition(db.Stats())) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }
  // Three small tables on level 0, which only the seeks of cursors can have compacted.
  std::unique_ptr<Db> OpenWithTablesForCursors() {
    Options options = Compacting();
    options.level0_compact_count = 8;
    options.level_size_base = kMiB;
    options.compaction_read_worth = kMiB;
    auto db = Open(options);
    for (int i = 0; i < 3; ++i) FillTable(*db, lazy_, i, 100, Bytes(100, 'v'));
    return db;
  }
  static bool IsQuiet(Db& db, const Options& options) {
    return Eventually(db, [&](const DbStats& stats) {
      return stats.compactions_running == 0 &&
             stats.levels[0].tables < options.level0_compact_count;
    });
  }
};

TEST_F(CompactTest, ByItselfLevelsFillAndNothingIsLost) {
  const Options options = Compacting();
  auto db = Open(options);
  Model model;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 30; ++i) {
      const Bytes key = Key(round * 37 % 200 + i);
      if ((round + i) % 5 == 0) {
        ASSERT_TRUE(db->Delete(lazy_, key));
        model.erase(key);
      } else {
        model[key] = std::to_string(round) + Bytes(100, 'v');
        ASSERT_TRUE(db->Put(lazy_, key, model[key]));
      }
    }
    ASSERT_TRUE(db->Flush());
  }
  ASSERT_TRUE(IsQuiet(*db, options));
  const DbStats stats = db->Stats();
  EXPECT_GT(stats.compactions, 0U);
  EXPECT_GT(stats.compaction_bytes, 0U);
  EXPECT_EQ(stats.flushes, 40U);
  EXPECT_GT(stats.write_amplification(), 100U);
  EXPECT_GE(stats.space_amplification(), 100U);
  EXPECT_GE(stats.read_amplification(), 100U);
  EXPECT_EQ(Scan(*db), model);
  for (const auto& [key, value] : model) EXPECT_EQ(*db->Get({}, key), value);
  EXPECT_EQ(*db->Get({}, "1"), std::nullopt);
  ASSERT_TRUE(db->Close());
  EXPECT_EQ(VerifyDatabase(files_, "db")->debris, std::vector<std::string>());
  const VerifyReport report = *VerifyDatabase(files_, "db");
  EXPECT_TRUE(report.damage.empty());
  EXPECT_LT(report.levels[0], 2U);
  EXPECT_EQ(std::accumulate(report.levels.begin(), report.levels.end(), std::uint64_t{0}),
            report.tables.size());
  db = Open(options);
  EXPECT_EQ(Scan(*db), model);
}

TEST_F(CompactTest, CursorsThatMergeManyTablesOfLevel0HaveItCompacted) {
  Options options = Compacting();
  options.level0_compact_count = 10;
  options.level_size_base = kMiB;
  auto db = Open(options);
  for (int round = 0; round < 4; ++round) FillTable(*db, lazy_, round, 30, Bytes(100, 'v'));
  const Model before = Scan(*db);
  for (int i = 0; i < 10'000 && db->Stats().levels[0].tables > 0; ++i) {
    const auto cursor = db->NewIterator({});
    (*cursor)->Seek(Key(i % 30));
    ASSERT_TRUE((*cursor)->Valid());
  }
  EXPECT_TRUE(Eventually(*db, [](const DbStats& stats) { return stats.levels[0].tables == 0; }));
  EXPECT_EQ(db->Stats().compactions, 1U);
  EXPECT_EQ(Scan(*db), before);
}

// "table.added" and "table.removed" tell the tables as they are; moves are told too.
TEST_F(CompactTest, EventsAddUpToTheLevelsOfStats) {
  const Options options = Compacting();
  auto db = Open(options);
  for (int round = 0; round < 20; ++round) {
    FillTable(*db, lazy_, round * 37 % 200, 30, Bytes(100, 'v'));
  }
  // Each meets nothing: however far compaction is behind, these it comes to one by one.
  for (int first = 5000; first < 9000; first += 1000) {
    ASSERT_TRUE(IsQuiet(*db, options));
    FillTable(*db, lazy_, first, 30, Bytes(100, 'v'));
  }
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(db->Delete(lazy_, Key(i)));
  ASSERT_TRUE(db->CompactRange({}, {}));
  ASSERT_TRUE(IsQuiet(*db, options));
  std::map<std::uint64_t, EventList::Event> tables;
  for (const auto& event : events_.All()) {
    if (event.name == "table.removed") {
      const std::uint64_t file = event.numbers.at("file");
      ASSERT_TRUE(tables.contains(file));
      EXPECT_EQ(tables.at(file).numbers.at("level"), event.numbers.at("level"));
      tables.erase(file);
    } else if (event.name == "table.added") {
      EXPECT_GT(event.numbers.at("entries"), 0U);
      EXPECT_LE(event.numbers.at("deletes"), event.numbers.at("entries"));
      EXPECT_TRUE(tables.emplace(event.numbers.at("file"), event).second);
    }
  }
  const DbStats stats = db->Stats();
  std::vector<DbStats::Level> told(stats.levels.size());
  for (const auto& [file, event] : tables) {
    ++told.at(event.numbers.at("level")).tables;
    told.at(event.numbers.at("level")).bytes += event.numbers.at("size_bytes");
  }
  for (std::size_t level = 0; level < told.size(); ++level) {
    EXPECT_EQ(told[level].tables, stats.levels[level].tables) << level;
    EXPECT_EQ(told[level].bytes, stats.levels[level].bytes) << level;
  }
  EXPECT_GT(stats.moves, 0U);
  EXPECT_EQ(events_.Named("compaction.moved").size(), stats.moves);
  EXPECT_EQ(events_.Named("compaction.finished").size(), stats.compactions);
  EXPECT_EQ(events_.Named("memtable.frozen").size(), stats.flushes);
}

TEST_F(CompactTest, ByHandOneLevelIsLeftAndNoTombstone) {
  Options options = Compacting();
  options.compaction_style = CompactionStyle::kManual;
  auto db = Open(options);
  for (int round = 0; round < 5; ++round) FillTable(*db, lazy_, 0, 50, Bytes(100, 'a'));
  EXPECT_EQ(db->Stats().levels[0].tables, 5U);
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(db->Delete(lazy_, Key(i)));
  ASSERT_TRUE(db->CompactRange({}, {}));
  DbStats stats = db->Stats();
  EXPECT_EQ(stats.levels[0].tables, 0U);
  EXPECT_EQ(stats.read_amplification(), 100U);
  EXPECT_EQ(stats.space_amplification(), 100U);
  EXPECT_EQ(Scan(*db).size(), 10U);
  ASSERT_TRUE(db->Put(lazy_, "z", "1"));
  ASSERT_TRUE(db->CompactRange({}, {}));
  EXPECT_LT(db->Stats().levels[6].bytes, 4'000U);
  EXPECT_EQ(NamesOf(FileKind::kTable).size(), db->Stats().levels[6].tables);
}

TEST_F(CompactTest, ByHandOnlyTheRange) {
  Options options = Compacting();
  options.compaction_style = CompactionStyle::kManual;
  auto db = Open(options);
  FillTable(*db, lazy_, 0, 10, "a");
  FillTable(*db, lazy_, 100, 10, "b");
  ASSERT_TRUE(db->CompactRange(Key(50), Key(60)));
  EXPECT_EQ(db->Stats().levels[0].tables, 2U);
  ASSERT_TRUE(db->CompactRange(Key(0), Key(5)));
  // The other one is newer and is not in the way.
  EXPECT_EQ(db->Stats().levels[0].tables, 1U);
  EXPECT_EQ(Scan(*db).size(), 20U);
}

TEST_F(CompactTest, AnIteratorReadsOnWhileItsTablesAreReplaced) {
  Options options = Compacting();
  options.compaction_style = CompactionStyle::kManual;
  auto db = Open(options);
  for (int round = 0; round < 3; ++round) FillTable(*db, lazy_, 0, 50, Bytes(100, 'a'));
  auto iterator = *db->NewIterator({});
  iterator->SeekToFirst();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(db->Delete(lazy_, Key(i)));
  ASSERT_TRUE(db->CompactRange({}, {}));
  int count = 0;
  for (; iterator->Valid(); iterator->Next()) ++count;
  EXPECT_TRUE(iterator->status());
  EXPECT_EQ(count, 50);
}

TEST_F(CompactTest, SafeSequenceKeepsWhatAReadThereShows) {
  Options options = Compacting();
  options.compaction_style = CompactionStyle::kManual;
  options.safe_sequence = SequenceNumber(2);
  auto db = Open(options);
  for (const char* value : {"1", "2", "3", "4"}) {
    ASSERT_TRUE(db->Put(sync_, "k", value));
    ASSERT_TRUE(db->Flush());
  }
  ASSERT_TRUE(db->CompactRange({}, {}));
  EXPECT_EQ(*db->Get({}, "k"), "4");
  ASSERT_TRUE(db->Close());
  EXPECT_EQ(VerifyDatabase(files_, "db")->entries, 3U);  // 2, 3 and 4
}

TEST_F(CompactTest, ASnapshotKeepsWhatItShowsAndNothingElse) {
  Options options = Compacting();
  options.compaction_style = CompactionStyle::kManual;
  auto db = Open(options);
  std::unique_ptr<const Snapshot> snapshot;
  for (const char* value : {"1", "2", "3", "4"}) {
    ASSERT_TRUE(db->Put(sync_, "k", value));
    ASSERT_TRUE(db->Flush());
    if (*value == '2') snapshot = *db->GetSnapshot();
  }
  ASSERT_TRUE(db->Delete(sync_, "k"));
  ASSERT_TRUE(db->Put(sync_, "z", ""));
  ASSERT_TRUE(db->CompactRange({}, {}));
  EXPECT_EQ(*db->Get({.snapshot = snapshot.get(), .range = {}}, "k"), "2");
  EXPECT_EQ(*db->Get({}, "k"), std::nullopt);
  ASSERT_TRUE(db->Close());
  snapshot.reset();
  EXPECT_EQ(VerifyDatabase(files_, "db")->entries, 3U);  // 2, the tombstone, z
  db = Open(options);
  ASSERT_TRUE(db->CompactRange({}, {}));
  ASSERT_TRUE(db->Close());
  EXPECT_EQ(VerifyDatabase(files_, "db")->entries, 1U);
}

TEST_F(CompactTest, WhatCursorsCalledForIsInTheCacheWhenItIsDone) {
  auto db = OpenWithTablesForCursors();
  const Model before = Scan(*db);
  ASSERT_EQ(before.size(), 102U);
  const auto look = [&](const DbStats& stats) {
    EXPECT_TRUE(db->NewIterator({}));
    return stats.levels[0].tables == 0 && stats.compactions_running == 0;
  };
  ASSERT_TRUE(Eventually(*db, look));
  const auto began = events_.Named("compaction.began");
  ASSERT_EQ(began.size(), 1U);
  ASSERT_GT(began.front().numbers.at("bytes"), 0U);
  SetHook(FileCall::kRead, ".sst", ErrorCode::kIo);
  EXPECT_EQ(Scan(*db), before);
}

TEST_F(CompactTest, DamageToWhatCursorsCalledForIsSeenBeforeItCounts) {
  auto db = OpenWithTablesForCursors();
  const Model before = Scan(*db);
  const auto tables = NamesOf(FileKind::kTable);
  // Of the outputs, each read at the file's begin is one of a data block.
  files_.set_hook([=](const FileEvent& event) -> Status {
    const bool output =
        event.path.ends_with(".sst") && std::ranges::none_of(tables, [&](const std::string& name) {
          return event.path.ends_with(name);
        });
    if (event.call != FileCall::kRead || !output || event.offset != 0) return {};
    return Fail(Error(ErrorCode::kCorruption, "damaged").At(event.path));
  });
  const auto poisoned = [&](const DbStats&) {
    EXPECT_TRUE(db->NewIterator({}));
    return !events_.Named("db.poisoned").empty();
  };
  ASSERT_TRUE(Eventually(*db, poisoned));
  files_.set_hook(nullptr);
  EXPECT_EQ(Scan(*db), before);
  ASSERT_FALSE(db->Put(lazy_, "k", "v"));
  db.reset();
  db = Open(Compacting());
  EXPECT_EQ(Scan(*db), before);
}

TEST_F(CompactTest, ADamagedInputStopsItsCompactionAndNothingElse) {
  Options options = Compacting();
  options.block_cache_size = 0;
  options.level0_compact_count = 4;
  auto db = Open(options);
  FillTable(*db, lazy_, 0, 20, Bytes(100, 'a'));
  const std::string table = NamesOf(FileKind::kTable).front();
  SetHook(FileCall::kRead, table, ErrorCode::kCorruption);
  for (int i = 0; i < 6; ++i) FillTable(*db, lazy_, 0, 20, Bytes(100, 'b'));
  ASSERT_TRUE(Eventually(*db, [](const DbStats& stats) { return stats.tables_aside == 1; }));
  EXPECT_FALSE(events_.Named("compaction.failed").empty());
  const auto failed = db->CompactRange({}, {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::kCorruption);
  // Writers go on, far beyond where they would be stopped.
  for (int i = 0; i < 40; ++i) FillTable(*db, sync_, 0, 2, "c");
  EXPECT_EQ(*db->Get({}, Key(0)), "c");
  files_.set_hook(nullptr);
  ASSERT_TRUE(db->Close());
  db = Open(options);
  EXPECT_EQ(Scan(*db).size(), 20U);
  EXPECT_TRUE(db->CompactRange({}, {}));
}

TEST_F(CompactTest, APassingReadErrorIsTriedAgain) {
  Options options = Compacting();
  options.block_cache_size = 0;
  auto db = Open(options);
  FillTable(*db, lazy_, 0, 20, Bytes(100, 'a'));
  const std::string table = NamesOf(FileKind::kTable).front();
  SetHook(FileCall::kRead, table, ErrorCode::kIo);
  // The first one is moved as it is, the others are merged with it.
  for (int i = 0; i < 2; ++i) FillTable(*db, lazy_, 0, 20, Bytes(100, 'b'));
  ASSERT_TRUE(Eventually(*db, [](const DbStats& stats) { return stats.compactions_failed > 0; }));
  files_.set_hook(nullptr);
  EXPECT_TRUE(IsQuiet(*db, options));
  EXPECT_EQ(Scan(*db).size(), 20U);
  EXPECT_TRUE(events_.Named("db.poisoned").empty());
}

TEST_F(CompactTest, NoSpaceForAnOutputIsTriedAgainAndLeavesNoFile) {
  Options options = Compacting();
  options.compaction_style = CompactionStyle::kManual;
  auto db = Open(options);
  for (int i = 0; i < 3; ++i) FillTable(*db, lazy_, 0, 20, Bytes(100, 'a'));
  SetHook(FileCall::kWrite, ".sst", ErrorCode::kNoSpace);
  const Status full = db->CompactRange({}, {});
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(NamesOf(FileKind::kTable).size(), 3U);
  files_.set_hook(nullptr);
  EXPECT_TRUE(db->CompactRange({}, {}));
  EXPECT_EQ(db->Stats().levels[0].tables, 0U);
}

TEST_F(CompactTest, AFailedSyncOfAnOutputPoisonsAndReadsGoOn) {
  Options options = Compacting();
  options.compaction_style = CompactionStyle::kManual;
  auto db = Open(options);
  for (int i = 0; i < 3; ++i) FillTable(*db, lazy_, 0, 20, Bytes(100, 'a'));
  SetHook(FileCall::kSync, ".sst", ErrorCode::kIo);
  EXPECT_FALSE(db->CompactRange({}, {}));
  files_.set_hook(nullptr);
  EXPECT_FALSE(db->Put(sync_, "k", "v"));
  EXPECT_EQ(Scan(*db).size(), 20U);
  EXPECT_FALSE(db->Close());
  EXPECT_EQ(NamesOf(FileKind::kTable).size(), 3U);
}

TEST_F(CompactTest, WritersAreStoppedUntilCompactionHelps) {
  Options options = Compacting();
  options.level0_compact_count = 2;
  options.level0_slow_count = 3;
  options.level0_stop_count = 4;
  auto db = Open(options);
  for (int i = 0; i < 60; ++i) FillTable(*db, lazy_, 0, 10, Bytes(200, 'a'));
  EXPECT_LE(db->Stats().levels[0].tables, 6U);
  ASSERT_TRUE(IsQuiet(*db, options));
  for (const EventList::Event& event : events_.Named("write.slowed")) {
    EXPECT_GT(event.numbers.at("pressure"), 0U);
  }
  EXPECT_EQ(db->Stats().pressure, 0U);
}

TEST_F(CompactTest, CloseGivesUpAJobAndLeavesNoDebris) {
  Options options = Compacting();
  options.compaction_bytes_per_second = 4 * kKiB;
  options.level_size_base = kMiB;
  options.level0_slow_count = 1000;
  options.level0_stop_count = 1000;
  auto db = Open(options);
  for (int i = 0; i < 6; ++i) FillTable(*db, lazy_, 0, 30, Bytes(1000, static_cast<char>('a' + i)));
  ASSERT_TRUE(Eventually(*db, [](const DbStats& stats) { return stats.compactions_running > 0; }));
  ASSERT_TRUE(db->Close());
  EXPECT_TRUE(VerifyDatabase(files_, "db")->debris.empty());
  options.compaction_bytes_per_second = 0;
  db = Open(options);
  EXPECT_EQ(Scan(*db).size(), 30U);
}

RC_GTEST_FIXTURE_PROP(CompactTest, EqualsAMapInEveryStyle, ()) {
  if (files_.Exists("db").value()) RestoreFiles({});
  Options options = Compacting();
  options.compaction_style =
      *rc::gen::element(CompactionStyle::kLeveled, CompactionStyle::kSizeTiered);
  options.level0_compact_count = *rc::gen::inRange(1U, 4U);
  options.table_size = *rc::gen::inRange(1U, 3000U);
  auto db = Open(options);
  Model model;
  for (int i = *rc::gen::inRange(20, 200); i > 0; --i) {
    const Bytes key = Key(*rc::gen::inRange(0, 30));
    const int choice = *rc::gen::inRange(0, 20);
    if (choice < 12) {
      model[key] = Bytes(static_cast<std::size_t>(i), 'v');
      RC_ASSERT(db->Put(lazy_, key, model[key]).has_value());
    } else if (choice < 16) {
      model.erase(key);
      RC_ASSERT(db->Delete(lazy_, key).has_value());
    } else if (choice < 19) {
      RC_ASSERT(db->Flush().has_value());
    } else {
      RC_ASSERT(db->CompactRange(key, {}).has_value());
    }
  }
  RC_ASSERT(Scan(*db) == model);
  RC_ASSERT(db->Close().has_value());
  RC_ASSERT(VerifyDatabase(files_, "db")->debris.empty());
  db = Open(options);
  RC_ASSERT(Scan(*db) == model);
}

}  // namespace
}  // namespace beach::engine
