// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/site.h"
#include "sim/fibers/fiber.h"
#include "sim/fibers/stack_pool.h"
#include "sim/kernel/hash_table.h"
#include "sim/kernel/pct.h"
#include "sim/kernel/recorder.h"
#include "sim/kernel/sim_thread.h"
#include "sim/kernel/thread_heap.h"
#include "sim/run.h"

namespace beach::sim {

class DecisionMaker;

// Ends the run with a verdict, leaving the calling thread where it is.
class RunEnd {
 public:
  [[noreturn]] virtual void End(const std::string& rule, std::string message) = 0;

 protected:
  ~RunEnd() = default;
};

// What happens by itself when its time has come, whoever runs then. It switches no thread.
class Device {
 public:
  // Does all that is due by now.
  virtual void Advance(std::uint64_t now_ns) = 0;

 protected:
  ~Device() = default;
};

// Which thread runs, and what time it is.
//
// Random policy: every step of a thread is due at a turn: the present one plus a delay, which is
// drawn for this step, a pure function of seed, host, life, thread name, and which step of the
// thread it is since which of its seam calls. The earliest turn goes, equal ones in order of
// arrival. So no choice disturbs the draws of others, and nobody starves. (Were draws compared as
// such, those that wait would be those that drew high, and switches would die out.) A seed makes
// some threads slower than others. Fewest switches: a thread runs until it blocks, then the one
// with the lowest id; one that spins for long goes behind the others. PCT: see pct.h; of those that
// can run, the one with the best priority does, and one that spins for long loses it.
//
// Virtual time moves by a little at every step, and jumps to the next timer when nobody can run.
class Scheduler {
 public:
  Scheduler(std::uint64_t seed, Policy policy, std::uint64_t events_max, Recorder& recorder,
            RunEnd& end);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Go over to another policy. Called while no thread but the running one was spawned.
  void UsePriorities(std::uint64_t depth, std::uint64_t length);
  void UseFewestSwitches();
  // The delays of steps are given by `decisions`, which gets those that were drawn. Before the
  // first step. Borrowed.
  void TakeDelaysFrom(DecisionMaker* decisions) { delays_from_ = decisions; }

  // Before the first step. `due_ns` is where it says when it has something to do next; kNoDeadline:
  // never. Both borrowed.
  void Attach(Device* device, const std::uint64_t* due_ns) {
    device_ = device;
    device_due_ns_ = due_ns;
  }

  // From the OS thread's own stack: runs simulated threads until one of them calls LeaveToRunner.
  // REQUIRES: a thread was spawned.
  void Run();
  // Abandons all threads where they stand. Their stacks stay, for a leak checker to see what is
  // held there; FreeLastStack says that the thread which left holds nothing.
  [[noreturn]] void LeaveToRunner();
  void FreeLastStack();

  SimThread& current() { return *current_; }
  const Identity& identity() const { return *current_->identity; }
  std::uint64_t now() const { return now_ns_; }
  std::uint64_t events() const { return recorder_.events(); }

  // An event of the running thread; no time, no switch.
  void Count(std::uint64_t what, std::uint64_t number);
  // The number that Count was given, from the one that it fed to the hash.
  static std::uint64_t NumberOf(std::uint64_t counted, std::uint64_t now_ns);
  // The line of that event.
  void Note(const char* kind, const char* what, std::uint64_t number) {
    recorder_.Note(now_ns_, identity(), kind, what, number);
  }
  // An event that takes time.
  void Spend(Site what, std::uint64_t number, std::uint64_t cost_ns) {
    now_ns_ += cost_ns;
    Count(what.hash, number);
  }
  // Lets another thread go first if its draw is smaller.
  void Yield();
  // The running thread begins a seam call: its steps are counted from here.
  void BeginSeamCall();

  // Keys are compared within `domain`. False when `deadline_ns` (true time) came first.
  bool Park(const void* domain, const void* key, std::uint64_t deadline_ns, WaitKind kind);
  void Unpark(const void* domain, const void* key, bool all);
  void SleepUntil(std::uint64_t deadline_ns);

