// SPDX-License-Identifier: Apache-2.0
#include "engine/log_cursor.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "engine/testing/db_fixture.h"
#include "engine/wal/segment_reader.h"

namespace beach::engine {
namespace {

// What a batch was, and its number.
using Shown = std::pair<std::uint64_t, Bytes>;

class LogCursorTest : public DbTest {
 protected:
  static Options KeptOptions(std::uint64_t segments = 100) {
    Options options = SmallOptions();
    options.log_kept_size = segments * options.wal_segment_size;
    return options;
  }
  // Writes a batch of some keys, and remembers it.
  void Write(Db& db, std::uint32_t count, bool sync, std::size_t size = 10) {
    WriteBatch batch;
    for (std::uint32_t i = 0; i < count; ++i) {
      const Bytes key = "k" + std::to_string((next_ + 7 * i) % 13);
      if (i % 3 == 2) {
        batch.Delete(key);
      } else {
        batch.Put(key, Bytes(size, static_cast<char>('a' + next_ % 26)));
      }
    }
    ASSERT_TRUE(db.Write(sync ? sync_ : lazy_, batch));
    written_.emplace_back(next_, Bytes(batch.encoding()));
    next_ += count;
  }
  std::unique_ptr<LogCursor> Cursor(Db& db, std::uint64_t after) {
    auto cursor = db.NewLogCursor(SequenceNumber(after));
    EXPECT_TRUE(cursor) << cursor.error().ToString();
    return cursor ? *std::move(cursor) : nullptr;
  }
  // All that is there now.
  static std::vector<Shown> ReadAll(LogCursor& cursor) {
    std::vector<Shown> shown;
    for (;;) {
      auto batch = cursor.Next(0);
      EXPECT_TRUE(batch) << batch.error().ToString();
      if (!batch || !*batch) return shown;
      EXPECT_EQ(cursor.position(), (*batch)->last());
      shown.emplace_back((*batch)->first.value, Bytes((*batch)->batch.encoding()));
    }
  }
  // What a cursor after that number is to show of what was written.
  std::vector<Shown> WrittenAfter(std::uint64_t after) const {
    std::vector<Shown> expected;
    for (std::size_t i = 0; i < written_.size(); ++i) {
      const std::uint64_t last = (i + 1 < written_.size() ? written_[i + 1].first : next_) - 1;
      if (last > after) expected.push_back(written_[i]);
    }
    return expected;
  }
  static ErrorCode ErrorOf(LogCursor& cursor) {
    const auto batch = cursor.Next(0);
    EXPECT_FALSE(batch);
    return batch ? ErrorCode::kAlreadyExists : batch.error().code();
  }

