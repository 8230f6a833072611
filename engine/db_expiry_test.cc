// SPDX-License-Identifier: Apache-2.0
// Keys that expire, of a whole database: by the time that the log says, wherever they lie.
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <thread>

#include "engine/dump.h"
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

constexpr std::uint64_t kTimeMax = std::numeric_limits<std::uint64_t>::max();

class ExpiryTest : public DbTest {
 protected:
  // By all ways to read.
  static void Expect(Db& db, const ReadOptions& options, ByteView key,
                     const std::optional<Bytes>& value) {
    const auto found = db.Get(options, key);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, value);
    auto iterator = *db.NewIterator(options);
    for (const bool forward : {true, false}) {
      forward ? iterator->Seek(key) : iterator->SeekForPrevious(key);
      const bool there = iterator->Valid() && iterator->key() == key;
      EXPECT_EQ(there, value.has_value());
      if (there && value) {
        EXPECT_EQ(iterator->value(), *value);
      }
    }
  }
  static ReadOptions At(const std::unique_ptr<const Snapshot>& snapshot, std::uint64_t time = 0) {
    return {.snapshot = snapshot.get(), .range = {}, .time = time};
  }
  // Compaction alone, of what is flushed by then.
  static void Compact(Db& db) { ASSERT_TRUE(db.CompactRange(std::nullopt, std::nullopt)); }
};

TEST_F(ExpiryTest, AValueIsThereBeforeItsTimeAndNothingIsFromThenOn) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "older"));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->PutUntil(sync_, "a", "value", 10));
  ASSERT_TRUE(db->PutUntil(sync_, "b", "", 11));
  Expect(*db, {}, "a", "value");
  Expect(*db, {}, "b", "");
  ASSERT_TRUE(db->AdvanceTime(sync_, 9));
  Expect(*db, {}, "a", "value");
  ASSERT_TRUE(db->AdvanceTime(sync_, 10));
  const auto check = [&] {
    Expect(*db, {}, "a", std::nullopt);
    Expect(*db, {}, "b", "");
    EXPECT_EQ(Scan(*db), (Model{{"b", ""}}));
    EXPECT_EQ(db->Stats().time, 10U);
  };
  check();
  ASSERT_TRUE(db->AdvanceTime(sync_, 3));  // time never goes back
  check();
  ASSERT_TRUE(db->Flush());
  check();
  db.reset();
  db = Open();
  check();
  Compact(*db);
  check();
  ASSERT_TRUE(db->Put(sync_, "a", "again"));
  Expect(*db, {}, "a", "again");
}

TEST_F(ExpiryTest, AReadTellsWhenTheValueExpires) {
  auto db = Open();
  ASSERT_TRUE(db->PutUntil(sync_, "a", "value", 10));
  ASSERT_TRUE(db->PutUntil(sync_, "m", "sand", 20));
  ASSERT_TRUE(db->Merge(sync_, "m", MergeOperator::kAppend, "y"));
  ASSERT_TRUE(db->Put(sync_, "p", "value"));
  const auto expiry = [&](Db& of, ByteView key) {
    std::uint64_t expires_at = kTimeMax;
    EXPECT_TRUE(of.Get({.range = {}, .expires_at = &expires_at}, key));
    return expires_at;
  };
  const auto check = [&](std::uint64_t of_a) {
    EXPECT_EQ(expiry(*db, "a"), of_a);
    EXPECT_EQ(expiry(*db, "m"), 20U);
    EXPECT_EQ(expiry(*db, "p"), 0U);
    EXPECT_EQ(expiry(*db, "none"), 0U);
    std::uint64_t expires_at = kTimeMax;
    const auto tried = db->TryGet({.range = {}, .expires_at = &expires_at}, "a");
    ASSERT_TRUE(tried);
    if (!tried->would_block) {
      EXPECT_EQ(expires_at, of_a);
    }
  };
  check(10);
  ASSERT_TRUE(db->Flush());
  check(10);
  ASSERT_TRUE(db->AdvanceTime(sync_, 10));
  check(0);
  Compact(*db);
  check(0);
}

