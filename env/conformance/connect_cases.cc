// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "env/conformance/case_loop.h"
#include "env/conformance/expect.h"
#include "env/conformance/loop_cases.h"

namespace beach::env::conformance {
namespace {

// Connects to where nothing answers; holds that this is told once, later, and names the address.
void ExpectFailure(Fixture& world, const std::string& address) {
  CaseLoop loop(world);
  End client;
  loop->Post([&] {
    client.connection = loop->Connect(address, {}, client.Recorders());
    EXPECT_TRUE(client.closed.empty()) << "inside the call";
  });
  EXPECT_TRUE(loop.RunUntil([&] { return !client.closed.empty(); })) << address;
  loop.RunFor(kMillisecond);
  ASSERT_TRUE(client.IsClosed(CloseReason::kConnectFailed)) << address;
  EXPECT_NE(client.closed.front().detail.find(address), std::string::npos)
      << client.closed.front().detail;
  EXPECT_EQ(client.opened, 0);
  EXPECT_EQ(client.connection->queued_bytes(), 0U);
  EXPECT_FALSE(client.connection->Send("x"));
}

void OpensAndBytesGoBothWays(Fixture& world) {
  Pair pair(world);
  ASSERT_TRUE(pair.Connect());
  EXPECT_TRUE(pair.client.connection->Send("question"));
  EXPECT_TRUE(pair.server.connection->Send("answer"));
  EXPECT_TRUE(pair.loop.RunUntil(
      [&] { return pair.server.received == "question" && pair.client.received == "answer"; }));
  EXPECT_EQ(pair.client.opened, 1);
  EXPECT_EQ(pair.server.opened, 0);
  EXPECT_EQ(pair.client.writable + pair.server.writable, 0);
}

void PeersAreNamed(Fixture& world) {
  Pair pair(world);
  ASSERT_TRUE(pair.Connect());
  const std::string& address = pair.listener->address();
  EXPECT_EQ(pair.client.connection->peer(), address);
  const std::string& peer = pair.server.connection->peer();
  EXPECT_NE(peer.rfind(':'), std::string::npos) << peer;
  EXPECT_NE(peer, address);
}

void RefusalIsToldLater(Fixture& world) {
  CaseLoop loop(world);
  ASSERT_OK_ASSIGN(const std::string dead, DeadAddress(*loop, world.Host()));
  ExpectFailure(world, dead);
}

void WhatIsNoAddressIsToldLater(Fixture& world) {
  const std::string host = world.Host();
  for (const std::string& text :
       {host, host + ":", std::string(":7000"), host + ":port", host + ":70000"}) {
    ExpectFailure(world, text);
  }
}

void UnknownNameIsToldLater(Fixture& world) {
  ExpectFailure(world, "nobody.invalid:7000");  // RFC 6761: never a name of anybody
}

void SendBeforeOpenIsDelivered(Fixture& world) {
  CaseLoop loop(world);
  End server;
  ASSERT_OK_ASSIGN(const auto listener,
                   ListenSomewhere(*loop, world.Host(), [&](std::unique_ptr<Connection> made) {
                     server.connection = std::move(made);
                     return server.Recorders();
                   }));
  End client;
  client.connection =
      loop->Connect(listener->address(), {.send_queue_max_bytes = 8, .send_queue_low_bytes = 0},
                    client.Recorders());
  EXPECT_TRUE(client.connection->Send("first"));
  EXPECT_TRUE(client.connection->Send("+"));
  EXPECT_EQ(client.connection->queued_bytes(), 6U);
  EXPECT_FALSE(client.connection->Send("too many"));
  EXPECT_EQ(client.connection->queued_bytes(), 6U);
  EXPECT_TRUE(loop.RunUntil([&] { return server.received == "first+" && client.writable == 1; }));
  EXPECT_EQ(client.opened, 1);
  EXPECT_EQ(client.connection->queued_bytes(), 0U);
}

void CloseBeforeOpenSendsFirst(Fixture& world) {
  CaseLoop loop(world);
  End server;
  ASSERT_OK_ASSIGN(const auto listener,
                   ListenSomewhere(*loop, world.Host(), [&](std::unique_ptr<Connection> made) {
                     server.connection = std::move(made);
                     return server.Recorders();
                   }));
  End client;
  client.connection = loop->Connect(listener->address(), {}, client.Recorders());
  EXPECT_TRUE(client.connection->Send("only this"));
  client.connection->Close();
  EXPECT_FALSE(client.connection->Send("not this"));
  EXPECT_TRUE(loop.RunUntil([&] { return !client.closed.empty() && !server.closed.empty(); }));
  EXPECT_TRUE(client.IsClosed(CloseReason::kLocal));
  EXPECT_TRUE(server.IsClosed(CloseReason::kPeer));
  EXPECT_EQ(server.received, "only this");
}

void CloseBeforeOpenOfNobodyEnds(Fixture& world) {
  CaseLoop loop(world);
  ASSERT_OK_ASSIGN(const std::string dead, DeadAddress(*loop, world.Host()));
  End client;
  client.connection = loop->Connect(dead, {}, client.Recorders());
  client.connection->Close();
  EXPECT_TRUE(client.closed.empty());
  EXPECT_TRUE(loop.RunUntil([&] { return !client.closed.empty(); }));
  EXPECT_TRUE(client.IsClosed(CloseReason::kLocal) || client.IsClosed(CloseReason::kConnectFailed));
}

void PausedBeforeOpenStaysPaused(Fixture& world) {
  CaseLoop loop(world);
  End server;
  ASSERT_OK_ASSIGN(const auto listener,
                   ListenSomewhere(*loop, world.Host(), [&](std::unique_ptr<Connection> made) {
                     server.connection = std::move(made);
                     EXPECT_TRUE(server.connection->Send("early"));
                     return server.Recorders();
                   }));
  End client;
  client.connection = loop->Connect(listener->address(), {}, client.Recorders());
  client.connection->PauseReading(true);
  EXPECT_TRUE(loop.RunUntil([&] { return client.opened == 1 && server.connection != nullptr; }));
  loop.RunFor(5 * kMillisecond);
  EXPECT_EQ(client.received, "");
  client.connection->PauseReading(false);
  EXPECT_EQ(client.received, "");
  EXPECT_TRUE(loop.RunUntil([&] { return client.received == "early"; }));
}

void DestroyedBeforeOpenIsSilent(Fixture& world) {
  CaseLoop loop(world);
  ASSERT_OK_ASSIGN(const std::string dead, DeadAddress(*loop, world.Host()));
  End server;
  ASSERT_OK_ASSIGN(const auto listener,
                   ListenSomewhere(*loop, world.Host(), [&](std::unique_ptr<Connection> made) {
                     server.connection = std::move(made);
                     return server.Recorders();
                   }));
  End client;
  for (const std::string& address :
       {listener->address(), dead, std::string("nonsense"), std::string("nobody.invalid:7000")}) {
    client.connection = loop->Connect(address, {}, client.Recorders());
    EXPECT_TRUE(client.connection->Send("x"));
    client.connection.reset();
  }
  loop.RunFor(5 * kMillisecond);
  EXPECT_EQ(client.opened, 0);
  EXPECT_TRUE(client.closed.empty());
}

constexpr Case kCases[] = {
    {"OpensAndBytesGoBothWays", OpensAndBytesGoBothWays},
    {"PeersAreNamed", PeersAreNamed},
    {"RefusalIsToldLater", RefusalIsToldLater},
    {"WhatIsNoAddressIsToldLater", WhatIsNoAddressIsToldLater},
    {"UnknownNameIsToldLater", UnknownNameIsToldLater},
    {"SendBeforeOpenIsDelivered", SendBeforeOpenIsDelivered},
    {"CloseBeforeOpenSendsFirst", CloseBeforeOpenSendsFirst},
    {"CloseBeforeOpenOfNobodyEnds", CloseBeforeOpenOfNobodyEnds},
    {"PausedBeforeOpenStaysPaused", PausedBeforeOpenStaysPaused},
    {"DestroyedBeforeOpenIsSilent", DestroyedBeforeOpenIsSilent},
};

}  // namespace

std::span<const Case> ConnectCases() { return kCases; }

}  // namespace beach::env::conformance
