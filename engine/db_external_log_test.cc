// SPDX-License-Identifier: Apache-2.0
// Databases whose log is somebody else's. A crash of the process loses what is in no table, so that
// files copied while the handle is open are what a crash leaves; a power loss is in
// db_external_power_test.cc.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/db.h"
#include "engine/dump.h"
#include "engine/repair.h"
#include "engine/testing/applied_log.h"
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

using testing::AppliedLog;

class DbExternalLogTest : public DbTest {
 protected:
  static Options ExternalOptions() {
    Options options = SmallOptions();
    options.external_log = true;
    options.memtable_size = 2 * kKiB;
    return options;
  }
  std::unique_ptr<Db> OpenExternal() { return Open(ExternalOptions()); }

  static Status ApplyFrom(Db& db, const AppliedLog& log, std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t i = first; i <= last; ++i) {
      BEACH_TRY(db.Apply(log.BatchAt(i), AppliedLog::MarkAt(i)));
    }
    return {};
  }
  static AppliedLog::Moment MomentOf(Db& db) {
    return {.content = Scan(db), .sequence = db.VisibleSequence(), .time = db.Stats().time};
  }
  // What its mark says is there, and no more.
  static void ExpectPrefix(Db& db, const AppliedLog& log) {
    const LogMark mark = db.DurableMark();
    if (mark.index > 0) {
      EXPECT_EQ(mark, AppliedLog::MarkAt(mark.index));
    }
    EXPECT_EQ(MomentOf(db), log.At(mark.index)) << mark.index;
  }
  static WriteBatch One(ByteView key, ByteView value) {
    WriteBatch batch;
    batch.Put(key, value);
    return batch;
  }
};

TEST_F(DbExternalLogTest, WhatIsAppliedIsThereAtOnceAndGoneWithTheHandleUnlessItWasFlushed) {
  auto db = OpenExternal();
  EXPECT_EQ(db->DurableMark(), LogMark());
  WriteBatch batch = One("a", "1");
  batch.Put("b", "2");
  ASSERT_TRUE(db->Apply(batch, {.index = 3, .state = "x"}));
  EXPECT_EQ(*db->Get({}, "b"), Bytes("2"));
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(2));
  EXPECT_EQ(db->DurableMark().index, 0U);
  ASSERT_TRUE(db->Flush());
  EXPECT_EQ(db->DurableMark(), (LogMark{.index = 3, .state = "x"}));
  ASSERT_TRUE(db->Apply(One("a", "3"), {.index = 4, .state = "y"}));
  ASSERT_TRUE(db->Close());
  db.reset();
  db = OpenExternal();
  EXPECT_EQ(db->DurableMark(), (LogMark{.index = 3, .state = "x"}));
  EXPECT_EQ(Scan(*db), (Model{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(2));
  ASSERT_TRUE(db->Apply(One("a", "3"), {.index = 4, .state = "y"}));
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(3));
  EXPECT_EQ(*db->Get({}, "a"), Bytes("3"));
}

TEST_F(DbExternalLogTest, HasNoSegments) {
  auto db = OpenExternal();
  const AppliedLog log(1);
  ASSERT_TRUE(ApplyFrom(*db, log, 1, 100));
  ASSERT_TRUE(db->Flush());
  EXPECT_TRUE(NamesOf(FileKind::kSegment).empty());
  ASSERT_TRUE(db->Close());
  const auto report = VerifyDatabase(files_, "db");
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->damage.empty());
  EXPECT_TRUE(report->debris.empty());
  EXPECT_EQ(report->segments, 0U);
  EXPECT_GT(report->tables.size(), 5U);
  const auto repaired = RepairDatabase(Environment(), "db", /*dry_run=*/false);
  ASSERT_TRUE(repaired);
  EXPECT_FALSE(repaired->repaired);
  EXPECT_TRUE(repaired->damage.empty());
  std::string dump;
  ASSERT_TRUE(DumpManifest(files_, "db", [&dump](std::string_view line) { dump += line; }));
  EXPECT_NE(dump.find("applied up to 100, state of 9 bytes"), std::string::npos);
}

