// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/service/testing/service_fixture.h"

namespace beach::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace testing;  // NOLINT: its words

TEST_F(ServiceTest, AWriteIsProposedWithOurTimeAndAnsweredWhenItIsApplied) {
  Begin();
  Client& client = Connect();
  AskPut(client, 7);
  EXPECT_THAT(Replies(client), IsEmpty());
  ASSERT_EQ(replica_.proposals.size(), 1U);
  const auto command = DecodeCommand(replica_.proposals[0].payload.view());
  ASSERT_TRUE(command.has_value());
  EXPECT_EQ(command->proposed_at_ms, kWallMs);
  EXPECT_EQ(command->session, SessionId(4));
  ASSERT_EQ(command->operations.size(), 1U);
  EXPECT_EQ(command->operations[0].value, "shell");

  replica_.Answer(Committed(AnswerKind::kOtherwise));
  const auto replies = Replies(client);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].first, 7U);
  ASSERT_TRUE(std::holds_alternative<WriteReply>(replies[0].second));
  const auto& written = std::get<WriteReply>(replies[0].second);
  EXPECT_EQ(written.leader, NodeNumber(3));
  const auto answer = DecodeAnswer(written.answer);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->kind, AnswerKind::kOtherwise);
  EXPECT_EQ(service_->work(), 0U);
  EXPECT_EQ(service_->calls(), 0U);
}

TEST_F(ServiceTest, EachEndOfAWriteIsAFailureOfItsKind) {
  using raft::Fate;
  using raft::ProposeError;
  struct Case {
    raft::Outcome outcome;
    FailureKind kind;
    bool safe;
    bool helps;
  };
  const Case cases[] = {
      {Ended(Fate::kLost), FailureKind::kNoLeader, true, true},
      {Ended(Fate::kUnknown), FailureKind::kUnknown, false, true},
      {Ended(Fate::kRefused, ProposeError::kNotLeader), FailureKind::kNoLeader, true, true},
      {Ended(Fate::kRefused, ProposeError::kOverloaded), FailureKind::kOverloaded, true, true},
      {Ended(Fate::kRefused, ProposeError::kTransferring), FailureKind::kNoLeader, true, true},
      {Ended(Fate::kRefused, ProposeError::kNotReady), FailureKind::kNoLeader, true, true},
      {Ended(Fate::kRefused, ProposeError::kTooLarge), FailureKind::kTooLarge, true, false},
      {Committed(AnswerKind::kSessionGone), FailureKind::kSessionExpired, false, false},
      {Committed(AnswerKind::kInvalid), FailureKind::kInvalid, true, false},
      {Ended(Fate::kCommitted), FailureKind::kUnknown, false, true},  // nothing was answered here
  };
  Begin();
  Client& client = Connect();
  for (const Case& one : cases) {
    AskPut(client, 7);
    replica_.Answer(one.outcome);
    const Failure failure = OnlyFailure(client);
    EXPECT_EQ(failure.kind, one.kind) << FailureKindName(one.kind) << ": " << failure.detail;
    EXPECT_EQ(failure.retry_is_safe, one.safe) << FailureKindName(one.kind);
    EXPECT_EQ(failure.retry_may_help, one.helps) << FailureKindName(one.kind);
    EXPECT_EQ(failure.leader, NodeNumber(3));
    EXPECT_EQ(failure.leader_address, "n3:7000");
  }
  replica_.leader_id = {};
  AskPut(client, 8);
  replica_.Answer(Ended(raft::Fate::kLost));
  const Failure failure = OnlyFailure(client);
  EXPECT_EQ(failure.leader, NodeNumber(0));
  EXPECT_EQ(failure.leader_address, "");
}

TEST_F(ServiceTest, ACommandThatMakesNoSenseIsNotProposed) {
  Begin();
  Client& client = Connect();
  Ask(client, 1, WriteRequest{.deadline_ms = 0, .command = "no command at all"});
  const Failure failure = OnlyFailure(client);
  EXPECT_EQ(failure.kind, FailureKind::kInvalid);
  EXPECT_TRUE(failure.retry_is_safe);
  EXPECT_FALSE(failure.retry_may_help);
  EXPECT_THAT(replica_.proposals, IsEmpty());
  EXPECT_THAT(client.gone, IsEmpty());
}

