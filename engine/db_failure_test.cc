// SPDX-License-Identifier: Apache-2.0
#include "engine/db.h"
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

TEST_F(DbTest, AFailedLogSyncPoisonsWritesAndReadsGoOn) {
  Options options = SmallOptions();
  options.wal_direct = false;
  auto db = Open(options);
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  SetHook(FileCall::kSync, ".wal", ErrorCode::kIo);
  EXPECT_EQ(db->Put(sync_, "a", "2").error().code(), ErrorCode::kIo);
  files_.set_hook({});
  const Status later = db->Put(sync_, "b", "3");
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().message(), "injected");
  EXPECT_EQ(db->Flush().error().message(), "injected");
  EXPECT_EQ(*db->Get({}, "a"), Bytes("1"));
  EXPECT_EQ(events_.Named("db.poisoned").size(), 1U);
  EXPECT_FALSE(db->Close());
  db = Open(options);
  EXPECT_EQ(*db->Get({}, "b"), std::nullopt);
  EXPECT_TRUE(db->Put(sync_, "b", "4"));
}

TEST_F(DbTest, AFailedTableWritePoisonsWritesAndReadsGoOn) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  SetHook(FileCall::kSync, ".sst", ErrorCode::kIo);
  EXPECT_EQ(db->Flush().error().code(), ErrorCode::kIo);
  files_.set_hook({});
  EXPECT_EQ(db->Put(sync_, "a", "2").error().code(), ErrorCode::kIo);
  EXPECT_EQ(*db->Get({}, "a"), Bytes("1"));
  db.reset();
  EXPECT_EQ(*Open()->Get({}, "a"), Bytes("1"));
}

TEST_F(DbTest, AFailedManifestSyncPoisons) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  SetHook(FileCall::kSync, "MANIFEST", ErrorCode::kNoSpace);
  EXPECT_FALSE(db->Flush());
  files_.set_hook({});
  EXPECT_FALSE(db->Put(sync_, "a", "2"));
  EXPECT_EQ(*db->Get({}, "a"), Bytes("1"));
  db.reset();
  EXPECT_EQ(*Open()->Get({}, "a"), Bytes("1"));
}

TEST_F(DbTest, NoSpaceForATablePausesFlushingAndServiceResumes) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  SetHook(FileCall::kWrite, ".sst", ErrorCode::kNoSpace);
  EXPECT_EQ(db->Flush().error().code(), ErrorCode::kNoSpace);
  EXPECT_TRUE(NamesOf(FileKind::kTable).empty());
  EXPECT_TRUE(db->Put(sync_, "b", "2"));  // there is room in the log and in memory
  EXPECT_EQ(*db->Get({}, "a"), Bytes("1"));
  files_.set_hook({});
  // The retry comes after a pause; until then a flush may still report the want of space.
  while (true) {
    const Status flushed = db->Flush();
    if (flushed) break;
    ASSERT_EQ(flushed.error().code(), ErrorCode::kNoSpace);
  }
  EXPECT_EQ(Scan(*db), (Model{{"a", "1"}, {"b", "2"}}));
}

TEST_F(DbTest, NoSpaceForASegmentRefusesWritesWithoutPoison) {
  Options options = SmallOptions();
  options.memtable_size = kMiB;
  auto db = Open(options);
  SetHook(FileCall::kOpen, "", ErrorCode::kNoSpace);
  Status status;
  int written = 0;
  while (status) {
    ASSERT_LT(written, 100);
    status = db->Put(sync_, std::to_string(written), Bytes(1000, 'v'));
    if (status) ++written;
  }
  EXPECT_EQ(status.error().code(), ErrorCode::kNoSpace);
  EXPECT_GT(written, 3);
  EXPECT_TRUE(events_.Named("db.poisoned").empty());
  files_.set_hook({});
  EXPECT_TRUE(db->Put(sync_, "later", "fine"));
  db.reset();
  db = Open(options);
  EXPECT_EQ(Scan(*db).size(), static_cast<std::size_t>(written) + 1);
}

