// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/client/testing/client_fixture.h"

namespace beach::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace testing;  // NOLINT: its words

TEST_F(ClientTest, WritesOfOneSessionHaveNumbersOfTheirOwn) {
  Begin();
  Put();
  Put();
  EXPECT_EQ(loop_.ends().size(), 0U);  // nothing is done inside of a call
  loop_.Settle();
  EXPECT_EQ(opened_, 1U);
  EXPECT_EQ(client_->session(), SessionId(101));
  ASSERT_EQ(asked_.size(), 2U);
  EXPECT_EQ(asked_[0].command().session, SessionId(101));
  EXPECT_EQ(asked_[0].command().request, RequestNumber(1));
  EXPECT_EQ(asked_[1].command().request, RequestNumber(2));
  EXPECT_EQ(asked_[1].command().answered_below, RequestNumber(1));
  EXPECT_EQ(asked_[0].command().operations[0].value, "shell");
  Written(asked_[1], AnswerKind::kDone);
  EXPECT_EQ(TakeAnswer(), "done");
  Written(asked_[0], AnswerKind::kDone);
  EXPECT_EQ(TakeAnswer(), "done");
  asked_.clear();
  Put();
  const Command third = Only().command();
  EXPECT_EQ(third.request, RequestNumber(3));
  EXPECT_EQ(third.answered_below, RequestNumber(3));
  EXPECT_EQ(opened_, 1U);
  EXPECT_EQ(client_->calls(), 1U);
}

TEST_F(ClientTest, ReadsNeedNoSession) {
  Begin();
  Get(Consistency::kLease, 300 * kMillisecond);
  const Asked asked = Only();
  EXPECT_EQ(asked.get().key, "sand");
  EXPECT_EQ(asked.get().consistency, Consistency::kLease);
  EXPECT_EQ(asked.deadline_ms(), 300U);
  Say(asked, GetReply{.leader = {}, .index = 9, .value = "shell"});
  loop_.Settle();
  ASSERT_EQ(got_.size(), 1U);
  ASSERT_TRUE(got_[0].has_value());
  EXPECT_EQ(got_[0]->value, "shell");
  EXPECT_EQ(got_[0]->index, 9U);
  EXPECT_EQ(opened_, 0U);
  EXPECT_EQ(loop_.ends().size(), 2U);  // one node was dialled
}

TEST_F(ClientTest, ScansBringEntriesAndWhereToGoOn) {
  Begin();
  std::vector<CallResult<ScanResult>> scanned;
  client_->Scan({.deadline_ms = 0, .consistency = {}, .begin = "a", .end = "c", .entries_max = 2},
                0, [&](CallResult<ScanResult> result) { scanned.push_back(std::move(result)); });
  const Asked asked = Only();
  const auto request = DecodeRequest(asked.type, asked.payload);
  EXPECT_EQ(std::get<ScanRequest>(*request).end, "c");
  Say(asked, ScanReply{.leader = {},
                       .index = 9,
                       .entries = {{.key = "a", .value = "1"}, {.key = "b", .value = "2"}},
                       .next = "ba"});
  loop_.Settle();
  ASSERT_EQ(scanned.size(), 1U);
  ASSERT_TRUE(scanned[0].has_value());
  EXPECT_THAT(scanned[0]->entries,
              ElementsAre(std::pair<Bytes, Bytes>("a", "1"), std::pair<Bytes, Bytes>("b", "2")));
  EXPECT_EQ(scanned[0]->next, "ba");
}

