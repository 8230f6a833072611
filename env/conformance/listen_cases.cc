// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "env/conformance/case_loop.h"
#include "env/conformance/expect.h"
#include "env/conformance/loop_cases.h"

namespace beach::env::conformance {
namespace {

Loop::OnConnection LetGo() {
  return [](std::unique_ptr<Connection>) { return Connection::Callbacks{}; };
}

void PortZeroBecomesAPort(Fixture& world) {
  CaseLoop loop(world);
  ASSERT_OK_ASSIGN(const auto one, ListenSomewhere(*loop, world.Host(), LetGo()));
  ASSERT_OK_ASSIGN(const auto two, ListenSomewhere(*loop, world.Host(), LetGo()));
  const std::size_t colon = one->address().rfind(':');
  ASSERT_NE(colon, std::string::npos);
  EXPECT_GT(std::stoul(one->address().substr(colon + 1)), 0U);
  EXPECT_NE(one->address(), two->address());
}

void TakenAddressIsRefused(Fixture& world) {
  CaseLoop loop(world);
  CaseLoop other(world);
  ASSERT_OK_ASSIGN(const auto listener, ListenSomewhere(*loop, world.Host(), LetGo()));
  for (CaseLoop* const each : {&loop, &other}) {
    const auto second = (*each)->Listen(listener->address(), {}, LetGo());
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code(), ErrorCode::kIo);
  }
}

void AddressOfAnotherMachineIsRefused(Fixture& world) {
  CaseLoop loop(world);
  const auto listener = loop->Listen("192.0.2.1:7000", {}, LetGo());  // RFC 5737: of nobody
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().code(), ErrorCode::kIo);
}

void WhatIsNoAddressIsRefused(Fixture& world) {
  CaseLoop loop(world);
  const std::string host = world.Host();
  const std::vector<std::string> texts{"",           host,           host + ":",
                                       ":7000",      host + ":port", host + ":70000",
                                       host + ":-1", "[::1]",        "::1:7000"};
  for (const std::string& text : texts) {
    const auto listener = loop->Listen(text, {}, LetGo());
    ASSERT_FALSE(listener.has_value()) << text;
    EXPECT_EQ(listener.error().code(), ErrorCode::kInvalidArgument) << text;
  }
}

void DestroyedListenerFreesItsAddress(Fixture& world) {
  CaseLoop loop(world);
  ASSERT_OK_ASSIGN(auto first, ListenSomewhere(*loop, world.Host(), LetGo()));
  const std::string address = first->address();
  first.reset();
  End client;
  client.connection = loop->Connect(address, {}, client.Recorders());
  EXPECT_TRUE(loop.RunUntil([&] { return !client.closed.empty(); }));
  EXPECT_TRUE(client.IsClosed(CloseReason::kConnectFailed));

  End server;
  ASSERT_OK_ASSIGN(auto second,
                   loop->Listen(address, {}, [&](std::unique_ptr<Connection> connection) {
                     server.connection = std::move(connection);
                     return server.Recorders();
                   }));
  End again;
  again.connection = loop->Connect(address, {}, again.Recorders());
  EXPECT_TRUE(loop.RunUntil([&] { return again.opened == 1 && server.connection != nullptr; }));
  // With connections that it has made still open, too.
  second.reset();
  ASSERT_OK(loop->Listen(address, {}, LetGo()));
}

void ConnectionsOutliveTheirListener(Fixture& world) {
  Pair pair(world);
  ASSERT_TRUE(pair.Connect());
  pair.listener.reset();
  EXPECT_TRUE(pair.client.connection->Send("to"));
  EXPECT_TRUE(pair.server.connection->Send("fro"));
  EXPECT_TRUE(pair.loop.RunUntil(
      [&] { return pair.server.received == "to" && pair.client.received == "fro"; }));
}

