// SPDX-License-Identifier: Apache-2.0
#include "raft/persist_queue.h"

#include <gtest/gtest.h>

namespace beach::raft {
namespace {

class PersistQueueTest : public ::testing::Test {
 protected:
  void Append(std::uint64_t term, std::uint64_t count) {
    for (; count > 0; --count) {
      tail.Append(
          {.term = Term(term), .index = tail.next(), .kind = EntryKind::kNoOp, .payload = {}});
    }
  }
  void Truncate(std::uint64_t from) {
    tail.TruncateFrom(LogIndex(from));
    queue.Truncated(LogIndex(from));
  }
  Persist Take() {
    Persist persist;
    queue.Take(tail, tail.next() - 1, persist);
    return persist;
  }

  LogTail tail{LogIndex(1)};
  PersistQueue queue{HardState{}, LogIndex{}};
};

TEST_F(PersistQueueTest, NothingIsDurableBeforeStorageSaysSo) {
  Append(1, 3);
  EXPECT_EQ(queue.AfterEntry(LogIndex(2)), PersistId(1));
  const Persist work = Take();
  EXPECT_EQ(work.entries.size(), 3U);
  EXPECT_EQ(queue.durable(), LogIndex(0));
  queue.Done(work.id);
  EXPECT_EQ(queue.durable(), LogIndex(3));
  EXPECT_EQ(queue.AfterEntry(LogIndex(3)), PersistId{});
  EXPECT_EQ(Take().id, PersistId{}) << "there is nothing left";
}

TEST_F(PersistQueueTest, AnAnswerAboutAnEntryThatWasOverwrittenDoesNotCount) {
  Append(1, 3);
  const Persist first = Take();
  Truncate(2);
  Append(2, 2);
  const Persist second = Take();
  EXPECT_EQ(second.truncate_from, LogIndex(2));
  queue.Done(first.id);
  EXPECT_EQ(queue.durable(), LogIndex(1));
  queue.Done(second.id);
  EXPECT_EQ(queue.durable(), LogIndex(3));
}

// Term and index do not tell the second from the first.
TEST_F(PersistQueueTest, NorDoesOneAboutTheSameEntryBeforeItWasCut) {
  Append(1, 3);
  const Persist first = Take();
  Truncate(2);
  Append(2, 1);
  const Persist second = Take();
  Truncate(2);
  Append(1, 2);  // by a third leader, which has the first's
  queue.Done(second.id);
  EXPECT_EQ(queue.durable(), LogIndex(1));
  const Persist third = Take();
  EXPECT_EQ(third.truncate_from, LogIndex(2));
  queue.Done(third.id);
  EXPECT_EQ(queue.durable(), LogIndex(3));
  EXPECT_LT(first.id, second.id);
}

TEST_F(PersistQueueTest, AnswersThatOvertakeEachOtherTakeNothingBack) {
  Append(1, 1);
  const Persist first = Take();
  Append(1, 1);
  const Persist second = Take();
  queue.Done(second.id);
  queue.Done(first.id);
  EXPECT_EQ(queue.durable(), LogIndex(2));
  EXPECT_EQ(queue.done(), second.id);
}

TEST_F(PersistQueueTest, WhatNeverWentOutNeedsNoCut) {
  Append(1, 3);
  Truncate(2);
  Append(2, 1);
  const Persist work = Take();
  EXPECT_EQ(work.truncate_from, LogIndex{});
  EXPECT_EQ(work.entries.size(), 2U);
}

TEST_F(PersistQueueTest, TheHardStateGoesOutOnce) {
  queue.SetHardState({.term = Term(2), .vote = NodeId(1)});
  EXPECT_EQ(queue.AfterHardState(), PersistId(1));
  const Persist first = Take();
  ASSERT_TRUE(first.hard_state.has_value());
  Append(2, 1);
  const Persist second = Take();
  EXPECT_FALSE(second.hard_state.has_value());
  EXPECT_EQ(queue.AfterHardState(), first.id) << "the second need not be waited for";
  queue.Done(first.id);
  EXPECT_EQ(queue.AfterHardState(), PersistId{});
  EXPECT_EQ(queue.durable_state().term, Term(2));
}

TEST_F(PersistQueueTest, ASnapshotMakesDurableWhatItHolds) {
  Append(1, 3);
  const Persist first = Take();
  queue.Raise(LogIndex(2));
  EXPECT_EQ(queue.durable(), LogIndex(2));
  queue.Done(first.id);
  EXPECT_EQ(queue.durable(), LogIndex(3));
  Append(1, 2);
  const Persist second = Take();
  tail.Reset(LogIndex(11));
  queue.Reset(LogIndex(10));
  queue.Done(second.id);
  EXPECT_EQ(queue.durable(), LogIndex(10)) << "of the log that was replaced";
}

TEST_F(PersistQueueTest, NothingBehindALostEntryIsDurableUntilItIsFilledAndWritten) {
  Append(1, 4);
  queue.Done(Take().id);
  queue.Lost(LogIndex(2));
  queue.Lost(LogIndex(4));
  EXPECT_EQ(queue.durable(), LogIndex(1));
  queue.Filled(LogIndex(2));
  EXPECT_EQ(queue.durable(), LogIndex(1));
  const Persist first = Take();
  ASSERT_EQ(first.fills.size(), 1U);
  EXPECT_EQ(first.fills[0].index, LogIndex(2));
  EXPECT_TRUE(first.entries.empty());
  EXPECT_EQ(queue.AfterEntry(LogIndex(3)), first.id);
  queue.Filled(LogIndex(4));
  EXPECT_EQ(queue.AfterEntry(LogIndex(4)), first.id.Next());
  queue.Done(first.id);
  EXPECT_EQ(queue.durable(), LogIndex(3));
  queue.Done(Take().id);
  EXPECT_EQ(queue.durable(), LogIndex(4));
}

TEST_F(PersistQueueTest, WhatIsCutNeedsNoFill) {
  Append(1, 4);
  queue.Done(Take().id);
  queue.Lost(LogIndex(3));
  queue.Filled(LogIndex(3));
  Truncate(3);
  EXPECT_EQ(queue.durable(), LogIndex(2));
  Append(2, 1);
  const Persist work = Take();
  EXPECT_TRUE(work.fills.empty());
  queue.Done(work.id);
  EXPECT_EQ(queue.durable(), LogIndex(3));
}

}  // namespace
}  // namespace beach::raft