TEST_F(ClientTest, CompareAndSetIsOneTransaction) {
  Begin();
  const auto done = [this](CallResult<Answer> answer) { answers_.push_back(std::move(answer)); };
  client_->CompareAndSet("k", "old", "new", 0, done);
  Asked asked = Only();
  Command command = asked.command();
  ASSERT_EQ(command.conditions.size(), 1U);
  EXPECT_EQ(command.conditions[0].kind, ConditionKind::kEquals);
  EXPECT_EQ(command.conditions[0].value, "old");
  EXPECT_EQ(command.operations[0].value, "new");
  ASSERT_EQ(command.otherwise.size(), 1U);
  EXPECT_EQ(command.otherwise[0].kind, OperationKind::kGet);
  Written(asked, AnswerKind::kOtherwise);
  EXPECT_EQ(TakeAnswer(), "otherwise");
  client_->CompareAndSet("k", std::nullopt, "new", 0, done);
  EXPECT_EQ(Only().command().conditions[0].kind, ConditionKind::kAbsent);
  client_->Delete("k", 0, done);
  EXPECT_EQ(Only().command().operations[0].kind, OperationKind::kDelete);
}

TEST_F(ClientTest, WhatBreaksALimitIsToldAfterTheCall) {
  Begin();
  const std::string key(kKeySizeMax + 1, 'k');
  client_->Put(key, "", 0, [this](CallResult<Answer> answer) { answers_.push_back(answer); });
  client_->Get(key, {}, 0, [this](CallResult<GetResult> result) { got_.push_back(result); });
  EXPECT_THAT(answers_, IsEmpty());
  EXPECT_EQ(TakeAnswer(), "invalid");
  ASSERT_EQ(got_.size(), 1U);
  EXPECT_EQ(got_[0].error().kind, FailureKind::kInvalid);
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(ClientTest, AWriteWhoseConnectionBreaksIsAskedElsewhereUnderItsNumber) {
  Begin();
  Put();
  const Asked first = Only();
  EXPECT_EQ(first.node, 1U);
  Stop(1);
  const Asked second = Only(500 * kMillisecond);
  EXPECT_EQ(second.node, 2U);
  EXPECT_NE(second.request, first.request);
  EXPECT_EQ(second.payload, first.payload);
  Written(second, AnswerKind::kDone);
  EXPECT_EQ(TakeAnswer(), "done");
  EXPECT_EQ(opened_, 1U);
}

TEST_F(ClientTest, ASilentNodeIsAskedNoMore) {
  Begin();
  Get();
  const Asked first = Only();
  EXPECT_EQ(first.deadline_ms(), 1'000U);  // it need not work on it for longer
  loop_.Advance(999 * kMillisecond);
  EXPECT_THAT(asked_, IsEmpty());
  const Asked second = Only(50 * kMillisecond);
  EXPECT_EQ(second.node, 2U);
  Get();
  EXPECT_EQ(Only().node, 2U);
}

TEST_F(ClientTest, TheReplyOfAnEarlierTryCounts) {
  Begin();
  Put();
  const Asked first = Only();
  const Asked second = Only(1'100 * kMillisecond);
  Written(first, AnswerKind::kDone);
  EXPECT_EQ(TakeAnswer(), "done");
  Written(second, AnswerKind::kDone);
  EXPECT_EQ(TakeAnswer(), "0 answers");
  EXPECT_EQ(client_->calls(), 0U);
}

TEST_F(ClientTest, GoesToTheLeaderThatItIsTold) {
  Begin();
  Get();
  Failed(Only(), FailureKind::kNoLeader, true, true, 3);
  const Asked second = Only(100 * kMillisecond);
  EXPECT_EQ(second.node, 3U);
  // A number alone says it once that node has been met.
  Say(second, GetReply{.leader = NodeNumber(3), .index = 1, .value = {}});
  loop_.Settle();
  Stop(3);
  loop_.Advance(kSecond);
  Start(3);
  loop_.Advance(5 * kSecond);
  Get();
  const Asked third = Only();
  EXPECT_NE(third.node, 3U);
  Say(third, GetReply{.leader = NodeNumber(3), .index = 1, .value = {}});
  loop_.Settle();
  Get();
  EXPECT_EQ(Only().node, 3U);
}

TEST_F(ClientTest, OverloadIsNoReasonToGoElsewhere) {
  Begin();
  Get();
  Failed(Only(), FailureKind::kOverloaded, true, true);
  EXPECT_EQ(Only(20 * kMillisecond).node, 1U);
}

TEST_F(ClientTest, WaitsLongerFromTryToTry) {
  Begin();
  Get();
  std::uint64_t longest = options_.retry_low_ns;
  for (int i = 0; i < 10; ++i) {
    Failed(Only(), FailureKind::kOverloaded, true, true);
    loop_.Settle();
    loop_.Advance(longest / 2 - 1);
    EXPECT_THAT(asked_, IsEmpty()) << i;
    loop_.Advance(longest / 2 + 1);
    EXPECT_EQ(asked_.size(), 1U) << i;
    longest = std::min(2 * longest, options_.retry_high_ns);
  }
}

TEST_F(ClientTest, WhatCannotHelpIsToldAtOnce) {
  Begin();
  Put();
  Failed(Only(), FailureKind::kTooLarge, true, false);
  EXPECT_EQ(TakeAnswer(), "too large");
  Get();
  Failed(Only(), FailureKind::kInvalid, true, false);
  loop_.Settle();
  ASSERT_EQ(got_.size(), 1U);
  EXPECT_EQ(got_[0].error().kind, FailureKind::kInvalid);
}

// A write that was heard may be done; one that never left, or was refused each time, is not.
TEST_F(ClientTest, AtTheDeadlineAWriteIsUnknownOnlyIfItMayBeDone) {
  Begin();
  Put(3 * kSecond);
  loop_.Advance(3 * kSecond - 1);
  EXPECT_GE(asked_.size(), 3U);
  EXPECT_EQ(TakeAnswer(), "0 answers");
  loop_.Advance(1);
  EXPECT_EQ(TakeAnswer(), "unknown outcome");

  asked_.clear();
  Put(100 * kMillisecond);
  Failed(Only(), FailureKind::kNoLeader, true, true);
  loop_.Settle();
  for (int i = 0; i < 20; ++i) {
    loop_.Advance(5 * kMillisecond);
    for (const Asked& asked : asked_) Failed(asked, FailureKind::kNoLeader, true, true);
    asked_.clear();
    loop_.Settle();
  }
  EXPECT_EQ(TakeAnswer(), "deadline");

  for (std::size_t node = 1; node <= 3; ++node) Stop(node);
  loop_.Settle();
  Put(kSecond);
  loop_.Advance(kSecond);
  EXPECT_EQ(TakeAnswer(), "deadline");
  Get({}, kSecond);
  loop_.Advance(kSecond);
  ASSERT_EQ(got_.size(), 1U);
  EXPECT_EQ(got_[0].error().kind, FailureKind::kDeadline);
  EXPECT_EQ(client_->calls(), 0U);
}

TEST_F(ClientTest, AnUnknownOutcomeIsAskedAgainUnderItsNumber) {
  Begin();
  Put();
  const Asked first = Only();
  Failed(first, FailureKind::kUnknown, false, true);
  const Asked second = Only(100 * kMillisecond);
  EXPECT_EQ(second.command(), first.command());
  // Refused now, and yet the first try may be done.
  Failed(second, FailureKind::kTooLarge, true, false);
  EXPECT_EQ(TakeAnswer(), "unknown outcome");
}

TEST_F(ClientTest, WhenItsSessionExpiresAWriteTriedOnceBeginsAnew) {
  Begin();
  Put();
  const Asked first = Only();
  Failed(first, FailureKind::kSessionExpired, false, false);
  const Asked second = Only(100 * kMillisecond);
  EXPECT_EQ(opened_, 2U);
  EXPECT_EQ(second.command().session, SessionId(102));
  EXPECT_EQ(second.command().request, RequestNumber(1));
  EXPECT_EQ(second.command().operations, first.command().operations);
  Written(second, AnswerKind::kDone);
  EXPECT_EQ(TakeAnswer(), "done");
}

TEST_F(ClientTest, WhenItsSessionExpiresAWriteTriedBeforeIsUnknown) {
  Begin();
  Put();
  Only();
  Failed(Only(1'100 * kMillisecond), FailureKind::kSessionExpired, false, false);
  EXPECT_EQ(TakeAnswer(), "unknown outcome");
  EXPECT_EQ(client_->session(), SessionId(0));
  Put();
  EXPECT_EQ(Only().command().session, SessionId(102));
}

TEST_F(ClientTest, AnOpenIsAskedAgainUntilItIsDone) {
  opens_ = false;
  Begin();
  Put();
  EXPECT_EQ(Only().command().kind, CommandKind::kOpenSession);
  const Asked second = Only(1'100 * kMillisecond);
  EXPECT_EQ(second.node, 2U);
  Failed(second, FailureKind::kUnavailable, true, false);
  EXPECT_EQ(TakeAnswer(), "0 answers");
  const Asked third = Only(500 * kMillisecond);
  EXPECT_EQ(third.command().kind, CommandKind::kOpenSession);
  Written(third, AnswerKind::kDone, 77);
  EXPECT_EQ(Only().command().session, SessionId(77));
}

TEST_F(ClientTest, SoManyAreAskedAtOnceAndSoManyWait) {
  options_.in_flight_max = 4;
  options_.calls_max = 6;
  Begin();
  for (int i = 0; i < 7; ++i) Get();
  loop_.Settle();
  EXPECT_EQ(asked_.size(), 3U);
  ASSERT_EQ(got_.size(), 1U);
  EXPECT_EQ(got_[0].error().kind, FailureKind::kOverloaded);
  Say(asked_[0], GetReply{});
  loop_.Settle();
  EXPECT_EQ(asked_.size(), 4U);
}

TEST_F(ClientTest, ASessionHasSoManyOpenRequests) {
  Begin();
  for (int i = 0; i < 70; ++i) Put();
  loop_.Settle();
  EXPECT_EQ(asked_.size(), kOutstandingMax);
  Written(asked_[1], AnswerKind::kDone);  // not the oldest
  loop_.Settle();
  EXPECT_EQ(asked_.size(), kOutstandingMax);
  Written(asked_[0], AnswerKind::kDone);
  loop_.Settle();
  EXPECT_EQ(asked_.size(), kOutstandingMax + 2);
  EXPECT_EQ(asked_.back().command().answered_below, RequestNumber(3));
}

TEST_F(ClientTest, BytesThatWaitHaveALimit) {
  options_.bytes_max = 100;
  Begin();
  const std::string value(60, 'v');
  for (int i = 0; i < 2; ++i) {
    client_->Put("k", value, 0, [this](CallResult<Answer> answer) { answers_.push_back(answer); });
  }
  EXPECT_EQ(TakeAnswer(), "overloaded");
}

TEST_F(ClientTest, ANodeThatMakesNoSenseIsLeft) {
  Begin();
  Get();
  const Asked asked = Only();
  Say(asked, StatusReply{});  // that was not the question
  const Asked again = Only(100 * kMillisecond);
  EXPECT_EQ(again.node, 2U);
  EXPECT_THAT(guests_[1], IsEmpty());
  Say(again, GetReply{});
  loop_.Settle();
  EXPECT_EQ(got_.size(), 1U);
}

TEST_F(ClientTest, ACallMayBeginAnother) {
  Begin();
  client_->Get("a", {}, 0, [this](CallResult<GetResult>) { Get(); });
  Say(Only(), GetReply{});
  EXPECT_EQ(Only().get().key, "sand");
}

TEST_F(ClientTest, ItsEndLeavesNothingBehind) {
  Begin();
  Put(kSecond);
  Get();
  loop_.Settle();
  client_.reset();
  loop_.Settle();
  EXPECT_EQ(loop_.timers(), 0U);
  EXPECT_THAT(guests_[1], IsEmpty());
  loop_.Advance(2 * kSecond);
  EXPECT_THAT(answers_, IsEmpty());
}

}  // namespace
}  // namespace beach::server