TEST_F(ServiceTest, AReadIsServedFromTheStoreOnceItMayBe) {
  Begin();
  Client& client = Connect();
  store_.values["sand"] = "old";
  AskGet(client, 7);
  EXPECT_THAT(Replies(client), IsEmpty());
  EXPECT_EQ(store_.gets, 0);
  ASSERT_EQ(replica_.reads.size(), 1U);
  EXPECT_EQ(replica_.reads[0].mode, raft::ReadMode::kRound);
  store_.values["sand"] = "shell";
  replica_.Grant();
  const auto replies = Replies(client);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].first, 7U);
  EXPECT_EQ(std::get<GetReply>(replies[0].second),
            (GetReply{.leader = NodeNumber(3), .index = 10, .value = "shell"}));
  store_.values.clear();
  AskGet(client, 8);
  replica_.Grant();
  const auto absent = Replies(client);
  ASSERT_EQ(absent.size(), 1U);
  EXPECT_FALSE(std::get<GetReply>(absent[0].second).value.has_value());
  EXPECT_EQ(service_->work(), 0U);
}

TEST_F(ServiceTest, HowFreshAReadIsIsTheClientsToSay) {
  Begin();
  Client& client = Connect();
  AskGet(client, 1, Consistency::kLease);
  ASSERT_EQ(replica_.reads.size(), 1U);
  EXPECT_EQ(replica_.reads[0].mode, raft::ReadMode::kLease);
  AskGet(client, 2, Consistency::kStale);
  EXPECT_EQ(replica_.reads.size(), 1U);
  const auto replies = Replies(client);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].first, 2U);
}

TEST_F(ServiceTest, AReadThatFailsMayAlwaysBeAskedAgain) {
  Begin();
  Client& client = Connect();
  const std::pair<raft::ReadError, FailureKind> cases[] = {
      {raft::ReadError::kNoLeader, FailureKind::kNoLeader},
      {raft::ReadError::kOverloaded, FailureKind::kOverloaded},
      {raft::ReadError::kUnanswered, FailureKind::kNoLeader}};
  for (const auto& [error, kind] : cases) {
    AskGet(client, 1);
    replica_.Grant(error);
    const Failure failure = OnlyFailure(client);
    EXPECT_EQ(failure.kind, kind);
    EXPECT_TRUE(failure.retry_is_safe);
    EXPECT_TRUE(failure.retry_may_help);
  }
  store_.broken = true;
  AskGet(client, 1, Consistency::kStale);
  const Failure failure = OnlyFailure(client);
  EXPECT_EQ(failure.kind, FailureKind::kUnavailable);
  EXPECT_THAT(failure.detail, HasSubstr("bad block"));
  EXPECT_EQ(service_->work(), 0U);
}

TEST_F(ServiceTest, AScanIsWithinItsLimitsAndSaysWhereToGoOn) {
  Begin();
  Client& client = Connect();
  store_.values = {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}};
  Ask(client, 1,
      ScanRequest{.deadline_ms = 0,
                  .consistency = Consistency::kStale,
                  .begin = "b",
                  .end = "d",
                  .entries_max = 1,
                  .bytes_max = 77});
  auto replies = Replies(client);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(std::get<ScanReply>(replies[0].second),
            (ScanReply{.leader = NodeNumber(3),
                       .index = 10,
                       .entries = {{.key = "b", .value = "2"}},
                       .next = "c"}));
  EXPECT_EQ(store_.last_range.bytes_max, 77U);
  Ask(client, 2,
      ScanRequest{.deadline_ms = 0,
                  .consistency = {},
                  .begin = "c",
                  .end = {},
                  .entries_max = 1'000'000,
                  .bytes_max = ~std::uint32_t{0}});
  replica_.Grant();
  replies = Replies(client);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(std::get<ScanReply>(replies[0].second).entries.size(), 2U);
  EXPECT_FALSE(std::get<ScanReply>(replies[0].second).next.has_value());
  EXPECT_FALSE(store_.last_range.end.has_value());
  EXPECT_EQ(store_.last_range.entries_max, kScanEntriesMax);
  EXPECT_EQ(store_.last_range.bytes_max, kScanBytesMax);
}

