// SPDX-License-Identifier: Apache-2.0
// Scans whose pages are of one moment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/service/testing/service_fixture.h"

namespace beach::server {
namespace {

using ::testing::IsEmpty;
using namespace testing;  // NOLINT: its words

constexpr std::uint64_t kSecond = 1'000 * kMillisecond;

class ScanTest : public ServiceTest {
 protected:
  void SetUp() override {
    ServiceTest::SetUp();
    store_.values = {{"a", "1"}, {"b", "2"}, {"c", "3"}};
  }
  void Scan(Client& client, ByteView begin, std::uint64_t cursor, bool keep = true) {
    Ask(client, 1,
        ScanRequest{.deadline_ms = 0,
                    .consistency = Consistency::kStale,
                    .begin = begin,
                    .end = {},
                    .entries_max = 1,
                    .cursor = cursor,
                    .keep = keep});
  }
  // "key=value" or a failure; the cursor is kept.
  std::string Shown(Client& client) {
    const auto replies = Replies(client);
    if (replies.size() != 1) return std::to_string(replies.size()) + " replies";
    if (const auto* const failure = std::get_if<Failure>(&replies[0].second)) {
      return FailureKindName(failure->kind);
    }
    const auto& scanned = std::get<ScanReply>(replies[0].second);
    cursor_ = scanned.cursor;
    if (scanned.entries.empty()) return "nothing";
    return std::string(scanned.entries[0].key) + "=" + std::string(scanned.entries[0].value);
  }

  std::uint64_t cursor_ = 0;
};

TEST_F(ScanTest, PagesOfACursorAreOfOneMoment) {
  Begin();
  Client& client = Connect();
  Scan(client, "a", 0);
  EXPECT_EQ(Shown(client), "a=1");
  EXPECT_NE(cursor_, 0U);
  store_.values = {{"b", "new"}, {"ba", "new"}};
  Scan(client, "b", 0, /*keep=*/false);
  const std::uint64_t cursor = cursor_;
  EXPECT_EQ(Shown(client), "b=new");
  EXPECT_EQ(cursor_, 0U);
  Scan(client, "b", cursor);
  EXPECT_EQ(Shown(client), "b=2");
  EXPECT_EQ(cursor_, cursor);
  EXPECT_EQ(store_.pinned(), 1U);
  Scan(client, "c", cursor);
  EXPECT_EQ(Shown(client), "c=3");  // the last page, which lets go of it
  EXPECT_EQ(cursor_, 0U);
  EXPECT_EQ(store_.pinned(), 0U);
  Scan(client, "a", cursor);
  EXPECT_EQ(Shown(client), "compacted");
}

TEST_F(ScanTest, ACursorIsItsConnectionsAlone) {
  Begin();
  Client& client = Connect();
  Client& other = Connect();
  Scan(client, "a", 0);
  Shown(client);
  Scan(other, "b", cursor_);
  EXPECT_EQ(Shown(other), "compacted");
  client.end->Break();
  EXPECT_EQ(store_.pinned(), 0U);
  EXPECT_EQ(service_->cursors(), 0U);
}

TEST_F(ScanTest, ACursorAges) {
  limits_.cursor_age_max_ns = kSecond;
  Begin();
  Client& client = Connect();
  Scan(client, "a", 0);
  Shown(client);
  loop_.Advance(kSecond / 2);
  const std::uint64_t first = cursor_;
  Scan(client, "a", 0);
  Shown(client);
  loop_.Advance(kSecond / 2);
  EXPECT_EQ(store_.pinned(), 1U);
  Scan(client, "b", first);
  EXPECT_EQ(Shown(client), "compacted");
  Scan(client, "b", cursor_);
  EXPECT_EQ(Shown(client), "b=2");  // being used makes it no younger
  loop_.Advance(kSecond / 2);
  EXPECT_EQ(store_.pinned(), 0U);
  EXPECT_EQ(loop_.timers(), 0U);
  Scan(client, "a", 0);
  Shown(client);
  service_.reset();
  EXPECT_EQ(loop_.timers(), 0U);
  EXPECT_EQ(store_.pinned(), 0U);
}

TEST_F(ScanTest, CursorsHaveTheirLimits) {
  limits_.guest_cursors_max = 2;
  limits_.cursors_max = 3;
  Begin();
  Client& client = Connect();
  Client& other = Connect();
  for (int i = 0; i < 2; ++i) {
    Scan(client, "a", 0);
    EXPECT_EQ(Shown(client), "a=1");
  }
  Scan(client, "a", 0);
  EXPECT_EQ(Shown(client), "overloaded");
  Scan(other, "a", 0);
  EXPECT_EQ(Shown(other), "a=1");
  Scan(other, "a", 0);
  EXPECT_EQ(Shown(other), "overloaded");
  EXPECT_EQ(service_->work(), 0U);
}

TEST_F(ScanTest, AScanThatFailsKeepsNothing) {
  Begin();
  Client& client = Connect();
  Scan(client, "a", 0);
  Shown(client);
  store_.broken = true;
  Scan(client, "b", cursor_);
  EXPECT_EQ(Shown(client), "unavailable");
  EXPECT_EQ(store_.pinned(), 0U);
  Scan(client, "a", 0);
  EXPECT_EQ(Shown(client), "unavailable");
  EXPECT_EQ(service_->cursors(), 0U);
}

}  // namespace
}  // namespace beach::server
