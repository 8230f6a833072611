// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "env/os/socket_address.h"

// What waits in the kernel, for one loop. All of Boost.Asio is behind it, in reactor.cc: the rest
// of the binding makes its system calls itself, when it is told that they will not wait.

namespace beach::env {

// Is told of a descriptor, on the loop's thread. May be told for nothing.
class Watched {
 public:
  virtual void OnReadable() = 0;
  virtual void OnWritable() = 0;

 protected:
  ~Watched() = default;
};

// A descriptor being watched; its owner. Destroying it, also from what it tells, closes the
// descriptor, and nothing more is told.
class Watch {
 public:
  virtual ~Watch() = default;

  virtual int fd() const = 0;
  // Tells once, when it can be read (or written) without waiting, or has failed. Asking again
  // before that changes nothing.
  virtual void AwaitReadable() = 0;
  virtual void AwaitWritable() = 0;
  virtual bool awaits_writable() const = 0;
  // From here on somebody else is told.
  virtual void Tell(Watched& watched) = 0;
};

// Runs on one thread. What it made is destroyed before it.
class Reactor {
 public:
  // Is called on the loop's thread.
  class Owner {
   public:
    virtual void OnPosted() = 0;   // after each Wake
    virtual void OnTimer() = 0;    // once the deadline is reached; or for nothing
    virtual void OnTurnEnd() = 0;  // after each EndTurn, when what is ready has run
   protected:
    ~Owner() = default;
  };
  using Resolved = std::function<void(Result<std::vector<SocketAddress>>)>;

  virtual ~Reactor() = default;

  // Until Stop, which may come first. A batch of callbacks ends at `stopping`.
  virtual void Run() = 0;
  virtual void Stop() = 0;
  virtual bool stopping() const = 0;

  virtual void Wake() = 0;  // from any thread
  virtual void EndTurn() = 0;
  virtual void WakeAt(std::uint64_t deadline_ns) = 0;  // instead of what was asked for before

  // Takes the descriptor, whatever it answers. kIo: the kernel watches no more.
  virtual Result<std::unique_ptr<Watch>> NewWatch(int fd, Watched& watched) = 0;
  // Looks a name up on a thread of its own; one after another. kIo, and nothing is told: no thread.
  virtual Status Resolve(const HostPort& address, Resolved resolved) = 0;
};

// `owner` outlives it. kIo: no descriptors.
Result<std::unique_ptr<Reactor>> NewReactor(Reactor::Owner& owner);

}  // namespace beach::env
