// SPDX-License-Identifier: Apache-2.0
// Conditional writes: all or nothing, judged at their place in the order of writes.
#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "base/coding.h"
#include "engine/db.h"
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

class ConditionsTest : public DbTest {
 protected:
  static std::optional<Bytes> Read(Db& db, ByteView key) {
    const auto found = db.Get({}, key);
    EXPECT_TRUE(found);
    return found ? *found : std::nullopt;
  }
  ErrorCode ErrorOf(Db& db, const WriteConditions& conditions) {
    const SequenceNumber before = db.VisibleSequence();
    WriteBatch batch;
    batch.Put("written", "");
    const Result<bool> written = db.WriteIf(sync_, conditions, batch);
    EXPECT_FALSE(written);
    EXPECT_EQ(db.VisibleSequence(), before);
    return written ? ErrorCode::kAlreadyExists : written.error().code();
  }
};

TEST_F(ConditionsTest, CompareAndSetWritesWhereTheKeyHoldsWhatIsExpected) {
  auto db = Open();
  EXPECT_TRUE(*db->CompareAndSet(sync_, "a", std::nullopt, "1"));
  EXPECT_FALSE(*db->CompareAndSet(sync_, "a", std::nullopt, "2"));
  EXPECT_FALSE(*db->CompareAndSet(sync_, "a", "2", "3"));
  EXPECT_FALSE(*db->CompareAndSet(sync_, "a", "", "3"));
  EXPECT_EQ(Read(*db, "a"), "1");
  EXPECT_TRUE(*db->CompareAndSet(lazy_, "a", "1", ""));
  EXPECT_FALSE(*db->CompareAndSet(lazy_, "a", std::nullopt, "4"));  // empty is not absent
  EXPECT_TRUE(*db->CompareAndSet(lazy_, "a", "", std::nullopt));
  EXPECT_EQ(Read(*db, "a"), std::nullopt);
  EXPECT_TRUE(*db->CompareAndSet(lazy_, "a", std::nullopt, std::nullopt));
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(4));  // nothing else was given a number
}

TEST_F(ConditionsTest, AllConditionsHoldOrNothingIsWritten) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Put(sync_, "b", "2"));
  WriteConditions conditions;
  conditions.KeyHolds("a", "1");
  conditions.KeyHolds("b", "2");
  conditions.KeyIsAbsent("c");
  WriteBatch batch;
  batch.Put("c", "3");
  batch.Delete("a");
  EXPECT_TRUE(*db->WriteIf(sync_, conditions, batch));
  EXPECT_FALSE(*db->WriteIf(sync_, conditions, batch));
  EXPECT_EQ(Scan(*db), (Model{{"b", "2"}, {"c", "3"}}));
  conditions.Clear();
  EXPECT_TRUE(*db->WriteIf(sync_, conditions, batch));  // none holds always
  conditions.KeyIsAbsent("c");
  EXPECT_FALSE(*db->WriteIf(sync_, conditions, {}));  // it only asks
  db = nullptr;
  db = Open();
  EXPECT_EQ(Scan(*db), (Model{{"b", "2"}, {"c", "3"}}));
}

TEST_F(ConditionsTest, SeesMergesAndRangeDeletesAsReadsDo) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "x"));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Merge(sync_, "a", MergeOperator::kAppend, "y"));
  EXPECT_FALSE(*db->CompareAndSet(sync_, "a", "x", "z"));
  EXPECT_TRUE(*db->CompareAndSet(sync_, "a", "xy", "z"));
  ASSERT_TRUE(db->DeleteRange(sync_, "a", "b"));
  EXPECT_FALSE(*db->CompareAndSet(sync_, "a", "z", "w"));
  EXPECT_TRUE(*db->CompareAndSet(sync_, "a", std::nullopt, "w"));
}

