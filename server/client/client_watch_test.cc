// SPDX-License-Identifier: Apache-2.0
// Watches, orders of operators, and the status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/client/testing/client_fixture.h"

namespace beach::server {
namespace {

using ::testing::IsEmpty;
using namespace testing;  // NOLINT: its words

// Entries come whole, however they were cut; and on goes the watch elsewhere.
TEST_F(ClientTest, AWatchBringsEntriesAndGoesOnAnywhere) {
  Begin();
  Watch(std::nullopt);
  Asked asked = Only();
  EXPECT_FALSE(asked.watch().from.has_value());
  Changed(asked, {.index = 5, .skip = 0}, {});
  EXPECT_EQ(TakeWatched(), "next 5");

  Watch(5);
  asked = Only();
  EXPECT_EQ(asked.watch().from, (WatchPlace{.index = 5, .skip = 0}));
  EXPECT_EQ(asked.watch().end, "z");
  Changed(asked, {.index = 9, .skip = 0}, {});  // nothing so far
  asked = Only();
  EXPECT_EQ(asked.watch().from, (WatchPlace{.index = 9, .skip = 0}));
  Stop(1);
  asked = Only(kSecond);
  EXPECT_EQ(asked.node, 2U);
  EXPECT_EQ(asked.watch().from, (WatchPlace{.index = 9, .skip = 0}));
  Changed(asked, {.index = 12, .skip = 2}, {{11, "a"}, {13, "b"}});  // 13 has more
  EXPECT_EQ(TakeWatched(), "11 a; next 12");

  Watch(12);
  Changed(Only(), {.index = 12, .skip = 2}, {{13, "b"}});
  asked = Only();
  EXPECT_EQ(asked.watch().from, (WatchPlace{.index = 12, .skip = 2}));
  Changed(asked, {.index = 14, .skip = 0}, {{13, "c"}, {14, "d"}});
  EXPECT_EQ(TakeWatched(), "13 b c; 14 d; next 14");

  Watch(14);  // the rest of it is out of the range
  Changed(Only(), {.index = 14, .skip = 2}, {{15, "b"}});
  Changed(Only(), {.index = 16, .skip = 0}, {});
  EXPECT_EQ(TakeWatched(), "15 b; next 16");
  EXPECT_EQ(client_->calls(), 0U);
}

TEST_F(ClientTest, AWatchWaitsAndEndsWithHowFarItIs) {
  Begin();
  Watch(5, 3 * kSecond);
  const Asked asked = Only();
  EXPECT_EQ(asked.deadline_ms(), 3'000U);
  loop_.Advance(2'500 * kMillisecond);  // nobody is silent here
  EXPECT_THAT(asked_, IsEmpty());
  loop_.Advance(500 * kMillisecond);
  EXPECT_EQ(TakeWatched(), "next 5");
  Watch(std::nullopt, kSecond);
  Only();
  loop_.Advance(kSecond);
  EXPECT_EQ(TakeWatched(), "deadline");
  Watch(5);
  Failed(Only(), FailureKind::kCompacted, true, false);
  EXPECT_EQ(TakeWatched(), "compacted");
  Watch(5);
  EXPECT_EQ(Only().deadline_ms(), 10'000U);
  loop_.Advance(11 * kSecond - 1);
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_EQ(Only(50 * kMillisecond).node, 2U);  // that node is silent
}

// Who waits for changes takes no place of those who do something.
TEST_F(ClientTest, WatchesAreNotInFlight) {
  options_.in_flight_max = 2;
  Begin();
  for (int i = 0; i < 5; ++i) Watch(5);
  Get();
  loop_.Settle();
  EXPECT_EQ(asked_.size(), 6U);
}

TEST_F(ClientTest, StatusIsWhatTheNodeSays) {
  Begin();
  std::vector<CallResult<StatusResult>> told;
  client_->Status(0, [&](CallResult<StatusResult> result) { told.push_back(std::move(result)); });
  Say(Only(), StatusReply{.leader = NodeNumber(2),
                          .id = NodeNumber(1),
                          .role = NodeRole::kFollower,
                          .term = 3,
                          .commit = 8,
                          .applied = 7,
                          .log_base = 2,
                          .log_last = 9,
                          .log_bytes = 100,
                          .state = 5,
                          .configuration = 1,
                          .nodes = {{.id = NodeNumber(2),
                                     .membership = kVoter,
                                     .progress = NodeProgress{.match = 9, .silent_ms = 4},
                                     .address = "n2:1"}}});
  loop_.Settle();
  ASSERT_EQ(told.size(), 1U);
  ASSERT_TRUE(told[0].has_value());
  EXPECT_EQ(told[0]->leader, NodeNumber(2));
  EXPECT_EQ(told[0]->log_last, 9U);
  EXPECT_EQ(told[0]->state, 5U);
  ASSERT_EQ(told[0]->nodes.size(), 1U);
  EXPECT_EQ(told[0]->nodes[0].address, "n2:1");
  EXPECT_EQ(told[0]->nodes[0].progress->match, 9U);
}

// The leader is another by then, and knows nothing of it.
TEST_F(ClientTest, FurtherPagesAreAskedOfTheNodeThatKeepsTheMoment) {
  Begin();
  std::vector<CallResult<ScanResult>> scanned;
  const auto scan = [&](const std::optional<ScanCursor>& cursor) {
    client_->Scan(
        {.deadline_ms = 0, .consistency = {}, .begin = "a", .end = {}, .keep = true}, 0,
        [&](CallResult<ScanResult> result) { scanned.push_back(std::move(result)); }, cursor);
  };
  Get();
  Say(Only(), GetReply{.leader = NodeNumber(1), .index = 1, .value = {}});
  scan(std::nullopt);
  const Asked first = Only();
  EXPECT_EQ(first.node, 1U);
  Failed(first, FailureKind::kNoLeader, true, true, 2);
  Say(Only(100 * kMillisecond),
      ScanReply{.leader = NodeNumber(2), .index = 9, .entries = {}, .next = "b", .cursor = 77});
  loop_.Settle();
  ASSERT_EQ(scanned.size(), 1U);
  ASSERT_TRUE(scanned[0]->cursor.has_value());
  EXPECT_EQ(scanned[0]->cursor->node, 1U);  // n2
  Get();
  Say(Only(), GetReply{.leader = NodeNumber(1), .index = 1, .value = {}});
  loop_.Settle();
  Get();
  Say(Only(), GetReply{.leader = NodeNumber(1), .index = 1, .value = {}});
  scan(scanned[0]->cursor);
  const Asked second = Only();
  EXPECT_EQ(second.node, 2U);
  const auto request = DecodeRequest(second.type, second.payload);
  EXPECT_EQ(std::get<ScanRequest>(*request).cursor, 77U);
  Stop(2);
  loop_.Advance(kSecond);
  ASSERT_EQ(scanned.size(), 2U);
  EXPECT_EQ(scanned[1].error().kind, FailureKind::kCompacted);
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_EQ(client_->calls(), 0U);
}

TEST_F(ClientTest, OrdersFindTheLeader) {
  Begin();
  Order();
  Failed(Only(), FailureKind::kNotLeader, true, true, 3);
  const Asked second = Only(100 * kMillisecond);
  EXPECT_EQ(second.node, 3U);
  EXPECT_EQ(second.type, 36U);
  Say(second, ChangeReply{.leader = NodeNumber(3), .index = 12});
  loop_.Settle();
  ASSERT_EQ(ordered_.size(), 1U);
  EXPECT_EQ(ordered_[0], 12U);
  std::vector<CallResult<NodeNumber>> led;
  client_->TransferLeadership(NodeNumber(1), 0,
                              [&](CallResult<NodeNumber> leader) { led.push_back(leader); });
  Say(Only(), TransferReply{.leader = NodeNumber(1)});
  loop_.Settle();
  ASSERT_EQ(led.size(), 1U);
  EXPECT_EQ(led[0], NodeNumber(1));
  EXPECT_EQ(client_->calls(), 0U);
}

// It may have been taken: whoever has ordered it is to look, and decides.
TEST_F(ClientTest, AnOrderIsNotGivenTwice) {
  Begin();
  Order();
  const Asked asked = Only();
  loop_.Advance(5 * kSecond);  // it takes its time
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_THAT(ordered_, IsEmpty());
  Stop(asked.node);
  loop_.Advance(kSecond);
  EXPECT_THAT(asked_, IsEmpty());
  ASSERT_EQ(ordered_.size(), 1U);
  EXPECT_EQ(ordered_[0].error().kind, FailureKind::kUnknown);

  Order();
  Failed(Only(), FailureKind::kUnknown, false, true);
  loop_.Settle();
  ASSERT_EQ(ordered_.size(), 2U);
  EXPECT_EQ(ordered_[1].error().kind, FailureKind::kUnknown);
  Order();
  Failed(Only(), FailureKind::kInvalid, true, false);
  loop_.Settle();
  EXPECT_EQ(ordered_[2].error().kind, FailureKind::kInvalid);
  Order();
  Only();
  loop_.Advance(15 * kSecond);
  ASSERT_EQ(ordered_.size(), 4U);
  EXPECT_EQ(ordered_[3].error().kind, FailureKind::kUnknown);
  EXPECT_EQ(client_->calls(), 0U);
}

}  // namespace
}  // namespace beach::server
