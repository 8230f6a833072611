// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "sim/kernel/decision_maker.h"
#include "sim/system_scope.h"

namespace beach::sim {
namespace {

// Events are hashed with the virtual time, all in one number. Also of the hash of what is parked
// on.
constexpr std::uint64_t kTimeFactor = 0x9e3779b97f4a7c15U;

constexpr Site kSchedule = "sim.schedule";
constexpr Site kSwitch = "sim.switch";
constexpr Site kWake = "sim.wake";
constexpr Site kPace = "sim.pace";
constexpr std::uint64_t kDelayBits = 12;
constexpr int kPaceShiftMax = 6;
constexpr int kSeamCallShift = 24;
constexpr std::uint64_t kStepsAloneMax = 1 << 14;
constexpr std::uint64_t kPriorityStepsAloneMax = 1 << 12;
constexpr std::uint64_t kEventsWithoutTime = 1'000'000;

const char* Describe(WaitKind kind) {
  switch (kind) {
    case WaitKind::kLockOrCondition: return "a lock or condition";
    case WaitKind::kThread: return "the end of a thread";
    case WaitKind::kProcess: return "the end of a process";
    case WaitKind::kTime: return "a time";
  }
  return "?";
}

}  // namespace

Scheduler::Scheduler(std::uint64_t seed, Policy policy, std::uint64_t events_max,
                     Recorder& recorder, RunEnd& end)
    : seed_(seed),
      policy_(policy == Policy::kFewestSwitches || policy == Policy::kCalm ? Policy::kFewestSwitches
                                                                           : Policy::kRandom),
      events_max_(events_max),
      recorder_(recorder),
      end_(end) {}

void Scheduler::Run() {
  BEACH_CHECK(current_ == nullptr);
  BEACH_CHECK(memory::Current() == nullptr);
  current_ = &PopNext();
  current_->state = ThreadState::kRunning;
  memory::Exchange(current_->memory);
  runner_.Switch(current_->fiber);
}

void Scheduler::LeaveToRunner() {
  memory::Exchange(nullptr);
  current_->fiber.SwitchForever(runner_);
}

void Scheduler::FreeLastStack() { stacks_.Give(std::exchange(current_->stack, Stack{})); }

void Scheduler::Count(std::uint64_t what, std::uint64_t number) {
  recorder_.Count(current_->identity->hash, what, number + now_ns_ * kTimeFactor);
  const std::uint64_t events = recorder_.events();
  if (events >= events_max_) [[unlikely]]
    EndAtLimit();
  if (now_ns_ != progress_ns_) {
    progress_ns_ = now_ns_;
    progress_event_ = events;
  } else if (events - progress_event_ > kEventsWithoutTime) [[unlikely]] {
    EndWithoutTime();
  }
}

void Scheduler::EndAtLimit() {
  const SystemScope system;
  end_.End("event-limit", fmt::format("the run did not end within {} events", events_max_));
}

void Scheduler::EndWithoutTime() {
  const SystemScope system;
  end_.End("livelock", fmt::format("{} events at one virtual time, the last by thread '{}'",
                                   kEventsWithoutTime, current_->name));
}

std::uint64_t Scheduler::NumberOf(std::uint64_t counted, std::uint64_t now_ns) {
  return std::min(counted, counted - now_ns * kTimeFactor);
}

// The delay is drawn for this step of this thread; nothing else has a part in it. As many delays
// lie between 1 and 2 as between 1024 and 2048: steps come in bursts.
std::uint64_t Scheduler::NextTurn(SimThread& thread) {
  const std::uint64_t step = ++thread.identity->steps;
  if (policy_ != Policy::kRandom) [[unlikely]]
    return policy_ == Policy::kPct ? thread.priority : thread.id;
  // RandomValue(schedule_key, step).
  const std::uint64_t value = Mix64(thread.identity->schedule_mix ^ Mix64(step));
  const std::uint64_t octave = std::uint64_t{1} << RandomBelow(value, kDelayBits);
  std::uint64_t delay = octave + (value & (octave - 1));
  if (delays_from_ != nullptr) [[unlikely]]
    delay = delays_from_->Delay(*thread.identity, step, delay);
  return turn_ + (delay << thread.identity->pace_shift);
}

void Scheduler::Yield() {
  SimThread& me = *current_;
  PassTime();
  if (policy_ != Policy::kRandom) return YieldByPolicy();
  const std::uint64_t turn = NextTurn(me);
  if (runnable_.empty() || turn < runnable_.top_key()) {
    turn_ = turn;
    return;
  }
  runnable_.Push(me, turn);
  me.state = ThreadState::kRunnable;
  SwitchTo(PopNext());
}

void Scheduler::YieldByPolicy() {
  SimThread& me = *current_;
  if (policy_ == Policy::kFewestSwitches) {
    if (++steps_alone_ < kStepsAloneMax || runnable_.empty()) return;
    runnable_.Push(me, me.id + (std::uint64_t{1} << 32));
  } else {
    PassPriorityStep();
    if (++steps_alone_ == kPriorityStepsAloneMax) {
      steps_alone_ = 0;
      me.priority = pct_.Last();
    }
    if (runnable_.empty() || me.priority <= runnable_.top_key()) return;
    runnable_.Push(me, me.priority);
  }
  me.state = ThreadState::kRunnable;
  SwitchTo(PopNext());
}

void Scheduler::PassPriorityStep() {
  if (!pct_.PassStep() || !pct_.Change(*current_)) return;
  for (const std::unique_ptr<SimThread>& thread : threads_) {
    if (thread == nullptr) continue;
    thread->priority = pct_.Initial(*thread->identity);
    if (!runnable_.Contains(*thread)) continue;
    runnable_.Remove(*thread);
    runnable_.Push(*thread, thread->priority);
  }
}

void Scheduler::UseFewestSwitches() {
  BEACH_CHECK_EQ(threads_.size(), 1U);
  policy_ = Policy::kFewestSwitches;
}

void Scheduler::UsePriorities(std::uint64_t depth, std::uint64_t length) {
  BEACH_CHECK_EQ(threads_.size(), 1U);
  policy_ = Policy::kPct;
  pct_.Begin(seed_, depth, length);
  current_->priority = pct_.Initial(*current_->identity);
}

void Scheduler::BeginSeamCall() {
  std::uint64_t& steps = current_->identity->steps;
  steps = ((steps >> kSeamCallShift) + 1) << kSeamCallShift;
}

bool Scheduler::Park(const void* domain, const void* key, std::uint64_t deadline_ns,
                     WaitKind kind) {
  SimThread& me = *current_;
  Count(kSchedule.hash, static_cast<std::uint64_t>(kind));
  me.waits_for = kind;
  me.timed_out = false;
  if (deadline_ns != env::kNoDeadline) timers_.Push(me, deadline_ns);
  me.domain = domain;
  me.key = key;
  Bucket& bucket = BucketOf(domain, key);
  me.previous = bucket.tail;
  me.next = nullptr;
  (bucket.tail == nullptr ? bucket.head : bucket.tail->next) = &me;
  bucket.tail = &me;
  Block();
  BEACH_CHECK(me.key == nullptr);
  return !me.timed_out;
}

// Mostly nobody waits: each unlock asks.
void Scheduler::Unpark(const void* domain, const void* key, bool all) {
  SimThread* const head = BucketOf(domain, key).head;
  if (head != nullptr) UnparkFrom(head, domain, key, all);
}

void Scheduler::UnparkFrom(SimThread* head, const void* domain, const void* key, bool all) {
  SimThread* chosen = nullptr;
  std::uint64_t chosen_draw = 0;
  for (SimThread* thread = head; thread != nullptr;) {
    SimThread* const next = thread->next;
    if (thread->key == key && thread->domain == domain) {
      if (all) {
        Count(kWake.hash, thread->identity->hash);
        MakeRunnable(*thread);
      } else {
        std::uint64_t draw = 0;
        switch (policy_) {
          case Policy::kFewestSwitches: draw = thread->id; break;
          case Policy::kPct: draw = thread->priority; break;
          default:
            draw = RandomValue(thread->identity->schedule_key, thread->identity->steps, kWake.hash);
        }
        if (chosen == nullptr || draw < chosen_draw) {
          chosen = thread;
          chosen_draw = draw;
        }
      }
    }
    thread = next;
  }
  if (chosen == nullptr) return;
  Count(kWake.hash, chosen->identity->hash);
  MakeRunnable(*chosen);
}

void Scheduler::SleepUntil(std::uint64_t deadline_ns) {
  if (deadline_ns <= now_ns_) return Yield();
  SimThread& me = *current_;
  Count(kSchedule.hash, deadline_ns);
  me.waits_for = WaitKind::kTime;
  timers_.Push(me, deadline_ns);
  Block();
}

Scheduler::Bucket& Scheduler::BucketOf(const void* domain, const void* key) {
  const auto bits =
      reinterpret_cast<std::uintptr_t>(domain) ^ reinterpret_cast<std::uintptr_t>(key);
  return parked_[(bits * kTimeFactor) >> 56];
}

void Scheduler::Unlink(SimThread& thread) {
  if (timers_.Contains(thread)) timers_.Remove(thread);
  if (runnable_.Contains(thread)) runnable_.Remove(thread);
  if (thread.key == nullptr) return;
  Bucket& bucket = BucketOf(thread.domain, thread.key);
  (thread.previous == nullptr ? bucket.head : thread.previous->next) = thread.next;
  (thread.next == nullptr ? bucket.tail : thread.next->previous) = thread.previous;
  thread.key = nullptr;
}

void Scheduler::MakeRunnable(SimThread& thread) {
  BEACH_CHECK(thread.state == ThreadState::kBlocked);
  Unlink(thread);
  if (paused_max_ns_ > now_ns_) [[unlikely]] {
    if (HeldBack(thread)) return;
  }
  thread.state = ThreadState::kRunnable;
  const std::uint64_t turn = NextTurn(thread);
  runnable_.Push(thread, turn);
}

// What it waited for has come; it waits for the end of the pause alone.
bool Scheduler::HeldBack(SimThread& thread) {
  if (thread.paused_until_ns == nullptr || *thread.paused_until_ns <= now_ns_) return false;
  thread.held = true;
  timers_.Push(thread, *thread.paused_until_ns);
  return true;
}

void Scheduler::Hold(SimThread& thread) {
  if (thread.state != ThreadState::kRunnable) return;
  runnable_.Remove(thread);
  thread.state = ThreadState::kBlocked;
  thread.waits_for = WaitKind::kTime;
  const bool held = HeldBack(thread);
  BEACH_CHECK(held);
}

void Scheduler::MoveTimer(SimThread& thread, std::uint64_t deadline_ns) {
  if (!timers_.Contains(thread) || thread.held) return;
  timers_.Remove(thread);
  timers_.Push(thread, deadline_ns);
}

void Scheduler::PassTime() {
  if (*device_due_ns_ <= now_ns_) [[unlikely]]
    device_->Advance(now_ns_);
  WakeTimers();
}

void Scheduler::WakeTimers() {
  while (!timers_.empty() && timers_.top_key() <= now_ns_) {
    SimThread& thread = timers_.top();
    if (thread.held) {
      thread.held = false;
    } else {
      thread.timed_out = true;
    }
    MakeRunnable(thread);
  }
}

void Scheduler::Block() {
  if (policy_ == Policy::kPct) [[unlikely]]
    PassPriorityStep();
  current_->state = ThreadState::kBlocked;
  SwitchTo(PickNext());
}

SimThread& Scheduler::PopNext() {
  if (policy_ == Policy::kRandom) turn_ = runnable_.top_key();
  return runnable_.Pop();
}

SimThread& Scheduler::PickNext() {
  for (;;) {
    PassTime();
    if (!runnable_.empty()) return PopNext();
    if (timers_.empty() && *device_due_ns_ == env::kNoDeadline) Deadlock();
    now_ns_ = timers_.empty() ? *device_due_ns_ : std::min(timers_.top_key(), *device_due_ns_);
  }
}

void Scheduler::SwitchTo(SimThread& next) {
  SimThread& me = *current_;
  next.state = ThreadState::kRunning;
  steps_alone_ = 0;
  if (&next == &me) return;
  // Else: a thread blocks or yields inside a SystemScope.
  BEACH_CHECK(memory::Current() == me.memory);
  Count(kSwitch.hash, next.id);
  Note("switch", "to thread", next.id);
  current_ = &next;
  memory::Exchange(next.memory);
  me.fiber.Switch(next.fiber);
  AfterSwitch();
}

void Scheduler::SwitchForever(SimThread& next) {
  SimThread& me = *current_;
  memory::Exchange(nullptr);
  Count(kSwitch.hash, next.id);
  Note("switch", "ended; to thread", next.id);
  leaving_ = &me;
  next.state = ThreadState::kRunning;
  steps_alone_ = 0;
  current_ = &next;
  memory::Exchange(next.memory);
  me.fiber.SwitchForever(next.fiber);
}

// On the stack of the thread that was switched to.
void Scheduler::AfterSwitch() {
  if (leaving_ == nullptr) return;
  SimThread& thread = *std::exchange(leaving_, nullptr);
  stacks_.Give(std::exchange(thread.stack, Stack{}));
  if (thread.forgotten) DropRecord(thread);
}

Identity& Scheduler::IdentityOf(const std::string& host, std::uint64_t life,
                                const std::string& name) {
  const std::uint64_t hash = IdentityHash(host, life, name);
  std::unique_ptr<Identity>& identity = identities_[hash];
  if (identity == nullptr) {
    identity = std::make_unique<Identity>();
    identity->host = host;
    identity->life = life;
    identity->thread = name;
    identity->hash = hash;
    identity->schedule_key = RandomValue(seed_, kSchedule.hash, hash);
    identity->schedule_mix = Mix64(identity->schedule_key);
    // Half of the threads of a run at full pace, a quarter at half of it, and so on; the same in
    // all lives.
    const std::uint64_t pace = RandomValue(seed_, kPace.hash, IdentityHash(host, 0, name));
    const int shift = std::countl_zero(pace);
    identity->pace_shift = std::min(shift, kPaceShiftMax);
  }
  return *identity;
}

SimThread& Scheduler::Spawn(const std::string& host, std::uint64_t life, const std::string& name,
                            Process* process, memory::Owner* memory, void (*entry)(void*),
                            void* argument) {
  BEACH_CHECK(memory::Current() == nullptr);
  threads_.push_back(std::make_unique<SimThread>());
  ++records_;
  runnable_.Reserve(records_);
  timers_.Reserve(records_);
  SimThread& thread = *threads_.back();
  thread.id = threads_.size();
  thread.name = name;
  thread.identity = &IdentityOf(host, life, name);
  thread.process = process;
  thread.memory = memory;
  thread.entry = entry;
  thread.argument = argument;
  thread.scheduler = this;
  thread.stack = stacks_.Take();
  thread.fiber.Prepare(thread.stack, &EnterThread, &thread);
  thread.state = ThreadState::kBlocked;
  if (policy_ == Policy::kPct) thread.priority = pct_.Initial(*thread.identity);
  if (current_ != nullptr) Count(kSchedule.hash, thread.identity->hash);
  MakeRunnable(thread);
  return thread;
}

void Scheduler::EnterThread(void* argument) {
  SimThread& thread = *static_cast<SimThread*>(argument);
  thread.scheduler->AfterSwitch();
  thread.entry(thread.argument);
  thread.scheduler->ExitCurrent();
}

SimThread* Scheduler::Find(std::uint64_t id) {
  return id == 0 || id > threads_.size() ? nullptr : threads_[id - 1].get();
}

void Scheduler::Reap(SimThread& thread) {
  BEACH_CHECK(thread.state == ThreadState::kDone);
  if (leaving_ == &thread || &thread == current_) {
    thread.forgotten = true;
  } else {
    DropRecord(thread);
  }
}

void Scheduler::DropRecord(SimThread& thread) {
  --records_;
  threads_[thread.id - 1].reset();
}

void Scheduler::ExitCurrent() {
  SimThread& me = *current_;
  me.state = ThreadState::kDone;
  Unpark(this, &me, true);  // whoever joins it
  SwitchForever(PickNext());
}

void Scheduler::Forget(SimThread& thread) {
  if (&thread == current_) {
    thread.forgotten = true;
    return;
  }
  Unlink(thread);
  if (thread.stack.low != nullptr) stacks_.Give(thread.stack);
  DropRecord(thread);
}

void Scheduler::AbandonCurrent() {
  BEACH_CHECK(current_->forgotten);
  current_->state = ThreadState::kDone;
  SwitchForever(PickNext());
}

void Scheduler::Deadlock() {
  const SystemScope system;
  std::string message = "nobody can run and no timer is set:";
  for (const std::unique_ptr<SimThread>& thread : threads_) {
    if (thread == nullptr || thread->state != ThreadState::kBlocked) continue;
    const std::string& host = thread->identity->host;
    message += fmt::format(" '{}'{}{} waits for {};", thread->name, host.empty() ? "" : " on ",
                           host, Describe(thread->waits_for));
  }
  message.pop_back();
  end_.End("deadlock", std::move(message));
  std::abort();
}

}  // namespace beach::sim