TEST_F(ConditionsTest, LimitsAreTypedErrorsBeforeAnythingIsWritten) {
  const Options options = SmallOptions();
  auto db = Open();
  WriteConditions many;
  for (std::uint64_t i = 0; i < WriteConditions::kCountMax; ++i) many.KeyIsAbsent("k");
  EXPECT_TRUE(*db->WriteIf(sync_, many, {}));
  many.KeyIsAbsent("k");
  EXPECT_EQ(ErrorOf(*db, many), ErrorCode::kInvalidArgument);
  WriteConditions long_key;
  long_key.KeyIsAbsent(Bytes(options.key_size_max, 'k'));
  EXPECT_TRUE(*db->WriteIf(sync_, long_key, {}));
  long_key.KeyIsAbsent(Bytes(options.key_size_max + 1, 'k'));
  EXPECT_EQ(ErrorOf(*db, long_key), ErrorCode::kInvalidArgument);
  // What merges have made may be longer than any value that is put.
  WriteConditions large;
  large.KeyHolds("k", Bytes(options.batch_size_max - 1, 'v'));
  EXPECT_FALSE(*db->WriteIf(sync_, large, {}));
  large.KeyIsAbsent("k");
  EXPECT_EQ(ErrorOf(*db, large), ErrorCode::kInvalidArgument);
}

TEST_F(ConditionsTest, AReadErrorIsReturnedAndPoisonsNothing) {
  Options options = SmallOptions();
  options.block_cache_size = 0;
  auto db = Open(options);
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  ASSERT_TRUE(db->Flush());
  SetHook(FileCall::kRead, ".sst", ErrorCode::kIo);
  WriteConditions conditions;
  conditions.KeyHolds("a", "1");
  EXPECT_EQ(ErrorOf(*db, conditions), ErrorCode::kIo);
  files_.set_hook({});
  EXPECT_TRUE(*db->CompareAndSet(sync_, "a", "1", "2"));
  EXPECT_EQ(Scan(*db), (Model{{"a", "2"}}));
}

TEST_F(ConditionsTest, APoisonedOrClosedHandleAnswersNothing) {
  Options options = SmallOptions();
  options.wal_direct = false;
  auto db = Open(options);
  SetHook(FileCall::kSync, ".wal", ErrorCode::kIo);
  EXPECT_FALSE(db->Put(sync_, "a", "1"));
  files_.set_hook({});
  // Neither: whether the key is there, the next open decides.
  EXPECT_EQ(db->CompareAndSet(sync_, "a", std::nullopt, "2").error().code(), ErrorCode::kIo);
  EXPECT_EQ(db->CompareAndSet(sync_, "a", "1", "2").error().code(), ErrorCode::kIo);
  EXPECT_FALSE(db->Close());
  EXPECT_EQ(db->CompareAndSet(sync_, "a", std::nullopt, "2").error().code(), ErrorCode::kClosed);
}

TEST_F(ConditionsTest, ANegativeAnswerWithSyncMakesWhatItSawDurable) {
  Options options = SmallOptions();
  options.wal_direct = false;
  auto db = Open(options);
  int syncs = 0;
  files_.set_hook([&syncs](const FileEvent& event) -> Status {
    if (event.call == FileCall::kSync && event.path.ends_with(".wal")) ++syncs;
    return {};
  });
  ASSERT_TRUE(db->Put(lazy_, "a", "1"));
  EXPECT_FALSE(*db->CompareAndSet(lazy_, "a", std::nullopt, "2"));
  EXPECT_EQ(syncs, 0);
  EXPECT_FALSE(*db->CompareAndSet(sync_, "a", std::nullopt, "2"));
  EXPECT_EQ(syncs, 1);
  ASSERT_TRUE(db->Put(lazy_, "b", "1"));
  SetHook(FileCall::kSync, ".wal", ErrorCode::kIo);
  EXPECT_EQ(db->CompareAndSet(sync_, "b", std::nullopt, "2").error().code(), ErrorCode::kIo);
  files_.set_hook({});
  EXPECT_FALSE(db->Put(sync_, "c", "3"));  // a failed sync, whoever asked for it (rule 18)
}

TEST_F(ConditionsTest, NoSpaceRefusesAWriteAndNoAnswer) {
  Options options = SmallOptions();
  options.memtable_size = kMiB;
  auto db = Open(options);
  files_.set_hook([](const FileEvent& event) -> Status {
    if (event.call != FileCall::kWrite || event.offset != 0) return {};
    if (event.path.find(".wal") == std::string::npos) return {};
    return Fail(Error(ErrorCode::kNoSpace, "injected").At(event.path));
  });
  int written = 0;
  while (db->Put(sync_, std::to_string(written), Bytes(1000, 'v'))) ++written;
  ASSERT_GT(written, 2);
  EXPECT_EQ(db->CompareAndSet(sync_, "a", std::nullopt, Bytes(1000, 'v')).error().code(),
            ErrorCode::kNoSpace);
  EXPECT_FALSE(*db->CompareAndSet(sync_, "0", std::nullopt, Bytes(1000, 'v')));
  EXPECT_TRUE(*db->CompareAndSet(sync_, "0", Bytes(1000, 'v'), std::nullopt));  // rule 19
}

