// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>

#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

class ReadOnlyTest : public DbTest {
 protected:
  Result<std::unique_ptr<Db>> TryOpenToRead(const Options& options = SmallOptions()) {
    return Db::OpenReadOnly(Environment(), "db", options);
  }
  // From here on every write fails.
  void RefuseWrites() {
    files_.set_hook([this](const FileEvent& event) -> Status {
      switch (event.call) {
        case FileCall::kOpen:
        case FileCall::kRead:
        case FileCall::kSize:
        case FileCall::kList:
        case FileCall::kLock: return {};
        default: break;
      }
      ++refused_;
      return Fail(Error(ErrorCode::kIo, "nothing is written here").At(event.path));
    });
  }
  void Fill(Db& db) {
    for (int i = 0; i < 60; ++i) {
      ASSERT_TRUE(db.Put(i % 5 == 0 ? sync_ : lazy_, "k" + std::to_string(i), Bytes(300, 'v')));
    }
    ASSERT_TRUE(db.DeleteRange(lazy_, "k2", "k3"));
    ASSERT_TRUE(db.Merge(lazy_, "list", MergeOperator::kAppend, "x"));
  }

  int refused_ = 0;
};

// What a crash leaves, log and all, is shown as the next open shows it, and stays as it is.
TEST_F(ReadOnlyTest, ShowsWhatTheNextOpenShowsAndWritesNothing) {
  auto db = Open();
  Fill(*db);
  const Model state = Scan(*db);
  Model files = FilesNow();
  db.reset();
  RestoreFiles(files);
  // With a torn tail: the newest record is cut in two.
  RefuseWrites();
  {
    auto reader = TryOpenToRead();
    ASSERT_TRUE(reader) << reader.error().ToString();
    EXPECT_EQ(Scan(**reader), state);
    EXPECT_EQ((*reader)->VisibleSequence().value, 62U);
    EXPECT_EQ(**(*reader)->Get({}, "list"), "x");
    auto snapshot = (*reader)->GetSnapshot();
    ASSERT_TRUE(snapshot);
    const ByteView keys[] = {"k1", "k2"};
    ReadOptions then;
    then.snapshot = snapshot->get();
    const auto found = (*reader)->MultiGet(then, keys);
    EXPECT_TRUE(found[0]->has_value());
    EXPECT_FALSE(found[1]->has_value());
  }
  EXPECT_EQ(refused_, 0);
  EXPECT_EQ(FilesNow(), files);
  files_.set_hook({});
  EXPECT_EQ(Scan(*Open()), state);
}

TEST_F(ReadOnlyTest, ATornTailIsReadAsRecoveryWouldAndStays) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  ASSERT_TRUE(db->Put(sync_, "b", "2"));
  Model files = FilesNow();
  db.reset();
  RestoreFiles(files);
  for (const std::string& name : NamesOf(FileKind::kSegment)) {
    Bytes content = files_.Content("db/" + name);
    content[2 * 4096 + 80] ^= 1;  // the second flight
    files_.SetContent("db/" + name, content);
  }
  files = FilesNow();
  auto reader = TryOpenToRead();
  ASSERT_TRUE(reader) << reader.error().ToString();
  EXPECT_EQ(Scan(**reader), (Model{{"a", "1"}}));
  reader->reset();
  EXPECT_EQ(FilesNow(), files);
  Options strict = SmallOptions();
  strict.recovery_mode = RecoveryMode::kAbsolute;
  EXPECT_EQ(TryOpenToRead(strict).error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(Scan(*Open()), (Model{{"a", "1"}}));
}

