// SPDX-License-Identifier: Apache-2.0
#include "raft/read_rounds.h"

#include <gtest/gtest.h>

namespace beach::raft {
namespace {

PendingRead ReadOf(std::uint64_t context) {
  return {.context = ReadContext(context), .from = {}, .forward = {}, .round = {}, .index = {}};
}

TEST(ReadRounds, ReadsThatComeBetweenTwoRoundsShareTheSecond) {
  ReadRounds rounds;
  rounds.Begin();
  rounds.Add(ReadOf(1), LogIndex(5));
  rounds.Add(ReadOf(2), LogIndex(6));
  EXPECT_TRUE(rounds.wanted());
  EXPECT_FALSE(rounds.Ready(RoundId(1))) << "sent before they came";
  EXPECT_EQ(rounds.Begin(), RoundId(2));
  EXPECT_FALSE(rounds.wanted());
  ASSERT_TRUE(rounds.Ready(RoundId(2)));
  EXPECT_EQ(rounds.Take().index, LogIndex(5));
  ASSERT_TRUE(rounds.Ready(RoundId(7)));
  EXPECT_EQ(rounds.Take().context, ReadContext(2));
  EXPECT_FALSE(rounds.Ready(RoundId(7)));
}

TEST(ReadRounds, BeforeTheLeaderHasCommittedInItsTermNoRoundIsWorthAnything) {
  ReadRounds rounds;
  rounds.Add(ReadOf(1), std::nullopt);
  rounds.Begin();
  EXPECT_FALSE(rounds.Ready(RoundId(1)));
  rounds.CommittedInTerm(LogIndex(9));
  EXPECT_TRUE(rounds.wanted());
  EXPECT_FALSE(rounds.Ready(RoundId(1)));
  rounds.Begin();
  ASSERT_TRUE(rounds.Ready(RoundId(2)));
  EXPECT_EQ(rounds.Take().index, LogIndex(9));
}

}  // namespace
}  // namespace beach::raft
