// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "env/conformance/case_loop.h"
#include "env/conformance/loop_cases.h"
#include "env/threads.h"

namespace beach::env::conformance {
namespace {

// A server on a thread and a loop of its own, which sends back what it is sent.
class EchoServer {
 public:
  explicit EchoServer(Fixture& world)
      : world_(world), started_(0), thread_("echo", [this] { Serve(); }) {
    started_.Acquire();
  }
  ~EchoServer() {
    loop_->Post([this] { loop_->Stop(); });
    thread_.Join();
  }
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

  const std::string& address() const { return address_; }

 private:
  void Serve() {
    const auto made = world_.env().network->NewLoop();
    BEACH_CHECK(made.has_value());
    loop_ = made->get();
    std::vector<std::unique_ptr<Connection>> connections;
    const auto accept = [&](std::unique_ptr<Connection> one) {
      connections.push_back(std::move(one));
      Connection* const connection = connections.back().get();
      Connection::Callbacks callbacks;
      callbacks.on_bytes = [connection](ByteView bytes) { EXPECT_TRUE(connection->Send(bytes)); };
      return callbacks;
    };
    const auto listener = ListenSomewhere(*loop_, world_.Host(), accept);
    BEACH_CHECK(listener.has_value());
    address_ = (*listener)->address();
    started_.Release();
    loop_->Run();
  }

  Fixture& world_;
  Semaphore started_;
  Loop* loop_ = nullptr;  // written before started_
  std::string address_;   // the same
  Thread thread_;
};

void LoopsOfTwoThreadsTalk(Fixture& world) {
  constexpr int kRounds = 100;
  EchoServer server(world);
  CaseLoop loop(world);
  int rounds = 0;
  Bytes expected;
  Bytes received;
  std::unique_ptr<Connection> client;
  const auto ask = [&] {
    expected = "round " + std::to_string(rounds);
    received.clear();
    EXPECT_TRUE(client->Send(expected));
  };
  Connection::Callbacks callbacks;
  callbacks.on_open = ask;
  callbacks.on_bytes = [&](ByteView bytes) {
    received.append(bytes);
    if (received != expected) return;
    if (++rounds < kRounds) ask();
  };
  client = loop->Connect(server.address(), {}, callbacks);
  EXPECT_TRUE(loop.RunUntil([&] { return rounds == kRounds; }));
}

void ClientsOfSeveralThreads(Fixture& world) {
  constexpr std::size_t kThreads = 3;
  EchoServer server(world);
  std::vector<Thread> threads;
  std::vector<Bytes> received(kThreads);
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back("client", [&, i] {
      CaseLoop loop(world);
      const Bytes question = StreamBytes(0, 100'000, i);
      Connection::Callbacks callbacks;
      callbacks.on_bytes = [&](ByteView bytes) { received[i].append(bytes); };
      const auto client = loop->Connect(server.address(), {}, callbacks);
      EXPECT_TRUE(client->Send(question));
      EXPECT_TRUE(loop.RunUntil([&] { return received[i].size() == question.size(); }));
    });
  }
  for (Thread& thread : threads) thread.Join();
  for (std::size_t i = 0; i < kThreads; ++i) EXPECT_TRUE(IsStream(received[i], 0, i));
}

void LoopsPostToEachOther(Fixture& world) {
  constexpr int kRounds = 100;
  CaseLoop here(world);
  std::unique_ptr<CaseLoop> there = std::make_unique<CaseLoop>(world);
  int rounds = 0;
  std::function<void()> pong;
  const std::function<void()> ping = [&] {
    if (++rounds == kRounds) {
      (*there)->Post([&] { (*there)->Stop(); });
      here->Stop();
      return;
    }
    (*there)->Post(pong);
  };
  pong = [&] { here->Post(ping); };
  Thread thread("pong", [&] { (*there)->Run(); });
  here->Post(ping);
  here->Run();
  thread.Join();
  EXPECT_EQ(rounds, kRounds);
}

// What other threads work out comes back to the loop, which alone touches the connection.
void ResultsComeBackByPost(Fixture& world) {
  Pair pair(world);
  std::vector<Thread> workers;
  pair.server_callbacks.on_bytes = [&](ByteView bytes) {
    workers.emplace_back("worker", [&, question = Bytes(bytes)] {
      pair.loop->Post(
          [&, answer = question + "!"] { EXPECT_TRUE(pair.server.connection->Send(answer)); });
    });
  };
  ASSERT_TRUE(pair.Connect());
  EXPECT_TRUE(pair.client.connection->Send("x"));
  EXPECT_TRUE(pair.loop.RunUntil([&] { return pair.client.received == "x!"; }));
  for (Thread& worker : workers) worker.Join();
}

constexpr Case kCases[] = {
    {"LoopsOfTwoThreadsTalk", LoopsOfTwoThreadsTalk},
    {"ClientsOfSeveralThreads", ClientsOfSeveralThreads},
    {"LoopsPostToEachOther", LoopsPostToEachOther},
    {"ResultsComeBackByPost", ResultsComeBackByPost},
};

}  // namespace

std::span<const Case> TwoLoopCases() { return kCases; }

}  // namespace beach::env::conformance