  std::uint64_t next_ = 1;
  std::vector<Shown> written_;
};

TEST_F(LogCursorTest, ShowsEachBatchOnceAndWholeInOrder) {
  const auto db = Open();
  const auto cursor = Cursor(*db, 0);
  EXPECT_TRUE(ReadAll(*cursor).empty());
  for (std::uint32_t i = 1; i < 9; ++i) Write(*db, i, i % 2 == 0);
  EXPECT_EQ(ReadAll(*cursor), WrittenAfter(0));
  EXPECT_TRUE(ReadAll(*cursor).empty());
  // Through many segments and flushes, one batch at a time.
  for (std::uint32_t i = 0; i < 200; ++i) {
    const std::uint64_t before = next_ - 1;
    Write(*db, 2, true, 2000);
    ASSERT_EQ(ReadAll(*cursor), WrittenAfter(before)) << i;
  }
  EXPECT_FALSE(events_.Named("flush.finished").empty());
  EXPECT_EQ(db->Stats().log_pinned_bytes, 0U);
}

TEST_F(LogCursorTest, BeginsAfterAnyNumberAndShowsABatchThatItFallsIntoWhole) {
  const auto db = Open();
  for (std::uint32_t i = 1; i < 12; ++i) Write(*db, i % 4 + 1, i % 3 != 0);
  ASSERT_TRUE(db->Write(sync_, {}));
  for (std::uint64_t after = 0; after < next_; ++after) {
    EXPECT_EQ(ReadAll(*Cursor(*db, after)), WrittenAfter(after)) << after;
  }
  const auto beyond = db->NewLogCursor(SequenceNumber(next_));
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(LogCursorTest, AnUnsyncedWriteComesWhenSomethingHasMadeItDurable) {
  const auto db = Open();
  const auto cursor = Cursor(*db, 0);
  Write(*db, 1, false);
  Write(*db, 2, false);
  EXPECT_TRUE(ReadAll(*cursor).empty());
  EXPECT_TRUE(ReadAll(*Cursor(*db, 0)).empty());
  ASSERT_TRUE(db->Flush());  // in a table, and not in the log
  EXPECT_TRUE(ReadAll(*cursor).empty());
  ASSERT_TRUE(db->Write(sync_, {}));
  EXPECT_EQ(ReadAll(*cursor), WrittenAfter(0));
  const std::uint64_t before = next_ - 1;
  Write(*db, 3, false);
  EXPECT_TRUE(ReadAll(*cursor).empty());
  Write(*db, 1, true);
  EXPECT_EQ(ReadAll(*cursor), WrittenAfter(before));
}

TEST_F(LogCursorTest, WithoutAKeptLogWhatIsInTablesIsGoneAfterAnotherOpen) {
  auto db = Open();
  for (int i = 0; i < 60; ++i) Write(*db, 2, true, 2000);
  ASSERT_TRUE(db->Flush());
  const std::uint64_t flushed = next_ - 1;
  Write(*db, 3, true);
  db.reset();
  db = Open();
  const auto gone = db->NewLogCursor(SequenceNumber(flushed - 100));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), ErrorCode::kCompactedAway);
  EXPECT_EQ(ReadAll(*Cursor(*db, flushed)), WrittenAfter(flushed));
}

TEST_F(LogCursorTest, AKeptLogIsReadFromAnyNumberAfterOtherOpens) {
  auto db = Open(KeptOptions());
  for (int life = 0; life < 6; ++life) {
    for (int i = 0; i < 20; ++i) Write(*db, 2, i % 3 == 0, life % 2 == 0 ? 2000 : 20);
    if (life % 3 == 1) {
      ASSERT_TRUE(db->Flush());
    }
    db.reset();
    db = Open(KeptOptions());
    for (std::uint64_t after = 0; after < next_; after += 13) {
      ASSERT_EQ(ReadAll(*Cursor(*db, after)), WrittenAfter(after)) << after << ", life " << life;
    }
  }
  EXPECT_EQ(db->Stats().log_cursors, 0U);
  db.reset();
  const auto report = VerifyDatabase(files_, "db");
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->damage.empty());
  EXPECT_TRUE(report->debris.empty());
  // Whoever opens it without wanting the log lets go of it.
  db = Open();
  ASSERT_TRUE(db->Flush());
  EXPECT_FALSE(db->NewLogCursor(SequenceNumber(1)));
}

TEST_F(LogCursorTest, TheKeptLogHasNoMoreThanItsBytes) {
  auto db = Open(KeptOptions(3));
  for (int i = 0; i < 300; ++i) Write(*db, 1, true, 3000);
  ASSERT_TRUE(db->Flush());
  // Kept, the one that the log is in, two that are ready, some to be used again.
  EXPECT_LE(NamesOf(FileKind::kSegment).size(), 3 + 1 + 2 + SmallOptions().wal_recycled_max);
  EXPECT_FALSE(db->NewLogCursor(SequenceNumber(1)));
  EXPECT_EQ(ReadAll(*Cursor(*db, next_ - 5)), WrittenAfter(next_ - 5));
}

