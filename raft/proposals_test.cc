// SPDX-License-Identifier: Apache-2.0
#include "raft/proposals.h"

#include <gtest/gtest.h>

#include "raft/request_window.h"

namespace beach::raft {
namespace {

Log LogOf(const std::vector<std::uint64_t>& terms) {
  Log log(LogIndex{}, Term{}, LogIndex(1));
  for (const std::uint64_t term : terms) {
    log.Append({.term = Term(term),
                .index = log.last().Next(),
                .kind = EntryKind::kNormal,
                .payload = {}});
  }
  return log;
}

TEST(Proposals, TheTermOfWhatIsCommittedDecides) {
  Proposals proposals;
  std::vector<ProposalFate> fates;
  proposals.Add(RequestId(1), Term(2), LogIndex(2), 100);
  proposals.Add(RequestId(2), Term(2), LogIndex(3), 100);
  const Log log = LogOf({1, 2, 3});
  proposals.Resolve(log, LogIndex(1), fates);
  EXPECT_TRUE(fates.empty());
  proposals.Resolve(log, LogIndex(3), fates);
  ASSERT_EQ(fates.size(), 2U);
  EXPECT_EQ(fates[0].fate, Fate::kCommitted);
  EXPECT_EQ(fates[1].fate, Fate::kLost);
  EXPECT_EQ(proposals.size(), 0U);
}

TEST(Proposals, AnswersMayComeInAnyOrder) {
  Proposals proposals;
  std::vector<ProposalFate> fates;
  proposals.Add(RequestId(1), Term(1), LogIndex(3), 100);
  proposals.Add(RequestId(2), Term(1), LogIndex(1), 100);
  proposals.Add(RequestId(3), Term(1), LogIndex(2), 100);
  proposals.Resolve(LogOf({1, 1, 1}), LogIndex(2), fates);
  ASSERT_EQ(fates.size(), 2U);
  EXPECT_EQ(fates[0].request, RequestId(2));
  EXPECT_EQ(fates[1].request, RequestId(3));
}

TEST(Proposals, WhatASnapshotCoversIsNotKnown) {
  Proposals proposals;
  std::vector<ProposalFate> fates;
  proposals.Add(RequestId(1), Term(1), LogIndex(3), 100);
  proposals.Resolve(Log(LogIndex(9), Term(4), LogIndex(10)), LogIndex(9), fates);
  ASSERT_EQ(fates.size(), 1U);
  EXPECT_EQ(fates[0].fate, Fate::kUnknown);
}

TEST(Proposals, TimeEndsTheWait) {
  Proposals proposals;
  std::vector<ProposalFate> fates;
  proposals.Add(RequestId(1), Term(1), LogIndex(1), 300);
  proposals.Add(RequestId(2), Term(1), LogIndex(2), 200);
  EXPECT_EQ(proposals.deadline_ns(), 200U);
  proposals.Expire(250, fates);
  ASSERT_EQ(fates.size(), 1U);
  EXPECT_EQ(fates[0].request, RequestId(2));
  EXPECT_EQ(proposals.deadline_ns(), 300U);
}

TEST(Forwards, EachIsAnsweredOnce) {
  Forwards<RequestId> forwards;
  forwards.Add(ForwardId(1), RequestId(10), 100);
  forwards.Add(ForwardId(2), RequestId(20), 200);
  EXPECT_EQ(forwards.Take(ForwardId(2)), RequestId(20));
  EXPECT_EQ(forwards.Take(ForwardId(2)), std::nullopt);
  EXPECT_EQ(forwards.TakeExpired(99), std::nullopt);
  EXPECT_EQ(forwards.TakeExpired(100), RequestId(10));
  EXPECT_EQ(forwards.size(), 0U);
}

TEST(RequestWindow, TakesEachIdOnceInAnyOrder) {
  RequestWindow window;
  EXPECT_TRUE(window.Take(ForwardId(5)));
  EXPECT_FALSE(window.Take(ForwardId(5)));
  EXPECT_TRUE(window.Take(ForwardId(3)));
  EXPECT_FALSE(window.Take(ForwardId(3)));
  EXPECT_TRUE(window.Take(ForwardId(1029)));
  EXPECT_FALSE(window.Take(ForwardId(5))) << "older than the window: counts as seen";
  EXPECT_TRUE(window.Take(ForwardId(6)));
  EXPECT_FALSE(window.Take(ForwardId(6)));
  const std::uint64_t life = std::uint64_t{1} << 40;
  EXPECT_TRUE(window.Take(ForwardId(life + 1))) << "the next life of its sender";
  EXPECT_FALSE(window.Take(ForwardId(1030)));
  EXPECT_TRUE(window.Take(ForwardId(life + 2)));
}

}  // namespace
}  // namespace beach::raft
