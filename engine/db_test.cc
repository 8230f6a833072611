// SPDX-License-Identifier: Apache-2.0
#include "engine/db.h"

#include "engine/testing/db_fixture.h"
#include "engine/verify.h"
#include "engine/wal/format.h"

namespace beach::engine {
namespace {

TEST_F(DbTest, PutGetDeleteAndReopen) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  ASSERT_TRUE(db->Put(lazy_, "b", ""));
  ASSERT_TRUE(db->Put(sync_, "", "empty"));
  ASSERT_TRUE(db->Delete(sync_, "a"));
  ASSERT_TRUE(db->Delete(sync_, "never there"));
  for (int life = 0; life < 3; ++life) {
    EXPECT_EQ(*db->Get({}, "a"), std::nullopt);
    EXPECT_EQ(*db->Get({}, "b"), Bytes());
    EXPECT_EQ(*db->Get({}, ""), Bytes("empty"));
    EXPECT_EQ(db->VisibleSequence(), SequenceNumber(5));
    EXPECT_EQ(Scan(*db), (Model{{"", "empty"}, {"b", ""}}));
    ASSERT_TRUE(db->Close());
    db.reset();
    db = Open();
  }
}

TEST_F(DbTest, ProcessCrashAtAnyMomentKeepsEverythingAcknowledged) {
  auto db = Open();
  Model model;
  for (std::uint64_t i = 0; i < 300; ++i) {
    const Bytes key = "key" + std::to_string(i * 7 % 50);
    const Bytes value(i % 200, static_cast<char>('a' + i % 26));
    ASSERT_TRUE(db->Put(i % 3 == 0 ? sync_ : lazy_, key, value));
    model[key] = value;
    if (i % 60 == 59) {
      ASSERT_TRUE(db->Flush());  // no background work while the files are copied
      ASSERT_TRUE(db->Put(lazy_, "last", std::to_string(i)));
      model["last"] = std::to_string(i);
      const Model files = FilesNow();
      db.reset();
      RestoreFiles(files);
      db = Open();
      ASSERT_EQ(Scan(*db), model);
    }
  }
}

TEST_F(DbTest, SequenceNumbersGoOnAboveTheLogAfterReopen) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Put(sync_, "a", "2"));
  db.reset();
  db = Open();
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(2));
  ASSERT_TRUE(db->Put(sync_, "a", "3"));
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(3));
  EXPECT_EQ(*db->Get({}, "a"), Bytes("3"));
}

TEST_F(DbTest, FlushRetiresTheLogAndRollsTheManifest) {
  auto db = Open();
  const FileNumber manifest = *ReadCurrent(files_, "db");
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(db->Put(sync_, "key" + std::to_string(i), Bytes(500, 'v')));
  }
  ASSERT_TRUE(db->Flush());
  EXPECT_GT(NamesOf(FileKind::kTable).size(), 3U);
  // The log's, the next one, and those kept to be recycled.
  EXPECT_LE(NamesOf(FileKind::kSegment).size(), 3 + SmallOptions().wal_recycled_max);
  EXPECT_EQ(NamesOf(FileKind::kManifest).size(), 1U);
  EXPECT_GT(*ReadCurrent(files_, "db"), manifest);
  EXPECT_EQ(Scan(*db).size(), 200U);
  ASSERT_TRUE(db->Close());
  const auto report = VerifyDatabase(files_, "db");
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_TRUE(report->damage.empty()) << report->damage.front().ToString();
  EXPECT_EQ(report->entries, 200U);
}

TEST_F(DbTest, FilesOfRetiredSegmentsBecomeThoseOfNewOnes) {
  for (const std::uint64_t kept : std::initializer_list<std::uint64_t>{0, 2}) {
    Options options = SmallOptions();
    options.wal_recycled_max = kept;
    auto db = Open(options);
    for (int i = 0; i < 60; ++i) {
      ASSERT_TRUE(db->Put(sync_, "key" + std::to_string(i), Bytes(2000, 'v')));
      if (i % 10 == 9) {
        ASSERT_TRUE(db->Flush());
      }
    }
    EXPECT_EQ(Scan(*db).size(), 60U);
    ASSERT_TRUE(db->Close());
    EXPECT_TRUE(VerifyDatabase(files_, "db")->debris.empty());
    std::size_t recycled = 0;
    for (const std::string& name : NamesOf(FileKind::kSegment)) {
      const auto block = wal::DecodeSegmentBlock(files_.Content("db/" + name));
      ASSERT_TRUE(block) << name;
      recycled += block->former == SegmentOrdinal{} ? 0U : 1U;
    }
    EXPECT_EQ(recycled > 0, kept > 0);
    db = Open(options);
    EXPECT_EQ(Scan(*db).size(), 60U);
    db.reset();
    RestoreFiles({});
  }
}

