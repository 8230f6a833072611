// SPDX-License-Identifier: Apache-2.0
#include "raft/configuration.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "raft/quorum.h"

namespace beach::raft {
namespace {

constexpr NodeId k1(1), k2(2), k3(3), k4(4), k5(5);

Configuration Of(std::vector<NodeId> voters, std::vector<NodeId> learners = {}) {
  Configuration configuration;
  configuration.voters = std::move(voters);
  configuration.learners = std::move(learners);
  return configuration;
}

TEST(Configuration, OneVoterMayChangeInOneStep) {
  const Change add[] = {{ChangeKind::kAddVoter, k4}};
  EXPECT_EQ(ChangeSimply(Of({k1, k2, k3}), add), Of({k1, k2, k3, k4}));
  const Change remove[] = {{ChangeKind::kRemove, k1}};
  EXPECT_EQ(ChangeSimply(Of({k1, k2, k3}), remove), Of({k2, k3}));
  const Change promote[] = {{ChangeKind::kAddVoter, k4}, {ChangeKind::kAddLearner, k5}};
  EXPECT_EQ(ChangeSimply(Of({k1}, {k4}), promote), Of({k1, k4}, {k5}));
}

TEST(Configuration, TwoVotersMayNot) {
  const Change swap[] = {{ChangeKind::kAddVoter, k4}, {ChangeKind::kRemove, k3}};
  EXPECT_FALSE(ChangeSimply(Of({k1, k2, k3}), swap));
}

TEST(Configuration, SomebodyHasToVote) {
  const Change remove[] = {{ChangeKind::kRemove, k1}};
  EXPECT_FALSE(ChangeSimply(Of({k1}), remove));
  EXPECT_FALSE(EnterJoint(Of({k1}), remove, true));
}

TEST(Configuration, AJointOneHasBothHalvesAndLeavesTheOld) {
  const Change swap[] = {{ChangeKind::kAddVoter, k4}, {ChangeKind::kRemove, k3}};
  const ChangeResult joint = EnterJoint(Of({k1, k2, k3}), swap, true);
  ASSERT_TRUE(joint);
  EXPECT_EQ(joint->voters, (std::vector<NodeId>{k1, k2, k4}));
  EXPECT_EQ(joint->outgoing, (std::vector<NodeId>{k1, k2, k3}));
  EXPECT_TRUE(joint->IsVoter(k3));
  EXPECT_TRUE(joint->IsMember(k4));
  EXPECT_FALSE(EnterJoint(*joint, swap, true)) << "one at a time";
  EXPECT_FALSE(ChangeSimply(*joint, swap));
  EXPECT_EQ(LeaveJoint(*joint), Of({k1, k2, k4}));
  EXPECT_FALSE(LeaveJoint(Of({k1})));
}

TEST(Configuration, AVoterThatBecomesALearnerVotesUntilTheJointOneIsLeft) {
  const Change demote[] = {{ChangeKind::kAddLearner, k3}};
  const ChangeResult joint = EnterJoint(Of({k1, k2, k3}), demote, false);
  ASSERT_TRUE(joint);
  EXPECT_TRUE(joint->IsVoter(k3));
  EXPECT_TRUE(joint->learners.empty());
  EXPECT_EQ(LeaveJoint(*joint), Of({k1, k2}, {k3}));
}

TEST(Configuration, GarbageIsNoConfiguration) {
  const Bytes good = EncodeConfiguration(Of({k1, k2}, {k3}));
  EXPECT_EQ(DecodeConfiguration(good), Of({k1, k2}, {k3}));
  for (std::size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(DecodeConfiguration(good.substr(0, i)));
  }
  EXPECT_FALSE(DecodeConfiguration(good + "x"));
  EXPECT_FALSE(DecodeConfiguration(EncodeConfiguration(Of({k2, k1}))));
  EXPECT_FALSE(DecodeConfiguration(EncodeConfiguration(Of({k1, k1}))));
  EXPECT_FALSE(DecodeConfiguration(EncodeConfiguration(Of({k1}, {k1}))));
  EXPECT_FALSE(DecodeConfiguration(EncodeConfiguration(Of({NodeId{}}))));
}

RC_GTEST_PROP(ConfigurationProperty, AnyBytesDecodeToASoundConfigurationOrNone,
              (const std::string& bytes)) {
  const auto configuration = DecodeConfiguration(bytes);
  if (configuration) RC_ASSERT(!Unsound(*configuration));
}

// What makes each step safe: a majority of what is before shares a voter with one of what is after.
RC_GTEST_PROP(ConfigurationProperty, MajoritiesBeforeAndAfterAChangeOverlap,
              (std::uint8_t before, std::uint64_t seed)) {
  RC_PRE((before & 0x1f) != 0);
  Configuration from;
  for (std::uint64_t i = 0; i < 5; ++i) {
    if ((before >> i & 1) != 0) from.voters.emplace_back(i + 1);
  }
  std::vector<Change> changes;
  for (std::uint64_t i = 0; i < 1 + seed % 3; ++i) {
    changes.push_back({.kind = static_cast<ChangeKind>((seed >> (8 * i)) % 3),
                       .node = NodeId(1 + (seed >> (8 * i + 4)) % 5)});
  }
  std::vector<Configuration> steps = {from};
  if (const auto simple = ChangeSimply(from, changes)) {
    steps.push_back(*simple);
  } else if (const auto joint = EnterJoint(from, changes, true)) {
    steps.push_back(*joint);
    steps.push_back(*LeaveJoint(*joint));
  }
  for (std::size_t step = 1; step < steps.size(); ++step) {
    for (std::uint64_t left = 0; left < 32; ++left) {
      for (std::uint64_t right = 0; right < 32; ++right) {
        if ((left & right) != 0) continue;
        const auto wins = [](const Configuration& configuration, std::uint64_t nodes) {
          return QuorumVote(configuration, [&](NodeId node) {
                   return (nodes >> (node.value - 1) & 1) != 0 ? Vote::kGranted : Vote::kRefused;
                 }) == Vote::kGranted;
        };
        RC_ASSERT(!wins(steps[step - 1], left) || !wins(steps[step], right));
      }
    }
  }
}

TEST(ConfigurationHistory, ACutEntryTakesItsConfigurationWithIt) {
  ConfigurationHistory history(LogIndex{}, Of({k1}));
  history.Append(LogIndex(3), Of({k1, k2}));
  history.Append(LogIndex(5), Of({k1, k2, k3}));
  EXPECT_FALSE(history.TruncateFrom(LogIndex(6)));
  EXPECT_TRUE(history.TruncateFrom(LogIndex(4)));
  EXPECT_EQ(history.current(), Of({k1, k2}));
  EXPECT_EQ(history.current_index(), LogIndex(3));
}

TEST(ConfigurationHistory, CompactionKeepsWhatIsInForce) {
  ConfigurationHistory history(LogIndex{}, Of({k1}));
  history.Append(LogIndex(3), Of({k1, k2}));
  history.Append(LogIndex(5), Of({k1, k2, k3}));
  history.Compact(LogIndex(4));
  EXPECT_EQ(history.At(LogIndex(4)), Of({k1, k2}));
  EXPECT_EQ(history.IndexAt(LogIndex(4)), LogIndex(3));
  EXPECT_EQ(history.current(), Of({k1, k2, k3}));
  history.Reset(LogIndex(9), Of({k4}));
  EXPECT_EQ(history.current(), Of({k4}));
}

TEST(ConfigurationHistory, AVoterOfAnyConfigurationBehindAnIndexIsFound) {
  ConfigurationHistory history(LogIndex{}, Of({k1, k2}));
  history.Append(LogIndex(3), Of({k1}));
  history.Append(LogIndex(5), Of({k1, k3}));
  history.Append(LogIndex(7), Of({k1}));
  EXPECT_TRUE(history.IsVoterSince(LogIndex(2), k2));
  EXPECT_FALSE(history.IsVoterSince(LogIndex(3), k2));
  EXPECT_TRUE(history.IsVoterSince(LogIndex(3), k3));
  EXPECT_TRUE(history.IsVoterSince(LogIndex(6), k3));
  EXPECT_FALSE(history.IsVoterSince(LogIndex(7), k3));
}

TEST(ConfigurationHistory, OneThatWasLostComesBackIntoItsPlace) {
  ConfigurationHistory history(LogIndex{}, Of({k1}));
  history.Append(LogIndex(5), Of({k1, k2, k3}));
  history.Insert(LogIndex(3), Of({k1, k2}));
  EXPECT_EQ(history.At(LogIndex(4)), Of({k1, k2}));
  EXPECT_EQ(history.current(), Of({k1, k2, k3}));
  history.Insert(LogIndex(8), Of({k4}));
  EXPECT_EQ(history.current(), Of({k4}));
}

TEST(ConfigurationHistory, ASnapshotSaysWhatWasInForce) {
  ConfigurationHistory history(LogIndex{}, Of({k1}));
  history.Append(LogIndex(7), Of({k1, k2, k3}));
  EXPECT_FALSE(history.Rebase(LogIndex(5), LogIndex(3), Of({k1, k2})));
  EXPECT_EQ(history.At(LogIndex(5)), Of({k1, k2}));
  EXPECT_EQ(history.current(), Of({k1, k2, k3}));
  EXPECT_TRUE(history.Rebase(LogIndex(9), LogIndex(8), Of({k4})));
  EXPECT_EQ(history.current(), Of({k4}));
}

}  // namespace
}  // namespace beach::raft