TEST_F(ServiceTest, StatusIsWhatTheNodeKnows) {
  Begin();
  Client& client = Connect();
  replica_.role_now = raft::Role::kCandidate;
  Ask(client, 3, StatusRequest{});
  const auto replies = Replies(client);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(std::get<StatusReply>(replies[0].second),
            (StatusReply{.leader = NodeNumber(3),
                         .id = NodeNumber(2),
                         .role = NodeRole::kCandidate,
                         .term = 5,
                         .commit = 11,
                         .applied = 10,
                         .nodes = {Node(2, 0, "n2:7000"), Node(3, 0, "n3:7000")}}));
}

TEST_F(ServiceTest, RepliesComeAsTheyAreReady) {
  Begin();
  Client& client = Connect();
  AskPut(client, 1);
  AskGet(client, 2, Consistency::kStale);
  AskGet(client, 3);
  replica_.Grant();
  replica_.Answer(Committed(AnswerKind::kDone));
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, reply] : Replies(client)) numbers.push_back(number);
  EXPECT_THAT(numbers, ElementsAre(2, 3, 1));
}

// A read is not done, a write may be; what comes of it later is replied to nobody.
TEST_F(ServiceTest, AtItsDeadlineARequestIsRepliedForWhatItIs) {
  Begin();
  Client& client = Connect();
  AskGet(client, 1, Consistency::kLinearizable, 100);
  AskPut(client, 2, 200);
  loop_.Advance(99 * kMillisecond);
  EXPECT_THAT(Replies(client), IsEmpty());
  loop_.Advance(kMillisecond);
  Failure failure = OnlyFailure(client);
  EXPECT_EQ(failure.kind, FailureKind::kDeadline);
  EXPECT_TRUE(failure.retry_is_safe);
  loop_.Advance(100 * kMillisecond);
  failure = OnlyFailure(client);
  EXPECT_EQ(failure.kind, FailureKind::kUnknown);
  EXPECT_FALSE(failure.retry_is_safe);
  EXPECT_EQ(service_->calls(), 0U);
  EXPECT_EQ(service_->work(), 2U);
  replica_.Grant();
  replica_.Answer(Committed(AnswerKind::kDone));
  EXPECT_THAT(Replies(client), IsEmpty());
  EXPECT_EQ(store_.gets, 0);
  EXPECT_EQ(service_->work(), 0U);
}

TEST_F(ServiceTest, ADeadlineThatIsKeptLeavesNoTimer) {
  Begin();
  Client& client = Connect();
  AskPut(client, 1, 100);
  AskGet(client, 2, Consistency::kStale, 100);
  replica_.Answer(Committed(AnswerKind::kDone));
  EXPECT_EQ(Replies(client).size(), 2U);
  EXPECT_EQ(loop_.timers(), 0U);
}

TEST_F(ServiceTest, OneGuestHasSoManyAtOnceAndOthersTheirOwn) {
  limits_.guest_calls_max = 2;
  Begin();
  Client& greedy = Connect();
  Client& other = Connect();
  AskPut(greedy, 1);
  AskGet(greedy, 2);
  AskPut(greedy, 3);
  Failure failure = OnlyFailure(greedy);
  EXPECT_EQ(failure.kind, FailureKind::kOverloaded);
  EXPECT_TRUE(failure.retry_is_safe);
  EXPECT_TRUE(failure.retry_may_help);
  AskPut(other, 1);
  EXPECT_EQ(replica_.proposals.size(), 2U);
  replica_.Answer(Committed(AnswerKind::kDone));
  EXPECT_EQ(Replies(greedy).size(), 1U);
  AskPut(greedy, 4);
  EXPECT_EQ(replica_.proposals.size(), 2U);
}

// Who hangs up, or sets short deadlines, does not get around the limit of all.
TEST_F(ServiceTest, WhatTheNodeStillWorksOnCountsWhoeverWaitsForIt) {
  limits_.work_max = 3;
  Begin();
  Client& first = Connect();
  AskPut(first, 1);
  AskPut(first, 2);
  first.end->Break();
  Client& second = Connect();
  AskPut(second, 1, 10);
  loop_.Advance(20 * kMillisecond);
  EXPECT_EQ(OnlyFailure(second).kind, FailureKind::kUnknown);
  AskPut(second, 2);
  EXPECT_EQ(OnlyFailure(second).kind, FailureKind::kOverloaded);
  EXPECT_EQ(replica_.proposals.size(), 3U);
  replica_.Answer(Ended(raft::Fate::kUnknown));
  AskPut(second, 3);
  EXPECT_EQ(replica_.proposals.size(), 3U);
  EXPECT_THAT(Replies(second), IsEmpty());
}

