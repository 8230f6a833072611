// SPDX-License-Identifier: Apache-2.0
#include "raft/transfer/sender.h"

#include <algorithm>

#include "raft/transfer/testing/transfer_fixture.h"

namespace beach::raft {
namespace {

using testing::Flying;
using testing::IsChunk;
using ::testing::IsEmpty;
using testing::kMillisecond;
using testing::kSecond;
using testing::kTotal;
using ::testing::SizeIs;

using SenderTest = testing::TransferFixture;

TEST_F(SenderTest, NeverMoreThanTheWindowIsUnderWay) {
  std::uint64_t sent = 0;
  std::uint64_t have = 0;
  std::uint64_t most = 0;
  world_.deliver = [&](const Flying&, const SnapshotFrame& frame) {
    if (const auto* chunk = std::get_if<SnapshotChunk>(&frame.body)) {
      sent = chunk->place + chunk->bytes.size();
    }
    if (const auto* got = std::get_if<SnapshotHave>(&frame.body)) have = got->place;
    EXPECT_LE(world_.sender->bytes_sent() - have, world_.sender_options.window_bytes);
    most = std::max(most, world_.sender->bytes_sent() - have);
    return 1;
  };
  world_.Send(NodeId(2));
  world_.Settle();
  ExpectArrived();
  EXPECT_EQ(sent, kTotal);
  EXPECT_GT(most, 2'000U);
}

TEST_F(SenderTest, TheThrottleHoldsForAllTogether) {
  world_.sender_options.bytes_per_second = 10'000;
  world_.Send(NodeId(2));
  world_.Send(NodeId(3));
  for (int i = 0; i < 40; ++i) {
    world_.RunFor(100 * kMillisecond);
    const auto elapsed_ms = static_cast<std::uint64_t>(i + 1) * 100;
    EXPECT_LE(world_.sender->bytes_sent(), elapsed_ms * 10 + 1'000);
    EXPECT_GE(world_.sender->bytes_sent() + 1'000, elapsed_ms * 10);
  }
  EXPECT_THAT(world_.sent, IsEmpty());
  world_.RunFor(2 * kSecond);  // both get their share, so that both end together
  ExpectArrived(2);
  ExpectArrived(3);
}

TEST_F(SenderTest, TwoFollowersShareOnePinUntilNobodyNeedsIt) {
  world_.Send(NodeId(2));
  world_.Send(NodeId(3));
  world_.Settle();
  ExpectArrived(2);
  ExpectArrived(3);
  EXPECT_EQ(world_.store.pins, 1U);
  EXPECT_EQ(world_.store.held, 1U);
  world_.RunFor(29 * kSecond);
  EXPECT_EQ(world_.store.held, 1U);
  world_.RunFor(2 * kSecond);
  EXPECT_EQ(world_.store.held, 0U);
  EXPECT_FALSE(world_.sender->pinned());
  EXPECT_EQ(world_.loop.timers(), 0U);
}

TEST_F(SenderTest, AnOlderPinIsNoUseToWhoNeedsMore) {
  world_.Send(NodeId(2), LogIndex(100));
  world_.Settle();
  world_.store.index = LogIndex(200);
  world_.applied = LogIndex(200);
  world_.WriteFiles({5'000});
  world_.Send(NodeId(3), LogIndex(101));
  world_.Settle();
  EXPECT_EQ(world_.store.pins, 2U);
  EXPECT_EQ(world_.store.held, 1U);
  ASSERT_THAT(follower(3).received, SizeIs(1));
  EXPECT_TRUE(world_.Arrived(NodeId(3)));
}

TEST_F(SenderTest, WhoAsksWhileOnePinsGetsAPinThatIsNewEnough) {
  world_.Send(NodeId(2), LogIndex(100));
  world_.store.index = LogIndex(200);  // by the time that the pin is made
  world_.applied = LogIndex(200);
  world_.WriteFiles({5'000});
  world_.Send(NodeId(3), LogIndex(300));
  world_.loop.Settle();
  EXPECT_EQ(world_.store.pins, 2U);  // that was begun before it was asked for is not judged
  ASSERT_THAT(world_.failures, SizeIs(1));
  EXPECT_EQ(world_.failures[0].code(), ErrorCode::kCompactedAway);
}

TEST_F(SenderTest, AFailedPinFailsWhoWaitsForIt) {
  world_.store.fails = Error(ErrorCode::kOverloaded, "pins");
  world_.Send(NodeId(2));
  world_.Settle();
  ASSERT_THAT(world_.failures, SizeIs(1));
  EXPECT_EQ(world_.failures[0].code(), ErrorCode::kOverloaded);
  world_.store.fails.reset();
  world_.Send(NodeId(2));
  world_.Settle();
  ExpectArrived();
}

TEST_F(SenderTest, WhatIsAheadOfTheCoreIsToldWhenItHasCaughtUp) {
  world_.applied = LogIndex(99);
  world_.Send(NodeId(2));
  world_.RunFor(kSecond);
  EXPECT_THAT(world_.pinned, IsEmpty());
  EXPECT_EQ(world_.frames_delivered, 0U);
  world_.applied = LogIndex(100);
  world_.Settle();
  ExpectArrived();
}

TEST_F(SenderTest, WhatNobodyAwaitsEndsWithoutAWord) {
  std::uint64_t chunks = 0;
  world_.deliver = [&](const Flying&, const SnapshotFrame& frame) {
    if (IsChunk(frame) && ++chunks == 5) {
      world_.awaited.clear();
      world_.look_wanted = true;
    }
    return 1;
  };
  world_.Send(NodeId(2));
  world_.RunFor(kSecond);
  EXPECT_EQ(world_.sender->transfers(), 0U);
  EXPECT_LT(world_.chunk_bytes_delivered, kTotal);
  EXPECT_THAT(world_.sent, IsEmpty());
  EXPECT_THAT(world_.failures, IsEmpty());
  world_.RunFor(31 * kSecond);
  EXPECT_EQ(world_.store.held, 0U);
}

TEST_F(SenderTest, WithoutALinkItFailsAtOnce) {
  world_.Break(NodeId(2));
  world_.Send(NodeId(2));
  world_.Settle();
  ASSERT_THAT(world_.failures, SizeIs(1));
  EXPECT_EQ(world_.failures[0].code(), ErrorCode::kIo);
}

TEST_F(SenderTest, WithoutAnswersItIsGivenUp) {
  world_.deliver = [](const Flying& flying, const SnapshotFrame&) {
    return flying.to == NodeId(1) ? 0 : 1;
  };
  world_.Send(NodeId(2));
  world_.RunFor(29 * kSecond);
  EXPECT_THAT(world_.failures, IsEmpty());
  EXPECT_GE(world_.frames_delivered, 25U);  // it asked again and again
  world_.RunFor(2 * kSecond);
  ASSERT_THAT(world_.failures, SizeIs(1));
  EXPECT_EQ(world_.sender->transfers(), 0U);
}

// Answers that bring nothing new do not keep a transfer alive.
TEST_F(SenderTest, WithoutProgressItIsGivenUp) {
  std::uint64_t chunks = 0;
  world_.deliver = [&](const Flying&, const SnapshotFrame& frame) {
    return IsChunk(frame) && ++chunks > 3 ? 0 : 1;
  };
  world_.Send(NodeId(2));
  world_.RunFor(32 * kSecond);
  EXPECT_THAT(world_.failures, SizeIs(1));
}

TEST_F(SenderTest, FilesThatAreNotAsPinnedFailTheTransfer) {
  world_.files.SetContent(world_.store.files[1].path, "short");
  world_.Send(NodeId(2));
  world_.Settle();
  ASSERT_THAT(world_.failures, SizeIs(1));
  EXPECT_EQ(world_.failures[0].code(), ErrorCode::kCorruption);
  EXPECT_EQ(world_.failures[0].path(), world_.store.files[1].path);
}

TEST_F(SenderTest, AnswersThatCannotBeAreIgnored) {
  int answers = 0;
  world_.deliver = [&](const Flying& flying, const SnapshotFrame& frame) {
    if (flying.to != NodeId(1) || ++answers != 4) return 1;
    SnapshotFrame lie = frame;
    lie.body = SnapshotHave{.place = kTotal};
    world_.sender->Received(NodeId(2), lie);  // it was not sent yet
    lie.body = SnapshotResume{.place = kTotal + 1};
    world_.sender->Received(NodeId(2), lie);
    lie.body = SnapshotDone{};
    lie.key = lie.key.Next();
    world_.sender->Received(NodeId(2), lie);
    lie.key = frame.key;
    world_.sender->Received(NodeId(3), lie);
    lie.transfer = lie.transfer.Next();
    world_.sender->Received(NodeId(2), lie);
    return 1;
  };
  world_.Send(NodeId(2));
  world_.Settle();
  ExpectArrived();
  EXPECT_EQ(world_.chunk_bytes_delivered, kTotal);
}

TEST_F(SenderTest, APinThatIsInUseIsSharedHoweverLongItTakes) {
  world_.sender_options.bytes_per_second = 500;
  world_.Send(NodeId(2));
  world_.RunFor(40 * kSecond);
  EXPECT_EQ(world_.sender->transfers(), 1U);
  world_.Send(NodeId(3));
  world_.RunFor(kSecond);
  EXPECT_EQ(world_.store.pins, 1U);
  EXPECT_EQ(world_.store.held, 1U);
}

TEST_F(SenderTest, WhatWasReadForABrokenLinkIsSentWhenItIsUpAgain) {
  std::uint64_t chunks = 0;
  world_.deliver = [&](const Flying&, const SnapshotFrame& frame) {
    if (IsChunk(frame) && ++chunks == 3) world_.helper->held = true;
    return 1;
  };
  world_.Send(NodeId(2));
  world_.Settle();
  world_.Break(NodeId(2));
  world_.helper->Release();
  world_.Settle();
  world_.Connect(NodeId(2));
  world_.Settle();
  ExpectArrived();
  EXPECT_EQ(world_.chunk_bytes_delivered, kTotal);
}

}  // namespace
}  // namespace beach::raft
