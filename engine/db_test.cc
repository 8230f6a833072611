// SPDX-License-Identifier: Apache-2.0
#include "engine/db.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <mutex>
#include <set>

#include "base/coding.h"
#include "engine/manifest/file_names.h"
#include "engine/manifest/identity.h"
#include "engine/manifest/manifest.h"
#include "engine/testing/memory_files.h"
#include "engine/verify.h"
#include "engine/wal/log.h"
#include "env/os/os_clock.h"
#include "env/threads.h"

namespace beach::engine {
namespace {

using testing::FileCall;
using testing::FileEvent;
using testing::MemoryFiles;

using Model = std::map<Bytes, Bytes>;

class EventList final : public env::EventSink {
 public:
  struct Event {
    std::string name;
    std::map<std::string, std::uint64_t> numbers;
  };

  using env::EventSink::Record;
  void Record(Site event, std::span<const env::EventField> fields) override {
    Event copy{.name = event.name, .numbers = {}};
    for (const env::EventField& field : fields) copy.numbers[field.name] = field.number;
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(copy));
  }
  std::vector<Event> Named(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    std::vector<Event> found;
    for (const Event& event : events_) {
      if (event.name == name) found.push_back(event);
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Event> events_;
};

Options SmallOptions() {
  Options options;
  options.memtable_size = 4 * kKiB;
  options.wal_segment_size = 64 * kKiB;
  options.manifest_size_max = 2 * kKiB;
  options.block_size = 256;
  options.key_size_max = 1000;
  options.value_size_max = 8000;
  options.batch_size_max = 16 * kKiB;
  return options;
}

class DbTest : public ::testing::Test {
 protected:
  env::Env Environment() { return {.files = &files_, .clock = &clock_, .events = &events_}; }
  Result<std::unique_ptr<Db>> TryOpen(const Options& options = SmallOptions()) {
    return Db::Open(Environment(), "db", options);
  }
  std::unique_ptr<Db> Open(const Options& options = SmallOptions()) {
    auto db = TryOpen(options);
    EXPECT_TRUE(db) << db.error().ToString();
    return db ? *std::move(db) : nullptr;
  }
  ErrorCode OpenError(const Options& options = SmallOptions()) {
    auto db = TryOpen(options);
    EXPECT_FALSE(db);
    return db ? ErrorCode::kAlreadyExists : db.error().code();
  }
  std::vector<std::string> Names() { return files_.List("db").value(); }
  // What a process crash leaves: all files as they are, while the handle is still open.
  Model FilesNow() {
    Model files;
    for (const std::string& name : Names()) {
      if (name != kLockFileName) files[name] = files_.Content("db/" + name);
    }
    return files;
  }
  void RestoreFiles(const Model& files) {
    for (const std::string& name : Names()) {
      ASSERT_TRUE(files_.Remove("db/" + name));
    }
    for (const auto& [name, content] : files) files_.SetContent("db/" + name, content);
  }
  std::vector<std::string> NamesOf(FileKind kind) {
    std::vector<std::string> names;
    for (const std::string& name : Names()) {
      const auto file = ParseFileName(name);
      if (file && file->kind == kind) names.push_back(name);
    }
    return names;
  }
  static Model Scan(Db& db, const ReadOptions& options = {}) {
    Model model;
    auto iterator = db.NewIterator(options);
    EXPECT_TRUE(iterator);
    for ((*iterator)->SeekToFirst(); (*iterator)->Valid(); (*iterator)->Next()) {
      model[Bytes((*iterator)->key())] = (*iterator)->value();
    }
    EXPECT_TRUE((*iterator)->status());
    return model;
  }
  void SetHook(FileCall call, std::string part, ErrorCode code) {
    files_.set_hook([=](const FileEvent& event) -> Status {
      if (event.call != call || event.path.find(part) == std::string::npos) return {};
      return Fail(Error(code, "injected").At(event.path, event.offset));
    });
  }

  MemoryFiles files_;
  env::OsClock clock_;
  EventList events_;
  const WriteOptions sync_{.sync = true, .tag = 0};
  const WriteOptions lazy_{.sync = false, .tag = 0};
};

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
  EXPECT_EQ(*db->Get({}, "a"), Bytes("3"));
  EXPECT_EQ(*db->Get({.sequence = SequenceNumber(2)}, "a"), Bytes("2"));
  EXPECT_EQ(*db->Get({.sequence = SequenceNumber(1)}, "a"), Bytes("1"));
  EXPECT_EQ(*db->Get({.sequence = SequenceNumber(0)}, "a"), std::nullopt);
  EXPECT_EQ(*db->Get({.sequence = SequenceNumber(99)}, "a"), Bytes("3"));
}

TEST_F(DbTest, FlushRetiresTheLogAndRollsTheManifest) {
  auto db = Open();
  const FileNumber manifest = *ReadCurrent(files_, "db");
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(db->Put(sync_, "key" + std::to_string(i), Bytes(500, 'v')));
  }
  ASSERT_TRUE(db->Flush());
  EXPECT_GT(NamesOf(FileKind::kTable).size(), 3U);
  EXPECT_LE(NamesOf(FileKind::kSegment).size(), 2U);
  EXPECT_EQ(NamesOf(FileKind::kManifest).size(), 1U);
  EXPECT_GT(*ReadCurrent(files_, "db"), manifest);
  EXPECT_EQ(Scan(*db).size(), 200U);
  ASSERT_TRUE(db->Close());
  const auto report = VerifyDatabase(files_, "db");
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_TRUE(report->damage.empty()) << report->damage.front().ToString();
  EXPECT_EQ(report->entries, 200U);
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

TEST_F(DbTest, AHeldLockIsBusyAndNothingIsTouched) {
  auto db = Open();
  ASSERT_TRUE(db->Flush());
  const Model before = FilesNow();
  EXPECT_EQ(OpenError(), ErrorCode::kBusy);
  EXPECT_EQ(FilesNow(), before);
}

TEST_F(DbTest, AnAbsentDatabaseIsNotFoundWhenNoneIsToBeCreated) {
  Options options = SmallOptions();
  options.create_if_missing = false;
  EXPECT_EQ(OpenError(options), ErrorCode::kNotFound);
  EXPECT_FALSE(*files_.Exists("db"));
  ASSERT_TRUE(files_.CreateDirectory("db"));
  EXPECT_EQ(OpenError(options), ErrorCode::kNotFound);
  EXPECT_TRUE(files_.List("db")->empty());
}

TEST_F(DbTest, DataFilesWithoutCurrentAreRefusedUntouched) {
  for (const char* name : {"000001.sst", "000002.wal"}) {
    if (*files_.Exists("db"))
      RestoreFiles({});
    else
      ASSERT_TRUE(files_.CreateDirectory("db"));
    files_.SetContent(env::JoinPath("db", name), "precious");
    EXPECT_EQ(OpenError(), ErrorCode::kRefused);
    EXPECT_EQ(*files_.List("db"), std::vector<std::string>{name});
    EXPECT_EQ(VerifyDatabase(files_, "db").error().code(), ErrorCode::kRefused);
  }
}

TEST_F(DbTest, AHalfMadeDatabaseIsFinished) {
  // The crash after each of the calls that make a database.
  for (int calls = 0;; ++calls) {
    ASSERT_LT(calls, 200);
    MemoryFiles files;
    int left = calls;
    bool crashed = false;
    files.set_hook([&](const FileEvent&) -> Status {
      if (left-- > 0) return {};
      crashed = true;
      return Fail(ErrorCode::kIo, "crash");
    });
    const env::Env env{.files = &files, .clock = &clock_};
    { const auto first = Db::Open(env, "db", SmallOptions()); }
    files.set_hook({});
    auto db = Db::Open(env, "db", SmallOptions());
    ASSERT_TRUE(db) << calls << ": " << db.error().ToString();
    ASSERT_TRUE((*db)->Put(sync_, "a", "1"));
    if (!crashed) break;
  }
}

TEST_F(DbTest, ForeignIdentityUnknownVersionAndDamageAreTold) {
  ASSERT_TRUE(Open()->Put(sync_, "a", "1"));
  const Model sound = FilesNow();

  files_.SetContent("db/IDENTITY", EncodeIdentity({.high = 1, .low = 2}));
  EXPECT_EQ(OpenError(), ErrorCode::kRefused);
  Bytes version = sound.at("IDENTITY");
  version[8] = 77;
  files_.SetContent("db/IDENTITY", version);
  EXPECT_EQ(OpenError(), ErrorCode::kRefused);
  files_.SetContent("db/IDENTITY", "somebody else's file");
  EXPECT_EQ(OpenError(), ErrorCode::kRefused);
  ASSERT_TRUE(files_.Remove("db/IDENTITY"));
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);

