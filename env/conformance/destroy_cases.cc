// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "env/conformance/case_loop.h"
#include "env/conformance/expect.h"
#include "env/conformance/loop_cases.h"

// A connection, a listener and a callback's own memory may go at any moment: under sanitizers, too.

namespace beach::env::conformance {
namespace {

void DestroyedConnectionIsSilentAndSeen(Fixture& world) {
  Pair pair(world);
  ASSERT_TRUE(pair.Connect());
  pair.client.connection.reset();
  EXPECT_TRUE(pair.loop.RunUntil([&] { return !pair.server.closed.empty(); }));
  EXPECT_TRUE(pair.server.IsPeerOrReset());
  EXPECT_TRUE(pair.client.closed.empty());
}

void DestroyedWithBothQueuesFull(Fixture& world) {
  Pair pair(world);
  ASSERT_TRUE(pair.Connect());
  pair.loop.Do([&] {
    EXPECT_TRUE(pair.client.connection->Send(Bytes(1'000'000, 'x')));
    EXPECT_TRUE(pair.server.connection->Send(Bytes(1'000'000, 'x')));
    pair.client.connection.reset();
  });
  EXPECT_TRUE(pair.loop.RunUntil([&] { return !pair.server.closed.empty(); }));
  EXPECT_TRUE(pair.server.IsPeerOrReset());
  EXPECT_TRUE(pair.client.closed.empty());
}

void DestroyedWhileItCloses(Fixture& world) {
  Pair pair(world);
  ASSERT_TRUE(pair.Connect());
  pair.server.connection->PauseReading(true);
  pair.loop.Do([&] {
    EXPECT_TRUE(pair.client.connection->Send("x"));
    pair.client.connection->Close();
    pair.client.connection.reset();
  });
  pair.server.connection->PauseReading(false);
  EXPECT_TRUE(pair.loop.RunUntil([&] { return !pair.server.closed.empty(); }));
  EXPECT_TRUE(pair.client.closed.empty());
}

// What a callback captures must live until it has returned, whatever it destroys.
struct Witness {
  explicit Witness(std::string text) : words(std::move(text)) {}
  const std::string words;
};
constexpr const char* kWords = "long enough to be in memory of its own, not inside of the string";

// A callback that destroys its own connection, and then looks at what it captured.
template <class... Arguments>
std::function<void(Arguments...)> DestroysItself(End& end, int* calls) {
  return [&end, calls, kept = std::make_shared<Witness>(kWords)](Arguments...) {
    ++*calls;
    end.connection.reset();
    EXPECT_EQ(kept->words, kWords);
  };
}

void DestroyedInsideOnOpen(Fixture& world) {
  Pair pair(world);
  int calls = 0;
  pair.client_callbacks.on_open = DestroysItself<>(pair.client, &calls);
  ASSERT_OK_ASSIGN(const auto listener,
                   ListenSomewhere(*pair.loop, pair.host, [&](std::unique_ptr<Connection> made) {
                     pair.server.connection = std::move(made);
                     return pair.server_callbacks;
                   }));
  pair.client.connection =
      pair.loop->Connect(listener->address(), {}, std::exchange(pair.client_callbacks, {}));
  EXPECT_TRUE(pair.client.connection->Send("x"));
  EXPECT_TRUE(pair.loop.RunUntil([&] { return !pair.server.closed.empty(); }));
  EXPECT_TRUE(pair.server.IsPeerOrReset());
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(pair.client.closed.empty());
}

// And until the other end is told, if there is one. The pair's own copies of the callbacks are let
// go of: the connection's must do.
void RunUntilCalled(Pair& pair, const int& calls, const End* other = nullptr) {
  pair.client_callbacks = {};
  pair.server_callbacks = {};
  EXPECT_TRUE(pair.loop.RunUntil(
      [&] { return calls > 0 && (other == nullptr || !other->closed.empty()); }));
  pair.loop.RunFor(5 * kMillisecond);
  EXPECT_EQ(calls, 1);
}

void DestroyedInsideOnBytes(Fixture& world) {
  Pair pair(world);
  int calls = 0;
  pair.server_options.read_max_bytes = 1;
  pair.server_callbacks.on_bytes = DestroysItself<ByteView>(pair.server, &calls);
  ASSERT_TRUE(pair.Connect());
  EXPECT_TRUE(pair.client.connection->Send("several"));
  RunUntilCalled(pair, calls, &pair.client);
  EXPECT_TRUE(pair.client.IsPeerOrReset());
  EXPECT_TRUE(pair.server.closed.empty());
}

void DestroyedInsideOnWritable(Fixture& world) {
  Pair pair(world);
  int calls = 0;
  pair.client_options.send_queue_max_bytes = 100;
  pair.client_callbacks.on_writable = DestroysItself<>(pair.client, &calls);
  ASSERT_TRUE(pair.Connect());
  EXPECT_TRUE(pair.client.connection->Send(Bytes(100, 'x')));
  EXPECT_FALSE(pair.client.connection->Send("x"));
  RunUntilCalled(pair, calls, &pair.server);
  EXPECT_TRUE(pair.server.IsPeerOrReset());
  EXPECT_TRUE(pair.client.closed.empty());
}

void DestroyedInsideOnEnd(Fixture& world) {
  Pair pair(world);
  int calls = 0;
  pair.server_callbacks.on_end = DestroysItself<>(pair.server, &calls);
  ASSERT_TRUE(pair.Connect());
  pair.client.connection->Close();
  RunUntilCalled(pair, calls, &pair.client);
  EXPECT_TRUE(pair.client.IsClosed(CloseReason::kLocal));
  EXPECT_TRUE(pair.server.closed.empty());
}

void DestroyedInsideOnClosed(Fixture& world) {
  for (const CloseReason reason :
       {CloseReason::kLocal, CloseReason::kPeer, CloseReason::kConnectFailed}) {
    Pair pair(world);
    int calls = 0;
    End& end = reason == CloseReason::kPeer ? pair.server : pair.client;
    auto& callbacks = reason == CloseReason::kPeer ? pair.server_callbacks : pair.client_callbacks;
    callbacks.on_closed = DestroysItself<const Closed&>(end, &calls);
    if (reason == CloseReason::kConnectFailed) {
      ASSERT_OK_ASSIGN(const std::string dead, DeadAddress(*pair.loop, pair.host));
      end.connection = pair.loop->Connect(dead, {}, callbacks);
    } else {
      ASSERT_TRUE(pair.Connect());
      pair.client.connection->Close();
    }
    RunUntilCalled(pair, calls);
  }
}

void DestroyedByTheOtherOnesCallback(Fixture& world) {
  Pair pair(world);
  int calls = 0;
  pair.server_callbacks.on_bytes = [&](ByteView) {
    ++calls;
    pair.client.connection.reset();
    pair.listener.reset();
    pair.server.connection.reset();
  };
  ASSERT_TRUE(pair.Connect());
  EXPECT_TRUE(pair.client.connection->Send("x"));
  RunUntilCalled(pair, calls);
  EXPECT_TRUE(pair.client.closed.empty());
  EXPECT_TRUE(pair.server.closed.empty());
}

// Of many that become ready in the same turn, the first that is called destroys the others.
void DestroyedWithACallbackDue(Fixture& world) {
  constexpr std::size_t kConnections = 20;
  CaseLoop loop(world);
  std::vector<std::unique_ptr<End>> servers;
  ASSERT_OK_ASSIGN(const auto listener,
                   ListenSomewhere(*loop, world.Host(), [&](std::unique_ptr<Connection> made) {
                     servers.push_back(std::make_unique<End>());
                     servers.back()->connection = std::move(made);
                     return servers.back()->Recorders();
                   }));
  std::vector<std::unique_ptr<End>> clients;
  int calls = 0;
  for (std::size_t i = 0; i < kConnections; ++i) {
    clients.push_back(std::make_unique<End>());
    Connection::Callbacks callbacks = clients.back()->Recorders();
    callbacks.on_bytes = [&](ByteView) {
      ++calls;
      for (const auto& client : clients) client->connection.reset();
    };
    clients.back()->connection = loop->Connect(listener->address(), {}, callbacks);
  }
  EXPECT_TRUE(loop.RunUntil([&] { return servers.size() == kConnections; }));
  loop.Do([&] {
    for (const auto& server : servers) EXPECT_TRUE(server->connection->Send("x"));
  });
  EXPECT_TRUE(loop.RunUntil([&] {
    for (const auto& server : servers) {
      if (server->closed.empty()) return false;
    }
    return true;
  }));
  EXPECT_EQ(calls, 1);
}

void CallbackOwnsItsConnection(Fixture& world) {
  Pair pair(world);
  // As a session does: the callbacks hold the object that holds the connection.
  const auto session = std::make_shared<End>();
  const std::weak_ptr<End> watched = session;
  pair.server_callbacks.on_bytes = [session](ByteView) { session->connection.reset(); };
  ASSERT_TRUE(pair.Connect());
  session->connection = std::move(pair.server.connection);
  EXPECT_TRUE(pair.client.connection->Send("x"));
  EXPECT_TRUE(pair.loop.RunUntil([&] { return !pair.client.closed.empty(); }));
  EXPECT_EQ(session->connection, nullptr);
  pair.server_callbacks = {};
  EXPECT_EQ(watched.use_count(), 1);  // the case's own
}

constexpr Case kCases[] = {
    {"DestroyedConnectionIsSilentAndSeen", DestroyedConnectionIsSilentAndSeen},
    {"DestroyedWithBothQueuesFull", DestroyedWithBothQueuesFull},
    {"DestroyedWhileItCloses", DestroyedWhileItCloses},
    {"DestroyedInsideOnOpen", DestroyedInsideOnOpen},
    {"DestroyedInsideOnBytes", DestroyedInsideOnBytes},
    {"DestroyedInsideOnWritable", DestroyedInsideOnWritable},
    {"DestroyedInsideOnEnd", DestroyedInsideOnEnd},
    {"DestroyedInsideOnClosed", DestroyedInsideOnClosed},
    {"DestroyedByTheOtherOnesCallback", DestroyedByTheOtherOnesCallback},
    {"DestroyedWithACallbackDue", DestroyedWithACallbackDue},
    {"CallbackOwnsItsConnection", CallbackOwnsItsConnection},
};

}  // namespace

std::span<const Case> DestroyCases() { return kCases; }

}  // namespace beach::env::conformance
