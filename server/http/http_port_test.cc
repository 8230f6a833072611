// SPDX-License-Identifier: Apache-2.0
// Who is answered what, in which order, and who is cut off.
#include "server/http/http_port.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "wire/testing/fake_loop.h"

namespace beach::server {
namespace {

using wire::testing::FakeClock;
using wire::testing::FakeLoop;

constexpr char kAddress[] = "here:7900";

struct Dialler {
  std::unique_ptr<env::Connection> connection;
  wire::testing::FakeEnd* end = nullptr;
  Bytes arrived;
  bool closed = false;
};

class HttpPortTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open() {
    port_.reset();
    port_ = *HttpPort::Open(loop_, clock_, kAddress, options_, [this] { return facts_; });
  }
  std::unique_ptr<Dialler> Dial() {
    auto dialler = std::make_unique<Dialler>();
    env::Connection::Callbacks callbacks;
    callbacks.on_bytes = [one = dialler.get()](ByteView bytes) { one->arrived += bytes; };
    callbacks.on_closed = [one = dialler.get()](const env::Closed&) { one->closed = true; };
    dialler->connection = loop_.Connect(kAddress, {}, std::move(callbacks));
    dialler->end = &loop_.last();
    loop_.Settle();
    return dialler;
  }
  std::string Say(Dialler& who, const std::string& bytes) {
    EXPECT_TRUE(who.connection->Send(bytes));
    loop_.Settle();
    return std::exchange(who.arrived, {});
  }
  std::string Get(Dialler& who, const std::string& path) {
    return Say(who, "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
  }

  FakeClock clock_;
  FakeLoop loop_{clock_};
  HttpOptions options_;
  NodeFacts facts_;
  std::unique_ptr<HttpPort> port_;
};

TEST_F(HttpPortTest, LivesAlwaysAndIsReadyWhenItServes) {
  const auto client = Dial();
  EXPECT_TRUE(Get(*client, "/livez").starts_with("HTTP/1.1 200 "));
  const std::string not_yet = Get(*client, "/readyz");
  EXPECT_TRUE(not_yet.starts_with("HTTP/1.1 503 ") && not_yet.ends_with("no leader is known\n"));
  facts_.leader = raft::NodeId(3);
  EXPECT_TRUE(Get(*client, "/readyz").starts_with("HTTP/1.1 200 "));
  facts_.commit = raft::LogIndex(kReadyLagMax + 1);
  EXPECT_TRUE(Get(*client, "/readyz").starts_with("HTTP/1.1 503 "));
  facts_.applied = raft::LogIndex(1);
  EXPECT_TRUE(Get(*client, "/readyz").starts_with("HTTP/1.1 200 "));
  facts_.leaving = true;
  EXPECT_TRUE(Get(*client, "/readyz").starts_with("HTTP/1.1 503 "));
}

TEST_F(HttpPortTest, PagesAreThereAndOthersAreNot) {
  const auto client = Dial();
  EXPECT_NE(Get(*client, "/metrics").find("\nbeachdb_raft_leader 0\n"), std::string::npos);
  EXPECT_NE(Get(*client, "/api/status.json").find("application/json"), std::string::npos);
  EXPECT_TRUE(Get(*client, "/").starts_with("HTTP/1.1 200 "));
  EXPECT_NE(Get(*client, "/").find("<script src=\"/admin.js\""), std::string::npos);
  EXPECT_NE(Get(*client, "/admin.js").find("javascript"), std::string::npos);
  EXPECT_TRUE(Get(*client, "/../etc/passwd").starts_with("HTTP/1.1 404 "));
  EXPECT_EQ(port_->counts().answers, 6U);
}

TEST_F(HttpPortTest, WhatComesTogetherIsAnsweredInOrder) {
  const auto client = Dial();
  const std::string said = Say(
      *client, "GET /livez HTTP/1.1\r\n\r\nHEAD /metrics HTTP/1.1\r\n\r\nGET /no HTTP/1.1\r\n\r\n");
  const std::size_t third = said.find("HTTP/1.1 404 ");
  ASSERT_NE(third, std::string::npos);
  EXPECT_TRUE(said.starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(said.find("beachdb_"), std::string::npos);  // a HEAD has no body
  EXPECT_FALSE(client->closed);
}

TEST_F(HttpPortTest, ARefusalIsTheLastAnswer) {
  const auto client = Dial();
  const std::string said = Say(*client, "POST / HTTP/1.1\r\n\r\nGET /livez HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(said.starts_with("HTTP/1.1 405 "));
  EXPECT_EQ(said.find("HTTP/1.1 200 "), std::string::npos);
  EXPECT_TRUE(client->closed);
  EXPECT_EQ(port_->counts().clients, 0U);
  EXPECT_EQ(port_->counts().refusals, 1U);
}

TEST_F(HttpPortTest, WhoWantsNoMoreIsLetGo) {
  const auto client = Dial();
  EXPECT_TRUE(Say(*client, "GET /livez HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(client->closed);
}

TEST_F(HttpPortTest, WhoIdlesOrSendsARequestByDropsIsCutOff) {
  options_.idle_max_ns = 1'000;
  Open();
  const auto idle = Dial();
  const auto slow = Dial();
  const auto busy = Dial();
  for (int i = 0; i < 12; ++i) {
    if (!slow->closed) Say(*slow, "G");
    Get(*busy, "/livez");
    loop_.Advance(100);
  }
  EXPECT_TRUE(idle->closed);
  EXPECT_TRUE(slow->closed);
  EXPECT_FALSE(busy->closed);
  EXPECT_EQ(port_->counts().clients_cut_off, 2U);
}

TEST_F(HttpPortTest, WhoDoesNotReadIsAnsweredNoMoreAndThenCutOff) {
  const auto client = Dial();
  client->end->peer->flows = false;
  for (int i = 0; i < 1000; ++i) Say(*client, "GET /metrics HTTP/1.1\r\n\r\n");
  const std::uint64_t answers = port_->counts().answers;
  EXPECT_LT(answers, 100U);
  loop_.Advance(2 * options_.idle_max_ns);
  EXPECT_TRUE(client->closed);
  EXPECT_EQ(port_->counts().clients_cut_off, 1U);
}

TEST_F(HttpPortTest, OnlySoManyAreTaken) {
  options_.clients_max = 1;
  Open();
  const auto first = Dial();
  const auto second = Dial();
  EXPECT_TRUE(second->closed);
  EXPECT_FALSE(first->closed);
  EXPECT_EQ(port_->counts().clients_turned_away, 1U);
}

}  // namespace
}  // namespace beach::server