TEST_F(ReadOnlyTest, EveryCallThatWritesIsATypedError) {
  Open().reset();
  const auto reader = TryOpenToRead();
  ASSERT_TRUE(reader);
  Db& db = **reader;
  for (const Status& status :
       {db.Put({}, "a", "b"), db.PutUntil({}, "a", "b", 7), db.AdvanceTime({}, 7),
        db.Delete({}, "a"), db.DeleteRange({}, "a", "b"),
        db.Merge({}, "a", MergeOperator::kAppend, "b"), db.Write({}, {}),
        db.WriteAsync({}, {}, nullptr), db.Flush(), db.CompactRange(std::nullopt, std::nullopt),
        db.DropTable("table")}) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), ErrorCode::kUnsupported);
  }
  EXPECT_EQ(db.WriteIf({}, {}, {}).error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(db.CompareAndSet({}, "a", std::nullopt, "b").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(db.CreateTable("table").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(db.Checkpoint("copy").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(db.Backup("backups").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(db.PinFiles().error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(db.NewLogCursor(SequenceNumber(0)).error().code(), ErrorCode::kUnsupported);
  EXPECT_TRUE(db.Close());
  EXPECT_EQ(db.Get({}, "a").error().code(), ErrorCode::kClosed);
}

TEST_F(ReadOnlyTest, ShowsTheTablesThatThereAre) {
  auto db = Open();
  const auto table = db->CreateTable("there");
  ASSERT_TRUE(table);
  ASSERT_TRUE(db->Put({.sync = true, .table = *table}, "k", "v"));
  ASSERT_TRUE(db->CreateTable("gone"));
  ASSERT_TRUE(db->DropTable("gone"));
  db.reset();
  const auto reader = TryOpenToRead();
  ASSERT_TRUE(reader);
  EXPECT_EQ(*(*reader)->ListTables(), std::vector<std::string>{"there"});
  EXPECT_EQ((*reader)->OpenTable("gone").error().code(), ErrorCode::kNotFound);
  const auto opened = (*reader)->OpenTable("there");
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, *table);
  EXPECT_EQ(Scan(**reader, {.table = *opened}), (Model{{"k", "v"}}));
  ASSERT_TRUE((*reader)->Close());
  EXPECT_EQ((*reader)->ListTables().error().code(), ErrorCode::kClosed);
  EXPECT_EQ((*reader)->OpenTable("there").error().code(), ErrorCode::kClosed);
}

TEST_F(ReadOnlyTest, StatsAreOfTheTablesAndTheTimeThatItShows) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  ASSERT_TRUE(db->CompactRange(std::nullopt, std::nullopt));
  ASSERT_TRUE(db->Put(sync_, "b", "2"));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->AdvanceTime(sync_, 7));
  const DbStats written = db->Stats();
  db.reset();
  const auto reader = TryOpenToRead();
  ASSERT_TRUE(reader);
  const auto snapshot = (*reader)->GetSnapshot();
  const DbStats stats = (*reader)->Stats();
  EXPECT_EQ(stats.time, 7U);
  EXPECT_EQ(stats.snapshots, 1U);
  std::uint64_t tables = 0;
  ASSERT_EQ(stats.levels.size(), written.levels.size());
  for (std::size_t level = 0; level < stats.levels.size(); ++level) {
    EXPECT_EQ(stats.levels[level].tables, written.levels[level].tables) << level;
    EXPECT_EQ(stats.levels[level].bytes, written.levels[level].bytes) << level;
    tables += stats.levels[level].tables;
  }
  EXPECT_EQ(tables, 2U);
}

TEST_F(ReadOnlyTest, ASnapshotOfAnotherHandleIsATypedError) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  const auto snapshot = db->GetSnapshot();
  ASSERT_TRUE(snapshot);
  ASSERT_TRUE(db->Close());
  const auto reader = TryOpenToRead();
  ASSERT_TRUE(reader);
  const ReadOptions then{.snapshot = snapshot->get()};
  EXPECT_EQ((*reader)->Get(then, "a").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ((*reader)->NewIterator(then).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(ReadOnlyTest, NoDatabaseAWriterAndDamageAreTold) {
  EXPECT_EQ(TryOpenToRead().error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(*files_.Exists("db"));
  auto db = Open();
  EXPECT_EQ(TryOpenToRead().error().code(), ErrorCode::kBusy);
  db.reset();
  auto reader = TryOpenToRead();
  ASSERT_TRUE(reader);
  EXPECT_EQ(OpenError(), ErrorCode::kBusy);
  reader->reset();
  // Without a LOCK nobody writes, and none is made.
  ASSERT_TRUE(files_.Remove(std::string("db/") + kLockFileName));
  EXPECT_TRUE(TryOpenToRead());
  EXPECT_FALSE(*files_.Exists(std::string("db/") + kLockFileName));
  ASSERT_TRUE(files_.Remove("db/CURRENT"));
  EXPECT_EQ(TryOpenToRead().error().code(), ErrorCode::kRefused);
}

}  // namespace
}  // namespace beach::engine
