// SPDX-License-Identifier: Apache-2.0
#include "raft/transfer/receiver.h"

#include <utility>

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

using ReceiverTest = testing::TransferFixture;

TEST_F(ReceiverTest, ABeginThatComesBeforeTheCoresWordWaits) {
  world_.cores_speak = false;
  const SnapshotId id = world_.Send(NodeId(2));
  world_.RunFor(100 * kMillisecond);
  EXPECT_EQ(world_.frames_delivered, 1U);
  SnapshotMeta meta;
  meta.index = LogIndex(100);
  meta.term = Term(3);
  follower().receiver->Expect({.from = NodeId(1), .id = id, .meta = meta});
  world_.Settle();
  ExpectArrived();
}

TEST_F(ReceiverTest, WhatNobodyExpectsIsRefusedAfterAWhile) {
  world_.cores_speak = false;
  world_.Send(NodeId(2));
  world_.RunFor(400 * kMillisecond);
  EXPECT_THAT(world_.failures, IsEmpty());
  world_.RunFor(200 * kMillisecond);
  ASSERT_THAT(world_.failures, SizeIs(1));
  EXPECT_EQ(world_.failures[0].code(), ErrorCode::kRefused);
  EXPECT_EQ(world_.chunk_bytes_delivered, 0U);
}

TEST_F(ReceiverTest, MoreThanItMayHaveIsRefused) {
  world_.receiver_options.bytes_max = kTotal - 1;
  world_.StartFollower(NodeId(3));
  world_.Send(NodeId(3));
  world_.Settle();
  ASSERT_THAT(follower(3).failures, SizeIs(1));
  EXPECT_EQ(follower(3).failures[0].code(), ErrorCode::kNoSpace);
  EXPECT_EQ(world_.chunk_bytes_delivered, 0U);
}