TEST_F(LogCursorTest, ACursorPinsWhatItHasYetToReadUpToTheLimitAndIsToldBeyond) {
  Options options = SmallOptions();
  options.log_pinned_size_max = 10 * options.wal_segment_size;
  const auto db = Open(options);
  const auto slow = Cursor(*db, 0);
  const auto fast = Cursor(*db, 0);
  while (db->Stats().log_pinned_bytes < options.log_pinned_size_max) {
    Write(*db, 1, true, 3000);
    ASSERT_EQ(ReadAll(*fast).size(), 1U);
    ASSERT_LT(next_, 10'000U);
  }
  // All of it is there yet.
  ASSERT_TRUE(db->Flush());
  auto first = slow->Next(0);
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->first.value, 1U);
  for (int i = 0; i < 100; ++i) Write(*db, 1, true, 3000);
  ASSERT_TRUE(db->Flush());
  EXPECT_LE(db->Stats().log_pinned_bytes, options.log_pinned_size_max);
  EXPECT_EQ(ErrorOf(*slow), ErrorCode::kCompactedAway);
  EXPECT_EQ(ErrorOf(*slow), ErrorCode::kCompactedAway);
  EXPECT_EQ(slow->position().value, 1U);
  EXPECT_EQ(ReadAll(*fast).size(), 100U);
}

TEST_F(LogCursorTest, WhatIsPinnedGoesWithItsCursor) {
  auto db = Open();
  auto cursor = Cursor(*db, 0);
  for (int i = 0; i < 200; ++i) Write(*db, 1, true, 3000);
  ASSERT_TRUE(db->Flush());
  const DbStats stats = db->Stats();
  EXPECT_GT(stats.log_pinned_bytes, 0U);
  EXPECT_EQ(stats.log_cursors, 1U);
  const std::size_t files = NamesOf(FileKind::kSegment).size();
  cursor.reset();
  EXPECT_EQ(db->Stats().log_pinned_bytes, 0U);
  EXPECT_LT(NamesOf(FileKind::kSegment).size(), files);
  // And at a close, with the cursor alive.
  cursor = Cursor(*db, next_ - 1);
  for (int i = 0; i < 200; ++i) Write(*db, 1, true, 3000);
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Close());
  EXPECT_EQ(ErrorOf(*cursor), ErrorCode::kClosed);
  const auto report = VerifyDatabase(files_, "db");
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->debris.empty());
  db.reset();
  EXPECT_EQ(ErrorOf(*cursor), ErrorCode::kClosed);
}

TEST_F(LogCursorTest, WaitsAreEndedByAWriteTheDeadlineAndClose) {
  const auto db = Open();
  const auto cursor = Cursor(*db, 0);
  const auto none = cursor->Next(clock_.MonotonicNow() + 1'000'000);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  std::uint64_t shown = 0;
  ErrorCode end = ErrorCode::kIo;
  env::Semaphore all_shown(0);
  env::Thread reader("reader", [&] {
    for (;;) {
      const auto batch = cursor->Next(env::kNoDeadline);
      if (!batch) {
        end = batch.error().code();
        return;
      }
      shown += (*batch)->batch.count();
      if (shown == 100) all_shown.Release();
    }
  });
  for (int i = 0; i < 50; ++i) Write(*db, 2, true);
  all_shown.Acquire();
  EXPECT_TRUE(db->Close());
  reader.Join();
  EXPECT_EQ(end, ErrorCode::kClosed);
  EXPECT_EQ(shown, 100U);
}

TEST_F(LogCursorTest, LimitsAreTypedErrors) {
  Options options = SmallOptions();
  options.log_cursors_max = 2;
  const auto db = Open(options);
  const auto one = Cursor(*db, 0);
  auto two = Cursor(*db, 0);
  const auto three = db->NewLogCursor(SequenceNumber(0));
  ASSERT_FALSE(three);
  EXPECT_EQ(three.error().code(), ErrorCode::kOverloaded);
  two.reset();
  two = Cursor(*db, 0);
  ASSERT_TRUE(db->Close());
  const auto late = db->NewLogCursor(SequenceNumber(0));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), ErrorCode::kClosed);
}

