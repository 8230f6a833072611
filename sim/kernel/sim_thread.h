// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "env/virtual_os.h"
#include "sim/fibers/fiber.h"
#include "sim/memory/process_memory.h"
#include "sim/preempt/vector_clock.h"

namespace beach::sim {

class Process;
class Scheduler;

// Who makes random choices: a thread name in one life of a host. A thread that ends and another of
// its name share it, so that the second does not repeat the draws of the first.
struct Identity {
  std::string host;        // empty: the harness
  std::uint64_t life = 0;  // which process of the host, from 1; 0: the harness
  std::string thread;
  std::uint64_t hash = 0;          // of all three
  std::uint64_t schedule_key = 0;  // of its scheduling draws
  std::uint64_t schedule_mix = 0;  // Mix64 of that
  int pace_shift = 0;              // its steps are that many times rarer, as a power of two
  // Which of those was used last: seam calls made in the high part, steps since in the low one, so
  // that a lock more or less disturbs the draws of this thread up to its next seam call only.
  std::uint64_t steps = 0;
};

enum class ThreadState : std::uint8_t { kRunnable, kRunning, kBlocked, kDone };

// What a blocked thread waits for, as far as a deadlock report can tell.
enum class WaitKind : std::uint8_t { kLockOrCondition, kThread, kProcess, kTime };

struct SimThread {
  static constexpr std::uint32_t kNowhere = ~std::uint32_t{0};

  std::uint64_t id = 0;
  std::string name;
  Identity* identity = nullptr;
  Process* process = nullptr;  // null: the harness
  memory::Owner* memory = nullptr;
  std::uint64_t step_cost_ns = 0;
  Scheduler* scheduler = nullptr;

  ThreadState state = ThreadState::kRunnable;
  WaitKind waits_for = WaitKind::kTime;
  const void* domain = nullptr;
  const void* key = nullptr;  // parked on, or null
  SimThread* next = nullptr;  // in its bucket of parked threads
  SimThread* previous = nullptr;
  bool timed_out = false;
  // While it waits for a time of its host's clock: which. Else, in a timed wait, kNoDeadline.
  std::uint64_t clock_deadline_ns = env::kNoDeadline;
  const std::uint64_t* paused_until_ns = nullptr;  // its host's; null: the harness
  bool held = false;                               // could run, but for the pause of its host
  std::uint64_t priority = 0;                      // the smaller, the earlier (PCT policy)
  std::uint32_t run_position = kNowhere;
  std::uint32_t timer_position = kNowhere;
  bool forgotten = false;  // its record goes with its stack
  // In a preemption build: its number among those of its process, and the accesses until it may be
  // switched at one (0: yet to be drawn).
  preempt::ThreadIndex watched = 0;
  std::uint64_t accesses_left = 0;

  Fiber fiber;
  Stack stack;
  void (*entry)(void*) = nullptr;
  void* argument = nullptr;
};

}  // namespace beach::sim