TEST_F(DbExternalLogTest, AMarkWithoutABatchIsFlushedToo) {
  auto db = OpenExternal();
  ASSERT_TRUE(db->Apply({}, {.index = 7, .state = "seven"}));
  ASSERT_TRUE(db->Flush());
  EXPECT_EQ(db->DurableMark().index, 7U);
  EXPECT_TRUE(NamesOf(FileKind::kTable).empty());
  ASSERT_TRUE(db->Apply({}, {.index = 8, .state = "eight"}));
  ASSERT_TRUE(db->Close());
  db.reset();
  db = OpenExternal();
  EXPECT_EQ(db->DurableMark(), (LogMark{.index = 7, .state = "seven"}));
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(0));
}

// The last sequence number is that of the log, though no table has it.
TEST_F(DbExternalLogTest, NumbersOfWhatLeavesNoTraceInTablesAreNotGivenAgain) {
  auto db = OpenExternal();
  WriteBatch batch;
  batch.AdvanceTime(50);
  batch.AdvanceTime(40);
  ASSERT_TRUE(db->Apply(batch, {.index = 1, .state = {}}));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Close());
  db.reset();
  db = OpenExternal();
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(2));
  EXPECT_EQ(db->Stats().time, 50U);
}

TEST_F(DbExternalLogTest, RefusesAMarkThatIsNotAboveTheLastOne) {
  auto db = OpenExternal();
  ASSERT_TRUE(db->Apply(One("a", "1"), {.index = 5, .state = {}}));
  for (const std::uint64_t index : {std::uint64_t{0}, std::uint64_t{4}, std::uint64_t{5}}) {
    const LogMark mark{.index = index, .state = {}};
    EXPECT_EQ(db->Apply(One("a", "2"), mark).error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(db->TryApply(One("a", "2"), mark).error().code(), ErrorCode::kInvalidArgument);
  }
  const LogMark large{.index = 6, .state = Bytes(kLogMarkStateMax + 1, 's')};
  EXPECT_EQ(db->Apply({}, large).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(db->Apply(One(Bytes(2000, 'k'), ""), {.index = 6, .state = {}}).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(*db->Get({}, "a"), Bytes("1"));
  ASSERT_TRUE(db->Apply({}, {.index = 6, .state = Bytes(kLogMarkStateMax, 's')}));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Close());
  db.reset();
  db = OpenExternal();  // and the index of a former life counts
  EXPECT_EQ(db->DurableMark().state.size(), kLogMarkStateMax);
  EXPECT_EQ(db->Apply({}, {.index = 6, .state = {}}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(db->Apply({}, {.index = 7, .state = {}}));
}

TEST_F(DbExternalLogTest, TheOneKindIsNotOpenedAsTheOther) {
  const auto expect_refused = [this](const Options& options) {
    for (const bool locked : {true, false}) {
      if (!locked) {
        ASSERT_TRUE(files_.Remove("db/" + std::string(kLockFileName)));
      }
      const auto before = files_.Snapshot("db");
      EXPECT_EQ(OpenError(options), ErrorCode::kInvalidArgument);
      EXPECT_EQ(files_.Snapshot("db"), before);
    }
  };
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  ASSERT_TRUE(db->Close());
  db.reset();
  expect_refused(ExternalOptions());
  EXPECT_EQ(*Open()->Get({}, "a"), Bytes("1"));
  RestoreFiles({});
  db = OpenExternal();
  ASSERT_TRUE(db->Apply(One("a", "2"), {.index = 1, .state = {}}));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Close());
  db.reset();
  expect_refused(SmallOptions());
  EXPECT_EQ(*OpenExternal()->Get({}, "a"), Bytes("2"));
}

TEST_F(DbExternalLogTest, AllElseThatWritesIsUnsupported) {
  auto db = OpenExternal();
  const auto refused = [](const auto& result) {
    return !result && result.error().code() == ErrorCode::kUnsupported;
  };
  EXPECT_TRUE(refused(db->Put(lazy_, "a", "1")));
  EXPECT_TRUE(refused(db->PutUntil(lazy_, "a", "1", 5)));
  EXPECT_TRUE(refused(db->AdvanceTime(lazy_, 5)));
  EXPECT_TRUE(refused(db->Delete(lazy_, "a")));
  EXPECT_TRUE(refused(db->DeleteRange(lazy_, "a", "b")));
  EXPECT_TRUE(refused(db->Merge(lazy_, "a", MergeOperator::kAppend, "x")));
  EXPECT_TRUE(refused(db->Write(lazy_, One("a", "1"))));
  EXPECT_TRUE(refused(db->WriteIf(lazy_, {}, One("a", "1"))));
  EXPECT_TRUE(refused(db->CompareAndSet(lazy_, "a", std::nullopt, "1")));
  EXPECT_TRUE(refused(db->WriteAsync(lazy_, One("a", "1"), {})));
  EXPECT_TRUE(refused(db->CreateTable("t")));
  EXPECT_TRUE(refused(db->DropTable("t")));
  EXPECT_TRUE(refused(db->NewLogCursor(SequenceNumber())));
  EXPECT_TRUE(refused(db->Backup("backups")));
  EXPECT_TRUE(Scan(*db).empty());
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber());
  db.reset();
  RestoreFiles({});
  db = Open();
  EXPECT_TRUE(refused(db->Apply(One("a", "1"), {.index = 1, .state = {}})));
  EXPECT_TRUE(refused(db->TryApply(One("a", "1"), {.index = 1, .state = {}})));
  EXPECT_EQ(db->DurableMark(), LogMark());
}

TEST_F(DbExternalLogTest, TryApplyDoesNothingWhereItWouldWaitForAFlush) {
  Options options = ExternalOptions();
  options.frozen_memtables_max = 1;
  auto db = Open(options);
  std::mutex gate;
  gate.lock();
  files_.set_hook([&gate](const FileEvent& event) -> Status {
    if (event.call != FileCall::kSync || event.path.find(".sst") == std::string::npos) return {};
    const std::lock_guard pass(gate);
    return {};
  });
  std::uint64_t index = 0;
  Model model;
  while (true) {
    ASSERT_LT(index, 100U);
    const Bytes key = std::to_string(index);
    const auto applied = db->TryApply(One(key, Bytes(500, 'v')), AppliedLog::MarkAt(index + 1));
    ASSERT_TRUE(applied);
    if (!*applied) break;
    ++index;
    model[key] = Bytes(500, 'v');
  }
  EXPECT_GT(index, 6U);  // two memtables
  EXPECT_EQ(Scan(*db), model);
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(index));
  EXPECT_EQ(db->DurableMark().index, 0U);
  gate.unlock();
  ASSERT_TRUE(db->Apply(One("last", "1"), AppliedLog::MarkAt(index + 1)));
  model["last"] = "1";
  EXPECT_EQ(Scan(*db), model);
  ASSERT_TRUE(db->Flush());
  EXPECT_EQ(db->DurableMark(), AppliedLog::MarkAt(index + 1));
  files_.set_hook({});
}

TEST_F(DbExternalLogTest, AWantedFlushEndsWithoutAnybodyWaiting) {
  auto db = OpenExternal();
  db->WantFlush();  // of nothing
  const AppliedLog log(2);
  std::uint64_t index = 0;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t wanted = index + 3;
    ASSERT_TRUE(ApplyFrom(*db, log, index + 1, wanted));
    index = wanted;
    db->WantFlush();
    while (db->DurableMark().index < wanted) {
    }
    ASSERT_EQ(db->DurableMark().index, wanted);
  }
  const Model files = FilesNow();
  db.reset();
  RestoreFiles(files);
  db = OpenExternal();
  EXPECT_EQ(db->DurableMark().index, index);
  ExpectPrefix(*db, log);
}

