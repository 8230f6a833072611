// SPDX-License-Identifier: Apache-2.0
#include "raft/node/entry_times.h"

#include <gtest/gtest.h>

namespace beach::raft {
namespace {

TEST(EntryMarks, AnEntryHasTheTimesOfWhatItCameWith) {
  EntryMarks marks;
  marks.Written(LogIndex(4), 10);
  marks.Written(LogIndex(6), 20);
  marks.Written(LogIndex(9), 30);
  marks.Durable(LogIndex(4), 40);
  marks.Durable(LogIndex(9), 50);
  marks.Committed(LogIndex(4), 55);
  marks.Committed(LogIndex(9), 60);
  marks.Committed(LogIndex(9), 70);  // no news
  const EntryTimes six = marks.Of(LogIndex(6));
  EXPECT_EQ(six.written_ns, 20U);
  EXPECT_EQ(six.durable_ns, 50U);
  EXPECT_EQ(six.committed_ns, 60U);
  EXPECT_EQ(six.applied_ns, 0U);
  EXPECT_EQ(marks.Of(LogIndex(7)).written_ns, 30U);
  EXPECT_EQ(marks.Of(LogIndex(10)).written_ns, 0U);
  // Who knows when those came that were there at the begin.
  EXPECT_EQ(marks.Of(LogIndex(3)).written_ns, 0U);
}

TEST(EntryMarks, WhatWasCutIsAnotherEntry) {
  EntryMarks marks;
  for (std::uint64_t index = 1; index <= 5; ++index) marks.Written(LogIndex(index), index * 10);
  marks.Cut(LogIndex(3));
  EXPECT_EQ(marks.Of(LogIndex(3)).written_ns, 0U);
  marks.Written(LogIndex(4), 100);
  EXPECT_EQ(marks.Of(LogIndex(2)).written_ns, 20U);
  EXPECT_EQ(marks.Of(LogIndex(3)).written_ns, 100U);
}

TEST(EntryMarks, TheOldestAreForgotten) {
  EntryMarks marks;
  for (std::uint64_t index = 1; index <= 5000; ++index) marks.Applied(LogIndex(index), index);
  EXPECT_EQ(marks.Of(LogIndex(100)).applied_ns, 0U);
  EXPECT_EQ(marks.Of(LogIndex(4500)).applied_ns, 4500U);
}

}  // namespace
}  // namespace beach::raft