  RestoreFiles(sound);
  files_.SetContent("db/CURRENT", "MANIFEST-000001\n");
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);
  RestoreFiles(sound);
  ASSERT_TRUE(files_.Remove("db/" + NamesOf(FileKind::kManifest).at(0)));
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);
  RestoreFiles(sound);
  EXPECT_EQ(*Open()->Get({}, "a"), Bytes("1"));
}

TEST_F(DbTest, ListedFilesThatAreMissingAreCorruption) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Put(sync_, "b", "2"));
  ASSERT_TRUE(db->Close());
  const Model sound = FilesNow();
  for (const auto& [name, content] : sound) {
    const auto file = ParseFileName(name);
    if (!file || (file->kind != FileKind::kTable && file->kind != FileKind::kSegment)) continue;
    RestoreFiles(sound);
    ASSERT_TRUE(files_.Remove("db/" + name));
    const Model before = FilesNow();
    const auto report = VerifyDatabase(files_, "db");
    ASSERT_TRUE(report);
    ASSERT_EQ(report->damage.size(), 1U) << name;
    EXPECT_EQ(report->damage[0].code(), ErrorCode::kCorruption);
    const auto opened = TryOpen();
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(opened.error().path(), "db/" + name);
    EXPECT_EQ(FilesNow(), before);
  }
}

TEST_F(DbTest, DebrisIsRemovedAndItsNumbersAreNotReused) {
  ASSERT_TRUE(Open()->Put(sync_, "a", "1"));
  files_.SetContent("db/000900.sst", "debris");
  files_.SetContent("db/000901.wal", "debris");
  files_.SetContent("db/MANIFEST-000902", "debris");
  files_.SetContent("db/CURRENT.tmp", "debris");
  files_.SetContent("db/notes.txt", "not ours");
  EXPECT_EQ(VerifyDatabase(files_, "db")->debris.size(), 4U);
  auto db = Open();
  for (const char* name : {"000900.sst", "000901.wal", "MANIFEST-000902", "CURRENT.tmp"}) {
    EXPECT_FALSE(*files_.Exists(env::JoinPath("db", name))) << name;
  }
  EXPECT_TRUE(*files_.Exists("db/notes.txt"));
  EXPECT_GT(*ReadCurrent(files_, "db"), FileNumber(902));
  EXPECT_EQ(*db->Get({}, "a"), Bytes("1"));
}

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
