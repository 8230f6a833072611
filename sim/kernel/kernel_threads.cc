// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "base/check.h"
#include "sim/kernel/kernel.h"
#include "sim/system_scope.h"

namespace beach::sim {
namespace {

constexpr Site kStep = "sim.step";
constexpr Site kSpawn = "sim.spawn";
constexpr std::uint64_t kHarnessStepCostNs = 50;

}  // namespace

void Kernel::Step() {
  scheduler_.Spend(kStep, 0, scheduler_.current().step_cost_ns);
  scheduler_.Yield();
}

bool Kernel::Park(const void* key, std::uint64_t deadline_ns) {
  BEACH_CHECK(key != nullptr);
  SimThread& me = scheduler_.current();
  const Process* const process = me.process;
  std::uint64_t deadline = deadline_ns;
  if (process != nullptr && deadline_ns != env::kNoDeadline) {
    me.clock_deadline_ns = deadline_ns;
    deadline = process->host.clock.TrueTimeOf(deadline_ns);
  }
  return scheduler_.Park(process, key, deadline, WaitKind::kLockOrCondition);
}

void Kernel::Unpark(const void* key, bool all) {
  scheduler_.Unpark(scheduler_.current().process, key, all);
}

std::string Kernel::FreeName(const Process* process, const std::string& wanted) const {
  const std::vector<SimThread*>& threads = process == nullptr ? harness_threads_ : process->threads;
  std::string name = wanted;
  for (std::uint64_t number = 2;; ++number) {
    const bool taken = std::ranges::any_of(threads, [&name](const SimThread* thread) {
      return thread->state != ThreadState::kDone && thread->name == name;
    });
    if (!taken) return name;
    name = wanted + "#" + std::to_string(number);
  }
}

SimThread& Kernel::AddThread(Process* process, const std::string& name, void (*entry)(void*),
                             void* argument) {
  const std::string host = process == nullptr ? "" : process->host.name;
  const std::uint64_t life = process == nullptr ? 0 : process->life;
  memory::Owner* const memory = process == nullptr ? nullptr : process->memory;
  const std::string free_name = FreeName(process, name);
  SimThread& thread = scheduler_.Spawn(host, life, free_name, process, memory, entry, argument);
  thread.step_cost_ns = process == nullptr ? kHarnessStepCostNs : process->host.step_cost_ns;
  if (process != nullptr) {
    thread.paused_until_ns = &process->host.paused_until_ns;
    if (process->host.paused_until_ns > scheduler_.now()) scheduler_.Hold(thread);
  }
  if (process != nullptr && process->races != nullptr) WatchThread(*process, thread);
  (process == nullptr ? harness_threads_ : process->threads).push_back(&thread);
  return thread;
}

std::uint64_t Kernel::SpawnThread(const char* name, void (*entry)(void*), void* argument) {
  std::uint64_t id = 0;
  {
    const SystemScope system;
    id = AddThread(scheduler_.current().process, name, entry, argument).id;
  }
  scheduler_.Spend(kSpawn, id, scheduler_.current().step_cost_ns);
  scheduler_.Yield();
  return id;
}

void Kernel::JoinThread(std::uint64_t id) {
  SimThread* const thread = scheduler_.Find(id);
  BEACH_CHECK(thread != nullptr);
  Process* const process = scheduler_.current().process;
  BEACH_CHECK(thread->process == process);
  BEACH_CHECK(thread != &scheduler_.current());
  while (thread->state != ThreadState::kDone) {
    scheduler_.Park(&scheduler_, thread, env::kNoDeadline, WaitKind::kThread);
  }
  if (process != nullptr && process->races != nullptr) WatchJoin(*process, *thread);
  std::erase(process == nullptr ? harness_threads_ : process->threads, thread);
  scheduler_.Reap(*thread);
}

std::uint64_t Kernel::ThreadId() { return scheduler_.current().id; }

void Kernel::SleepFor(std::uint64_t ns) { scheduler_.SleepUntil(scheduler_.now() + ns); }

bool Kernel::Buggify(Site site) {
  if (scheduler_.current().process == nullptr) return false;  // the harness is no code of ours
  return decisions_.Buggify(site);
}

void Kernel::Sometimes(Site site) { decisions_.Sometimes(site); }

void Kernel::Failpoint(Site site) {
  Process* const process = scheduler_.current().process;
  if (process == nullptr) return;
  scheduler_.Spend(site, 0, process->host.step_cost_ns);
  scheduler_.Note("failpoint", site.name, 0);
  CountSeamCall(*process, site, true);
}

}  // namespace beach::sim
