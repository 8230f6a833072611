// SPDX-License-Identifier: Apache-2.0
//
// The log on this machine's files and loop. What crashes leave is in disk_log_crash_test.cc.

#include <algorithm>

#include "engine/wal/format.h"
#include "engine/wal/segment_reader.h"
#include "raft/disk/disk_log_fixture.h"
#include "raft/disk/dump.h"
#include "raft/disk/register.h"

namespace beach::raft {
namespace {

using env::conformance::FailsWith;

TEST_F(DiskLogTest, ANewLogIsEmptyAndEachStartHasItsNumber) {
  Open();
  EXPECT_EQ(log_->contents().starts, 1U);
  EXPECT_EQ(log_->contents().hard_state, HardState());
  EXPECT_EQ(log_->contents().last, LogIndex(0));
  EXPECT_EQ(Told(), "0:");
  Reopen();
  EXPECT_EQ(log_->contents().starts, 2U);
}

TEST_F(DiskLogTest, WhatWasPersistedIsThereAfterAStart) {
  OpenAndStart();
  Persist persist = Entries(1, 3, 2);
  persist.hard_state = HardState{.term = Term(2), .vote = NodeId(7)};
  ASSERT_TRUE(Write(std::move(persist)));
  ASSERT_TRUE(WriteEntries(4, 5, 3));
  Reopen();
  EXPECT_EQ(log_->contents().hard_state, (HardState{.term = Term(2), .vote = NodeId(7)}));
  EXPECT_EQ(Told(), "0: 1@2 2@2 3@2 4@3 5@3");
  ASSERT_EQ(log_->contents().terms.size(), 2U);
  EXPECT_EQ(log_->contents().terms[0].count, 3U);
  EXPECT_EQ(log_->contents().terms[1].term, Term(3));
}

TEST_F(DiskLogTest, AHardStateAloneIsKeptAlsoThroughManySegments) {
  OpenAndStart();
  Persist vote;
  vote.hard_state = HardState{.term = Term(9), .vote = NodeId(1)};
  ASSERT_TRUE(Write(std::move(vote)));
  ASSERT_TRUE(WriteEntries(1, 100, 1, 3'000));
  log_->Compact(LogIndex(100));
  ASSERT_TRUE(WriteEntries(101, 102, 1));
  EXPECT_GT(SegmentFiles().back(), "000005.wal");
  Reopen(100, 1);
  EXPECT_EQ(log_->contents().hard_state, (HardState{.term = Term(9), .vote = NodeId(1)}));
}

TEST_F(DiskLogTest, WorkThatIsQueuedSharesAFlight) {
  OpenAndStart();
  for (std::uint64_t i = 1; i <= 100; ++i) Submit(Entries(i, i, 1, 10));
  ASSERT_TRUE(Await());
  // Two went out alone, the rest together: no segment of 64 KiB has room for a hundred blocks.
  EXPECT_LE(SegmentFiles().size(), 2U);
  Reopen();
  EXPECT_EQ(log_->contents().last, LogIndex(100));
}

TEST_F(DiskLogTest, ACutTakesBackEntriesOfOlderSegments) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 40, 1, 3'000));
  Persist cut = Entries(3, 4, 2, 3'000);
  cut.truncate_from = LogIndex(3);
  ASSERT_TRUE(Write(std::move(cut)));
  const std::vector<Entry> loaded = Load(1, 9, 1 << 20);
  ASSERT_EQ(loaded.size(), 4U);
  EXPECT_EQ(loaded[1].term, Term(1));
  EXPECT_EQ(loaded[2].term, Term(2));
  Reopen();
  EXPECT_EQ(Told(3'000), "0: 1@1 2@1 3@2 4@2");
  Reopen();
  EXPECT_EQ(Told(3'000), "0: 1@1 2@1 3@2 4@2");
}

TEST_F(DiskLogTest, CompactingDropsSegmentsAndTheBaseStays) {
  options_.recycled_max = 0;
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 160, 1, 3'000));
  ASSERT_GT(log_->bytes_on_disk(), 4 * kSegmentSize);
  log_->Compact(LogIndex(158));
  EXPECT_EQ(log_->base(), LogIndex(158));
  // Those of the last entries, and the next one that is made ahead.
  ASSERT_TRUE(loop_.RunUntil([this] { return log_->bytes_on_disk() <= 3 * kSegmentSize; }));
  EXPECT_LE(SegmentFiles().size(), 3U);
  Reopen(158, 1);
  EXPECT_EQ(log_->contents().base, LogIndex(158));
  EXPECT_EQ(log_->contents().base_term, Term(1));
  EXPECT_EQ(Told(3'000), "158: 159@1 160@1");
}

TEST_F(DiskLogTest, FilesOfOldSegmentsAreUsedAgain) {
  options_.recycled_max = 2;
  OpenAndStart();
  std::uint64_t index = 1;
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(WriteEntries(index, index + 9, 1, 3'000));
    index += 10;
    log_->Compact(LogIndex(index - 2));
  }
  EXPECT_LE(log_->bytes_on_disk(), 8 * kSegmentSize);
  const auto was_another = [this](const std::string& name) {
    const auto reader = engine::wal::SegmentReader::Open(world_.files(), Directory() + "/" + name);
    return reader && reader->block().former != engine::SegmentOrdinal();
  };
  EXPECT_TRUE(std::ranges::any_of(SegmentFiles(), was_another));
  Reopen(index - 2, 1);
  EXPECT_GT(log_->contents().base, LogIndex(index - 40));
  EXPECT_EQ(log_->contents().last, LogIndex(index - 1));
  EXPECT_EQ(Told(3'000).find('?'), std::string::npos);
}

TEST_F(DiskLogTest, ASnapshotTakesTheLogsPlace) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 5, 1));
  ASSERT_TRUE(Replace(20, 3, false));
  EXPECT_EQ(log_->base(), LogIndex(20));
  ASSERT_TRUE(WriteEntries(21, 22, 3));
  Reopen(20, 3);
  EXPECT_EQ(Told(), "20: 21@3 22@3");
  EXPECT_EQ(log_->contents().base_term, Term(3));
}

TEST_F(DiskLogTest, ASnapshotThatTheLogAgreesWithKeepsWhatIsBehindIt) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 5, 1));
  ASSERT_TRUE(Replace(3, 1, true));
  ASSERT_TRUE(WriteEntries(6, 6, 2));
  Reopen(3, 1);
  EXPECT_EQ(Told(), "3: 4@1 5@1 6@2");
}

TEST_F(DiskLogTest, SaysWhatIsDurableAndNoMore) {
  const auto durable = [this] {
    return std::pair(log_->durable().base.value, log_->durable().last.value);
  };
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 5, 1));
  EXPECT_EQ(durable(), std::pair(0UL, 5UL));
  Submit(Entries(6, 6, 1));
  bool done = false;
  log_->Replace(LogIndex(3), Term(1), true, [&] {
    EXPECT_EQ(durable(), std::pair(3UL, 6UL));
    done = true;
  });
  EXPECT_EQ(durable(), std::pair(0UL, 5UL));
  ASSERT_TRUE(loop_.RunUntil([&done] { return done; }));
  ASSERT_TRUE(Replace(20, 3, false));
  EXPECT_EQ(durable(), std::pair(20UL, 20UL));
  Reopen(20, 3);
  EXPECT_EQ(durable(), std::pair(20UL, 20UL));
}

TEST_F(DiskLogTest, ALogBehindTheStateMachineIsReplaced) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 5, 1));
  Reopen(30, 4);  // it ends before
  EXPECT_EQ(Told(), "30:");
  EXPECT_EQ(log_->contents().base_term, Term(4));
  Start();
  ASSERT_TRUE(WriteEntries(31, 35, 4));
  Reopen(33, 5);  // it has another term there
  EXPECT_EQ(Told(), "33:");
  Reopen(33, 5);
  EXPECT_EQ(Told(), "33:");
}

TEST_F(DiskLogTest, ALogWithTheVeryEntryStaysAsItIs) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 5, 1));
  Reopen(3, 1);
  EXPECT_EQ(Told(), "0: 1@1 2@1 3@1 4@1 5@1");
}

