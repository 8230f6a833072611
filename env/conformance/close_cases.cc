// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "env/conformance/case_loop.h"
#include "env/conformance/loop_cases.h"

namespace beach::env::conformance {
namespace {

void CloseSendsWhatIsQueued(Fixture& world) {
  constexpr std::size_t kBytes = 900'000;
  Pair pair(world);
  ASSERT_TRUE(pair.Connect());
  pair.loop.Do([&] {
    EXPECT_TRUE(pair.client.connection->Send(StreamBytes(0, kBytes, 1)));
    pair.client.connection->Close();
    EXPECT_TRUE(pair.client.closed.empty()) << "inside the call";
  });
  EXPECT_TRUE(pair.RunUntilClosed());
  EXPECT_TRUE(pair.client.IsClosed(CloseReason::kLocal));
  EXPECT_TRUE(pair.server.IsClosed(CloseReason::kPeer));
  EXPECT_EQ(pair.server.received.size(), kBytes);
  EXPECT_TRUE(IsStream(pair.server.received, 0, 1));
}

void CloseIsOneCloseAndTheEndOfSending(Fixture& world) {
  Pair pair(world);
  ASSERT_TRUE(pair.Connect());
  Connection& client = *pair.client.connection;
  pair.loop.Do([&] {
    EXPECT_TRUE(client.Send("before"));
    client.Close();
    EXPECT_FALSE(client.Send("after"));
    client.Close();
  });
  EXPECT_TRUE(pair.RunUntilClosed());
  EXPECT_FALSE(client.Send("after"));
  client.Close();
  client.PauseReading(true);
  client.PauseReading(false);
  pair.loop.RunFor(5 * kMillisecond);
  EXPECT_TRUE(pair.client.IsClosed(CloseReason::kLocal));  // once
  EXPECT_EQ(client.queued_bytes(), 0U);
  EXPECT_EQ(pair.server.received, "before");
  EXPECT_FALSE(pair.server.connection->Send("after"));
}

void NothingIsToldOfBytesAfterClose(Fixture& world) {
  Pair pair(world);
  bool closing = false;
  pair.client_callbacks.on_bytes = [&](ByteView) { EXPECT_FALSE(closing); };
  ASSERT_TRUE(pair.Connect());
  pair.loop.Do([&] {
    EXPECT_TRUE(pair.server.connection->Send(Bytes(10'000, 'x')));
    EXPECT_TRUE(pair.client.connection->Send("bye"));
    pair.client.connection->Close();
    closing = true;
  });
  EXPECT_TRUE(pair.RunUntilClosed());
  EXPECT_TRUE(pair.client.IsClosed(CloseReason::kLocal));
  EXPECT_EQ(pair.server.received, "bye");
}

// All that was queued is the peer's, also when it never stops talking.
void CloseWhileThePeerSends(Fixture& world) {
  constexpr std::size_t kBytes = 500'000;
  Pair pair(world);
  pair.server_options.send_queue_max_bytes = 50'000;
  pair.server_options.send_queue_low_bytes = 20'000;
  bool ended = false;
  const auto talk = [&] {
    while (!ended && pair.server.connection->Send(Bytes(10'000, 't'))) {
    }
  };
  pair.server_callbacks.on_writable = talk;
  pair.server_callbacks.on_end = [&] {
    ended = true;
    pair.server.connection->Close();
  };
  ASSERT_TRUE(pair.Connect());
  pair.loop.Do(talk);
  EXPECT_TRUE(pair.loop.RunUntil([&] { return pair.client.received.size() > 100'000; }));
  EXPECT_TRUE(pair.client.connection->Send(StreamBytes(0, kBytes, 2)));
  pair.client.connection->Close();
  EXPECT_TRUE(pair.loop.RunUntil([&] { return ended && !pair.client.closed.empty(); }));
  EXPECT_TRUE(pair.client.IsClosed(CloseReason::kLocal));
  EXPECT_EQ(pair.server.received.size(), kBytes);
  EXPECT_TRUE(IsStream(pair.server.received, 0, 2));
}

void CloseOfAPausedConnection(Fixture& world) {
  Pair pair(world);
  ASSERT_TRUE(pair.Connect());
  EXPECT_TRUE(pair.server.connection->Send("unread"));
  pair.client.connection->PauseReading(true);
  EXPECT_TRUE(pair.client.connection->Send("bye"));
  pair.client.connection->Close();
  EXPECT_TRUE(pair.RunUntilClosed());
  EXPECT_TRUE(pair.client.IsClosed(CloseReason::kLocal));
  EXPECT_TRUE(pair.server.IsClosed(CloseReason::kPeer));
  EXPECT_EQ(pair.client.received, "");
  EXPECT_EQ(pair.server.received, "bye");
}

void CloseInsideOnBytes(Fixture& world) {
  Pair pair(world);
  pair.server_callbacks.on_bytes = [&](ByteView bytes) {
    EXPECT_TRUE(pair.server.connection->Send(bytes));
    pair.server.connection->Close();
  };
  ASSERT_TRUE(pair.Connect());
  EXPECT_TRUE(pair.client.connection->Send("x"));
  EXPECT_TRUE(pair.RunUntilClosed());
  EXPECT_TRUE(pair.server.IsClosed(CloseReason::kLocal));
  EXPECT_TRUE(pair.client.IsClosed(CloseReason::kPeer));
  EXPECT_EQ(pair.client.received, "x");
}

void BothCloseAtOnce(Fixture& world) {
  Pair pair(world);
  ASSERT_TRUE(pair.Connect());
  pair.loop.Do([&] {
    for (End* const end : {&pair.client, &pair.server}) {
      EXPECT_TRUE(end->connection->Send(Bytes(10'000, 'x')));
      end->connection->Close();
    }
  });
  EXPECT_TRUE(pair.RunUntilClosed());
  EXPECT_TRUE(pair.client.IsClosed(CloseReason::kLocal));
  EXPECT_TRUE(pair.server.IsClosed(CloseReason::kLocal));
}

void EndIsToldToWhoAsks(Fixture& world) {
  Pair pair(world);
  pair.server_callbacks.on_end = [&] { ++pair.server.ended; };
  ASSERT_TRUE(pair.Connect());
  EXPECT_TRUE(pair.client.connection->Send("all of it"));
  pair.client.connection->Close();
  EXPECT_TRUE(pair.loop.RunUntil([&] { return pair.server.ended > 0; }));
  EXPECT_EQ(pair.server.received, "all of it");
  pair.loop.RunFor(10 * kMillisecond);
  EXPECT_EQ(pair.server.ended, 1);
  EXPECT_TRUE(pair.server.closed.empty());  // it may go on speaking
  EXPECT_TRUE(pair.server.connection->Send("answer"));
  pair.server.connection->Close();
  EXPECT_TRUE(pair.RunUntilClosed());
  EXPECT_TRUE(pair.server.IsClosed(CloseReason::kLocal));
}

void EndMayCloseInsideTheCallback(Fixture& world) {
  Pair pair(world);
  pair.server_callbacks.on_end = [&] { pair.server.connection->Close(); };
  ASSERT_TRUE(pair.Connect());
  pair.client.connection->Close();
  EXPECT_TRUE(pair.RunUntilClosed());
  EXPECT_TRUE(pair.server.IsClosed(CloseReason::kLocal));
}

void EndUnaskedClosesOnceAllIsSent(Fixture& world) {
  Pair pair(world);
  ASSERT_TRUE(pair.Connect());
  pair.loop.Do([&] {
    EXPECT_TRUE(pair.server.connection->Send(Bytes(10'000, 'x')));
    pair.client.connection->Close();
  });
  EXPECT_TRUE(pair.RunUntilClosed());
  EXPECT_TRUE(pair.client.IsClosed(CloseReason::kLocal));
  EXPECT_TRUE(pair.server.IsClosed(CloseReason::kPeer));
  EXPECT_EQ(pair.server.connection->queued_bytes(), 0U);
}

// More than is on its way at once, for one that reads no more.
void ClosedPeerHoldsNobodyUp(Fixture& world) {
  Pair pair(world);
  ASSERT_TRUE(pair.Connect());
  pair.loop.Do([&] {
    EXPECT_TRUE(pair.server.connection->Send(Bytes(1'000'000, 'x')));
    pair.client.connection->Close();
  });
  EXPECT_TRUE(pair.RunUntilClosed());
  EXPECT_TRUE(pair.client.IsClosed(CloseReason::kLocal));
  EXPECT_TRUE(pair.server.IsPeerOrReset());
}

void PeerThatVanishesWhileWeSend(Fixture& world) {
  Pair pair(world);
  pair.client_options.send_queue_max_bytes = 50'000;
  pair.client_options.send_queue_low_bytes = 20'000;
  const auto send = [&] {
    while (pair.client.connection->Send(Bytes(10'000, 'x'))) {
    }
  };
  pair.client_callbacks.on_writable = send;
  ASSERT_TRUE(pair.Connect());
  pair.server.connection->PauseReading(true);
  pair.loop.Do(send);
  pair.loop.RunFor(5 * kMillisecond);
  pair.server.connection.reset();
  EXPECT_TRUE(pair.loop.RunUntil([&] { return !pair.client.closed.empty(); }));
  EXPECT_TRUE(pair.client.IsPeerOrReset());
  EXPECT_FALSE(pair.client.connection->Send("x"));
  EXPECT_EQ(pair.client.connection->queued_bytes(), 0U);
}

constexpr Case kCases[] = {
    {"CloseSendsWhatIsQueued", CloseSendsWhatIsQueued},
    {"CloseIsOneCloseAndTheEndOfSending", CloseIsOneCloseAndTheEndOfSending},
    {"NothingIsToldOfBytesAfterClose", NothingIsToldOfBytesAfterClose},
    {"CloseWhileThePeerSends", CloseWhileThePeerSends},
    {"CloseOfAPausedConnection", CloseOfAPausedConnection},
    {"CloseInsideOnBytes", CloseInsideOnBytes},
    {"BothCloseAtOnce", BothCloseAtOnce},
    {"EndIsToldToWhoAsks", EndIsToldToWhoAsks},
    {"EndMayCloseInsideTheCallback", EndMayCloseInsideTheCallback},
    {"EndUnaskedClosesOnceAllIsSent", EndUnaskedClosesOnceAllIsSent},
    {"ClosedPeerHoldsNobodyUp", ClosedPeerHoldsNobodyUp},
    {"PeerThatVanishesWhileWeSend", PeerThatVanishesWhileWeSend},
};

}  // namespace

std::span<const Case> CloseCases() { return kCases; }

}  // namespace beach::env::conformance
