// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/random.h"
#include "env/conformance/case_loop.h"
#include "env/conformance/loop_cases.h"

namespace beach::env::conformance {
namespace {

// Sends a stream of known bytes in pieces of random size, as fast as the queue takes them.
struct Source {
  Source(End& from, std::uint64_t number, std::uint64_t bytes)
      : end(from), stream(number), length(bytes), random(number) {}

  void Pump() {
    while (sent < length) {
      if (piece == 0) piece = random.Below(2) == 0 ? random.Below(100) : random.Below(60'000);
      piece = std::min(std::max<std::uint64_t>(piece, 1), length - sent);
      const Bytes bytes = StreamBytes(sent, static_cast<std::size_t>(piece), stream);
      const std::uint64_t queued = end.connection->queued_bytes();
      if (!end.connection->Send(bytes)) {
        EXPECT_EQ(end.connection->queued_bytes(), queued);
        return;
      }
      sent += piece;
      piece = 0;
    }
  }

  End& end;
  const std::uint64_t stream;
  const std::uint64_t length;
  RandomStream random;
  std::uint64_t piece = 0;
  std::uint64_t sent = 0;
};

// Checks a stream as it comes, and keeps none of it.
struct Sink {
  std::uint64_t stream = 0;
  std::uint64_t got = 0;
  std::uint64_t most = 0;  // of one piece
  bool whole = true;