// Callers try again after kNoSpace, because nothing was written. What had begun is no such case.
TEST_F(DbTest, NoSpaceInsideAFlightIsAFailedWrite) {
  for (const FileCall call : {FileCall::kWrite, FileCall::kSync}) {
    for (const bool sync : {true, false}) {
      if (call == FileCall::kSync && !sync) continue;
      Options options = SmallOptions();
      options.wal_direct = false;
      auto db = Open(options);
      SetHook(call, ".wal", ErrorCode::kNoSpace);
      const Status failed = db->Put({.sync = sync, .tag = 0}, "a", "1");
      files_.set_hook({});
      ASSERT_FALSE(failed);
      EXPECT_EQ(failed.error().code(), ErrorCode::kIo) << failed.error().ToString();
      EXPECT_NE(failed.error().message().find("injected"), std::string::npos);
      EXPECT_EQ(db->Put(sync_, "b", "2").error().code(), ErrorCode::kIo);
      EXPECT_EQ(db->Write(sync_, WriteBatch()).error().code(), ErrorCode::kIo);
      EXPECT_EQ(db->Flush().error().code(), ErrorCode::kIo);
      EXPECT_EQ(db->Close().error().code(), ErrorCode::kIo);
    }
  }
}

TEST_F(DbTest, NoSpaceWhileARunIsMadeDurableIsAFailedWrite) {
  auto db = Open();
  ASSERT_TRUE(db->Put(lazy_, "a", "1"));
  SetHook(FileCall::kSync, ".wal", ErrorCode::kNoSpace);
  EXPECT_EQ(db->Write(sync_, WriteBatch()).error().code(), ErrorCode::kIo);
  EXPECT_EQ(db->Put(lazy_, "b", "2").error().code(), ErrorCode::kIo);
  files_.set_hook({});
  db.reset();
  db = Open();
  ASSERT_TRUE(db->Put(lazy_, "a", "1"));
  SetHook(FileCall::kSync, ".wal", ErrorCode::kNoSpace);
  EXPECT_EQ(db->Close().error().code(), ErrorCode::kIo);
}

// The record that closes a segment, its end in the manifest, the header of the one prepared.
TEST_F(DbTest, NoSpaceInARotationThatHasBegunIsAFailedWrite) {
  const struct {
    FileCall call;
    const char* path;
  } places[] = {{FileCall::kWrite, "MANIFEST"}, {FileCall::kSync, "MANIFEST"}};
  for (const auto& place : places) {
    Options options = SmallOptions();
    options.memtable_size = kMiB;
    options.manifest_size_max = kMiB;
    auto db = Open(options);
    SetHook(place.call, place.path, ErrorCode::kNoSpace);
    Status status;
    for (int i = 0; i < 100 && status; ++i) status = db->Put(sync_, "k", Bytes(1000, 'v'));
    files_.set_hook({});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), ErrorCode::kIo);
    EXPECT_EQ(db->Put(sync_, "k", "v").error().code(), ErrorCode::kIo);
  }
}

TEST_F(DbTest, ALogLargerThanAMemtableIsReplayedIntoTables) {
  Options large = SmallOptions();
  large.memtable_size = kMiB;
  auto db = Open(large);
  Model model;
  for (int i = 0; i < 100; ++i) {
    const Bytes key = "key" + std::to_string(i);
    ASSERT_TRUE(db->Put(lazy_, key, Bytes(600, 'v')));
    model[key] = Bytes(600, 'v');
  }
  const Model files = FilesNow();
  db.reset();
  RestoreFiles(files);
  db = Open();  // with a memtable of 4 KiB
  EXPECT_EQ(Scan(*db), model);
  EXPECT_GT(NamesOf(FileKind::kTable).size(), 5U);
  db.reset();
  db = Open();
  EXPECT_EQ(Scan(*db), model);
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(100));
}

TEST_F(DbTest, ACrashInsideRecoveryChangesNothing) {
  auto db = Open();
  Model model;
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(db->Put(i % 5 == 0 ? sync_ : lazy_, std::to_string(i), Bytes(50, 'v')));
    model[std::to_string(i)] = Bytes(50, 'v');
  }
  const Model files = FilesNow();
  db.reset();
  bool finished = false;
  for (int calls = 0; !finished; ++calls) {
    ASSERT_LT(calls, 500);
    RestoreFiles(files);
    for (const int crash_at : {calls / 2, calls}) {
      int left = crash_at;
      files_.set_hook([&left](const FileEvent&) -> Status {
        if (left-- > 0) return {};
        return Fail(ErrorCode::kIo, "crash");
      });
      const auto opened = TryOpen();
      if (crash_at == calls) finished = opened.has_value();
      files_.set_hook({});
    }
    auto again = Open();
    ASSERT_TRUE(again) << calls;
    ASSERT_EQ(Scan(*again), model) << calls;
  }
}

TEST_F(DbTest, OpeningOverAndOverDoesNotPileUpSegments) {
  ASSERT_TRUE(Open()->Put(sync_, "a", "1"));
  for (int life = 0; life < 20; ++life) {
    EXPECT_EQ(*Open()->Get({}, "a"), Bytes("1"));
    EXPECT_LE(NamesOf(FileKind::kSegment).size(), 6U);
    EXPECT_LE(NamesOf(FileKind::kTable).size(), 1U);
  }
}

