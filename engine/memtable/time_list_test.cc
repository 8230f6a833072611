// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/time_list.h"

#include <gtest/gtest.h>

namespace beach::engine {
namespace {

TEST(TimeList, SaysWhatHeldAsOfEachNumber) {
  TimeList list(TimeMark{SequenceNumber(10), 5});
  EXPECT_EQ(list.At(SequenceNumber(10)), 5U);
  EXPECT_EQ(list.At(SequenceNumber(99)), 5U);
  EXPECT_EQ(list.end(), (TimeMark{SequenceNumber(10), 5}));
  list.Add(SequenceNumber(12), 7);
  list.Add(SequenceNumber(15), 6);  // it does not go back, and its operation counts
  list.Add(SequenceNumber(20), 9);
  const std::uint64_t expected[] = {5, 5, 7, 7, 7, 7, 7, 7, 7, 7, 9, 9};
  for (std::uint64_t i = 0; i < 12; ++i) {
    EXPECT_EQ(list.At(SequenceNumber(10 + i)), expected[i]) << i;
  }
  EXPECT_EQ(list.end(), (TimeMark{SequenceNumber(20), 9}));
  EXPECT_EQ(list.count(), 3U);
  EXPECT_GT(list.size_bytes(), 0U);
}

}  // namespace
}  // namespace beach::engine