  void Take(ByteView bytes) {
    whole = whole && IsStream(bytes, got, stream);
    got += bytes.size();
    most = std::max<std::uint64_t>(most, bytes.size());
  }
};

void BytesArriveWholeBothWaysAtOnce(Fixture& world) {
  constexpr std::uint64_t kBytes = std::uint64_t{5} << 20;
  Pair pair(world);
  pair.client_options.send_queue_max_bytes = 300'000;
  pair.client_options.send_queue_low_bytes = 100'000;
  pair.server_options.send_queue_max_bytes = 70'000;
  pair.server_options.send_queue_low_bytes = 0;
  Source up(pair.client, 1, kBytes);
  Source down(pair.server, 2, kBytes);
  Sink at_server{.stream = 1};
  Sink at_client{.stream = 2};
  pair.client_callbacks.on_writable = [&] { up.Pump(); };
  pair.server_callbacks.on_writable = [&] { down.Pump(); };
  pair.client_callbacks.on_bytes = [&](ByteView bytes) { at_client.Take(bytes); };
  pair.server_callbacks.on_bytes = [&](ByteView bytes) { at_server.Take(bytes); };
  ASSERT_TRUE(pair.Connect());
  pair.loop.Do([&] {
    up.Pump();
    down.Pump();
  });
  EXPECT_TRUE(
      pair.loop.RunUntil([&] { return at_server.got >= kBytes && at_client.got >= kBytes; }));
  EXPECT_EQ(at_server.got, kBytes);
  EXPECT_EQ(at_client.got, kBytes);
  EXPECT_TRUE(at_server.whole);
  EXPECT_TRUE(at_client.whole);
  EXPECT_LE(std::max(at_server.most, at_client.most), ConnectionOptions().read_max_bytes);
}

void PiecesKeepToTheirBound(Fixture& world) {
  constexpr std::uint64_t kBytes = 50'000;
  Pair pair(world);
  pair.server_options.read_max_bytes = 100;
  Sink sink{.stream = 1};
  pair.server_callbacks.on_bytes = [&](ByteView bytes) { sink.Take(bytes); };
  ASSERT_TRUE(pair.Connect());
  EXPECT_TRUE(pair.client.connection->Send(StreamBytes(0, kBytes, 1)));
  EXPECT_TRUE(pair.loop.RunUntil([&] { return sink.got == kBytes; }));
  EXPECT_TRUE(sink.whole);
  EXPECT_LE(sink.most, 100U);
}

void ManySmallSendsOfOneTurn(Fixture& world) {
  Pair pair(world);
  ASSERT_TRUE(pair.Connect());
  pair.loop.Do([&] {
    for (std::uint64_t i = 0; i < 1'000; ++i) {
      EXPECT_TRUE(pair.client.connection->Send(StreamBytes(10 * i, 10, 3)));
    }
    EXPECT_TRUE(pair.client.connection->Send(""));
    EXPECT_EQ(pair.server.received, "");
  });
  EXPECT_TRUE(pair.loop.RunUntil([&] { return pair.server.received.size() == 10'000; }));
  EXPECT_TRUE(IsStream(pair.server.received, 0, 3));
}

void FullQueueRefusesAndTellsAtItsLowMark(Fixture& world) {
  Pair pair(world);
  pair.client_options.send_queue_max_bytes = 10'000;
  pair.client_options.send_queue_low_bytes = 5'000;
  Connection* client = nullptr;
  pair.client_callbacks.on_writable = [&] {
    EXPECT_LE(client->queued_bytes(), 5'000U);
    if (++pair.client.writable > 1) return;
    EXPECT_TRUE(client->Send(StreamBytes(9'000, 4'000, 4)));
  };
  ASSERT_TRUE(pair.Connect());
  client = pair.client.connection.get();
  pair.loop.Do([&] {
    EXPECT_TRUE(client->Send(StreamBytes(0, 6'000, 4)));
    EXPECT_FALSE(client->Send(Bytes(4'001, 'x')));
    EXPECT_EQ(client->queued_bytes(), 6'000U);
    EXPECT_TRUE(client->Send(StreamBytes(6'000, 3'000, 4)));  // what fits is taken all the same
    EXPECT_EQ(client->queued_bytes(), 9'000U);
    EXPECT_EQ(pair.client.writable, 0);
  });
  EXPECT_TRUE(pair.loop.RunUntil([&] { return pair.server.received.size() == 13'000; }));
  EXPECT_TRUE(IsStream(pair.server.received, 0, 4));
  EXPECT_EQ(client->queued_bytes(), 0U);
}

void FallToTheLowMarkIsToldUnrefused(Fixture& world) {
  Pair pair(world);
  pair.client_options.send_queue_max_bytes = 10'000;
  pair.client_options.send_queue_low_bytes = 100;
  ASSERT_TRUE(pair.Connect());
  Connection& client = *pair.client.connection;
  EXPECT_TRUE(client.Send(Bytes(100, 'x')));
  pair.loop.RunFor(5 * kMillisecond);
  EXPECT_EQ(client.queued_bytes(), 0U);
  EXPECT_EQ(pair.client.writable, 0);  // it was not above
  EXPECT_TRUE(client.Send(Bytes(5'000, 'x')));
  EXPECT_TRUE(pair.loop.RunUntil([&] { return pair.client.writable > 0; }));
  EXPECT_TRUE(client.Send("x"));
  pair.loop.RunFor(5 * kMillisecond);
  EXPECT_EQ(pair.client.writable, 1);
}

void LargerThanTheQueueIsAlwaysRefused(Fixture& world) {
  Pair pair(world);
  pair.client_options.send_queue_max_bytes = 1'000;
  ASSERT_TRUE(pair.Connect());
  Connection& client = *pair.client.connection;
  for (int i = 0; i < 3; ++i) {
    pair.loop.Do([&] {
      EXPECT_FALSE(client.Send(Bytes(1'001, 'x')));
      EXPECT_EQ(client.queued_bytes(), 0U);
    });
  }
  EXPECT_TRUE(client.Send(StreamBytes(0, 1'000, 5)));
  EXPECT_TRUE(pair.loop.RunUntil([&] { return pair.server.received.size() == 1'000; }));
  EXPECT_TRUE(IsStream(pair.server.received, 0, 5));
}

// Nothing is on its way whose going could be told.
void RefusalWithAnEmptyQueueIsToldToo(Fixture& world) {
  Pair pair(world);
  pair.client_options.send_queue_max_bytes = 1'000;
  ASSERT_TRUE(pair.Connect());
  for (int i = 1; i <= 3; ++i) {
    pair.loop.Do([&] {
      EXPECT_FALSE(pair.client.connection->Send(Bytes(1'001, 'x')));
      EXPECT_EQ(pair.client.writable, i - 1) << "inside the call";
    });
    EXPECT_TRUE(pair.loop.RunUntil([&] { return pair.client.writable == i; }));
  }
}

// The sender goes on for as long as it is told to; a peer that reads nothing stops it.
void PausedReaderStopsItsSender(Fixture& world) {
  constexpr std::uint64_t kFar = std::uint64_t{256} << 20;
  Pair pair(world);
  pair.client_options.send_queue_max_bytes = 100'000;
  pair.client_options.send_queue_low_bytes = 20'000;
  Source source(pair.client, 6, kFar);
  Sink sink{.stream = 6};
  pair.client_callbacks.on_writable = [&] {
    EXPECT_LE(pair.client.connection->queued_bytes(), 20'000U);
    source.Pump();
  };
  pair.server_callbacks.on_bytes = [&](ByteView bytes) { sink.Take(bytes); };
  ASSERT_TRUE(pair.Connect());
  pair.server.connection->PauseReading(true);
  pair.loop.Do([&] { source.Pump(); });
  // Where it seems to stand still too early, the rest of the case is merely easier.
  std::uint64_t before = 0;
  do {
    before = source.sent;
    pair.loop.RunFor(50 * kMillisecond);
  } while (source.sent > before);
  EXPECT_LT(source.sent, kFar);
  EXPECT_EQ(sink.got, 0U);

  const std::uint64_t stalled_at = source.sent;
  pair.server.connection->PauseReading(false);
  EXPECT_EQ(sink.got, 0U);  // not inside the call
  EXPECT_TRUE(pair.loop.RunUntil([&] { return sink.got > stalled_at; }));
  EXPECT_TRUE(sink.whole);
}

void PauseInsideOnBytesHolds(Fixture& world) {
  Pair pair(world);
  pair.server_options.read_max_bytes = 10;
  int pieces = 0;
  pair.server_callbacks.on_bytes = [&](ByteView bytes) {
    pair.server.received.append(bytes);
    ++pieces;
    pair.server.connection->PauseReading(true);
  };
  ASSERT_TRUE(pair.Connect());
  EXPECT_TRUE(pair.client.connection->Send(StreamBytes(0, 50, 7)));
  int told = 0;
  while (pair.server.received.size() < 50 && !testing::Test::HasFailure()) {
    EXPECT_TRUE(pair.loop.RunUntil([&] { return pieces > told; }));
    EXPECT_EQ(pieces, told + 1);
    told = pieces;
    pair.loop.RunFor(2 * kMillisecond);
    EXPECT_EQ(pieces, told);
    pair.server.connection->PauseReading(false);
  }
  EXPECT_TRUE(IsStream(pair.server.received, 0, 7));
  EXPECT_GE(pieces, 5);
}

void PauseAndResumeInOneCallbackChangesNothing(Fixture& world) {
  Pair pair(world);
  pair.server_options.read_max_bytes = 10;
  pair.server_callbacks.on_bytes = [&](ByteView bytes) {
    pair.server.received.append(bytes);
    for (const bool paused : {true, false, true, false}) {
      pair.server.connection->PauseReading(paused);
    }
  };
  ASSERT_TRUE(pair.Connect());
  EXPECT_TRUE(pair.client.connection->Send(StreamBytes(0, 1'000, 8)));
  EXPECT_TRUE(pair.loop.RunUntil([&] { return pair.server.received.size() == 1'000; }));
  EXPECT_TRUE(IsStream(pair.server.received, 0, 8));
}

void PauseHoldsTheEndBack(Fixture& world) {
  Pair pair(world);
  ASSERT_TRUE(pair.Connect());
  pair.server.connection->PauseReading(true);
  EXPECT_TRUE(pair.client.connection->Send("last words"));
  pair.client.connection->Close();
  EXPECT_TRUE(pair.loop.RunUntil([&] { return !pair.client.closed.empty(); }));
  pair.loop.RunFor(10 * kMillisecond);
  EXPECT_EQ(pair.server.received, "");
  EXPECT_TRUE(pair.server.closed.empty());
  pair.server.connection->PauseReading(false);
  EXPECT_TRUE(pair.loop.RunUntil([&] { return !pair.server.closed.empty(); }));
  EXPECT_EQ(pair.server.received, "last words");
  EXPECT_TRUE(pair.server.IsClosed(CloseReason::kPeer));
}

void PausedEndStillSends(Fixture& world) {
  Pair pair(world);
  ASSERT_TRUE(pair.Connect());
  pair.server.connection->PauseReading(true);
  EXPECT_TRUE(pair.server.connection->Send("spoken"));
  EXPECT_TRUE(pair.client.connection->Send("unheard"));
  EXPECT_TRUE(pair.loop.RunUntil([&] { return pair.client.received == "spoken"; }));
  EXPECT_EQ(pair.server.received, "");
}

constexpr Case kCases[] = {
    {"BytesArriveWholeBothWaysAtOnce", BytesArriveWholeBothWaysAtOnce},
    {"PiecesKeepToTheirBound", PiecesKeepToTheirBound},
    {"ManySmallSendsOfOneTurn", ManySmallSendsOfOneTurn},
    {"FullQueueRefusesAndTellsAtItsLowMark", FullQueueRefusesAndTellsAtItsLowMark},
    {"FallToTheLowMarkIsToldUnrefused", FallToTheLowMarkIsToldUnrefused},
    {"LargerThanTheQueueIsAlwaysRefused", LargerThanTheQueueIsAlwaysRefused},
    {"RefusalWithAnEmptyQueueIsToldToo", RefusalWithAnEmptyQueueIsToldToo},
    {"PausedReaderStopsItsSender", PausedReaderStopsItsSender},
    {"PauseInsideOnBytesHolds", PauseInsideOnBytesHolds},
    {"PauseAndResumeInOneCallbackChangesNothing", PauseAndResumeInOneCallbackChangesNothing},
    {"PauseHoldsTheEndBack", PauseHoldsTheEndBack},
    {"PausedEndStillSends", PausedEndStillSends},
};

}  // namespace

std::span<const Case> StreamCases() { return kCases; }

}  // namespace beach::env::conformance