TEST_F(DbExternalLogTest, TryGetAgreesWithGetOrSaysThatItWouldBlock) {
  Options options = ExternalOptions();
  options.filter_bits_per_key = 0;
  auto db = Open(options);
  ASSERT_TRUE(db->Apply(One("table", "1"), {.index = 1, .state = {}}));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Apply(One("memory", "2"), {.index = 2, .state = {}}));
  const TryGetResult blocks{.would_block = true, .value = {}};
  int reads = 0;
  files_.set_hook([&reads](const FileEvent&) -> Status {
    ++reads;
    return {};
  });
  EXPECT_EQ(*db->TryGet({}, "memory"), (TryGetResult{.would_block = false, .value = "2"}));
  EXPECT_EQ(*db->TryGet({}, "table"), blocks);
  EXPECT_EQ(*db->TryGet({}, "nothing"), TryGetResult());  // behind what the table has
  EXPECT_EQ(reads, 0);
  files_.set_hook({});
  EXPECT_EQ(*db->Get({}, "table"), Bytes("1"));  // brings its block to memory
  EXPECT_EQ(*db->TryGet({}, "table"), (TryGetResult{.would_block = false, .value = "1"}));
}

// An operand in memory is no answer while its value is on disk.
TEST_F(DbExternalLogTest, TryGetFoldsNoOperandOverWhatItHasNotRead) {
  auto db = OpenExternal();
  ASSERT_TRUE(db->Apply(One("list", "a"), {.index = 1, .state = {}}));
  ASSERT_TRUE(db->Flush());
  WriteBatch batch;
  batch.Merge("list", MergeOperator::kAppend, "b");
  ASSERT_TRUE(db->Apply(batch, {.index = 2, .state = {}}));
  EXPECT_EQ(*db->TryGet({}, "list"), (TryGetResult{.would_block = true, .value = {}}));
  EXPECT_EQ(*db->Get({}, "list"), Bytes("ab"));
  EXPECT_EQ(*db->TryGet({}, "list"), (TryGetResult{.would_block = false, .value = "ab"}));
}

