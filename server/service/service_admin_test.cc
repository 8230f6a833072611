// SPDX-License-Identifier: Apache-2.0
// Orders of operators, and the status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/service/testing/service_fixture.h"

namespace beach::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace testing;  // NOLINT: its words

// Members without an address and others with one are all told of.
TEST_F(ServiceTest, StatusTellsOfMembersAndOfWhatTheLeaderKnows) {
  parts_.admin = &admin_;
  Begin();
  Client& client = Connect();
  admin_.view.configuration.voters = {raft::NodeId(1), raft::NodeId(3)};
  admin_.view.configuration.outgoing = {raft::NodeId(3), raft::NodeId(4)};
  admin_.view.configuration.learners_next = {raft::NodeId(4)};
  admin_.view.configuration.learners = {raft::NodeId(5)};
  admin_.view.configuration_index = raft::LogIndex(6);
  admin_.view.progress = {
      {.node = raft::NodeId(3), .match = raft::LogIndex(9), .silent_ns = 2'900'000}};
  admin_.view.log_base = raft::LogIndex(4);
  admin_.view.log_durable = raft::LogIndex(12);
  admin_.view.log_bytes = 1234;
  admin_.view.state_durable = raft::LogIndex(5);
  Ask(client, 3, StatusRequest{});
  const auto replies = Replies(client);
  ASSERT_EQ(replies.size(), 1U);
  NodeReport third = Node(3, kVoter | kOutgoingVoter, "n3:7000");
  third.progress = {.match = 9, .silent_ms = 2};
  EXPECT_EQ(
      std::get<StatusReply>(replies[0].second),
      (StatusReply{.leader = NodeNumber(3),
                   .id = NodeNumber(2),
                   .role = NodeRole::kFollower,
                   .term = 5,
                   .commit = 11,
                   .applied = 10,
                   .log_base = 4,
                   .log_last = 12,
                   .log_bytes = 1234,
                   .state = 5,
                   .configuration = 6,
                   .nodes = {Node(1, kVoter, ""), Node(2, 0, "n2:7000"), third,
                             Node(4, kOutgoingVoter | kLearnerNext, ""), Node(5, kLearner, "")}}));
}

TEST_F(ServiceTest, AChangeIsTheLeadersToMake) {
  Client& client = Lead();
  AskChange(client, 7, MemberChangeKind::kAddLearner, 3, /*joint=*/true);
  ASSERT_EQ(admin_.changes.size(), 1U);
  EXPECT_TRUE(admin_.changes[0].joint);
  ASSERT_EQ(admin_.changes[0].changes.size(), 1U);
  EXPECT_EQ(admin_.changes[0].changes[0].kind, raft::ChangeKind::kAddLearner);
  EXPECT_EQ(admin_.changes[0].changes[0].node, raft::NodeId(3));
  EXPECT_THAT(Replies(client), IsEmpty());
  admin_.view.configuration_index = raft::LogIndex(11);
  admin_.Answer(Committed(AnswerKind::kDone));
  const auto replies = Replies(client);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(std::get<ChangeReply>(replies[0].second),
            (ChangeReply{.leader = NodeNumber(2), .index = 11}));
  EXPECT_EQ(service_->work(), 0U);

  replica_.role_now = raft::Role::kFollower;
  replica_.leader_id = raft::NodeId(3);
  AskChange(client, 8, MemberChangeKind::kAddVoter, 3);
  Failure failure = OnlyFailure(client);
  EXPECT_EQ(failure.kind, FailureKind::kNotLeader);
  EXPECT_EQ(failure.leader_address, "n3:7000");
  EXPECT_TRUE(failure.retry_is_safe);
  AskTransfer(client, 9, 3);
  failure = OnlyFailure(client);
  EXPECT_EQ(failure.kind, FailureKind::kNotLeader);
  EXPECT_THAT(admin_.changes, IsEmpty());
  EXPECT_THAT(admin_.transfers, IsEmpty());
}