TEST_F(ExpiryTest, TimesAtTheEndsOfTheirRange) {
  auto db = Open();
  ASSERT_TRUE(db->PutUntil(sync_, "zero", "1", 0));
  ASSERT_TRUE(db->PutUntil(sync_, "last", "2", kTimeMax));
  Expect(*db, {}, "zero", std::nullopt);
  Expect(*db, {}, "last", "2");
  ASSERT_TRUE(db->AdvanceTime(sync_, kTimeMax - 1));
  Expect(*db, {}, "last", "2");
  ASSERT_TRUE(db->AdvanceTime(sync_, kTimeMax));
  Expect(*db, {}, "last", std::nullopt);
  ASSERT_TRUE(db->PutUntil(sync_, "last", "3", kTimeMax));
  Expect(*db, {}, "last", std::nullopt);
  ASSERT_TRUE(db->Put(sync_, "ever", "4"));
  Compact(*db);
  db.reset();
  db = Open();
  EXPECT_EQ(db->Stats().time, kTimeMax);
  EXPECT_EQ(Scan(*db), (Model{{"ever", "4"}}));
}

TEST_F(ExpiryTest, ASnapshotKeepsItsTimeAndAReadMayBeInItsFuture) {
  auto db = Open();
  ASSERT_TRUE(db->AdvanceTime(sync_, 5));
  ASSERT_TRUE(db->PutUntil(sync_, "a", "value", 10));
  const auto then = *db->GetSnapshot();
  EXPECT_EQ(then->time(), 5U);
  auto iterator = *db->NewIterator({});
  ASSERT_TRUE(db->AdvanceTime(sync_, 20));
  const auto check = [&] {
    Expect(*db, {}, "a", std::nullopt);
    Expect(*db, At(then), "a", "value");
    Expect(*db, At(then, 9), "a", "value");
    Expect(*db, At(then, 10), "a", std::nullopt);
    Expect(*db, At(then, 1), "a", "value");  // no earlier than it is
    const ByteView keys[] = {"a"};
    EXPECT_EQ(db->MultiGet(At(then), keys)[0].value(), "value");
    EXPECT_EQ(db->MultiGet({}, keys)[0].value(), std::nullopt);
  };
  check();
  ASSERT_TRUE(db->Put(sync_, "b", "newer"));
  Compact(*db);
  Compact(*db);
  check();
  iterator->SeekToFirst();
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->value(), "value");
}

TEST_F(ExpiryTest, WithinABatchTheTimeCountsFromItsPlaceOnForAllThatReadsSee) {
  auto db = Open();
  WriteBatch batch;
  batch.PutUntil("a", "1", 10);
  batch.AdvanceTime(10);
  batch.PutUntil("b", "2", 10);
  batch.PutUntil("c", "3", 11);
  EXPECT_EQ(batch.count(), 4U);
  ASSERT_TRUE(db->Write(sync_, batch));
  EXPECT_EQ(db->VisibleSequence().value, 4U);
  EXPECT_EQ(Scan(*db), (Model{{"c", "3"}}));
  batch.Clear();
  EXPECT_FALSE(batch.advances_time());
}

TEST_F(ExpiryTest, OperandsApplyToWhatLivesAndToNothingAfterThat) {
  auto db = Open();
  ASSERT_TRUE(db->PutUntil(sync_, "a", "base", 10));
  ASSERT_TRUE(db->Merge(sync_, "a", MergeOperator::kAppend, "+1"));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Merge(sync_, "a", MergeOperator::kAppend, "+2"));
  const auto alive = *db->GetSnapshot();
  Expect(*db, {}, "a", "base+1+2");
  Compact(*db);
  Expect(*db, {}, "a", "base+1+2");
  ASSERT_TRUE(db->AdvanceTime(sync_, 10));
  ASSERT_TRUE(db->Put(sync_, "z", ""));
  const auto check = [&] {
    Expect(*db, {}, "a", "+1+2");
    Expect(*db, At(alive), "a", "base+1+2");
  };
  check();
  Compact(*db);
  check();
}

TEST_F(ExpiryTest, CompactionFreesWhatHasExpiredAndUncoversNothing) {
  auto db = Open();
  for (int i = 0; i < 50; ++i) {
    const std::string key = "k" + std::to_string(i);
    ASSERT_TRUE(db->Put(lazy_, key, "older"));
  }
  Compact(*db);
  for (int i = 0; i < 50; ++i) {
    const std::string key = "k" + std::to_string(i);
    ASSERT_TRUE(db->PutUntil(lazy_, key, "value", 10));
  }
  ASSERT_TRUE(db->Put(sync_, "z", "stays"));
  ASSERT_TRUE(db->AdvanceTime(sync_, 10));
  Compact(*db);
  EXPECT_EQ(Scan(*db), (Model{{"z", "stays"}}));
  EXPECT_EQ(db->Stats().expired_dropped, 50U);
}