TEST_F(DiskLogTest, ALogThatBeginsBehindTheStateMachineIsRefused) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 5, 1));
  ASSERT_TRUE(Replace(3, 1, true));
  log_.reset();
  EXPECT_TRUE(FailsWith(Outcome(2, 1), ErrorCode::kCorruption, Directory()));
}

TEST_F(DiskLogTest, LoadsAreBoundAndGiveOneEntryAtLeast) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 50, 1, 2'000));
  EXPECT_EQ(Load(1, 50, ~std::uint64_t{0}).size(), 50U);
  EXPECT_EQ(Load(7, 9, ~std::uint64_t{0}).size(), 3U);
  EXPECT_EQ(Load(7, 9, 0).size(), 1U);
  EXPECT_EQ(Load(7, 50, 3 * (2'000 + kEntryOverhead)).size(), 3U);
  EXPECT_EQ(Load(7, 50, 3 * (2'000 + kEntryOverhead))[2].index, LogIndex(9));
  EXPECT_EQ(Load(49, 90, 1 << 20).size(), 2U);
  EXPECT_EQ(Load(51, 90, 1 << 20).size(), 0U);
  log_->Compact(LogIndex(40));
  EXPECT_EQ(Load(40, 50, 1 << 20).size(), 0U);
  EXPECT_EQ(Load(41, 50, 1 << 20).size(), 10U);
}

TEST_F(DiskLogTest, AnEntryLargerThanASegmentGetsOneOfItsOwn) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 2, 1));
  ASSERT_TRUE(WriteEntries(3, 3, 1, 1'000'000));
  ASSERT_TRUE(WriteEntries(4, 4, 1));
  EXPECT_EQ(Load(3, 3, 0).at(0).payload.size(), 1'000'000U);
  Reopen();
  const auto entries = log_->ReadFrom(LogIndex(1));
  ASSERT_OK(entries);
  ASSERT_EQ(entries->size(), 4U);
  EXPECT_EQ((*entries)[2].payload.view(), EntryOf(3, 1, 1'000'000).payload.view());
}

TEST_F(DiskLogTest, WorkLargerThanAFlightIsAcknowledgedWithItsLast) {
  OpenAndStart();
  Persist persist = Entries(1, 300, 1, 1'000);
  persist.hard_state = HardState{.term = Term(1), .vote = NodeId(1)};
  ASSERT_TRUE(Write(std::move(persist)));
  log_.reset();
  Open();
  EXPECT_EQ(log_->contents().last, LogIndex(300));
}

// Nothing is tried again, and nothing follows.
TEST_F(DiskLogTest, AFailedWriteIsTheLast) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 3, 1));
  files_.FailSegments();
  EXPECT_FALSE(WriteEntries(4, 9, 1));
  ASSERT_TRUE(error_.has_value());
  EXPECT_EQ(error_->code(), ErrorCode::kIo);
  EXPECT_EQ(persisted_, PersistId(3));
  files_.Heal();
  error_.reset();
  Submit(Entries(4, 4, 1));
  log_->Replace(LogIndex(3), Term(1), true, [] { FAIL(); });
  log_->Compact(LogIndex(2));
  loop_.RunFor(5 * env::conformance::kMillisecond);
  EXPECT_FALSE(error_.has_value());
  EXPECT_EQ(persisted_, PersistId(3));
  EXPECT_EQ(log_->base(), LogIndex(0));
  EXPECT_EQ(Load(1, 9, 1 << 20).size(), 3U);
  Reopen();
  EXPECT_EQ(Told(), "0: 1@1 2@1 3@1");
}