TEST_F(ReceiverTest, ASlowReceiverIsNotOverrun) {
  world_.sender_options.window_bytes = 20'000;
  world_.receiver_options.queue_bytes_max = 1'500;
  world_.StartFollower(NodeId(2));
  world_.deliver = [&](const Flying&, const SnapshotFrame& frame) {
    if (IsChunk(frame)) follower().helper->held = true;
    return 1;
  };
  world_.Send(NodeId(2));
  world_.RunFor(500 * kMillisecond);
  EXPECT_GT(world_.chunk_bytes_delivered, 10'000U);
  EXPECT_EQ(follower().helper->jobs, 2U);  // to open, and one chunk
  world_.deliver = nullptr;
  follower().helper->Release();
  world_.RunFor(60 * kSecond);
  ExpectArrived();
}

TEST_F(ReceiverTest, WhatIsBehindAFileThatIsSentAgainIsNotTaken) {
  bool damaged = false;
  world_.files.set_hook([&](const engine::testing::FileEvent& event) -> Status {
    const bool sync = event.call == engine::testing::FileCall::kSync;
    if (!sync || event.path != "n2/in/FILE-00000000" || std::exchange(damaged, true)) return {};
    Bytes content = world_.files.Content(event.path);
    content[100] ^= 1;
    world_.files.SetContent(event.path, content);
    return {};
  });
  std::uint64_t chunks = 0;
  world_.deliver = [&](const Flying&, const SnapshotFrame& frame) {
    if (IsChunk(frame) && ++chunks <= 4) follower().helper->held = true;
    return 1;
  };
  world_.Send(NodeId(2));
  world_.Settle();
  EXPECT_EQ(follower().helper->jobs, 6U);  // to open, a file, and the next two
  follower().helper->Release();
  world_.RunFor(kMillisecond);
  ExpectArrived();
  EXPECT_TRUE(damaged);
  EXPECT_EQ(world_.rewinds, 1U);
}

TEST_F(ReceiverTest, WhatIsOfAnotherTransferIsIgnored) {
  // Each chunk is followed by copies that lie about what they are.
  std::uint64_t lies = 0;
  world_.deliver = [&](const Flying& flying, const SnapshotFrame& frame) {
    if (flying.to != NodeId(2) || !IsChunk(frame)) return 1;
    SnapshotReceiver& receiver = *follower().receiver;
    for (int lie = 0; lie < 4; ++lie) {
      SnapshotFrame copy = frame;
      auto& chunk = std::get<SnapshotChunk>(copy.body);
      chunk.bytes.assign(chunk.bytes.size(), 'x');
      if (lie == 0) copy.transfer = copy.transfer.Next();
      if (lie == 1) copy.key = copy.key.Next();
      if (lie == 3) chunk.bytes.assign(20'000, 'x');  // beyond its file
      receiver.Received(NodeId(lie == 2 ? 3 : 1), std::move(copy));
      ++lies;
    }
    return 1;
  };
  world_.Send(NodeId(2));
  world_.Settle();
  ExpectArrived();
  EXPECT_GT(lies, 50U);
  EXPECT_EQ(world_.rewinds, 0U);
}

TEST_F(ReceiverTest, ABeginOfAnotherSnapshotThanTheCoreExpectsIsNotTaken) {
  world_.cores_speak = false;
  const SnapshotId id = world_.Send(NodeId(2));
  world_.Settle();
  SnapshotMeta meta;
  meta.index = LogIndex(101);
  meta.term = Term(3);
  follower().receiver->Expect({.from = NodeId(1), .id = id, .meta = meta});
  world_.RunFor(5 * kSecond);
  EXPECT_THAT(follower().received, IsEmpty());
  EXPECT_EQ(world_.chunk_bytes_delivered, 0U);
}

TEST_F(ReceiverTest, AnotherSnapshotTakesThePlaceOfWhatIsHere) {
  std::uint64_t chunks = 0;
  world_.deliver = [&](const Flying&, const SnapshotFrame& frame) {
    return IsChunk(frame) && ++chunks > 8 ? 0 : 1;
  };
  world_.Send(NodeId(2));
  world_.Settle();
  EXPECT_THAT(FilesOf(2), SizeIs(::testing::Gt(3U)));
  world_.deliver = nullptr;
  world_.store.index = LogIndex(200);
  world_.applied = LogIndex(200);
  world_.WriteFiles({3'000, 100});
  world_.Send(NodeId(2), LogIndex(150));
  world_.Settle();
  ExpectArrived();
  EXPECT_THAT(FilesOf(2), SizeIs(3));
}

TEST_F(ReceiverTest, WhatNobodyGoesOnWithIsRemovedAfterAWhile) {
  std::uint64_t chunks = 0;
  world_.deliver = [&](const Flying&, const SnapshotFrame& frame) {
    return IsChunk(frame) && ++chunks > 8 ? 0 : 1;
  };
  world_.Send(NodeId(2));
  world_.Settle();
  world_.StopFollower(NodeId(2));
  world_.StartFollower(NodeId(2));
  world_.RunFor(598 * kSecond);
  EXPECT_THAT(FilesOf(2), ::testing::Not(IsEmpty()));
  world_.RunFor(3 * kSecond);
  EXPECT_THAT(FilesOf(2), IsEmpty());
}

TEST_F(ReceiverTest, WhatTheCoreDoesNotWantAnyMoreIsNotInstalled) {
  follower().wants = false;
  world_.Send(NodeId(2));
  world_.Settle();
  ASSERT_THAT(follower().received, SizeIs(1));
  follower().wants = true;
  world_.Send(NodeId(2));  // the same bytes: they are here
  world_.Settle();
  EXPECT_THAT(follower().received, SizeIs(2));
  EXPECT_TRUE(world_.Arrived(NodeId(2)));
  EXPECT_EQ(world_.chunk_bytes_delivered, kTotal);
}

}  // namespace
}  // namespace beach::raft
