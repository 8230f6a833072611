// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/call_watch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace beach::sim::scenarios {
namespace {

using raft::LogIndex;
using raft::ReadContext;
using raft::RequestId;

constexpr std::uint64_t kMaxNs = 100;

std::string RuleOf(const oracle::Judgement& judgement) {
  return judgement ? judgement->rule : "none";
}

class CallWatchTest : public ::testing::Test {
 protected:
  std::string Turned(const std::vector<raft::ProposalFate>& fates, std::uint64_t applied) {
    return RuleOf(watch_.Turned(fates, {}, LogIndex(applied)));
  }

  CallWatch watch_{kMaxNs};
};

TEST_F(CallWatchTest, ACallIsAnsweredOnce) {
  watch_.Asked(RequestId(1), 0);
  watch_.Asked(ReadContext(1), 0);
  EXPECT_EQ(RuleOf(watch_.Answered(RequestId(1))), "none");
  EXPECT_EQ(RuleOf(watch_.Answered(RequestId(1))), "call-answered-twice");
  EXPECT_EQ(RuleOf(watch_.Answered(ReadContext(1))), "none");
}

TEST_F(CallWatchTest, WhatIsKnownIsAnsweredBeforeTheNextTurn) {
  watch_.Asked(RequestId(1), 0);
  EXPECT_EQ(Turned({{.request = RequestId(1), .fate = raft::Fate::kLost}}, 0), "none");
  EXPECT_EQ(Turned({}, 0), "call-kept-waiting");
  EXPECT_EQ(RuleOf(watch_.Answered(RequestId(1))), "none");
  EXPECT_EQ(Turned({}, 0), "none");
  watch_.Asked(ReadContext(1), 0);
  const std::vector<raft::ReadAnswer> reads{{.context = ReadContext(1), .index = {}, .error = {}}};
  EXPECT_EQ(RuleOf(watch_.Turned({}, reads, {})), "none");
  EXPECT_EQ(Turned({}, 0), "call-kept-waiting");
}

TEST_F(CallWatchTest, WhatIsCommittedIsKnownOnceItIsApplied) {
  watch_.Asked(RequestId(1), 0);
  const raft::ProposalFate committed{
      .request = RequestId(1), .fate = raft::Fate::kCommitted, .index = LogIndex(5)};
  EXPECT_EQ(Turned({committed}, 4), "none");
  EXPECT_EQ(Turned({}, 4), "none");
  EXPECT_EQ(Turned({}, 7), "none") << "a snapshot has passed it since";
  EXPECT_EQ(Turned({}, 7), "call-kept-waiting");
}

TEST_F(CallWatchTest, WhatIsNotKnownIsAnsweredInTime) {
  watch_.Asked(RequestId(1), 1'000);
  EXPECT_EQ(RuleOf(watch_.Look(1'000 + kMaxNs)), "none");
  for (std::uint64_t look = 0; look < CallWatch::kLateLooksMax; ++look) {
    EXPECT_EQ(RuleOf(watch_.Look(1'000'000)), "none") << "it may have stood still";
  }
  EXPECT_EQ(RuleOf(watch_.Look(1'000'000)), "call-overdue");
  watch_.Begin();
  EXPECT_EQ(RuleOf(watch_.Look(1'000'000)), "none");
}

}  // namespace
}  // namespace beach::sim::scenarios