TEST_F(ConditionsTest, ConcurrentIncrementsAreNeverLost) {
  constexpr int kThreads = 4;
  constexpr int kEach = 50;
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "n", "0"));
  std::atomic<int> declined = 0;
  std::vector<env::Thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back("adder", [&, thread] {
      const WriteOptions options{.sync = thread % 2 == 0, .tag = 0};
      for (int done = 0; done < kEach;) {
        const Bytes seen = Read(*db, "n").value_or("");
        const Bytes next = std::to_string(std::stoi(seen) + 1);
        const Result<bool> set = db->CompareAndSet(options, "n", seen, next);
        ASSERT_TRUE(set);
        done += *set ? 1 : 0;
        declined += *set ? 0 : 1;
        if (done % 8 == 0) {
          EXPECT_TRUE(db->Put(options, std::to_string(thread), seen));
        }
      }
    });
  }
  for (env::Thread& thread : threads) thread.Join();
  EXPECT_EQ(Read(*db, "n"), std::to_string(kThreads * kEach));
}

TEST_F(ConditionsTest, AKeyIsThatOfItsTable) {
  auto db = Open();
  const NamedTable table = *db->CreateTable("shells");
  const WriteOptions there = {.sync = true, .tag = 0, .table = table};
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  EXPECT_TRUE(*db->CompareAndSet(there, "a", std::nullopt, "2"));
  EXPECT_FALSE(*db->CompareAndSet(there, "a", "1", "3"));
  EXPECT_EQ(Read(*db, "a"), "1");
  WriteConditions conditions;
  conditions.KeyHolds("a", "1");
  conditions.KeyHolds("a", "2", table);
  WriteBatch batch;
  batch.Put("b", "4");
  EXPECT_TRUE(*db->WriteIf(sync_, conditions, batch));
  EXPECT_EQ(Read(*db, "b"), "4");
  // One that is gone is no absent key, whatever the other conditions say.
  ASSERT_TRUE(db->DropTable("shells"));
  EXPECT_EQ(ErrorOf(*db, conditions), ErrorCode::kNotFound);
  conditions.Clear();
  conditions.KeyHolds("a", "other");
  batch.Put("a", "5", table);
  const Result<bool> declined = db->WriteIf(sync_, conditions, batch);
  ASSERT_FALSE(declined);
  EXPECT_EQ(declined.error().code(), ErrorCode::kNotFound);
}

RC_GTEST_FIXTURE_PROP(ConditionsTest, AnswersAsAMapWould, ()) {
  if (*files_.Exists("db")) RestoreFiles({});
  auto db = Open();
  Model model;
  const auto steps = *rc::gen::inRange(1, 80);
  for (int i = 0; i < steps; ++i) {
    const Bytes key(1, static_cast<char>('a' + *rc::gen::inRange(0, 4)));
    const auto value = [] {
      const int number = *rc::gen::inRange(0, 4);
      return number == 0 ? std::nullopt : std::optional<Bytes>(std::to_string(number));
    };
    const std::optional<Bytes> expected = value();
    const std::optional<Bytes> desired = value();
    const auto there = model.find(key);
    const std::optional<Bytes> holds =
        there == model.end() ? std::nullopt : std::optional(there->second);
    const Result<bool> set = db->CompareAndSet(lazy_, key, expected, desired);
    RC_ASSERT(set.has_value());
    RC_ASSERT(*set == (holds == expected));
    if (*set && desired) model[key] = *desired;
    if (*set && !desired) model.erase(key);
    if (*rc::gen::inRange(0, 10) == 0) RC_ASSERT(db->Flush().has_value());
  }
  RC_ASSERT(Scan(*db) == model);
}

}  // namespace
}  // namespace beach::engine
