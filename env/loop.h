// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "env/files.h"

// The event loop and the network: the seam for the server and the Raft driver. Designed here, bound
// later to Linux and to the virtual network; docs/internals/loop.md tells why it looks as it does.
//
// One Loop runs on one thread. All calls on it and on what it made are made on that thread, but for
// Post. Callbacks run on it one at a time, never from inside the call that asked for them.

namespace beach::env {

enum class CloseReason : std::uint8_t { kPeer, kReset, kLocal, kConnectFailed };

// A byte stream. Bytes arrive in order, split anywhere: a message is what the layer above says.
class Connection {
 public:
  struct Callbacks {
    std::function<void(ByteView)> on_bytes;      // borrowed for the call
    std::function<void()> on_writable;           // the send queue fell below half its bound
    std::function<void(CloseReason)> on_closed;  // once, and last
  };

  // Closes at once, without callbacks.
  virtual ~Connection() = default;

  // Queues a copy of `bytes`. False, and nothing queued, when the send queue would exceed its
  // bound: wait for on_writable.
  [[nodiscard]] virtual bool Send(ByteView bytes) = 0;
  // Stops and restarts reading, so that a slow consumer pushes back on its peer.
  virtual void PauseReading(bool paused) = 0;
  // Sends what is queued, then closes.
  virtual void Close() = 0;
  virtual const std::string& peer() const = 0;  // "address:port"
};

class Listener {
 public:
  virtual ~Listener() = default;
  virtual const std::string& address() const = 0;  // as bound: a port of 0 is resolved
};

class Loop {
 public:
  using TimerId = std::uint64_t;
  using OnConnection = std::function<Connection::Callbacks(std::unique_ptr<Connection>)>;

  virtual ~Loop() = default;

  // Runs callbacks until Stop().
  virtual void Run() = 0;
  virtual void Stop() = 0;
  // From any thread: runs `work` on the loop's.
  virtual void Post(std::function<void()> work) = 0;

  // Runs `work` at a monotonic time; never early.
  virtual TimerId At(std::uint64_t deadline_ns, std::function<void()> work) = 0;
  virtual void Cancel(TimerId timer) = 0;  // nothing happens if it has run

  virtual Result<std::unique_ptr<Listener>> Listen(const std::string& address,
                                                   OnConnection on_connection) = 0;
  // Answers at once; failure arrives through on_closed(kConnectFailed).
  virtual std::unique_ptr<Connection> Connect(const std::string& address,
                                              Connection::Callbacks callbacks) = 0;
  // A write with data sync on a file opened `direct`; `data` stays as it is until `done` has run.
  virtual void SubmitWrite(File& file, std::uint64_t offset, ByteView data,
                           std::function<void(Status)> done) = 0;
};

}  // namespace beach::env