// Done is what is said when a joint configuration has been left, and not before.
TEST_F(ServiceTest, AJointChangeEndsWithItsConfiguration) {
  Client& client = Lead();
  AskChange(client, 7, MemberChangeKind::kRemove, 9, /*joint=*/true);
  admin_.view.configuration_index = raft::LogIndex(10);
  admin_.view.configuration.outgoing = {raft::NodeId(9)};
  admin_.Answer(Committed(AnswerKind::kDone));
  loop_.Advance(100 * kMillisecond);
  EXPECT_THAT(Replies(client), IsEmpty());
  admin_.view.configuration.outgoing.clear();
  admin_.view.configuration_index = raft::LogIndex(12);  // not committed yet
  loop_.Advance(100 * kMillisecond);
  EXPECT_THAT(Replies(client), IsEmpty());
  admin_.view.configuration_index = raft::LogIndex(11);
  loop_.Advance(10 * kMillisecond);
  EXPECT_EQ(Replies(client).size(), 1U);
  EXPECT_EQ(loop_.timers(), 0U);

  // It leads no more, and does not see the end.
  admin_.view.configuration.outgoing = {raft::NodeId(9)};
  AskChange(client, 8, MemberChangeKind::kRemove, 9, /*joint=*/true);
  admin_.Answer(Committed(AnswerKind::kDone));
  replica_.role_now = raft::Role::kFollower;
  loop_.Advance(10 * kMillisecond);
  EXPECT_EQ(OnlyFailure(client).kind, FailureKind::kUnknown);
}

TEST_F(ServiceTest, EachEndOfAChangeIsAFailureOfItsKind) {
  using raft::Fate;
  using raft::ProposeError;
  struct Case {
    raft::Outcome outcome;
    FailureKind kind;
    bool safe;
  };
  const Case cases[] = {
      {Ended(Fate::kLost), FailureKind::kNoLeader, true},
      {Ended(Fate::kUnknown), FailureKind::kUnknown, false},
      {Ended(Fate::kRefused, ProposeError::kNotLeader), FailureKind::kNotLeader, true},
      {Ended(Fate::kRefused, ProposeError::kChangePending), FailureKind::kOverloaded, true},
      {Ended(Fate::kRefused, ProposeError::kNotReady), FailureKind::kNoLeader, true},
  };
  Client& client = Lead();
  for (const Case& one : cases) {
    AskChange(client, 7, MemberChangeKind::kAddVoter, 3);
    admin_.Answer(one.outcome);
    const Failure failure = OnlyFailure(client);
    EXPECT_EQ(failure.kind, one.kind) << failure.detail;
    EXPECT_EQ(failure.retry_is_safe, one.safe) << failure.detail;
    EXPECT_TRUE(failure.retry_may_help) << failure.detail;
  }
  AskChange(client, 8, MemberChangeKind::kAddVoter, 4);  // nobody knows where that one is
  Failure failure = OnlyFailure(client);
  EXPECT_EQ(failure.kind, FailureKind::kInvalid);
  EXPECT_THAT(failure.detail, HasSubstr("address"));
  AskChange(client, 9, MemberChangeKind::kAddVoter, 3, false, 10);
  loop_.Advance(10 * kMillisecond);
  EXPECT_EQ(OnlyFailure(client).kind, FailureKind::kUnknown);
  admin_.Answer(Ended(Fate::kRefused, ProposeError::kInvalidChange));
  EXPECT_THAT(replica_.reads, IsEmpty());
  EXPECT_EQ(service_->work(), 0U);
}

