// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "env/files.h"

// The event loop and the network: the seam for the server and the Raft driver.
// docs/internals/loop.md tells why it looks as it does.
//
// One Loop runs on one thread: all calls on it and on what it made are made on the thread that runs
// it, or before Run by the one that made it; but for Post. Callbacks run on it one at a time, never
// from inside the call that asked for them. A callback may destroy whatever the loop made, that on
// whose behalf it runs included. Connections and listeners are destroyed before their loop.
//
// Addresses are "host:port", the host a name or a number, IPv6 in brackets ("[::1]:7000").

namespace beach::env {

enum class CloseReason : std::uint8_t {
  kPeer,           // the peer closed; all that it had sent was delivered
  kReset,          // broken: what was under way, in both directions, is lost
  kLocal,          // Close() has sent what was queued
  kConnectFailed,  // it never was open: refused, unreachable, a name that nobody knows
};

struct Closed {
  CloseReason reason{};
  std::string detail;  // for people: "connect to 10.0.0.1:7000: connection refused"
};

struct ConnectionOptions {
  // Of bytes accepted by Send and not yet taken by the OS.
  std::uint64_t send_queue_max_bytes = std::uint64_t{1} << 20;
  // on_writable tells when no more are left, if it was more, or a Send was refused and some has
  // been taken since, or all.
  std::uint64_t send_queue_low_bytes = std::uint64_t{1} << 19;
  // One on_bytes brings no more.
  std::uint64_t read_max_bytes = std::uint64_t{1} << 16;
};

// A byte stream. Bytes arrive in order, split anywhere: a message is what the layer above says.
class Connection {
 public:
  struct Callbacks {
    std::function<void()> on_open;           // of Connect: the peer has answered
    std::function<void(ByteView)> on_bytes;  // borrowed for the call
    std::function<void()> on_writable;       // the queue fell to its low mark
    // The peer sends no more, and may still read. Unset: closes as if the peer had, once what is
    // queued was sent.
    std::function<void()> on_end;
    std::function<void(const Closed&)> on_closed;  // once, and last
  };

  // Closes at once, without callbacks: what is queued may be lost.
  virtual ~Connection() = default;

  // Queues a copy of `bytes`; before the connection is open too. False, and nothing queued, when
  // the queue would exceed its bound (wait for on_writable), after Close, and once it is closed.
  // What is queued in one turn of the loop goes out together.
  [[nodiscard]] virtual bool Send(ByteView bytes) = 0;
  virtual std::uint64_t queued_bytes() const = 0;
  // Stops and restarts reading, so that a slow consumer pushes back on its peer. While it is
  // stopped, neither bytes nor their end are told.
  virtual void PauseReading(bool paused) = 0;
  // Sends what is queued, then closes: on_closed(kLocal). Nothing is read any more. A peer that
  // does not read keeps it waiting: whoever wants an end to that destroys the connection.
  virtual void Close() = 0;
  virtual const std::string& peer() const = 0;  // "address:port"
  // Whether the peer has shown a certificate that is good, and for the host of that address; empty:
  // for whomever. It is one of env/tls, or nobody has.
  virtual bool Proves(const std::string& /*address*/) const { return false; }
};

// Accepts until it is destroyed. When the process is out of descriptors it waits for some.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual const std::string& address() const = 0;  // as bound: a port of 0 is resolved
};

class Loop {
 public:
  using TimerId = std::uint64_t;  // never 0
  // Takes what has connected, and says what is to be called for it. It is open already. May let
  // it go at once.
  using OnConnection = std::function<Connection::Callbacks(std::unique_ptr<Connection>)>;

  // Waits for the file writes under way; drops, without calling, all callbacks.
  virtual ~Loop() = default;

  // Runs callbacks until Stop(); then it may be run again.
  virtual void Run() = 0;
  // Run returns after the present callback, or at once when it is called next.
  virtual void Stop() = 0;
  // From any thread: runs `work` on the loop's, in the order of the calls of one thread.
  virtual void Post(std::function<void()> work) = 0;

  // Runs `work` at a monotonic time (env::Clock); never early, equal deadlines in order of the
  // calls.
  virtual TimerId At(std::uint64_t deadline_ns, std::function<void()> work) = 0;
  virtual void Cancel(TimerId timer) = 0;  // nothing happens if it has run

  // kInvalidArgument: no address. kIo: taken, or not of this machine.
  virtual Result<std::unique_ptr<Listener>> Listen(const std::string& address,
                                                   const ConnectionOptions& options,
                                                   OnConnection on_connection) = 0;
  // Answers at once; failure, and what is no address, arrives through on_closed(kConnectFailed).
  virtual std::unique_ptr<Connection> Connect(const std::string& address,
                                              const ConnectionOptions& options,
                                              Connection::Callbacks callbacks) = 0;
  // A write with data sync, several in flight; they complete in any order. Best on a file opened
  // `direct`: others may cost the kernel a thread. `file`, of the same Env, and `data` stay as they
  // are until `done` has run, or the loop is gone.
  virtual void SubmitWrite(File& file, std::uint64_t offset, ByteView data,
                           std::function<void(Status)> done) = 0;
};

// Where loops come from. Thread-safe; outlives them.
class Network {
 public:
  virtual ~Network() = default;

  // kIo: the OS gives no more descriptors.
  virtual Result<std::unique_ptr<Loop>> NewLoop() = 0;
};

}  // namespace beach::env