TEST_F(ServiceTest, BytesUnderWayHaveALimit) {
  limits_.work_bytes_max = 2'000;
  Begin();
  Client& client = Connect();
  const Bytes command = PutCommand("sand", std::string(1'500, 'x'));
  Ask(client, 1, WriteRequest{.deadline_ms = 0, .command = command});
  Ask(client, 2, WriteRequest{.deadline_ms = 0, .command = command});
  EXPECT_EQ(OnlyFailure(client).kind, FailureKind::kOverloaded);
  const std::string key(600, 'k');
  Ask(client, 3, GetRequest{.deadline_ms = 0, .consistency = {}, .key = key});
  EXPECT_EQ(OnlyFailure(client).kind, FailureKind::kOverloaded);
  replica_.Answer(Committed(AnswerKind::kDone));
  Ask(client, 4, WriteRequest{.deadline_ms = 0, .command = command});
  EXPECT_EQ(replica_.proposals.size(), 1U);
}

TEST_F(ServiceTest, WhoHasGoneIsRepliedNothing) {
  Begin();
  Client& client = Connect();
  store_.later = true;
  AskPut(client, 1, 1'000);
  AskGet(client, 2);
  AskGet(client, 3, Consistency::kStale);
  client.end->Break();
  EXPECT_EQ(client.guest, nullptr);
  EXPECT_EQ(service_->calls(), 0U);
  EXPECT_EQ(loop_.timers(), 0U);
  replica_.Answer(Committed(AnswerKind::kDone));
  replica_.Grant();
  ASSERT_EQ(store_.waiting.size(), 1U);
  store_.waiting[0]();
  loop_.Advance(2'000 * kMillisecond);
  EXPECT_EQ(store_.gets, 1);
  EXPECT_EQ(service_->work(), 0U);
}

TEST_F(ServiceTest, WhoDoesNotReadIsCutOff) {
  Begin();
  Client& client = Connect(/*send_queue_max=*/200);
  client.end->flows = false;
  store_.values["sand"] = std::string(100, 'x');
  AskGet(client, 1, Consistency::kStale);
  AskPut(client, 2);
  EXPECT_THAT(client.gone, IsEmpty());
  AskGet(client, 3, Consistency::kStale);
  loop_.Settle();
  EXPECT_THAT(client.gone, ElementsAre(HasSubstr("does not read")));
  EXPECT_EQ(service_->calls(), 0U);
  replica_.Answer(Committed(AnswerKind::kDone));
}

TEST_F(ServiceTest, WhatIsNoRequestEndsTheConnection) {
  Begin();
  Bytes get;
  EncodeRequest(GetRequest{.deadline_ms = 0, .consistency = {}, .key = "sand"}, get);
  const Bytes frames[] = {
      FrameOf({33, 1, get.substr(0, 7)}),  // cut short
      FrameOf({33, 0, get}),               // nothing to tie a reply to
      FrameOf({48, 1, ""}),                // a reply
      FrameOf({16, 1, ""}),                // of consensus
      FrameOf({47, 1, ""}),
  };
  for (const Bytes& frame : frames) {
    Client& client = Connect();
    client.end->Say(frame);
    loop_.Settle();
    EXPECT_EQ(client.gone.size(), 1U);
  }
  EXPECT_THAT(replica_.reads, IsEmpty());
  Client& client = Connect();
  Bytes scan;
  EncodeRequest(ScanRequest{}, scan);
  scan[scan.size() - 17] = scan[scan.size() - 16] = 0;  // for no entries: well formed
  client.end->Say(FrameOf({34, 9, scan}));
  EXPECT_EQ(OnlyFailure(client).kind, FailureKind::kInvalid);
  EXPECT_THAT(client.gone, IsEmpty());
}

TEST_F(ServiceTest, ItsEndLeavesNoTimer) {
  Begin();
  Client& client = Connect();
  AskPut(client, 1, 100);
  EXPECT_EQ(loop_.timers(), 1U);
  service_.reset();
  EXPECT_EQ(loop_.timers(), 0U);
}

}  // namespace
}  // namespace beach::server
