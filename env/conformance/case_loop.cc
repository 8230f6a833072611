// SPDX-License-Identifier: Apache-2.0
#include "env/conformance/case_loop.h"

#include <gtest/gtest.h>

#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "env/conformance/expect.h"

namespace beach::env::conformance {
namespace {

constexpr std::uint64_t kPatienceNs = 60 * kSecond;
constexpr std::uint64_t kLookNs = kMillisecond / 2;

}  // namespace

CaseLoop::CaseLoop(Fixture& world) : clock_(world.clock()) {
  Network* const network = world.env().network;
  BEACH_CHECK(network != nullptr);
  auto made = network->NewLoop();
  BEACH_CHECK(made.has_value());
  loop_ = *std::move(made);
}

bool CaseLoop::RunUntil(const std::function<bool()>& reached) {
  const std::uint64_t deadline = Now() + kPatienceNs;
  Loop::TimerId timer = 0;
  std::function<void()> look = [&] {
    if (reached() || Now() >= deadline) return loop_->Stop();
    timer = loop_->At(Now() + kLookNs, look);
  };
  timer = loop_->At(0, look);
  loop_->Run();
  loop_->Cancel(timer);
  return reached();
}

void CaseLoop::RunFor(std::uint64_t duration_ns) {
  const Loop::TimerId timer = loop_->At(Now() + duration_ns, [this] { loop_->Stop(); });
  loop_->Run();
  loop_->Cancel(timer);
}

void CaseLoop::Do(const std::function<void()>& work) {
  bool ran = false;
  loop_->Post([&] {
    work();
    ran = true;
  });
  EXPECT_TRUE(RunUntil([&] { return ran; }));
}

Connection::Callbacks End::Recorders() {
  return {
      .on_open =
          [this] {
            EXPECT_TRUE(closed.empty());
            EXPECT_TRUE(received.empty());
            ++opened;
          },
      .on_bytes =
          [this](ByteView bytes) {
            EXPECT_TRUE(closed.empty());
            EXPECT_EQ(ended, 0);
            EXPECT_FALSE(bytes.empty());
            received.append(bytes);
          },
      .on_writable =
          [this] {
            EXPECT_TRUE(closed.empty());
            ++writable;
          },
      .on_end = nullptr,
      .on_closed =
          [this](const Closed& how) {
            EXPECT_TRUE(closed.empty());
            closed.push_back(how);
          },
  };
}

bool End::IsClosed(CloseReason reason) const {
  return closed.size() == 1 && closed.front().reason == reason;
}

Pair::Pair(Fixture& world)
    : loop(world),
      host(world.Host()),
      client_callbacks(client.Recorders()),
      server_callbacks(server.Recorders()) {}

bool Pair::Connect() {
  auto made = loop->Listen(host + ":0", server_options, [this](std::unique_ptr<Connection> one) {
    EXPECT_FALSE(std::exchange(accepted, true));
    server.connection = std::move(one);
    return server_callbacks;
  });
  if (!made.has_value()) return false;
  listener = *std::move(made);
  client.connection = loop->Connect(listener->address(), client_options, client_callbacks);
  return loop.RunUntil([this] { return accepted && client.opened == 1; });
}

bool Pair::RunUntilClosed() {
  return loop.RunUntil([this] {
    return (client.connection == nullptr || !client.closed.empty()) &&
           (server.connection == nullptr || !server.closed.empty());
  });
}

Result<std::unique_ptr<Listener>> ListenSomewhere(Loop& loop, const std::string& host,
                                                  Loop::OnConnection on_connection) {
  return loop.Listen(host + ":0", {}, std::move(on_connection));
}

Result<std::string> DeadAddress(Loop& loop, const std::string& host) {
  BEACH_TRY_ASSIGN(const auto listener,
                   ListenSomewhere(loop, host, [](std::unique_ptr<Connection>) {
                     return Connection::Callbacks{};
                   }));
  return listener->address();
}

char StreamByte(std::uint64_t position, std::uint64_t stream) {
  const std::uint64_t mixed = Mix64(position / 8 + (stream << 48));
  return static_cast<char>(mixed >> (8 * (position % 8)));
}

Bytes StreamBytes(std::uint64_t begin, std::size_t length, std::uint64_t stream) {
  Bytes bytes(length, '\0');
  for (std::size_t i = 0; i < length; ++i) bytes[i] = StreamByte(begin + i, stream);
  return bytes;
}

bool IsStream(ByteView bytes, std::uint64_t begin, std::uint64_t stream) {
  return bytes == StreamBytes(begin, bytes.size(), stream);
}

}  // namespace beach::env::conformance