// Rule 19: nothing of what found no space has been written, and it is when there is some.
TEST_F(DiskLogTest, WaitsForSpaceAndGoesOn) {
  options_.recycled_max = 0;
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 10, 1, 3'000));
  files_.FillUp();
  for (std::uint64_t i = 11; i <= 100; ++i) Submit(Entries(i, i, 1, 3'000));
  log_->Compact(LogIndex(5));
  loop_.RunFor(250 * env::conformance::kMillisecond);
  EXPECT_FALSE(error_.has_value());
  EXPECT_LT(log_->durable().last, LogIndex(100)) << "what is prepared has no room for all";
  EXPECT_EQ(Load(6, 7, 1 << 20).size(), 2U);
  files_.Heal();
  EXPECT_TRUE(Await());
  EXPECT_EQ(log_->durable().last, LogIndex(100));
  Reopen(5, 1);
  EXPECT_EQ(log_->contents().last, LogIndex(100));
}

// A cut that is under way may never be: until it is durable, what it voids is needed.
TEST_F(DiskLogTest, SegmentsAreNotDroppedForACutThatIsNotDurable) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 60, 1, 3'000));
  files_.FailSegments();
  Persist cut = Entries(2, 2, 2, 3'000);
  cut.truncate_from = LogIndex(2);
  Submit(std::move(cut));
  log_->Compact(LogIndex(1));
  EXPECT_FALSE(Await());
  loop_.RunFor(20 * env::conformance::kMillisecond);
  files_.Heal();
  Reopen(1, 1);
  EXPECT_EQ(log_->contents().last, LogIndex(60));
}

// The hard state stands at the head of each segment, once something is written there.
TEST_F(DiskLogTest, TheSegmentWithTheHardStateStaysUntilTheNextHasIt) {
  options_.recycled_max = 0;
  OpenAndStart();
  Persist vote = Entries(1, 1, 1);
  vote.hard_state = HardState{.term = Term(9), .vote = NodeId(1)};
  ASSERT_TRUE(Write(std::move(vote)));
  Submit(Entries(2, 2, 1, 55'000));  // has to go to the next segment
  log_->Compact(LogIndex(1));
  files_.FailSegments(SegmentFiles().front());
  EXPECT_FALSE(Await());
  loop_.RunFor(20 * env::conformance::kMillisecond);
  files_.Heal();
  Reopen(1, 1);
  EXPECT_EQ(log_->contents().hard_state, (HardState{.term = Term(9), .vote = NodeId(1)}));
}

TEST_F(DiskLogTest, ASecondOpenIsBusy) {
  Open();
  EXPECT_TRUE(FailsWith(TryOpen(), ErrorCode::kBusy, Directory() + "/LOCK"));
}

TEST_F(DiskLogTest, WhatIsUnderWayOutlivesTheLog) {
  OpenAndStart();
  for (std::uint64_t i = 1; i <= 50; ++i) Submit(Entries(i, i, 1, 5'000));
  log_->Load(LogIndex(1), LogIndex(1), 0, [](const Result<std::vector<Entry>>&) { FAIL(); });
  log_.reset();
  const PersistId before = persisted_;
  Open();
  EXPECT_EQ(before, PersistId());
  EXPECT_LE(log_->contents().last, LogIndex(50));
}

TEST_F(DiskLogTest, ACallbackMayDestroyTheLog) {
  Open();
  bool told = false;
  log_->Start(*loop_, {.on_persisted =
                           [&](PersistId) {
                             log_.reset();
                             told = true;
                           },
                       .on_failed = {}});
  for (std::uint64_t i = 1; i <= 9; ++i) Submit(Entries(i, i, 1));
  EXPECT_TRUE(loop_.RunUntil([&told] { return told; }));
  loop_.RunFor(5 * env::conformance::kMillisecond);
}

// The log then begins behind what a new state machine holds.
TEST_F(DiskLogTest, ARestingLogVouchesForItsNewestFlight) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 1, 1));
  const std::string path = Directory() + "/" + SegmentFiles().front();
  // Head, vouch of the start, flight: then the vouch.
  const auto vouched = [&] {
    const auto bytes = env::conformance::ReadFile(world_.files(), path);
    return bytes && (*bytes)[4 * engine::wal::kBlockSize + engine::wal::kItemKindOffset] ==
                        static_cast<char>(engine::wal::ItemKind::kVouch);
  };
  EXPECT_TRUE(loop_.RunUntil(vouched));
}

// As a salvage leaves them.
TEST_F(DiskLogTest, DebrisGoes) {
  Open();
  log_.reset();
  ASSERT_OK(env::conformance::MakeFile(world_.files(), Directory() + "/000900.wal", "x"));
  ASSERT_OK(env::conformance::MakeFile(world_.files(), Directory() + "/REGISTER.tmp", "x"));
  ASSERT_OK(env::conformance::MakeFile(world_.files(), Directory() + "/notes.txt", "x"));
  Open();
  EXPECT_EQ(SegmentFiles().size(), 1U);
  EXPECT_FALSE(world_.files().Exists(Directory() + "/REGISTER.tmp").value());
  EXPECT_TRUE(world_.files().Exists(Directory() + "/notes.txt").value());
}

TEST_F(DiskLogTest, ItsDumpTellsWhatIsSoundAndWhereItIsNot) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 1, 1));
  Persist cut = Entries(1, 2, 2);
  cut.hard_state = HardState{.term = Term(2), .vote = NodeId(3)};
  cut.truncate_from = LogIndex(1);
  ASSERT_TRUE(Write(std::move(cut)));
  log_.reset();
  const auto dump = [this](std::string& text) {
    text.clear();
    return DumpRaftLog(world_.files(), Directory(),
                       [&text](std::string_view line) { text += Bytes(line) + "\n"; });
  };
  std::string text;
  ASSERT_OK(dump(text));
  EXPECT_NE(text.find("segment 1: 000001.wal, 65536 bytes, open\n"), std::string::npos) << text;
  EXPECT_NE(text.find("1:12288: entry 1, term 1, normal, 100 bytes\n"), std::string::npos) << text;
  EXPECT_NE(text.find(": cut from 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nterm 2, vote 3, base 0, last 2, 2 of term 2\n"), std::string::npos)
      << text;
  Open();  // what a write under way may still have done
  log_.reset();
  FlipByte("000001.wal", 3 * engine::wal::kBlockSize + 70);
  const Status damaged = dump(text);
  EXPECT_TRUE(FailsWith(damaged, ErrorCode::kCorruption, Directory() + "/000001.wal"));
  EXPECT_NE(text.find("1:4096: head: term 0, vote 0, base 0, last 0;"), std::string::npos) << text;
  EXPECT_EQ(text.find("\nterm 2, vote 3"), std::string::npos) << text;
}

TEST_F(DiskLogTest, ImpossibleOptionsAreRefused) {
  const auto code = [this](const DiskLogOptions& options) {
    const auto opened = TryOpen(world_.env(), Directory(), options, 0, 0);
    return opened ? ErrorCode::kClosed : opened.error().code();
  };
  EXPECT_EQ(code({.segment_size_bytes = 4'096}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.segment_size_bytes = kSegmentSize + 1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.segment_size_bytes = std::uint64_t{1} << 32}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.flights_max = 0}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.flight_bytes_max = 0}), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace beach::raft