TEST_F(LogCursorTest, DamageIsToldWithItsPlaceAndAReadErrorMayBeTriedAgain) {
  const auto db = Open();
  for (int i = 0; i < 4; ++i) Write(*db, 1, true);
  const auto cursor = Cursor(*db, 0);
  SetHook(FileCall::kRead, ".wal", ErrorCode::kIo);
  EXPECT_EQ(ErrorOf(*cursor), ErrorCode::kIo);
  files_.set_hook({});
  for (const std::string& name : NamesOf(FileKind::kSegment)) {
    Bytes content = files_.Content("db/" + name);
    content[3 * wal::kBlockSize + 100] ^= 1;  // of the third flight
    files_.SetContent("db/" + name, content);
  }
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(cursor->Next(0)) << i;
  const auto damaged = cursor->Next(0);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(damaged.error().offset(), 3 * wal::kBlockSize);
  EXPECT_NE(damaged.error().path().find(".wal"), std::string::npos);
}

// The flights of these are where they are expected.
class DamagedLogCursorTest : public LogCursorTest {
 protected:
  env::Env Environment() override {
    return {.files = &files_, .clock = &stopped_, .events = &events_};
  }
  std::string FirstSegment() { return "db/" + NamesOf(FileKind::kSegment).front(); }
  static std::uint64_t OffsetOf(std::uint64_t flight) {
    return wal::kSegmentHeaderSize + flight * wal::kBlockSize;
  }
  // Of a cursor over a log of two flights, of which the second was changed.
  void ExpectDamage(const std::function<void(wal::ItemHeader&, Bytes&)>& change) {
    const auto db = Open();
    for (int i = 0; i < 2; ++i) Write(*db, 1, true);
    ChangeItem(FirstSegment(), OffsetOf(1), change);
    const auto cursor = Cursor(*db, 0);
    ASSERT_TRUE(cursor->Next(0));
    const auto damaged = cursor->Next(0);
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(damaged.error().path(), FirstSegment());
    EXPECT_EQ(damaged.error().offset(), OffsetOf(1));
    EXPECT_EQ(cursor->position().value, 1U);
  }

  StoppedClock stopped_;
};

TEST_F(DamagedLogCursorTest, SequenceNumbersThatRepeatAreDamage) {
  ExpectDamage([](wal::ItemHeader& header, Bytes&) { header.first_sequence = SequenceNumber(1); });
}

TEST_F(DamagedLogCursorTest, AGroupOfAnotherCountIsDamage) {
  ExpectDamage([](wal::ItemHeader& header, Bytes&) { header.count = 2; });
}

TEST_F(DamagedLogCursorTest, ABatchThatIsNoneIsDamage) {
  ExpectDamage([](wal::ItemHeader&, Bytes& payload) { payload.back() ^= 0x40, payload[1] = 7; });
}

TEST_F(DamagedLogCursorTest, TheFileOfAnotherSegmentIsDamage) {
  const auto db = Open();
  const auto cursor = Cursor(*db, 0);
  for (int i = 0; i < 60; ++i) Write(*db, 1, true);
  const std::vector<std::string> names = NamesOf(FileKind::kSegment);
  ASSERT_GT(names.size(), 3U);
  files_.SetContent("db/" + names[0], files_.Content("db/" + names[1]));
  const auto damaged = cursor->Next(0);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(damaged.error().path(), "db/" + names[0]);
  EXPECT_EQ(damaged.error().offset(), 0U);
}

// We write none, but a reader takes it.
TEST_F(DamagedLogCursorTest, ASegmentThatBeginsWithAFlightOfNoOperationsBeginsBehindIt) {
  auto db = Open(KeptOptions());
  for (int i = 0; i < 3; ++i) Write(*db, 1, true);
  ASSERT_TRUE(db->Flush());
  db.reset();
  ChangeItem(FirstSegment(), OffsetOf(0), [](wal::ItemHeader& header, Bytes& payload) {
    header.count = 0;
    payload.clear();
  });
  db = Open(KeptOptions());
  const auto gone = db->NewLogCursor(SequenceNumber(0));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), ErrorCode::kCompactedAway);
  EXPECT_EQ(ReadAll(*Cursor(*db, 1)), WrittenAfter(1));
}

