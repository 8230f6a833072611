// SPDX-License-Identifier: Apache-2.0
#include "engine/wal/log.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/wal/format.h"
#include "engine/wal/test_log.h"

namespace beach::engine::wal {
namespace {

using Payloads = std::vector<Bytes>;

TEST(Log, WhatIsAppendedIsReplayedInOrder) {
  TestLog db;
  ASSERT_TRUE(db.Open());
  ASSERT_TRUE(db.Append("one"));
  ASSERT_TRUE(db.Append("two", false));
  ASSERT_TRUE(db.Append("three", false));
  ASSERT_TRUE(db.Append(Bytes(10000, 'x')));
  const auto found = db.Recover();
  ASSERT_TRUE(found) << found.error().ToString();
  EXPECT_EQ(found->payloads, (Payloads{"one", "two", "three", Bytes(10000, 'x')}));
  EXPECT_EQ(found->recovery.end, db.log->end());
  EXPECT_EQ(found->recovery.tail.size(), 1U);  // the last flight is not vouched for
  EXPECT_GT(db.files.direct_writes, 0U);
}

TEST(Log, ASyncedWriteSurvivesPowerLossAndAnUnsyncedOneACrash) {
  for (const bool direct : {false, true}) {
    TestLog db;
    db.files.direct_supported = direct;
    ASSERT_TRUE(db.Open());
    ASSERT_TRUE(db.Append("un-synced", false));
    ASSERT_TRUE(db.Append("synced"));
    ASSERT_TRUE(db.Append("late", false));
    EXPECT_EQ(db.Recover()->payloads, (Payloads{"un-synced", "synced", "late"}));
    db.files.PowerLoss();
    EXPECT_EQ(db.Recover()->payloads, (Payloads{"un-synced", "synced"}));
  }
}

TEST(Log, TheNextRunAfterASyncStartsABlock) {
  TestLog db;
  ASSERT_TRUE(db.Open());
  ASSERT_TRUE(db.Append("a", false));
  ASSERT_TRUE(db.Append("b", false));
  EXPECT_EQ(db.log->end().offset, kSegmentHeaderSize + 2 * (kItemHeaderSize + 1));
  ASSERT_TRUE(db.log->Sync());
  EXPECT_EQ(db.log->durable(), db.log->end());
  ASSERT_TRUE(db.Append("c", false));
  EXPECT_EQ(db.log->end().offset, 2 * kBlockSize + kItemHeaderSize + 1);
  EXPECT_EQ(db.Recover()->payloads, (Payloads{"a", "b", "c"}));
}

// So that a writer at a segment's end does not wait until all of the segment is written.
TEST(Log, ARunIsOnItsWayToTheDiskBeforeItsSync) {
  constexpr std::uint64_t kStep = 1 << 20;
  TestLog db;
  db.segment_size = 4 * kStep;
  ASSERT_TRUE(db.Open());
  for (int segment = 0; segment < 2; ++segment) {  // of each one anew
    const LogPosition begin = db.log->end();
    db.files.written_back = 0;
    while (db.log->end().offset < 3 * kStep) {
      ASSERT_TRUE(db.Append(Bytes(20'000, 'x'), false));
      const std::uint64_t full = db.log->end().offset / kStep * kStep;
      EXPECT_EQ(db.files.written_back, full == 0 ? 0 : full - begin.offset);
    }
    ASSERT_EQ(db.log->end().segment, begin.segment);
    ASSERT_TRUE(db.log->Rotate());
  }
}

TEST(Log, CloseVouchesForAll) {
  TestLog db;
  ASSERT_TRUE(db.Open());
  ASSERT_TRUE(db.Append("a"));
  ASSERT_TRUE(db.log->Close());
  EXPECT_EQ(db.Append("b").error().code(), ErrorCode::kClosed);
  const auto found = db.Recover();
  EXPECT_EQ(found->payloads, Payloads{"a"});
  EXPECT_TRUE(found->recovery.tail.empty());
  EXPECT_EQ(found->recovery.durable.offset, 2 * kBlockSize);
}

TEST(Log, RotatesAndReplaysThroughAllSegments) {
  TestLog db;
  ASSERT_TRUE(db.Open());
  Payloads payloads;
  for (int i = 0; i < 60; ++i) {
    payloads.push_back(Bytes(static_cast<std::size_t>(i) * 331, static_cast<char>('a' + i % 26)));
    ASSERT_TRUE(db.Append(payloads.back(), i % 3 == 0));
  }
  EXPECT_GT(db.manifest.segments.size(), 4U);
  EXPECT_EQ(db.Recover()->payloads, payloads);
}

TEST(Log, ManyLivesKeepAllThatWasSynced) {
  TestLog db;
  Payloads payloads;
  for (int life = 0; life < 6; ++life) {
    const auto found = db.Open();
    ASSERT_TRUE(found) << found.error().ToString();
    EXPECT_EQ(found->payloads, payloads) << "life " << life;
    for (int i = 0; i < 7; ++i) {
      payloads.push_back(std::to_string(life * 10 + i));
      ASSERT_TRUE(db.Append(payloads.back(), i % 2 == 0));
    }
    if (life % 2 == 0) db.files.PowerLoss();
  }
}

TEST(Log, SizesAroundBlockAndChunkBoundaries) {
  for (const bool sync : {false, true}) {
    for (const std::uint64_t around : {kBlockSize, kChunkSize}) {
      for (std::uint64_t size = around - kItemHeaderSize - 3; size < around + 4; ++size) {
        TestLog db;
        db.segment_size = 4 * TestLog::kSize;  // no rotation: all runs are in the tail
        ASSERT_TRUE(db.Open());
        const Payloads payloads{"a", Bytes(size, 'b'), "c", Bytes(size, 'd'), "e"};
        for (const Bytes& payload : payloads) ASSERT_TRUE(db.Append(payload, sync));
        const auto found = db.Recover();
        ASSERT_EQ(found->payloads, payloads) << "size " << size << " sync " << sync;
        EXPECT_EQ(found->recovery.end, db.log->end());
        EXPECT_EQ(found->recovery.tail.size(), sync ? 1U : payloads.size());
        const auto again = db.Open();  // through a re-logged tail
        ASSERT_TRUE(again) << again.error().ToString();
        EXPECT_EQ(db.Recover()->payloads, payloads);
      }
    }
  }
}

RC_GTEST_PROP(Log, AnyMixOfWritesIsReplayed, ()) {
  TestLog db;
  RC_ASSERT(db.Open().has_value());
  Payloads payloads;
  const auto steps =
      *rc::gen::container<std::vector<std::pair<std::uint32_t, std::uint8_t>>>(rc::gen::pair(
          rc::gen::inRange<std::uint32_t>(0, 40000), rc::gen::inRange<std::uint8_t>(0, 8)));
  for (const auto& [size, what] : steps) {
    if (what == 0) RC_ASSERT(db.log->Sync().has_value());
    if (what == 1) RC_ASSERT(db.log->Vouch().has_value());
    if (what == 2) RC_ASSERT(db.Open().has_value());
    if (what <= 2) continue;
    payloads.push_back(Bytes(what == 3 ? size : size % 300, static_cast<char>(what)));
    RC_ASSERT(db.Append(payloads.back(), what % 2 == 0).has_value());
  }
  const auto found = db.Recover();
  RC_ASSERT(found.has_value());
  RC_ASSERT(found->payloads == payloads);
}

TEST(Log, APayloadThatFitsNoSegmentIsRefusedAndHarmless) {
  TestLog db;
  ASSERT_TRUE(db.Open());
  const std::uint64_t most = PayloadSizeMax(TestLog::kSize);
  EXPECT_EQ(db.Append(Bytes(most + 1, 'x')).error().code(), ErrorCode::kInvalidArgument);
  for (const bool sync : {true, false}) {
    ASSERT_TRUE(db.Append("small", sync));
    ASSERT_TRUE(db.Append(Bytes(most, 'x'), sync));
  }
  EXPECT_EQ(db.Recover()->payloads.size(), 4U);
}

TEST(Log, AFailedWriteOrSyncPoisons) {
  for (const bool sync : {true, false}) {
    TestLog db;
    ASSERT_TRUE(db.Open());
    ASSERT_TRUE(db.Append("kept"));
    const LogPosition durable = db.log->durable();
    db.files.fail_write_after = 1;
    EXPECT_EQ(db.Append("failed", sync).error().code(), ErrorCode::kIo);
    db.files.fail_write_after = 0;
    EXPECT_EQ(db.Append("never", sync).error().message(), "injected");
    EXPECT_EQ(db.log->Sync().error().code(), ErrorCode::kIo);
    EXPECT_EQ(db.log->Close().error().code(), ErrorCode::kIo);
    EXPECT_EQ(db.log->durable(), durable);
    EXPECT_EQ(db.Recover()->payloads, Payloads{"kept"});
  }
}

TEST(Log, AFlightThatCannotBeSubmittedPoisons) {
  for (const ErrorCode code : {ErrorCode::kIo, ErrorCode::kNoSpace}) {
    TestLog db;
    db.flights_max = 2;
    ASSERT_TRUE(db.Open());
    const auto below = db.Submit("kept");
    const LogPosition end = db.log->end();
    db.files.submit_fails = true;
    db.files.write_error = code;
    const auto refused = db.log->Submit({"failed", SequenceNumber(++db.last_sequence), 1, true});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message().ends_with("injected"));
    EXPECT_NE(refused.error().code(), ErrorCode::kNoSpace);  // that would say: try again
    db.files.submit_fails = false;
    EXPECT_TRUE(below->Await());
    EXPECT_EQ(db.log->durable(), end);
    EXPECT_EQ(db.Append("never").error().message(), refused.error().message());
    EXPECT_EQ(db.log->Close().error().message(), refused.error().message());
    EXPECT_EQ(db.Recover()->payloads, Payloads{"kept"});
  }
}

TEST(Log, FlightsLandInAnyOrderAndCountInLogOrder) {
  TestLog db;
  db.flights_max = 3;
  ASSERT_TRUE(db.Open());
  const LogPosition begin = db.log->durable();
  const auto one = db.Submit("one");
  const auto two = db.Submit("two");
  const auto three = db.Submit("three");
  ASSERT_TRUE(three->Await());
  EXPECT_EQ(db.log->durable(), begin);
  EXPECT_TRUE(db.Recover()->payloads.empty());
  ASSERT_TRUE(one->Await());
  EXPECT_EQ(db.log->durable(), one->end());
  EXPECT_EQ(db.Recover()->payloads, Payloads{"one"});
  ASSERT_TRUE(two->Await());
  EXPECT_EQ(db.log->durable(), three->end());
  db.files.PowerLoss();
  EXPECT_EQ(db.Recover()->payloads, (Payloads{"one", "two", "three"}));
  // What each vouches for was durable when it was submitted: nothing.
  EXPECT_EQ(db.Recover()->recovery.durable, begin);
}

TEST(Log, AFailedFlightFailsAllAboveItAndNoneBelow) {
  TestLog db;
  db.flights_max = 3;
  ASSERT_TRUE(db.Open());
  const auto one = db.Submit("one");
  const auto two = db.Submit("two");
  const auto three = db.Submit("three");
  db.files.fail_write_after = 1;
  EXPECT_EQ(two->Await().error().message(), "injected");
  db.files.fail_write_after = 0;
  ASSERT_TRUE(three->Await());
  ASSERT_TRUE(one->Await());
  EXPECT_EQ(db.log->durable(), one->end());
  EXPECT_EQ(db.log->Submit({"four", SequenceNumber(9), 1, true}).error().message(), "injected");
  EXPECT_EQ(db.log->Vouch().error().message(), "injected");
  EXPECT_EQ(db.Recover()->payloads, Payloads{"one"});
}

TEST(Log, OneFlightAtATimeWhereFilesAreNotDirect) {
  TestLog db;
  db.flights_max = 3;
  ASSERT_TRUE(db.Open());
  EXPECT_EQ(db.log->flights_max(), 3U);
  db.files.direct_supported = false;
  ASSERT_TRUE(db.Open());
  EXPECT_EQ(db.log->flights_max(), 1U);
  ASSERT_TRUE(db.Submit("one")->Await());
  db.files.PowerLoss();
  EXPECT_EQ(db.Recover()->payloads, Payloads{"one"});
}

// The file of a full segment becomes that of the next one: every item of its former life is there,
// whole, where an item of the new one may be looked for.
TEST(Log, ARecycledFileShowsNothingOfItsFormerLife) {
  for (const std::size_t flights : std::initializer_list<std::size_t>{0, 1, 5}) {
    for (const bool sync : {true, false}) {
      TestLog db;
      ASSERT_TRUE(db.Open());
      for (int i = 0; i < 20; ++i) ASSERT_TRUE(db.Append("old", sync));
      ASSERT_TRUE(db.log->Close());
      const Segment former = db.manifest.segments.back();
      const Segment next{SegmentOrdinal(7), FileNumber(7), former.size_bytes, Segment::kOpenEnd};
      ASSERT_TRUE(RecycleSegment(db.files, db.Path(former), db.Path(next), former,
                                 {next.ordinal, db.epoch, {former.ordinal, 0}}));
      const LogPosition begin{next.ordinal, kSegmentHeaderSize};
      db.manifest.segments = {next};
      db.manifest.replay_from = begin;
      LogOptions options{&db.files, "db", true, db.epoch, {}, 1};
      auto log = Log::Open(options, next, begin);
      ASSERT_TRUE(log);
      for (std::size_t i = 0; i < flights; ++i) {
        ASSERT_TRUE((*log)->Append({"new", SequenceNumber(100 + i), 1, sync}));
      }
      const auto found = db.Recover();
      ASSERT_TRUE(found) << found.error().ToString();
      EXPECT_EQ(found->payloads, Payloads(flights, "new"));
      EXPECT_EQ(found->recovery.end, (*log)->end());
      EXPECT_EQ(found->recovery.bytes_beyond_end, 0U);
      EXPECT_FALSE(found->recovery.torn);
    }
  }
}

TEST(Log, NoRoomForASegmentLeavesTheLogUsable) {
  TestLog db;
  ASSERT_TRUE(db.Open());
  bool room = false;
  const Segment& first = db.manifest.segments.back();
  LogOptions options{&db.files, "db", true, db.epoch, {}, 1};
  options.next_segment = [&](LogPosition end) -> Result<Segment> {
    if (!room) return Fail(ErrorCode::kNoSpace, "full");
    db.manifest.segments.back().end = end.offset;
    db.manifest.segments.push_back(db.NewSegment(end, TestLog::kSize));
    return db.manifest.segments.back();
  };
  auto log = Log::Open(options, first, db.log->end());
  ASSERT_TRUE(log);
  const Bytes large(90000, 'x');
  ASSERT_TRUE((*log)->Append({large, SequenceNumber(1), 1, true}));
  EXPECT_EQ((*log)->Append({large, SequenceNumber(2), 1, true}).error().code(),
            ErrorCode::kNoSpace);
  ASSERT_TRUE((*log)->Append({"small", SequenceNumber(2), 1, true}));
  room = true;
  ASSERT_TRUE((*log)->Append({large, SequenceNumber(3), 1, true}));
  EXPECT_EQ(db.Recover()->payloads, (Payloads{large, "small", large}));
}

TEST(Log, CreateSegmentGivesTheRoomBackWhenThereIsNone) {
  TestFiles files;
  files.fail_write_after = 1;
  files.write_error = ErrorCode::kNoSpace;
  const Status made =
      CreateSegment(files, "db/000001.wal", TestLog::kSize, {SegmentOrdinal(1), OpenEpoch(1), {}});
  EXPECT_EQ(made.error().code(), ErrorCode::kNoSpace);
  EXPECT_TRUE(files.contents.empty());
}

TEST(Log, ASegmentOfAnImpossibleSizeIsNotMade) {
  TestFiles files;
  for (const std::uint64_t size : {std::uint64_t{0}, kSegmentSizeMin - kBlockSize,
                                   TestLog::kSize + 1, kSegmentSizeMax + kBlockSize}) {
    const Status made =
        CreateSegment(files, "db/000001.wal", size, {SegmentOrdinal(1), OpenEpoch(1), {}});
    ASSERT_FALSE(made) << size;
    EXPECT_EQ(made.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(made.error().path(), "db/000001.wal");
    EXPECT_TRUE(files.contents.empty());
  }
}

TEST(Log, SegmentFileNamesSort) {
  EXPECT_EQ(SegmentFileName(FileNumber(12)), "000012.wal");
  EXPECT_EQ(SegmentFileName(FileNumber(12345678)), "12345678.wal");
}

}  // namespace
}  // namespace beach::engine::wal
