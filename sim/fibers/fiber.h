// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/fibers/stack_pool.h"

namespace beach::sim {

// A thread of execution on one OS thread: a stack and what the OS thread keeps per thread
// (exception state, errno). Never unwound: a fiber that is not resumed simply stays where it is,
// and whoever owns its stack may use it again. Not copied or moved: a suspended fiber's address is
// known to it.
class Fiber {
 public:
  // The context that calls Switch first (the OS thread's own stack).
  Fiber() = default;
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Makes this a fiber that will call entry(argument) on `stack` when first switched to. `entry`
  // must not return (it ends by SwitchForever). What is thrown out of it meets std::terminate
  // before anything is unwound.
  void Prepare(Stack stack, void (*entry)(void*), void* argument);

  // Suspends this fiber, which is the one running, and resumes `to`. Returns when somebody switches
  // back.
  void Switch(Fiber& to);
  // The same, never to come back.
  [[noreturn]] void SwitchForever(Fiber& to);

 private:
  struct Access;  // the entry trampoline

  // What libstdc++ and libc keep per OS thread and a fiber must have of its own: the caught
  // exceptions and the count of uncaught ones (Itanium C++ ABI 2.2.2, __cxa_eh_globals), and errno.
  struct ThreadState {
    void* caught_exceptions = nullptr;
    unsigned int uncaught_exceptions = 0;
    int error_number = 0;
  };
  void Save();
  void Restore() const;

  void* context_ = nullptr;  // where to go on; null while it runs
  ThreadState state_;
  void (*entry_)(void*) = nullptr;
  void* argument_ = nullptr;
  Fiber* resumed_ = nullptr;  // whom the last switch resumed
  // Bounds and fake stack for AddressSanitizer; of a native context they are learned.
  const void* low_ = nullptr;
  std::size_t size_ = 0;
  void* fake_stack_ = nullptr;
};

}  // namespace beach::sim
