// SPDX-License-Identifier: Apache-2.0
#include "raft/quorum.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <vector>

namespace beach::raft {
namespace {

std::vector<NodeId> Nodes(std::uint64_t mask) {
  std::vector<NodeId> nodes;
  for (std::uint64_t i = 0; i < 8; ++i) {
    if ((mask >> i & 1) != 0) nodes.emplace_back(i + 1);
  }
  return nodes;
}

TEST(Quorum, AMajorityIsMoreThanHalfAlsoOfAnEvenNumber) {
  EXPECT_EQ(MajorityOf(1), 1U);
  EXPECT_EQ(MajorityOf(2), 2U);
  EXPECT_EQ(MajorityOf(3), 2U);
  EXPECT_EQ(MajorityOf(4), 3U);
  EXPECT_EQ(MajorityOf(5), 3U);
}

TEST(Quorum, ConfigurationsWithoutVotersWinNothing) {
  EXPECT_EQ(QuorumVote(Configuration(), [](NodeId) { return Vote::kGranted; }), Vote::kRefused);
}

// Reached by as many as a majority needs, and the next value is not.
bool HeldByAMajority(const std::vector<NodeId>& voters, std::map<NodeId, std::uint64_t>& values,
                     std::uint64_t value) {
  std::size_t count = 0;
  for (const NodeId voter : voters) count += values[voter] >= value ? 1 : 0;
  return count * 2 > voters.size();
}

RC_GTEST_PROP(QuorumProperty, TheValueIsTheGreatestThatAMajorityOfEachHalfHolds,
              (std::uint8_t incoming, std::uint8_t outgoing)) {
  RC_PRE(incoming != 0);
  Configuration configuration;
  configuration.voters = Nodes(incoming);
  configuration.outgoing = Nodes(outgoing);
  std::map<NodeId, std::uint64_t> values;
  for (const NodeId node : Nodes(0xff)) values[node] = *rc::gen::inRange<std::uint64_t>(0, 10);
  const std::uint64_t held = QuorumValue(configuration, [&](NodeId node) { return values[node]; });
  std::uint64_t expected = 0;
  for (std::uint64_t value = 0; value < 10; ++value) {
    if (HeldByAMajority(configuration.voters, values, value) &&
        (outgoing == 0 || HeldByAMajority(configuration.outgoing, values, value))) {
      expected = value;
    }
  }
  RC_ASSERT(held == expected);
}

RC_GTEST_PROP(QuorumProperty, AVoteIsDecidedOnceNoAnswerCanChangeIt,
              (std::uint8_t incoming, std::uint8_t outgoing)) {
  RC_PRE(incoming != 0);
  Configuration configuration;
  configuration.voters = Nodes(incoming & 0x1f);
  configuration.outgoing = Nodes(outgoing & 0x1f);
  RC_PRE(!configuration.voters.empty());
  std::map<NodeId, Vote> votes;
  for (const NodeId node : Nodes(0x1f)) votes[node] = static_cast<Vote>(*rc::gen::inRange(0, 3));
  // All ways in which the pending ones may end.
  bool may_win = false;
  bool may_lose = false;
  for (std::uint64_t rest = 0; rest < 32; ++rest) {
    const auto grants = [&](const std::vector<NodeId>& voters) {
      std::size_t count = 0;
      for (const NodeId node : voters) {
        const bool would = (rest >> (node.value - 1) & 1) != 0;
        const Vote vote = votes[node];
        count += vote == Vote::kGranted || (vote == Vote::kPending && would) ? 1 : 0;
      }
      return count * 2 > voters.size();
    };
    const bool wins = grants(configuration.voters) &&
                      (configuration.outgoing.empty() || grants(configuration.outgoing));
    (wins ? may_win : may_lose) = true;
  }
  const Vote outcome = QuorumVote(configuration, [&](NodeId node) { return votes[node]; });
  if (outcome == Vote::kGranted) RC_ASSERT(!may_lose);
  if (outcome == Vote::kRefused) RC_ASSERT(!may_win);
  if (outcome == Vote::kPending) RC_ASSERT(may_win && may_lose);
}

}  // namespace
}  // namespace beach::raft
