// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/write_batch.h"
#include "server/machine/key_space.h"
#include "server/service/change_ring.h"
#include "server/service/testing/service_fixture.h"

namespace beach::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace testing;  // NOLINT: its words

class WatchTest : public ServiceTest {
 protected:
  void SetUp() override {
    ServiceTest::SetUp();
    parts_.changes = &ring_;
    ring_.Begins(raft::LogIndex(5));
  }
  void Put(ByteView key, ByteView value = "v") {
    engine::WriteBatch batch;
    Bytes stored;
    batch.Put(StoredKey(key, stored), value);
    ring_.Applied(raft::LogIndex(ring_.End().index + 1), batch);
  }
  void Watch(Client& client, std::uint64_t number, std::optional<std::uint64_t> from,
             ByteView begin = "", std::uint32_t deadline_ms = 0) {
    WatchRequest request{
        .deadline_ms = deadline_ms, .begin = begin, .end = std::nullopt, .from = std::nullopt};
    if (from) request.from = WatchPlace{.index = *from, .skip = 0};
    Ask(client, number, request);
  }
  // Of the one reply that there is: "key key next 7".
  std::string Told(Client& client) {
    const auto replies = Replies(client);
    if (replies.size() != 1) return std::to_string(replies.size()) + " replies";
    if (std::holds_alternative<Failure>(replies[0].second)) {
      return FailureKindName(std::get<Failure>(replies[0].second).kind);
    }
    const auto& watched = std::get<WatchReply>(replies[0].second);
    std::string text;
    for (const ChangedEntry& entry : watched.entries) {
      for (const KeyChange& change : entry.changes) text += std::string(change.key) + " ";
    }
    return text + "next " + std::to_string(watched.next.index);
  }

  ChangeRing ring_{loop_, 1000};
};

TEST_F(WatchTest, TellsWhatThereIsOrWaitsForIt) {
  Begin();
  Client& client = Connect();
  Put("a");
  Put("b");
  Watch(client, 1, 5);
  EXPECT_EQ(Told(client), "a b next 7");
  Watch(client, 2, 7);
  EXPECT_EQ(Told(client), "0 replies");
  Put("c");
  Put("d");
  EXPECT_EQ(Told(client), "c d next 9");
  Put("e");
  EXPECT_EQ(Told(client), "0 replies");
  EXPECT_EQ(service_->calls(), 0U);
  Watch(client, 3, 12);  // it has seen more than this node has
  Put("f");
  EXPECT_EQ(Told(client), "0 replies");
  Put("g");
  Put("h");
  EXPECT_EQ(Told(client), "h next 13");
}

TEST_F(WatchTest, WithoutAPlaceItIsToldOne) {
  Begin();
  Client& client = Connect();
  Put("a");
  Watch(client, 1, std::nullopt);
  EXPECT_EQ(Told(client), "next 6");
}

// What others have changed meanwhile need not be kept for it.
TEST_F(WatchTest, AtItsDeadlineItIsToldHowFarNothingHasHappened) {
  Begin();
  Client& client = Connect();
  Watch(client, 1, 5, "m", 100);
  for (int i = 0; i < 50; ++i) {
    Put("a", "0123456789");
    loop_.Settle();
  }
  EXPECT_EQ(Told(client), "0 replies");
  loop_.Advance(100 * kMillisecond);
  EXPECT_EQ(Told(client), "next 55");
  Watch(client, 2, 5, "m");
  EXPECT_EQ(Told(client), "compacted");
  EXPECT_EQ(loop_.timers(), 0U);
}

TEST_F(WatchTest, WhoIsTooSlowIsTold) {
  Begin();
  Client& client = Connect();
  for (int i = 0; i < 50; ++i) Put("a", "0123456789");
  Watch(client, 1, 5);
  const Failure failure = OnlyFailure(client);
  EXPECT_EQ(failure.kind, FailureKind::kCompacted);
  EXPECT_TRUE(failure.retry_is_safe);
  EXPECT_FALSE(failure.retry_may_help);
  Watch(client, 2, 55);
  ring_.Begins(raft::LogIndex(90));  // a snapshot was installed
  EXPECT_EQ(Told(client), "compacted");
}

TEST_F(WatchTest, WatchesHaveTheirLimits) {
  limits_.watches_max = 2;
  limits_.watch_bytes_max = 1000;
  Begin();
  Client& first = Connect();
  Client& second = Connect();
  const std::string key(900, 'k');
  Watch(first, 1, 5, key);
  Watch(first, 2, 5, key);
  EXPECT_EQ(Told(first), "overloaded");
  Watch(second, 1, 5);
  Watch(second, 2, 5);
  EXPECT_EQ(Told(second), "overloaded");
  first.end->Break();
  EXPECT_EQ(service_->calls(), 1U);
  Watch(second, 3, 5, key);
  EXPECT_EQ(Told(second), "0 replies");
  EXPECT_EQ(service_->work(), 0U);
  Put("l");
  EXPECT_EQ(Replies(second).size(), 2U);
}

TEST_F(WatchTest, ItsEndWakesNobody) {
  Begin();
  Client& client = Connect();
  Watch(client, 1, 5, "", 100);
  Put("a");
  service_.reset();
  loop_.Settle();
  EXPECT_EQ(loop_.timers(), 0U);
}

TEST_F(WatchTest, ANodeThatKeepsNoChangesSaysSo) {
  parts_.changes = nullptr;
  Begin();
  Client& client = Connect();
  Watch(client, 1, 5);
  EXPECT_EQ(Told(client), "unavailable");
}

}  // namespace
}  // namespace beach::server
