// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "env/conformance/fixture.h"
#include "env/loop.h"

// What the loop's cases are made of: a loop run by the case's own thread until something holds,
// both ends of a connection on it, and what they were told.

namespace beach::env::conformance {

inline constexpr std::uint64_t kMillisecond = 1'000'000;
inline constexpr std::uint64_t kSecond = 1'000 * kMillisecond;

class CaseLoop {
 public:
  explicit CaseLoop(Fixture& world);

  Loop& operator*() { return *loop_; }
  Loop* operator->() { return loop_.get(); }
  std::uint64_t Now() { return clock_.MonotonicNow(); }

  // Runs until `reached` holds. False, after a minute: it never will.
  [[nodiscard]] bool RunUntil(const std::function<bool()>& reached);
  // Runs for a while, in which something should not happen.
  void RunFor(std::uint64_t duration_ns);
  // As a callback of the loop's: runs `work` there, and returns when it has run.
  void Do(const std::function<void()>& work);
  // Destroys the loop.
  void Destroy() { loop_.reset(); }

 private:
  Clock& clock_;
  std::unique_ptr<Loop> loop_;
};

// One end of a connection.
struct End {
  std::unique_ptr<Connection> connection;
  Bytes received;
  int opened = 0;
  int writable = 0;
  int ended = 0;
  std::vector<Closed> closed;

  // Write down what is told, and hold that nothing follows on_closed. Without on_end.
  Connection::Callbacks Recorders();
  bool IsClosed(CloseReason reason) const;
  // As the peer of one that was destroyed is.
  bool IsPeerOrReset() const {
    return IsClosed(CloseReason::kPeer) || IsClosed(CloseReason::kReset);
  }
};

// A client and a server on one loop. Callbacks and options may be changed before Connect.
struct Pair {
  explicit Pair(Fixture& world);

  // False: they did not come together.
  [[nodiscard]] bool Connect();
  // Until both were told that they are closed, or were destroyed.
  [[nodiscard]] bool RunUntilClosed();

  CaseLoop loop;
  std::string host;
  ConnectionOptions client_options;
  ConnectionOptions server_options;
  End client;
  End server;
  Connection::Callbacks client_callbacks;
  Connection::Callbacks server_callbacks;
  std::unique_ptr<Listener> listener;
  bool accepted = false;
};

// A listener for anybody at a port that was free.
Result<std::unique_ptr<Listener>> ListenSomewhere(Loop& loop, const std::string& host,
                                                  Loop::OnConnection on_connection);
// An address of this machine where nobody listens.
Result<std::string> DeadAddress(Loop& loop, const std::string& host);

// Byte `position` of a stream that tells when a piece of it is lost, doubled or out of place.
char StreamByte(std::uint64_t position, std::uint64_t stream);
Bytes StreamBytes(std::uint64_t begin, std::size_t length, std::uint64_t stream);
// Whether `bytes` are those of the stream from `begin` on.
bool IsStream(ByteView bytes, std::uint64_t begin, std::uint64_t stream);

}  // namespace beach::env::conformance