TEST_F(LogCursorTest, WhatIsPinnedIsGivenUpWhereThereIsNoSpaceForTheLog) {
  const auto db = Open();
  const auto cursor = Cursor(*db, 0);
  for (int i = 0; i < 200; ++i) Write(*db, 1, true, 3000);
  ASSERT_TRUE(db->Flush());
  ASSERT_GT(db->Stats().log_pinned_bytes, 0U);
  const std::size_t files = NamesOf(FileKind::kSegment).size();
  TakeSpaceForSegments();
  Status status;
  for (int i = 0; status && i < 1000; ++i) status = db->Put(sync_, "k", Bytes(3000, 'v'));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(db->Stats().log_pinned_bytes, 0U);
  EXPECT_LT(NamesOf(FileKind::kSegment).size(), files);
  EXPECT_EQ(ErrorOf(*cursor), ErrorCode::kCompactedAway);
}

// A prefix of what a power loss may leave of the log below where tables begin is no damage: there
// the log never had to be durable.
TEST_F(LogCursorTest, AHoleBelowWhatTablesHoldIsNoDamage) {
  auto db = Open();
  for (int i = 0; i < 3; ++i) Write(*db, 1, false);
  ASSERT_TRUE(db->Flush());
  const std::uint64_t flushed = next_ - 1;
  Write(*db, 1, true);
  Model files = FilesNow();
  db.reset();
  RestoreFiles(files);
  for (const std::string& name : NamesOf(FileKind::kSegment)) {
    Bytes content = files_.Content("db/" + name);
    content[wal::kBlockSize + 100] ^= 1;  // of the first run
    files_.SetContent("db/" + name, content);
  }
  db = Open();
  // What is in front of the hole is shown; not what is behind it.
  for (std::uint64_t after = 0; after < flushed; ++after) {
    const auto cursor = Cursor(*db, after);
    auto shown = cursor->Next(0);
    if (shown) shown = cursor->Next(0);
    ASSERT_FALSE(shown);
    EXPECT_EQ(shown.error().code(), ErrorCode::kCompactedAway);
  }
  EXPECT_EQ(ReadAll(*Cursor(*db, flushed)), WrittenAfter(flushed));
}

RC_GTEST_FIXTURE_PROP(LogCursorTest, EqualsWhatWasWrittenUnderAnyHistory, ()) {
  if (*files_.Exists("db")) RestoreFiles({});
  next_ = 1;
  written_.clear();
  const bool kept = *rc::gen::arbitrary<bool>();
  auto db = Open(kept ? KeptOptions() : SmallOptions());
  std::unique_ptr<LogCursor> cursor;
  std::uint64_t applied = 0;
  const int steps = *rc::gen::inRange(1, 40);
  for (int step = 0; step < steps; ++step) {
    const int what = *rc::gen::inRange(0, 12);
    if (what < 6) {
      const bool sync = *rc::gen::arbitrary<bool>();
      for (int i = 0; i < 4; ++i) Write(*db, static_cast<std::uint32_t>(1 + what % 3), sync, 900);
    } else if (what < 8) {
      RC_ASSERT(db->Flush().has_value());
    } else if (what == 8) {
      cursor.reset();
      db.reset();
      db = Open(kept ? KeptOptions() : SmallOptions());
    } else if (cursor == nullptr) {
      auto made = db->NewLogCursor(SequenceNumber(applied));
      RC_ASSERT(made.has_value() || (!kept && made.error().code() == ErrorCode::kCompactedAway));
      if (!made) applied = next_ - 1;  // a copy
      if (made) cursor = *std::move(made);
    } else {
      const std::vector<Shown> shown = ReadAll(*cursor);
      const std::vector<Shown> expected = WrittenAfter(applied);
      RC_ASSERT(shown.size() <= expected.size());
      RC_ASSERT(std::equal(shown.begin(), shown.end(), expected.begin()));
      applied = cursor->position().value;
    }
  }
}

}  // namespace
}  // namespace beach::engine