TEST_F(DbExternalLogTest, AFailedFlushKeepsTheMarkAndPoisons) {
  for (const char* const part : {".sst", "MANIFEST"}) {
    if (*files_.Exists("db")) RestoreFiles({});
    auto db = OpenExternal();
    const AppliedLog log(3);
    ASSERT_TRUE(ApplyFrom(*db, log, 1, 4));
    ASSERT_TRUE(db->Flush());
    ASSERT_TRUE(ApplyFrom(*db, log, 5, 8));
    SetHook(FileCall::kSync, part, ErrorCode::kIo);
    EXPECT_EQ(db->Flush().error().code(), ErrorCode::kIo);
    files_.set_hook({});
    EXPECT_EQ(db->DurableMark().index, 4U);
    EXPECT_EQ(db->Apply({}, AppliedLog::MarkAt(9)).error().message(), "injected");
    EXPECT_EQ(db->TryApply({}, AppliedLog::MarkAt(9)).error().message(), "injected");
    EXPECT_EQ(MomentOf(*db), log.At(8));
    db->WantFlush();
    EXPECT_FALSE(db->Close());
    db.reset();
    db = OpenExternal();
    ExpectPrefix(*db, log);
    ASSERT_TRUE(ApplyFrom(*db, log, db->DurableMark().index + 1, 20));
    EXPECT_EQ(MomentOf(*db), log.At(20));
  }
}

TEST_F(DbExternalLogTest, NoSpaceForATableStopsApplyingUntilThereIsSome) {
  Options options = ExternalOptions();
  options.frozen_memtables_max = 1;
  auto db = Open(options);
  SetHook(FileCall::kWrite, ".sst", ErrorCode::kNoSpace);
  Status status;
  std::uint64_t index = 0;
  while (status) {
    ASSERT_LT(index, 100U);
    status = db->Apply(One(std::to_string(index), Bytes(500, 'v')), AppliedLog::MarkAt(index + 1));
    if (status) ++index;
  }
  EXPECT_EQ(status.error().code(), ErrorCode::kNoSpace);
  const auto tried = db->TryApply(One("x", Bytes(500, 'v')), AppliedLog::MarkAt(index + 1));
  EXPECT_EQ(tried.error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(index));
  EXPECT_EQ(db->DurableMark().index, 0U);
  files_.set_hook({});
  while (!status) {
    ASSERT_EQ(status.error().code(), ErrorCode::kNoSpace);
    status = db->Apply(One("last", ""), AppliedLog::MarkAt(index + 1));
  }
  ASSERT_TRUE(db->Flush());
  EXPECT_EQ(db->DurableMark().index, index + 1);
  EXPECT_EQ(Scan(*db).size(), index + 1);
}

