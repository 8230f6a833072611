// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "env/virtual_os.h"

// Threads and locks: ordinary final classes that are the native primitive on a real thread and ask
// the virtual OS on a simulated one (env/virtual_os.h). An object belongs to the world it is first
// used in. None is copied; only Thread moves. Misuse (unlocking a free mutex, waiting without it,
// destroying a held one or a thread that was not joined) stops the process.

namespace beach::env {

// Not recursive. Annotate what it guards in a comment at the member.
class Mutex final {
 public:
  Mutex() = default;
  ~Mutex();
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock();
  void Unlock();
  // Stops the process unless the lock is held (by anybody: a check, not a proof).
  void AssertHeld() const;

 private:
  friend class CondVar;
  pthread_mutex_t native_ = PTHREAD_MUTEX_INITIALIZER;
  // Virtual: whether it is held. Native: the same, written under the lock, for AssertHeld.
  bool held_ = false;
};

// Holds a mutex for a scope.
class MutexLock final {
 public:
  explicit MutexLock(Mutex& mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Gives a held mutex up for a scope, and takes it again.
class MutexUnlock final {
 public:
  explicit MutexUnlock(Mutex& mutex) : mutex_(mutex) { mutex_.Unlock(); }
  ~MutexUnlock() { mutex_.Lock(); }
  MutexUnlock(const MutexUnlock&) = delete;
  MutexUnlock& operator=(const MutexUnlock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits are spurious: test the condition in a loop. REQUIRES for each wait: the mutex is held.
class CondVar final {
 public:
  CondVar();
  ~CondVar();
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  void Wait(Mutex& mutex);
  // Returns false once Clock::MonotonicNow() has reached `deadline_ns`; true when woken, or
  // spuriously.
  bool WaitUntil(Mutex& mutex, std::uint64_t deadline_ns);
  void NotifyOne();
  void NotifyAll();

 private:
  pthread_cond_t native_;
};

// A count that Acquire takes one from, blocking while it is 0, and Release gives one to.
class Semaphore final {
 public:
  explicit Semaphore(std::uint64_t count) : count_(count) {}

  void Acquire();
  void Release();

 private:
  Mutex mutex_;
  CondVar available_;
  std::uint64_t count_;  // under mutex_
};

// A named thread, joined by Join, which the owner must call before destruction. An exception that
// leaves the body stops the process.
class Thread final {
 public:
  Thread() = default;
  // `name`: at most 15 characters, for debuggers and for the simulator's random streams.
  Thread(const char* name, std::function<void()> body);
  ~Thread();
  Thread(Thread&& other) noexcept;
  Thread& operator=(Thread&& other) noexcept;

  bool joinable() const { return state_ != nullptr; }
  void Join();

 private:
  struct State;
  State* state_ = nullptr;
};

// A number that tells the calling thread from the others alive; never 0.
std::uint64_t CurrentThreadId();

// A small number that tends to tell it from the others, at the cost of a load: where to begin in an
// array of slots that threads share.
std::uint64_t ThreadHint();

}  // namespace beach::env
