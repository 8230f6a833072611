// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "env/os/test_loop.h"
#include "env/os/test_socket.h"
#include "env/threads.h"

// What conformance cannot reach, with peers that are no loop's.

namespace beach::env {
namespace {

TEST_F(OsLoopTest, ResetInMidStreamIsTold) {
  const auto listener = Listen();
  TestSocket peer(listener->address());
  EXPECT_TRUE(peer.Send("half a mess"));
  EXPECT_TRUE(RunUntilAccepted(1));
  EXPECT_TRUE(loop_.RunUntil([&] { return !end().received.empty(); }));
  peer.Reset();
  EXPECT_TRUE(loop_.RunUntil([&] { return !end().closed.empty(); }));
  EXPECT_TRUE(end().IsClosed(CloseReason::kReset));
  EXPECT_NE(end().closed.front().detail.find("connection reset by peer"), std::string::npos)
      << end().closed.front().detail;
}

TEST_F(OsLoopTest, ResetWhileClosingIsTold) {
  const auto listener = Listen("127.0.0.1", {.send_queue_max_bytes = std::uint64_t{64} << 20});
  TestSocket peer(listener->address());
  EXPECT_TRUE(RunUntilAccepted(1));
  loop_.Do([&] {
    EXPECT_TRUE(end().connection->Send(Bytes(std::size_t{64} << 20, 'x')));  // more than fits
    end().connection->Close();
  });
  loop_.RunFor(5 * kMillisecond);
  EXPECT_TRUE(end().closed.empty());
  peer.Reset();
  EXPECT_TRUE(loop_.RunUntil([&] { return !end().closed.empty(); }));
  EXPECT_TRUE(end().IsClosed(CloseReason::kReset));
}

TEST_F(OsLoopTest, PeerThatEndedStillReads) {
  asks_for_end_ = true;
  const auto listener = Listen();
  const TestSocket peer(listener->address());
  EXPECT_TRUE(peer.Send("question"));
  peer.EndSending();
  EXPECT_TRUE(RunUntilAccepted(1));
  EXPECT_TRUE(loop_.RunUntil([&] { return end().ended == 1; }));
  EXPECT_EQ(end().received, "question");
  EXPECT_TRUE(end().connection->Send("answer"));
  loop_.RunFor(5 * kMillisecond);
  EXPECT_EQ(peer.Receive(), "answer");
  EXPECT_TRUE(end().closed.empty());
  EXPECT_TRUE(end().connection->Send("more"));
  end().connection->Close();
  EXPECT_TRUE(loop_.RunUntil([&] { return !end().closed.empty(); }));
  EXPECT_TRUE(end().IsClosed(CloseReason::kLocal));
  EXPECT_EQ(peer.Receive(), "more");
  EXPECT_EQ(peer.Receive(), "");
}

// More than the kernel holds, for a peer that waits for us before it reads.
TEST_F(OsLoopTest, PeerThatEndedUnaskedGetsWhatIsQueued) {
  constexpr std::size_t kBytes = std::size_t{32} << 20;
  const auto listener = Listen("127.0.0.1", {.send_queue_max_bytes = kBytes});
  const TestSocket peer(listener->address());
  EXPECT_TRUE(RunUntilAccepted(1));
  peer.EndSending();
  EXPECT_TRUE(end().connection->Send(Bytes(kBytes, 'x')));
  loop_.RunFor(5 * kMillisecond);
  EXPECT_TRUE(end().closed.empty());
  std::size_t received = 0;
  Thread reader("reader", [&] {
    for (Bytes piece = peer.Receive(); !piece.empty(); piece = peer.Receive()) {
      received += piece.size();
    }
  });
  EXPECT_TRUE(loop_.RunUntil([&] { return !end().closed.empty(); }));
  EXPECT_TRUE(end().IsClosed(CloseReason::kPeer));
  reader.Join();
  EXPECT_EQ(received, kBytes);
}

TEST_F(OsLoopTest, TwoThatCloseWithFullPipesEnd) {
  constexpr std::size_t kBytes = std::size_t{32} << 20;
  Pair pair(world_);
  pair.client_options.send_queue_max_bytes = kBytes;
  pair.server_options.send_queue_max_bytes = kBytes;
  ASSERT_TRUE(pair.Connect());
  pair.loop.Do([&] {
    for (End* const end : {&pair.client, &pair.server}) {
      EXPECT_TRUE(end->connection->Send(Bytes(kBytes, 'x')));
      end->connection->Close();
    }
  });
  EXPECT_TRUE(pair.RunUntilClosed());
  EXPECT_TRUE(pair.client.IsClosed(CloseReason::kLocal));
  EXPECT_TRUE(pair.server.IsClosed(CloseReason::kLocal));
}

TEST_F(OsLoopTest, WhatATurnSendsIsOneSegment) {
  const auto listener = Listen();
  const TestSocket peer(listener->address());
  EXPECT_TRUE(RunUntilAccepted(1));
  for (int callback = 0; callback < 2; ++callback) {
    loop_->Post([&] {
      for (int i = 0; i < 50; ++i) EXPECT_TRUE(end().connection->Send("0123456789"));
      EXPECT_FALSE(peer.HasInput());
    });
  }
  EXPECT_TRUE(loop_.RunUntil([&] { return peer.HasInput(); }));
  EXPECT_EQ(peer.Receive().size(), 1'000U);
  EXPECT_EQ(peer.segments_received(), 1U);
}

TEST_F(OsLoopTest, TurnThatStopsTheLoopSendsAsWell) {
  const auto listener = Listen();
  const TestSocket peer(listener->address());
  EXPECT_TRUE(RunUntilAccepted(1));
  loop_->Post([&] {
    EXPECT_TRUE(end().connection->Send("goodbye"));
    loop_->Stop();
  });
  loop_->Run();
  EXPECT_EQ(peer.Receive(), "goodbye");
}

TEST_F(OsLoopTest, CloseKeepsItsSocketUntilThePeerHasReadAll) {
  const auto listener = Listen();
  const TestSocket peer(listener->address());
  EXPECT_TRUE(RunUntilAccepted(1));
  const std::size_t before = OpenDescriptors();
  EXPECT_TRUE(end().connection->Send("all of it"));
  end().connection->Close();
  EXPECT_TRUE(loop_.RunUntil([&] { return !end().closed.empty(); }));
  end().connection.reset();
  EXPECT_EQ(OpenDescriptors(), before);
  // A close would be answered with a reset from here on.
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(peer.Send("still talking"));
    loop_.RunFor(kMillisecond);
  }
  EXPECT_EQ(peer.Receive(), "all of it");
  EXPECT_EQ(peer.Receive(), "");
  peer.EndSending();
  EXPECT_TRUE(loop_.RunUntil([&] { return OpenDescriptors() == before - 1; }));
}

TEST_F(OsLoopTest, SixthVersionOfAddresses) {
  const auto probe = loop_->Listen(
      "[::1]:0", {}, [](std::unique_ptr<Connection>) { return Connection::Callbacks{}; });
  if (!probe.has_value()) GTEST_SKIP() << probe.error().ToString();
  const auto listener = Listen("[::1]");
  EXPECT_TRUE(listener->address().starts_with("[::1]:")) << listener->address();
  End client;
  client.connection = loop_->Connect(listener->address(), {}, client.Recorders());
  EXPECT_TRUE(client.connection->Send("x"));
  EXPECT_TRUE(loop_.RunUntil([&] { return !ends_.empty() && end().received == "x"; }));
  EXPECT_EQ(client.connection->peer(), listener->address());
  EXPECT_TRUE(end().connection->peer().starts_with("[::1]:")) << end().connection->peer();
}

TEST_F(OsLoopTest, NamesAreLookedUp) {
  const auto listener = Listen("localhost");
  const std::string port = listener->address().substr(listener->address().rfind(':'));
  End client;
  client.connection = loop_->Connect("localhost" + port, {}, client.Recorders());
  EXPECT_TRUE(client.connection->Send("x"));
  EXPECT_TRUE(loop_.RunUntil([&] { return !ends_.empty() && end().received == "x"; }));
  EXPECT_EQ(client.connection->peer(), listener->address());
}

TEST_F(OsLoopTest, SmallMessagesAreNotHeldBack) {
  Pair pair(world_);
  ASSERT_TRUE(pair.Connect());
  int without_delay = 0;
  for (int fd = 0; fd < 1'024; ++fd) {
    int on = 0;
    socklen_t length = sizeof(on);
    if (::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &length) == 0 && on != 0) ++without_delay;
  }
  EXPECT_EQ(without_delay, 2);
}

}  // namespace
}  // namespace beach::env
