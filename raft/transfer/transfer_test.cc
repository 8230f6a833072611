// SPDX-License-Identifier: Apache-2.0
// What both sides come to, whatever is lost on the way.
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "raft/transfer/testing/power_loss.h"
#include "raft/transfer/testing/transfer_fixture.h"

namespace beach::raft {
namespace {

using engine::testing::FileCall;
using engine::testing::FileEvent;
using ::testing::ElementsAre;
using testing::Flying;
using testing::IsChunk;
using ::testing::IsEmpty;
using testing::kMillisecond;
using testing::kSecond;
using testing::kSizes;
using testing::kTotal;
using testing::PowerLoss;
using ::testing::SizeIs;
using testing::TransferWorld;

using TransferTest = testing::TransferFixture;

TEST_F(TransferTest, EveryFileArrivesAsItIsAndGoesOnceInstalled) {
  const SnapshotId id = world_.Send(NodeId(2));
  world_.Settle();
  EXPECT_THAT(world_.pinned, ElementsAre(id));
  EXPECT_THAT(world_.sent, ElementsAre(id));
  ExpectArrived();
  EXPECT_EQ(world_.chunk_bytes_delivered, kTotal);
  EXPECT_EQ(world_.sender->bytes_sent(), kTotal);
  EXPECT_EQ(world_.sender->transfers(), 0U);
  EXPECT_THAT(FilesOf(2), SizeIs(6));
  follower().receiver->Installed();
  world_.Settle();
  EXPECT_THAT(FilesOf(2), IsEmpty());
  EXPECT_THAT(world_.failures, IsEmpty());
}

TEST_F(TransferTest, ASnapshotWithoutFilesArrives) {
  world_.WriteFiles({});
  world_.Send(NodeId(2));
  world_.Settle();
  ExpectArrived();
}

// All that a file is has to be on disk when it is said to be.
TEST_F(TransferTest, NothingIsReportedBeforeItIsSynced) {
  std::map<std::string, bool> synced;
  bool listed = false;
  world_.files.set_hook([&](const FileEvent& event) -> Status {
    if (!event.path.starts_with("n2/in")) return {};
    if (event.call == FileCall::kWrite) synced[event.path] = false;
    if (event.call == FileCall::kSync) synced[event.path] = true;
    if (event.call == FileCall::kOpen) listed = false;
    if (event.call == FileCall::kSyncDirectory) listed = true;
    return {};
  });
  world_.Send(NodeId(2));
  world_.Settle();
  ExpectArrived();
  EXPECT_TRUE(listed);
  EXPECT_THAT(synced, SizeIs(6));
  for (const auto& [path, is] : synced) EXPECT_TRUE(is) << path;
}

TEST_F(TransferTest, AnyFrameMayBeLost) {
  for (std::uint64_t lost = 0;; ++lost) {
    TransferWorld world;
    world.WriteFiles(kSizes);
    std::uint64_t seen = 0;
    bool done_lost = false;
    world.deliver = [&](const Flying&, const SnapshotFrame& frame) {
      if (seen++ != lost) return 1;
      done_lost = std::holds_alternative<SnapshotDone>(frame.body);
      return 0;
    };
    world.Send(NodeId(2));
    world.RunFor(5 * kSecond);
    ASSERT_THAT(world.followers[NodeId(2)].received, SizeIs(1)) << lost;
    EXPECT_TRUE(world.Arrived(NodeId(2))) << lost;
    EXPECT_THAT(world.sent, SizeIs(1)) << lost;
    EXPECT_LE(world.sender->bytes_sent(), kTotal + world.sender_options.window_bytes) << lost;
    if (seen <= lost) break;
    if (done_lost) SUCCEED() << "asked again, and told again";
  }
}

TEST_F(TransferTest, EveryFrameMayComeTwice) {
  world_.deliver = [](const Flying&, const SnapshotFrame&) { return 2; };
  world_.Send(NodeId(2));
  world_.RunFor(5 * kSecond);
  ExpectArrived();
  EXPECT_THAT(world_.sent, SizeIs(1));
  EXPECT_EQ(world_.rewinds, 0U);
}

TEST_F(TransferTest, FramesMayBeLostRepeatedAndMixedUp) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    RandomStream stream(seed);
    TransferWorld world;
    world.WriteFiles(kSizes);
    world.sender_options.ask_again_ns = 50 * kMillisecond;
    world.deliver = [&](const Flying&, const SnapshotFrame&) {
      return stream.Chance(1, 20) ? 0 : stream.Chance(1, 10) ? 2 : 1;
    };
    world.pick = [&](std::size_t count) { return stream.Below(std::min<std::size_t>(count, 3)); };
    world.Send(NodeId(2));
    world.RunFor(20 * kSecond);
    ASSERT_THAT(world.followers[NodeId(2)].received, SizeIs(1)) << "seed " << seed;
    EXPECT_TRUE(world.Arrived(NodeId(2))) << "seed " << seed;
    EXPECT_THAT(world.sent, SizeIs(1)) << "seed " << seed;
  }
}