TEST_F(DbExternalLogTest, PinsAndCheckpointsSayWhatMarkTheyAreOf) {
  auto db = OpenExternal();
  const AppliedLog log(4);
  ASSERT_TRUE(ApplyFrom(*db, log, 1, 30));
  auto pin = db->PinFiles();
  ASSERT_TRUE(pin);
  EXPECT_EQ((*pin)->mark(), AppliedLog::MarkAt(30));
  EXPECT_EQ((*pin)->sequence(), log.At(30).sequence);
  ASSERT_TRUE(ApplyFrom(*db, log, 31, 40));
  ASSERT_TRUE(db->Flush());
  EXPECT_EQ((*pin)->mark(), AppliedLog::MarkAt(30));
  pin->reset();
  ASSERT_TRUE(db->Checkpoint("copy"));
  EXPECT_EQ(Db::Open(Environment(), "copy", SmallOptions()).error().code(),
            ErrorCode::kInvalidArgument);
  auto copy = Db::Open(Environment(), "copy", ExternalOptions());
  ASSERT_TRUE(copy);
  EXPECT_EQ((*copy)->DurableMark(), AppliedLog::MarkAt(40));
  ExpectPrefix(**copy, log);
  ASSERT_TRUE(ApplyFrom(**copy, log, 41, 60));
  EXPECT_EQ(MomentOf(**copy), log.At(60));
}

TEST_F(DbExternalLogTest, IsReadWithoutALog) {
  auto db = OpenExternal();
  const AppliedLog log(5);
  ASSERT_TRUE(ApplyFrom(*db, log, 1, 40));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Close());
  db.reset();
  auto reader = Db::OpenReadOnly(Environment(), "db", ExternalOptions());
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->DurableMark(), AppliedLog::MarkAt(40));
  ExpectPrefix(**reader, log);
  EXPECT_EQ((*reader)->Apply({}, AppliedLog::MarkAt(41)).error().code(), ErrorCode::kUnsupported);
}

TEST_F(DbExternalLogTest, KeepsNoLog) {
  Options options = ExternalOptions();
  options.log_kept_size = kMiB;
  EXPECT_EQ(OpenError(options), ErrorCode::kInvalidArgument);
}

// Snapshots, iterators and compaction beside it are those of every database.
TEST_F(DbExternalLogTest, CompactionKeepsWhatTheMarkStandsFor) {
  auto db = OpenExternal();
  const AppliedLog log(6);
  ASSERT_TRUE(ApplyFrom(*db, log, 1, 60));
  const auto snapshot = db->GetSnapshot();
  ASSERT_TRUE(snapshot);
  const Model then = Scan(*db, {.snapshot = snapshot->get()});
  ASSERT_TRUE(ApplyFrom(*db, log, 61, 120));
  ASSERT_TRUE(db->CompactRange(std::nullopt, std::nullopt));
  EXPECT_EQ(Scan(*db, {.snapshot = snapshot->get()}), then);
  EXPECT_EQ(MomentOf(*db), log.At(120));
  const Model files = FilesNow();
  db.reset();
  RestoreFiles(files);
  db = OpenExternal();
  EXPECT_EQ(db->DurableMark().index, 120U);
  ExpectPrefix(*db, log);
}

// Each call on files from some point on fails, as after a crash there; then the files are what the
// next open finds.
TEST_F(DbExternalLogTest, ACrashAtAnyCallLeavesThePrefixOfItsMark) {
  const AppliedLog log(7);
  constexpr std::uint64_t kLast = 60;
  bool finished = false;
  std::set<std::uint64_t> marks;
  for (int crash_at = 0; !finished; crash_at += 1 + crash_at / 40) {
    ASSERT_LT(crash_at, 5000);
    if (*files_.Exists("db")) RestoreFiles({});
    std::atomic<int> left = crash_at;
    files_.set_hook([&left](const FileEvent&) -> Status {
      if (left.fetch_sub(1) > 0) return {};
      return Fail(ErrorCode::kIo, "crash");
    });
    {
      const auto opened = TryOpen(ExternalOptions());
      finished = opened && ApplyFrom(**opened, log, 1, kLast) &&
                 (*opened)->CompactRange(std::nullopt, std::nullopt) && (*opened)->Close();
    }
    files_.set_hook({});
    auto db = OpenExternal();
    ASSERT_TRUE(db) << crash_at;
    ExpectPrefix(*db, log);
    marks.insert(db->DurableMark().index);
    ASSERT_TRUE(ApplyFrom(*db, log, db->DurableMark().index + 1, kLast));
    ASSERT_EQ(MomentOf(*db), log.At(kLast)) << crash_at;
  }
  EXPECT_GT(marks.size(), 5U);
  EXPECT_EQ(*marks.rbegin(), kLast);
}

