// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/site.h"

// How one object file serves both worlds. Threads and locks (env/threads.h) and the marks of
// env/marks.h look at one thread-local pointer. Null: the native primitive. Else the calling OS
// thread is inside a simulation, and asks it. Nothing else in the code base may ask "am I
// simulated?".

namespace beach::env {

inline constexpr std::uint64_t kNoDeadline = ~std::uint64_t{0};

// What a simulated thread asks of the virtual OS. Called on the simulation's one OS thread only.
class VirtualOs {
 public:
  // A point where the scheduler may let another thread go first.
  virtual void Step() = 0;

  // Blocks the caller until Unpark(key) or the deadline (virtual monotonic nanoseconds, kNoDeadline
  // for none). Returns false on the deadline. Keys are compared within the caller's process only.
  // No switch happens between the call and the caller counting as parked, so "test, then Park" by
  // the caller cannot lose a wake-up.
  virtual bool Park(const void* key, std::uint64_t deadline_ns) = 0;
  // Makes one thread parked on `key` (the scheduler's choice), or all, runnable. Never switches.
  virtual void Unpark(const void* key, bool all) = 0;

  // The caller holds the lock `key` now, or is about to give it up: what was done before a release
  // happens before what follows an acquisition. No switch, no event, no time.
  virtual void Acquired(const void* key) = 0;
  virtual void Released(const void* key) = 0;

  // Starts a thread of the caller's process; `name` is unique among its live threads (the
  // simulation appends a number where it is not) and is copied. Returns its id, never 0.
  virtual std::uint64_t SpawnThread(const char* name, void (*entry)(void*), void* argument) = 0;
  // Blocks until that thread has returned from `entry`. Each id is joined once.
  virtual void JoinThread(std::uint64_t id) = 0;
  // The calling thread's id.
  virtual std::uint64_t ThreadId() = 0;

  // The marks of env/marks.h.
  virtual bool Buggify(Site site) = 0;
  virtual void Sometimes(Site site) = 0;
  virtual void Failpoint(Site site) = 0;

 protected:
  ~VirtualOs() = default;
};

// The calling thread's simulation, or null outside of any. Set by sim/ alone.
extern constinit thread_local VirtualOs* current_virtual_os;

}  // namespace beach::env
