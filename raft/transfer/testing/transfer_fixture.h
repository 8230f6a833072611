// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "raft/transfer/testing/transfer_world.h"

// What the tests of a whole transfer have in common.

namespace beach::raft::testing {

inline constexpr std::uint64_t kMillisecond = 1'000'000;
inline constexpr std::uint64_t kSecond = 1'000 * kMillisecond;
// Of the files that are sent.
inline const std::vector<std::uint64_t> kSizes = {2'500, 1'000, 1, 7'777, 12'000};
inline constexpr std::uint64_t kTotal = 23'278;

inline bool IsChunk(const SnapshotFrame& frame) {
  return std::holds_alternative<SnapshotChunk>(frame.body);
}

class TransferFixture : public ::testing::Test {
 protected:
  TransferFixture() { world_.WriteFiles(kSizes); }

  TestFollower& follower(std::uint64_t node = 2) { return world_.followers[NodeId(node)]; }
  void ExpectArrived(std::uint64_t node = 2) {
    ASSERT_THAT(follower(node).received, ::testing::SizeIs(1));
    EXPECT_TRUE(world_.Arrived(NodeId(node)));
    EXPECT_THAT(world_.sent, ::testing::Contains(follower(node).received.back()));
  }
  auto FilesOf(std::uint64_t node) {
    return world_.files.Snapshot(TransferWorld::Directory(NodeId(node)));
  }

  TransferWorld world_;
};

}  // namespace beach::raft::testing