// Who asks again, because he was not told, is not told that he has made a mistake.
TEST_F(ServiceTest, AChangeThatIsMadeAlreadyIsDone) {
  const auto invalid = Ended(raft::Fate::kRefused, raft::ProposeError::kInvalidChange);
  Client& client = Lead();
  admin_.view.configuration.voters = {raft::NodeId(2), raft::NodeId(3)};
  admin_.view.configuration_index = raft::LogIndex(8);
  AskChange(client, 7, MemberChangeKind::kAddVoter, 3);
  admin_.Answer(invalid);
  EXPECT_THAT(Replies(client), IsEmpty());  // another may lead by now
  replica_.Grant();
  const auto replies = Replies(client);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(std::get<ChangeReply>(replies[0].second).index, 8U);

  AskChange(client, 8, MemberChangeKind::kRemove, 9);
  admin_.Answer(invalid);
  replica_.Grant();
  EXPECT_EQ(Replies(client).size(), 1U);
  AskChange(client, 8, MemberChangeKind::kAddLearner, 3);
  admin_.Answer(invalid);
  replica_.Grant();
  EXPECT_EQ(OnlyFailure(client).kind, FailureKind::kInvalid);
  admin_.view.configuration_index = raft::LogIndex(12);  // and may be lost
  AskChange(client, 9, MemberChangeKind::kAddVoter, 3);
  admin_.Answer(invalid);
  replica_.Grant();
  EXPECT_EQ(OnlyFailure(client).kind, FailureKind::kInvalid);
  AskChange(client, 9, MemberChangeKind::kAddVoter, 3);
  admin_.Answer(invalid);
  replica_.Grant(raft::ReadError::kNoLeader);
  EXPECT_EQ(OnlyFailure(client).kind, FailureKind::kNoLeader);
  EXPECT_EQ(service_->work(), 0U);
}

TEST_F(ServiceTest, ATransferEndsWithTheTargetLeading) {
  Client& client = Lead();
  AskTransfer(client, 7, 3);
  EXPECT_THAT(admin_.transfers, ElementsAre(raft::NodeId(3)));
  loop_.Advance(50 * kMillisecond);
  replica_.role_now = raft::Role::kFollower;
  replica_.leader_id = {};
  loop_.Advance(50 * kMillisecond);
  EXPECT_THAT(Replies(client), IsEmpty());
  replica_.leader_id = raft::NodeId(3);
  loop_.Advance(10 * kMillisecond);
  const auto replies = Replies(client);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(std::get<TransferReply>(replies[0].second), TransferReply{.leader = NodeNumber(3)});
  EXPECT_EQ(loop_.timers(), 0U);

  replica_.role_now = raft::Role::kLeader;
  replica_.leader_id = raft::NodeId(2);
  AskTransfer(client, 8, 2);  // it leads already
  EXPECT_EQ(Replies(client).size(), 1U);
  AskTransfer(client, 9, 3);
  admin_.target = {};  // the target has not caught up in time
  loop_.Advance(10 * kMillisecond);
  Failure failure = OnlyFailure(client);
  EXPECT_EQ(failure.kind, FailureKind::kUnavailable);
  EXPECT_TRUE(failure.retry_is_safe);
  for (const auto& [error, kind] :
       {std::pair(raft::TransferError::kNotVoter, FailureKind::kInvalid),
        std::pair(raft::TransferError::kNotLeader, FailureKind::kNotLeader),
        std::pair(raft::TransferError::kTransferring, FailureKind::kOverloaded)}) {
    admin_.refuses = error;
    AskTransfer(client, 10, 3);
    EXPECT_EQ(OnlyFailure(client).kind, kind);
  }
}

// Without a deadline of the client's there is one of ours.
TEST_F(ServiceTest, ATransferWithoutAnEndIsUnknown) {
  Client& client = Lead();
  AskTransfer(client, 7, 3, 100);
  AskTransfer(client, 8, 3);
  loop_.Advance(100 * kMillisecond);
  EXPECT_EQ(OnlyFailure(client).kind, FailureKind::kUnknown);
  loop_.Advance(10'000 * kMillisecond);
  EXPECT_EQ(OnlyFailure(client).kind, FailureKind::kUnknown);
  EXPECT_EQ(loop_.timers(), 0U);
  AskTransfer(client, 9, 3);
  client.end->Break();
  EXPECT_EQ(loop_.timers(), 0U);
}

TEST_F(ServiceTest, ANodeThatTakesNoOrdersSaysSo) {
  Begin();
  Client& client = Connect();
  AskChange(client, 1, MemberChangeKind::kAddVoter, 3);
  EXPECT_EQ(OnlyFailure(client).kind, FailureKind::kUnavailable);
  AskTransfer(client, 2, 3);
  EXPECT_EQ(OnlyFailure(client).kind, FailureKind::kUnavailable);
}

}  // namespace
}  // namespace beach::server
