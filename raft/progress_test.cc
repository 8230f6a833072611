// SPDX-License-Identifier: Apache-2.0
#include "raft/progress.h"

#include <gtest/gtest.h>

namespace beach::raft {
namespace {

Progress Replicating(std::uint64_t match) {
  Progress peer(NodeId(2), LogIndex(match), 0, InFlight(3, 100));
  peer.Acknowledge(LogIndex(match));
  EXPECT_EQ(peer.state, ProgressState::kReplicate);
  return peer;
}

TEST(InFlight, IsFullByCountAndByBytes) {
  InFlight window(3, 100);
  window.Add(LogIndex(1), 10);
  window.Add(LogIndex(2), 10);
  EXPECT_FALSE(window.Full());
  window.Add(LogIndex(3), 10);
  EXPECT_TRUE(window.Full());
  window.FreeUpTo(LogIndex(2));
  EXPECT_FALSE(window.Full());
  EXPECT_EQ(window.bytes(), 10U);
  window.Add(LogIndex(4), 90);
  EXPECT_TRUE(window.Full());
}

TEST(InFlight, OneMessageMayAlwaysLeave) {
  InFlight window(1, 0);
  EXPECT_FALSE(window.Full());
}

TEST(Progress, OneProbeIsUnderWay) {
  Progress peer(NodeId(2), LogIndex(5), 0, InFlight(3, 100));
  EXPECT_FALSE(peer.Paused());
  peer.Sent(LogIndex(8), 30);
  EXPECT_TRUE(peer.Paused());
  EXPECT_EQ(peer.next, LogIndex(6)) << "where the logs agree is not known yet";
  EXPECT_TRUE(peer.Acknowledge(LogIndex(8)));
  EXPECT_EQ(peer.state, ProgressState::kReplicate);
  EXPECT_EQ(peer.next, LogIndex(9));
}

TEST(Progress, ReplicationSendsAheadOfAnswers) {
  Progress peer = Replicating(5);
  peer.Sent(LogIndex(7), 40);
  peer.Sent(LogIndex(9), 40);
  EXPECT_EQ(peer.next, LogIndex(10));
  EXPECT_TRUE(peer.Acknowledge(LogIndex(7)));
  EXPECT_EQ(peer.in_flight.bytes(), 40U);
  EXPECT_FALSE(peer.Acknowledge(LogIndex(6))) << "an answer that comes late";
  EXPECT_EQ(peer.match, LogIndex(7));
}

TEST(Progress, AChangeOfStateEmptiesTheWindow) {
  Progress peer = Replicating(5);
  peer.Sent(LogIndex(6), 60);
  peer.Sent(LogIndex(7), 60);
  EXPECT_TRUE(peer.Paused());
  EXPECT_TRUE(peer.Reject(LogIndex(6), LogIndex(5)));
  EXPECT_EQ(peer.in_flight.bytes(), 0U);
  EXPECT_EQ(peer.next, LogIndex(6));
  peer.Acknowledge(LogIndex(6));
  EXPECT_FALSE(peer.Paused());
}

TEST(Progress, ARefusalOfWhatIsKnownToBeThereIsOld) {
  Progress peer = Replicating(5);
  EXPECT_FALSE(peer.Reject(LogIndex(4), LogIndex(3)));
  EXPECT_EQ(peer.state, ProgressState::kReplicate);
}

TEST(Progress, ARefusalOfAnotherProbeIsOld) {
  Progress peer(NodeId(2), LogIndex(5), 0, InFlight(3, 100));
  peer.Sent(LogIndex(5), 0);
  EXPECT_FALSE(peer.Reject(LogIndex(3), LogIndex(2)));
  EXPECT_TRUE(peer.Reject(LogIndex(5), LogIndex(2)));
  EXPECT_EQ(peer.next, LogIndex(3));
  peer.Sent(LogIndex(2), 0);
  EXPECT_TRUE(peer.Reject(LogIndex(2), LogIndex(2))) << "each refusal brings it at least one on";
  EXPECT_EQ(peer.next, LogIndex(2));
}

TEST(Progress, WithASnapshotUnderWayNothingIsSent) {
  Progress peer = Replicating(5);
  peer.BecomeSnapshot(SnapshotId(1));
  EXPECT_TRUE(peer.Paused());
  EXPECT_FALSE(peer.Reject(LogIndex(9), LogIndex(5)));
  peer.snapshot_index = LogIndex(9);
  peer.snapshot_delivered = true;
  EXPECT_TRUE(peer.Reject(LogIndex(9), LogIndex(5))) << "delivered, and not there";
  EXPECT_EQ(peer.state, ProgressState::kProbe);
}

TEST(Progress, WhatIsLostIsSentAgain) {
  Progress peer(NodeId(2), LogIndex(9), 0, InFlight(4, 1000));
  peer.Acknowledge(LogIndex(9));
  ASSERT_EQ(peer.state, ProgressState::kReplicate);
  peer.Forget(LogIndex(10));
  EXPECT_EQ(peer.match, LogIndex(9));
  peer.Forget(LogIndex(4));
  EXPECT_EQ(peer.match, LogIndex(3));
  EXPECT_EQ(peer.next, LogIndex(4));
  EXPECT_EQ(peer.state, ProgressState::kProbe);
}

}  // namespace
}  // namespace beach::raft