TEST_F(DbTest, SequencedEventsTellEveryBatchInOrder) {
  auto db = Open();
  WriteBatch two;
  two.Put("a", "1");
  two.Delete("b");
  ASSERT_TRUE(db->Write({.sync = true, .tag = 7}, two));
  ASSERT_TRUE(db->Put({.sync = false, .tag = 8}, "c", "3"));
  const auto events = events_.Named("write.sequenced");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].numbers,
            (std::map<std::string, std::uint64_t>{{"first", 1}, {"count", 2}, {"tag", 7}}));
  EXPECT_EQ(events[1].numbers,
            (std::map<std::string, std::uint64_t>{{"first", 3}, {"count", 1}, {"tag", 8}}));
}

TEST_F(DbTest, DamageInTheVouchedLogIsRefusedWithFileAndOffset) {
  Options options = SmallOptions();
  options.memtable_size = kMiB;  // all stays in the log
  auto db = Open(options);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(db->Put(sync_, std::to_string(i), "v"));
  ASSERT_TRUE(db->Close());
  db.reset();
  const std::string path = "db/" + NamesOf(FileKind::kSegment).at(0);
  Bytes content = files_.Content(path);
  content[4096 * 2 + 70] = static_cast<char>(content[4096 * 2 + 70] ^ 1);
  files_.SetContent(path, content);
  const auto opened = TryOpen();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(opened.error().path(), path);
  EXPECT_NE(opened.error().offset(), Error::kNoOffset);
}

TEST_F(DbTest, ManyWritersReadersAndFlushesAtOnce) {
  constexpr std::uint64_t kThreads = 6;
  constexpr std::uint64_t kWrites = 150;
  auto db = Open();
  std::vector<env::Thread> threads;
  std::vector<std::uint64_t> failures(kThreads);
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back("writer", [&, t] {
      for (std::uint64_t i = 0; i < kWrites; ++i) {
        const Bytes key = std::to_string(t) + "/" + std::to_string(i);
        WriteBatch batch;
        batch.Put(key, Bytes(100, 'v'));
        batch.Put("count" + std::to_string(t), std::to_string(i));
        if (!db->Write(i % 2 == 0 ? sync_ : lazy_, batch)) ++failures[t];
        const auto mine = db->Get({}, key);
        if (!mine || !*mine) ++failures[t];
        if (i % 50 == 49 && !db->Flush()) ++failures[t];
        if (i % 40 == 0) {
          for (const auto& [name, value] : Scan(*db)) failures[t] += value.empty() ? 1 : 0;
        }
      }
    });
  }
  for (env::Thread& thread : threads) thread.Join();
  EXPECT_EQ(failures, std::vector<std::uint64_t>(kThreads));
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(kThreads * kWrites * 2));
  const Model model = Scan(*db);
  EXPECT_EQ(model.size(), kThreads * kWrites + kThreads);
  std::set<std::uint64_t> firsts;
  for (const auto& event : events_.Named("write.sequenced")) {
    EXPECT_TRUE(firsts.insert(event.numbers.at("first")).second);
  }
  ASSERT_TRUE(db->Close());
  db = Open();
  EXPECT_EQ(Scan(*db), model);
}

RC_GTEST_FIXTURE_PROP(DbTest, EqualsAMapUnderAnyHistoryWithReopens, ()) {
  if (*files_.Exists("db")) RestoreFiles({});
  Options options = SmallOptions();
  options.memtable_size = kKiB;
  auto db = Open(options);
  Model model;
  const int operations = *rc::gen::inRange(1, 120);
  for (int i = 0; i < operations; ++i) {
    const Bytes key = std::to_string(*rc::gen::inRange(0, 12));
    const WriteOptions write{.sync = *rc::gen::arbitrary<bool>()};
    switch (*rc::gen::inRange(0, 10)) {
      case 0: RC_ASSERT(db->Flush().has_value()); break;
      case 1:
        db.reset();
        db = Open(options);
        RC_ASSERT(db != nullptr);
        break;
      case 2:
      case 3:
        RC_ASSERT(db->Delete(write, key).has_value());
        model.erase(key);
        break;
      default: {
        const Bytes value(static_cast<std::size_t>(*rc::gen::inRange(0, 300)), 'x');
        RC_ASSERT(db->Put(write, key, value).has_value());
        model[key] = value;
      }
    }
  }
  RC_ASSERT(Scan(*db) == model);
}

}  // namespace
}  // namespace beach::engine