TEST_F(TransferTest, AfterABrokenLinkNothingIsSentAgainThatIsThere) {
  for (std::uint64_t at = 1;; ++at) {
    TransferWorld world;
    world.WriteFiles(kSizes);
    std::uint64_t chunks = 0;
    world.deliver = [&](const Flying&, const SnapshotFrame& frame) {
      if (IsChunk(frame) && ++chunks == at) world.Break(NodeId(2));
      return 1;
    };
    world.Send(NodeId(2));
    world.RunFor(2 * kSecond);
    if (chunks < at) break;
    EXPECT_THAT(world.sent, IsEmpty());
    world.Connect(NodeId(2));
    world.RunFor(kMillisecond);
    ASSERT_THAT(world.followers[NodeId(2)].received, SizeIs(1)) << at;
    EXPECT_TRUE(world.Arrived(NodeId(2)));
    EXPECT_THAT(world.sent, SizeIs(1));
    EXPECT_EQ(world.chunk_bytes_delivered, kTotal) << at;
    EXPECT_EQ(world.rewinds, 0U);
  }
}

// Of the process: what was written is there, what was not recorded is sent again.
TEST_F(TransferTest, AReceiverThatStartsAgainGoesOn) {
  for (std::uint64_t at = 1;; ++at) {
    TransferWorld world;
    world.WriteFiles(kSizes);
    std::uint64_t chunks = 0;
    bool stop = false;
    world.deliver = [&](const Flying&, const SnapshotFrame& frame) {
      if (IsChunk(frame) && ++chunks == at) stop = true;
      return stop ? 0 : 1;
    };
    world.Send(NodeId(2));
    world.Settle();
    if (!stop) break;
    stop = false;
    const std::uint64_t before = world.chunk_bytes_delivered;
    world.StopFollower(NodeId(2));
    world.StartFollower(NodeId(2));
    world.Connect(NodeId(2));
    world.RunFor(kSecond);  // refused: the core of the new life expects nothing
    ASSERT_THAT(world.failures, SizeIs(1));
    world.Send(NodeId(2));
    world.Settle();
    ASSERT_THAT(world.followers[NodeId(2)].received, SizeIs(1)) << at;
    EXPECT_TRUE(world.Arrived(NodeId(2)));
    EXPECT_EQ(world.store.pins, 1U);
    const std::uint64_t again = world.chunk_bytes_delivered - kTotal;
    EXPECT_LE(again, world.receiver_options.sync_every_bytes + 1'000) << at;
    if (before > 6'000) {
      EXPECT_LT(again, before) << at;
    }
  }
}

// The power goes at each call; what is there afterwards is never believed to be more than it is.
TEST_F(TransferTest, WhatAPowerLossLeavesIsNeverBelievedToBeMore) {
  std::uint64_t resumed = 0;
  for (std::uint64_t at = 1;; ++at) {
    RandomStream stream(at);
    TransferWorld world;
    world.WriteFiles(kSizes);
    PowerLoss power(world.files, TransferWorld::Directory(NodeId(2)));
    power.DieAt(at);
    world.Send(NodeId(2));
    world.Settle();
    const bool died = power.calls() >= at;
    if (!died) break;
    world.StopFollower(NodeId(2));
    power.Strike(stream);
    world.StartFollower(NodeId(2));
    world.Connect(NodeId(2));
    world.RunFor(kSecond);
    world.followers[NodeId(2)].failures.clear();
    const std::uint64_t before = world.chunk_bytes_delivered;
    const std::uint64_t rewinds = world.rewinds;
    world.followers[NodeId(2)].received.clear();
    world.Send(NodeId(2));
    world.Settle();
    ASSERT_THAT(world.followers[NodeId(2)].failures, IsEmpty()) << at;
    ASSERT_THAT(world.followers[NodeId(2)].received, SizeIs(1)) << at;
    EXPECT_TRUE(world.Arrived(NodeId(2))) << at;
    EXPECT_EQ(world.rewinds, rewinds) << at;
    if (world.chunk_bytes_delivered - before < kTotal) ++resumed;
  }
  EXPECT_GT(resumed, 10U);
}

TEST_F(TransferTest, AFileThatIsNotWhatWasSentIsSentAgainOnce) {
  std::uint64_t damage = 1;  // so often
  world_.files.set_hook([&](const FileEvent& event) -> Status {
    if (event.call != FileCall::kSync || event.path != "n2/in/FILE-00000003") return {};
    Bytes content = world_.files.Content(event.path);
    if (content.size() != kSizes[3] || damage == 0) return {};
    --damage;
    content[4'000] ^= 1;
    world_.files.SetContent(event.path, content);
    return {};
  });
  world_.Send(NodeId(2));
  world_.RunFor(kSecond);
  ExpectArrived();
  EXPECT_EQ(world_.rewinds, 1U);

  damage = 2;
  follower().receiver->Installed();
  follower().received.clear();
  world_.Send(NodeId(2));
  world_.RunFor(kSecond);
  EXPECT_THAT(follower().received, IsEmpty());
  ASSERT_THAT(follower().failures, SizeIs(1));
  EXPECT_EQ(follower().failures[0].code(), ErrorCode::kCorruption);
  EXPECT_THAT(follower().failures[0].path(), "n2/in/FILE-00000003");
  ASSERT_THAT(world_.failures, SizeIs(1));
  EXPECT_THAT(FilesOf(2), IsEmpty());
}

// What the store cannot take is refused as a whole, and comes anew: nothing of it is believed.
TEST_F(TransferTest, WhatArrivesDamagedIsSentAnew) {
  std::uint64_t damaged = 1;  // so often
  world_.store.check_arrived = [&](const std::vector<std::string>& paths) -> Status {
    EXPECT_THAT(paths, SizeIs(5));
    if (damaged == 0) return {};
    --damaged;
    return Fail(Error(ErrorCode::kCorruption, "bad block checksum").At(paths[2], 7));
  };
  world_.Send(NodeId(2));
  world_.Settle();
  EXPECT_THAT(follower().received, IsEmpty());
  ASSERT_THAT(follower().failures, SizeIs(1));
  EXPECT_EQ(follower().failures[0].code(), ErrorCode::kCorruption);
  ASSERT_THAT(world_.failures, SizeIs(1));
  EXPECT_THAT(world_.sent, IsEmpty());
  EXPECT_THAT(FilesOf(2), IsEmpty());
  world_.Send(NodeId(2));
  world_.Settle();
  ExpectArrived();
  EXPECT_EQ(world_.chunk_bytes_delivered, 2 * kTotal);
  EXPECT_EQ(world_.store.arrivals, 2U);
}

// Also what an earlier life has received to the end: it may be damaged since.
TEST_F(TransferTest, WhatWasThereIsCheckedLikeWhatArrives) {
  follower().wants = false;  // a later transfer is to find it
  world_.Send(NodeId(2));
  world_.Settle();
  EXPECT_EQ(world_.store.arrivals, 1U);
  follower().wants = true;
  world_.store.check_arrived = [](const std::vector<std::string>& paths) -> Status {
    return Fail(Error(ErrorCode::kCorruption, "bad block checksum").At(paths[0]));
  };
  world_.Send(NodeId(2));
  world_.Settle();
  EXPECT_EQ(world_.chunk_bytes_delivered, kTotal);
  EXPECT_EQ(world_.store.arrivals, 2U);
  EXPECT_THAT(follower().failures, SizeIs(1));
  EXPECT_THAT(FilesOf(2), IsEmpty());
}

TEST_F(TransferTest, ACheckMayTakeLong) {
  world_.deliver = [&](const Flying&, const SnapshotFrame& frame) {
    const auto* const chunk = std::get_if<SnapshotChunk>(&frame.body);
    const bool last = chunk != nullptr && chunk->place + chunk->bytes.size() == kTotal;
    if (last) follower().helper->held = true;
    return 1;
  };
  world_.Send(NodeId(2));
  world_.Settle();
  follower().helper->Release();  // the last chunk; then the check is held
  follower().helper->held = true;
  world_.RunFor(3 * world_.sender_options.give_up_ns);
  EXPECT_EQ(world_.store.arrivals, 0U);
  EXPECT_THAT(follower().received, IsEmpty());
  EXPECT_EQ(world_.sender->transfers(), 1U);
  EXPECT_THAT(world_.failures, IsEmpty());
  follower().helper->Release();
  world_.RunFor(2 * kSecond);
  ExpectArrived();
  EXPECT_EQ(world_.store.arrivals, 1U);
  EXPECT_EQ(world_.chunk_bytes_delivered, kTotal);
}

// The leader finds out before it has vouched for anything.
TEST_F(TransferTest, WhatIsDamagedAtTheSenderArrivesNowhere) {
  world_.store.damaged.insert(world_.store.files[3].path);
  world_.Send(NodeId(2));
  world_.Settle();
  EXPECT_THAT(follower().received, IsEmpty());
  ASSERT_THAT(world_.failures, SizeIs(1));
  EXPECT_EQ(world_.failures[0].code(), ErrorCode::kCorruption);
  EXPECT_EQ(world_.failures[0].path(), world_.store.files[3].path);
  EXPECT_EQ(world_.store.arrivals, 0U);
  EXPECT_EQ(world_.sender->transfers(), 0U);
}

// Of any call of the receiver's on its files; the next attempt finds nothing in its way.
TEST_F(TransferTest, AFailedCallFailsTheTransferAndLeavesNothing) {
  for (std::uint64_t at = 1;; ++at) {
    TransferWorld world;
    world.WriteFiles(kSizes);
    std::uint64_t calls = 0;
    world.files.set_hook([&](const FileEvent& event) -> Status {
      if (!event.path.starts_with("n2/in") || ++calls != at) return {};
      return Fail(ErrorCode::kNoSpace, "full");
    });
    world.Send(NodeId(2));
    world.Settle();
    if (calls < at) break;
    testing::TestFollower& follower = world.followers[NodeId(2)];
    if (follower.received.empty()) {
      ASSERT_THAT(follower.failures, SizeIs(1)) << at;
      EXPECT_EQ(follower.failures[0].code(), ErrorCode::kNoSpace);
      EXPECT_THAT(world.failures, SizeIs(1));
      EXPECT_THAT(world.files.Snapshot("n2/in"), IsEmpty()) << at;
      world.Send(NodeId(2));
      world.Settle();
    }
    ASSERT_THAT(follower.received, SizeIs(1)) << at;
    EXPECT_TRUE(world.Arrived(NodeId(2)));
  }
}

}  // namespace
}  // namespace beach::raft