  // The clock that a waiting thread's deadline is one of runs otherwise now.
  void MoveTimer(SimThread& thread, std::uint64_t deadline_ns);
  // The host of some threads stands still until then: they say when (SimThread::paused_until_ns),
  // and are held back when they become runnable.
  void BeginPause(std::uint64_t until_ns) { paused_max_ns_ = std::max(paused_max_ns_, until_ns); }
  // The same to one that is runnable already; nothing happens to one that is not.
  void Hold(SimThread& thread);

  // `memory` is what `new` serves from while it runs. The name is taken as it is.
  SimThread& Spawn(const std::string& host, std::uint64_t life, const std::string& name,
                   Process* process, memory::Owner* memory, void (*entry)(void*), void* argument);
  SimThread* Find(std::uint64_t id);
  // Takes a finished thread's record away.
  void Reap(SimThread& thread);
  // Ends the running thread; its record stays for Reap.
  [[noreturn]] void ExitCurrent();
  // Takes a thread away wherever it stands. The running one keeps running, and then calls
  // AbandonCurrent.
  void Forget(SimThread& thread);
  [[noreturn]] void AbandonCurrent();

 private:
  struct Bucket {
    SimThread* head = nullptr;
    SimThread* tail = nullptr;
  };
  static constexpr std::size_t kBuckets = 256;  // the highest eight bits of a product

  // Apart, so that what never happens costs the others nothing.
  [[gnu::cold, gnu::noinline]] void EndAtLimit();
  [[gnu::cold, gnu::noinline]] void EndWithoutTime();
  static void EnterThread(void* thread);
  Identity& IdentityOf(const std::string& host, std::uint64_t life, const std::string& name);
  std::uint64_t NextTurn(SimThread& thread);
  void YieldByPolicy();
  void PassPriorityStep();
  SimThread& PopNext();
  Bucket& BucketOf(const void* domain, const void* key);
  [[gnu::noinline]] void UnparkFrom(SimThread* head, const void* domain, const void* key, bool all);
  void Unlink(SimThread& thread);
  void MakeRunnable(SimThread& thread);
  bool HeldBack(SimThread& thread);
  // Lets happen what is due.
  void PassTime();
  void WakeTimers();
  void Block();
  SimThread& PickNext();
  void SwitchTo(SimThread& next);
  [[noreturn]] void SwitchForever(SimThread& next);
  void AfterSwitch();
  void DropRecord(SimThread& thread);
  [[noreturn]] void Deadlock();

  const std::uint64_t seed_;
  Policy policy_;  // never kMixed
  const std::uint64_t events_max_;
  Recorder& recorder_;
  RunEnd& end_;
  DecisionMaker* delays_from_ = nullptr;
  Device* device_ = nullptr;
  const std::uint64_t* device_due_ns_ = &env::kNoDeadline;

  std::uint64_t now_ns_ = 0;
  std::uint64_t paused_max_ns_ = 0;   // no host is paused from then on
  std::uint64_t progress_ns_ = 0;     // the time when last looked at,
  std::uint64_t progress_event_ = 0;  // and the first event then
  std::uint64_t turn_ = 0;            // of the running thread (random policy)
  std::uint64_t steps_alone_ = 0;     // since the running thread was chosen
  PctSchedule pct_;

  StackPool stacks_;
  HashTable<std::unique_ptr<Identity>> identities_;
  std::vector<std::unique_ptr<SimThread>> threads_;  // by id - 1; null once reaped
  std::size_t records_ = 0;                          // those not null
  ThreadHeap<&SimThread::run_position> runnable_;
  ThreadHeap<&SimThread::timer_position> timers_;
  std::array<Bucket, kBuckets> parked_{};
  Fiber runner_;
  SimThread* current_ = nullptr;
  SimThread* leaving_ = nullptr;  // switched away for good; its stack is given back by the next
};

}  // namespace beach::sim