RC_GTEST_FIXTURE_PROP(DbExternalLogTest, EqualsItsLogUnderAnyHistoryWithCrashes, ()) {
  if (*files_.Exists("db")) RestoreFiles({});
  const AppliedLog log(*rc::gen::arbitrary<std::uint64_t>());
  Options options = ExternalOptions();
  options.memtable_size = kKiB << *rc::gen::inRange(0, 3);
  options.frozen_memtables_max = *rc::gen::inRange<std::uint64_t>(1, 4);
  const bool compacts = *rc::gen::arbitrary<bool>();
  if (compacts) options.compaction_style = CompactionStyle::kLeveled;
  auto db = Open(options);
  std::uint64_t index = 0;
  const int steps = *rc::gen::inRange(1, 120);
  for (int i = 0; i < steps; ++i) {
    switch (*rc::gen::inRange(0, 14)) {
      case 0: RC_ASSERT(db->Flush().has_value()); break;
      case 1: db->WantFlush(); break;
      case 2: RC_ASSERT(db->CompactRange(std::nullopt, std::nullopt).has_value()); break;
      case 3: {
        const std::uint64_t durable = db->DurableMark().index;
        const Model files = FilesNow();
        db.reset();
        RestoreFiles(files);
        db = Open(options);
        RC_ASSERT(db != nullptr);
        index = db->DurableMark().index;
        RC_ASSERT(index >= durable);
        RC_ASSERT(MomentOf(*db) == log.At(index));
        break;
      }
      case 4: {
        const auto applied = db->TryApply(log.BatchAt(index + 1), AppliedLog::MarkAt(index + 1));
        RC_ASSERT(applied.has_value());
        if (*applied) ++index;
        RC_ASSERT(db->VisibleSequence() == log.At(index).sequence);
        break;
      }
      default:
        ++index;
        RC_ASSERT(db->Apply(log.BatchAt(index), AppliedLog::MarkAt(index)).has_value());
    }
  }
  const AppliedLog::Moment moment = log.At(index);
  RC_ASSERT(MomentOf(*db) == moment);
  for (int number = 10; number < 50; ++number) {
    const Bytes key = "key" + std::to_string(number);
    const auto tried = db->TryGet({}, key);
    RC_ASSERT(tried.has_value());
    if (!tried->would_block) RC_ASSERT(tried->value == *db->Get({}, key));
  }
}

// While one applies, others flush and read.
TEST_F(DbExternalLogTest, ReadersAndFlushesRunBesideTheOneThatApplies) {
  const AppliedLog log(8);
  constexpr std::uint64_t kLast = 1000;
  auto db = OpenExternal();
  std::atomic<bool> over = false;
  std::vector<env::Thread> threads;
  std::array<std::uint64_t, 2> failures{};
  threads.emplace_back("reader", [&] {
    std::uint64_t durable = 0;
    while (!over) {
      const std::uint64_t mark = db->DurableMark().index;
      if (mark < durable) ++failures[0];
      durable = mark;
      const auto got = db->Get({}, "key20");
      const auto tried = db->TryGet({}, "key20");
      if (!got || !tried || !db->NewIterator({})) ++failures[0];
    }
  });
  threads.emplace_back("flusher", [&] {
    for (int i = 0; !over; ++i) {
      if (i % 3 == 0) {
        db->WantFlush();
      } else if (!db->Flush()) {
        ++failures[1];
      }
    }
  });
  Status status;
  for (std::uint64_t i = 1; i <= kLast && status; ++i) {
    const WriteBatch batch = log.BatchAt(i);
    while (i % 2 == 0 && status) {
      const auto applied = db->TryApply(batch, AppliedLog::MarkAt(i));
      if (!applied) status = Fail(applied.error());
      if (!applied || *applied) break;
    }
    if (i % 2 == 1) status = db->Apply(batch, AppliedLog::MarkAt(i));
  }
  over = true;
  for (env::Thread& thread : threads) thread.Join();
  ASSERT_TRUE(status);
  EXPECT_EQ(failures, (std::array<std::uint64_t, 2>{}));
  EXPECT_EQ(MomentOf(*db), log.At(kLast));
}

}  // namespace
}  // namespace beach::engine