TEST_F(DbTest, IteratorsKeepTheirMomentUnderWritesAndFlushes) {
  auto db = Open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(db->Put(lazy_, std::to_string(i), "old"));
  auto iterator = *db->NewIterator({});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(db->Put(lazy_, std::to_string(i), Bytes(2000, 'n')));
  ASSERT_TRUE(db->Delete(lazy_, "5"));
  ASSERT_TRUE(db->Flush());
  int count = 0;
  for (iterator->SeekToLast(); iterator->Valid(); iterator->Previous()) {
    EXPECT_EQ(iterator->value(), "old");
    ++count;
  }
  EXPECT_EQ(count, 10);
  EXPECT_EQ(Scan(*db).size(), 9U);
}

TEST_F(DbTest, LimitsAreTypedErrorsBeforeAnythingIsWritten) {
  auto db = Open();
  const Options options = SmallOptions();
  EXPECT_EQ(db->Put(sync_, Bytes(options.key_size_max + 1, 'k'), "").error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(db->Put(sync_, "k", Bytes(options.value_size_max + 1, 'v')).error().code(),
            ErrorCode::kInvalidArgument);
  WriteBatch batch;
  for (int i = 0; i < 3; ++i) batch.Put(std::to_string(i), Bytes(options.value_size_max, 'v'));
  EXPECT_EQ(db->Write(sync_, batch).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(0));
  EXPECT_TRUE(db->Put(sync_, Bytes(options.key_size_max, 'k'), Bytes(options.value_size_max, 'v')));
}

TEST_F(DbTest, AnOptionOutOfRangeIsNamed) {
  const std::pair<const char*, void (*)(Options&)> cases[] = {
      {"key_size_max", [](Options& o) { o.key_size_max = 0; }},
      {"memtable_size", [](Options& o) { o.memtable_size = 1023; }},
      {"frozen_memtables_max", [](Options& o) { o.frozen_memtables_max = 0; }},
      {"wal_segment_size", [](Options& o) { o.wal_segment_size = 64 * kKiB + 1; }},
      {"wal_segment_size", [](Options& o) { o.wal_segment_size = 4096 * kMiB; }},
      {"wal_group_size_max", [](Options& o) { o.wal_group_size_max = 0; }},
      {"block_size", [](Options& o) { o.block_size = 0; }},
      {"block_restart_interval", [](Options& o) { o.block_restart_interval = 0; }},
  };
  for (const auto& [name, change] : cases) {
    Options options = SmallOptions();
    change(options);
    const auto db = TryOpen(options);
    ASSERT_FALSE(db) << name;
    EXPECT_EQ(db.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(db.error().message().find(name), std::string::npos);
  }
  EXPECT_FALSE(*files_.Exists("db"));
}

TEST_F(DbTest, AnEmptyBatchIsFineAndMakesFormerWritesDurable) {
  auto db = Open();
  ASSERT_TRUE(db->Put(lazy_, "a", "1"));
  std::uint64_t before = 0;
  for (const std::string& name : NamesOf(FileKind::kSegment)) before += files_.syncs("db/" + name);
  ASSERT_TRUE(db->Write(sync_, WriteBatch()));
  std::uint64_t after = 0;
  for (const std::string& name : NamesOf(FileKind::kSegment)) after += files_.syncs("db/" + name);
  EXPECT_GT(after, before);
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(1));
}

TEST_F(DbTest, ClosedHandlesSaySo) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  ASSERT_TRUE(db->Close());
  ASSERT_TRUE(db->Close());
  EXPECT_EQ(db->Put(sync_, "a", "2").error().code(), ErrorCode::kClosed);
  EXPECT_EQ(db->Flush().error().code(), ErrorCode::kClosed);
  EXPECT_EQ(db->Get({}, "a").error().code(), ErrorCode::kClosed);
  EXPECT_EQ(db->NewIterator({}).error().code(), ErrorCode::kClosed);
  EXPECT_TRUE(Open());  // the lock is free
}

}  // namespace
}  // namespace beach::engine