void ListenerDestroyedByItsOwnConnection(Fixture& world) {
  CaseLoop loop(world);
  std::unique_ptr<Listener> listener;
  std::vector<std::unique_ptr<End>> servers;
  auto made = ListenSomewhere(*loop, world.Host(), [&](std::unique_ptr<Connection> connection) {
    servers.push_back(std::make_unique<End>());
    servers.back()->connection = std::move(connection);
    listener.reset();
    return servers.back()->Recorders();
  });
  ASSERT_OK(made);
  listener = *std::move(made);
  const std::string address = listener->address();
  std::vector<std::unique_ptr<End>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<End>());
    clients.back()->connection = loop->Connect(address, {}, clients.back()->Recorders());
    EXPECT_TRUE(clients.back()->connection->Send("x"));
  }
  EXPECT_TRUE(loop.RunUntil([&] { return !servers.empty() && servers.front()->received == "x"; }));
  loop.RunFor(5 * kMillisecond);
  EXPECT_EQ(listener, nullptr);
  EXPECT_EQ(servers.size(), 1U);
}

void ConnectionLetGoAtOnce(Fixture& world) {
  CaseLoop loop(world);
  ASSERT_OK_ASSIGN(const auto listener, ListenSomewhere(*loop, world.Host(), LetGo()));
  End client;
  client.connection = loop->Connect(listener->address(), {}, client.Recorders());
  EXPECT_TRUE(loop.RunUntil([&] { return !client.closed.empty(); }));
  EXPECT_TRUE(client.IsPeerOrReset());
}

void ServerSpeaksFirst(Fixture& world) {
  CaseLoop loop(world);
  End server;
  ASSERT_OK_ASSIGN(const auto listener,
                   ListenSomewhere(*loop, world.Host(), [&](std::unique_ptr<Connection> made) {
                     server.connection = std::move(made);
                     EXPECT_TRUE(server.connection->Send("welcome"));
                     return server.Recorders();
                   }));
  End client;
  client.connection = loop->Connect(listener->address(), {}, client.Recorders());
  EXPECT_TRUE(loop.RunUntil([&] { return client.received == "welcome"; }));
  EXPECT_EQ(server.opened, 0);  // it was open already
}

void ManyConnectionsAtOnce(Fixture& world) {
  constexpr std::size_t kConnections = 100;
  CaseLoop loop(world);
  std::vector<std::unique_ptr<Connection>> servers;
  const auto echo = [&](std::unique_ptr<Connection> made) {
    servers.push_back(std::move(made));
    Connection* const connection = servers.back().get();
    Connection::Callbacks callbacks;
    callbacks.on_bytes = [connection](ByteView bytes) { EXPECT_TRUE(connection->Send(bytes)); };
    return callbacks;
  };
  ASSERT_OK_ASSIGN(const auto listener, ListenSomewhere(*loop, world.Host(), echo));
  std::vector<std::unique_ptr<End>> clients;
  for (std::size_t i = 0; i < kConnections; ++i) {
    clients.push_back(std::make_unique<End>());
    End& client = *clients.back();
    client.connection = loop->Connect(listener->address(), {}, client.Recorders());
    EXPECT_TRUE(client.connection->Send("number " + std::to_string(i)));
  }
  const auto all_answered = [&] {
    for (std::size_t i = 0; i < kConnections; ++i) {
      if (clients[i]->received != "number " + std::to_string(i)) return false;
    }
    return true;
  };
  EXPECT_TRUE(loop.RunUntil(all_answered));
  EXPECT_EQ(servers.size(), kConnections);
}

constexpr Case kCases[] = {
    {"PortZeroBecomesAPort", PortZeroBecomesAPort},
    {"TakenAddressIsRefused", TakenAddressIsRefused},
    {"AddressOfAnotherMachineIsRefused", AddressOfAnotherMachineIsRefused},
    {"WhatIsNoAddressIsRefused", WhatIsNoAddressIsRefused},
    {"DestroyedListenerFreesItsAddress", DestroyedListenerFreesItsAddress},
    {"ConnectionsOutliveTheirListener", ConnectionsOutliveTheirListener},
    {"ListenerDestroyedByItsOwnConnection", ListenerDestroyedByItsOwnConnection},
    {"ConnectionLetGoAtOnce", ConnectionLetGoAtOnce},
    {"ServerSpeaksFirst", ServerSpeaksFirst},
    {"ManyConnectionsAtOnce", ManyConnectionsAtOnce},
};

}  // namespace

std::span<const Case> ListenCases() { return kCases; }

}  // namespace beach::env::conformance