TEST_F(ExpiryTest, ATableOfWhatHasExpiredIsFlushedForAndCompactedThoughNobodyWrites) {
  Options options = SmallOptions();
  options.compaction_style = CompactionStyle::kLeveled;
  auto db = Open(options);
  for (int i = 0; i < 20; ++i) {
    const std::string key = "k" + std::to_string(i);
    ASSERT_TRUE(db->PutUntil(lazy_, key, "value", static_cast<std::uint64_t>(100 + i)));
  }
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->AdvanceTime(sync_, 105));
  EXPECT_EQ(db->Stats().expired_dropped, 0U);  // too few of them
  ASSERT_TRUE(db->AdvanceTime(sync_, 1000));
  // Its thread may still be at work.
  while (events_.Named("compaction.finished").empty()) std::this_thread::yield();
  EXPECT_EQ(db->Stats().expired_dropped, 20U);
}

TEST_F(ExpiryTest, TheTimeIsDurableByAFlushThatHasNothingElseToWrite) {
  auto db = Open();
  ASSERT_TRUE(db->PutUntil(sync_, "a", "1", 10));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->AdvanceTime(lazy_, 10));
  const std::size_t tables = NamesOf(FileKind::kTable).size();
  ASSERT_TRUE(db->Flush());
  EXPECT_EQ(NamesOf(FileKind::kTable).size(), tables);
  const SequenceNumber last = db->VisibleSequence();
  // The log is not needed for it.
  db.reset();
  db = Open();
  EXPECT_EQ(db->Stats().time, 10U);
  EXPECT_EQ(db->VisibleSequence(), last);
  EXPECT_EQ(Scan(*db), Model());
}

// An open that finds a log of many segments makes a table of it, if there is anything to be in one.
TEST_F(ExpiryTest, TheTimeIsRecoveredFromALogThatHasNothingElseAndMakesNoTable) {
  auto db = Open();
  ASSERT_TRUE(db->AdvanceTime(sync_, 10));
  const SequenceNumber last = db->VisibleSequence();
  for (int opens = 0; opens < 10; ++opens) {
    db.reset();
    db = Open();
    ASSERT_EQ(db->Stats().time, 10U) << opens;
    ASSERT_EQ(db->VisibleSequence(), last) << opens;
  }
  EXPECT_TRUE(NamesOf(FileKind::kTable).empty());
}

TEST_F(ExpiryTest, ADatabaseWithoutTimeHasNoneInItsManifest) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  ASSERT_TRUE(db->Flush());
  db.reset();
  std::string text;
  ASSERT_TRUE(DumpManifest(files_, "db", [&](std::string_view line) { text += line; }));
  EXPECT_EQ(text.find("time"), std::string::npos);
}

TEST_F(ExpiryTest, ACheckpointHasTheTimeOfItsMoment) {
  auto db = Open();
  ASSERT_TRUE(db->PutUntil(sync_, "a", "1", 10));
  ASSERT_TRUE(db->PutUntil(sync_, "b", "2", 20));
  ASSERT_TRUE(db->AdvanceTime(sync_, 10));
  const auto last = db->Checkpoint("copy");
  ASSERT_TRUE(last);
  EXPECT_EQ(*last, db->VisibleSequence());
  auto copy = Db::Open(Environment(), "copy", SmallOptions());
  ASSERT_TRUE(copy);
  EXPECT_EQ((*copy)->Stats().time, 10U);
  EXPECT_EQ(Scan(**copy), (Model{{"b", "2"}}));
}

TEST_F(ExpiryTest, LimitsAreOfTheValueAlone) {
  auto db = Open();
  const Options options = SmallOptions();
  EXPECT_TRUE(db->PutUntil(sync_, "a", Bytes(options.value_size_max, 'v'), 1));
  const Status refused = db->PutUntil(sync_, "a", Bytes(options.value_size_max + 1, 'v'), 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(ExpiryTest, AllKindsOfMemtablesAndAWriterOfEachAtOnce) {
  for (const MemtableKind kind :
       {MemtableKind::kSkipList, MemtableKind::kBTree, MemtableKind::kHash}) {
    Options options = SmallOptions();
    options.memtable_kind = kind;
    auto db = Open(options);
    ASSERT_TRUE(db->Put(sync_, "k", "older"));
    ASSERT_TRUE(db->PutUntil(sync_, "k", "value", db->Stats().time + 10));
    ASSERT_TRUE(db->DeleteRange(sync_, "l", "m"));
    Expect(*db, {}, "k", "value");
    ASSERT_TRUE(db->AdvanceTime(sync_, db->Stats().time + 10));
    Expect(*db, {}, "k", std::nullopt);
  }
}

}  // namespace
}  // namespace beach::engine
