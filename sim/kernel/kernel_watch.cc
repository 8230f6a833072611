// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "sim/kernel/kernel.h"
#include "sim/preempt/race_text.h"
#include "sim/system_scope.h"

// What a preemption build adds to a run (docs/preemption.md): instrumented code tells of each
// access before it makes it, and between two of them another thread may run. In other builds
// nobody calls here but Acquired and Released, which then do nothing.

namespace beach::sim {
namespace {

constexpr Site kPreempt = "sim.preempt";
constexpr Site kGap = "sim.preempt_gap";

}  // namespace

void Kernel::WatchProcess(Process& process) {
  process.races = std::make_unique<preempt::RaceDetector>();
  memory::SetBlockListener(process.memory, &process);
}

void Kernel::WatchThread(Process& process, SimThread& thread) {
  std::optional<preempt::ThreadIndex> parent;
  const SimThread& me = scheduler_.current();
  if (me.process == &process) parent = me.watched;
  thread.watched = process.races->Begin(parent);
  process.watched_names.push_back(thread.name);
  // The stack may have been another's of this process.
  process.races->Fresh(reinterpret_cast<std::uintptr_t>(thread.stack.low), thread.stack.size);
}

void Kernel::WatchJoin(Process& process, const SimThread& thread) {
  const SystemScope system;
  process.races->Join(scheduler_.current().watched, thread.watched);
}

void Kernel::Acquired(const void* key) {
  if (!preempt::instrumented) return;
  const SimThread& me = scheduler_.current();
  if (me.process == nullptr || me.process->races == nullptr) return;
  const SystemScope system;
  me.process->races->Acquire(me.watched, reinterpret_cast<std::uintptr_t>(key));
}

void Kernel::Released(const void* key) {
  if (!preempt::instrumented) return;
  const SimThread& me = scheduler_.current();
  if (me.process == nullptr || me.process->races == nullptr) return;
  const SystemScope system;
  me.process->races->Release(me.watched, reinterpret_cast<std::uintptr_t>(key));
}

// How many accesses lie between two possible switches is drawn for each, over octaves, as delays
// are: bursts of switches and long stretches without one both occur.
void Kernel::PassAccess(SimThread& me) {
  if (preempt_octaves_ == 0) return;
  if (me.accesses_left == 0) {
    const std::uint64_t value =
        RandomValue(me.identity->schedule_key, ++me.identity->steps, kGap.hash);
    const std::uint64_t octave = std::uint64_t{1} << RandomBelow(value, preempt_octaves_);
    me.accesses_left = octave + (value & (octave - 1));
  }
  if (--me.accesses_left != 0) return;
  scheduler_.Spend(kPreempt, 0, me.step_cost_ns);
  scheduler_.Yield();
}

// Its memory, and the stacks of its threads; the rest is the simulation's, or constant.
bool Kernel::IsWatched(const SimThread& me, std::uintptr_t address) const {
  if (memory::IsProcessMemory(address)) return true;
  for (const SimThread* const thread : me.process->threads) {
    if (address - reinterpret_cast<std::uintptr_t>(thread->stack.low) < thread->stack.size) {
      return true;
    }
  }
  return false;
}

void Kernel::BeforePlain(std::uintptr_t address, std::size_t size, bool write,
                         preempt::Place place) {
  SimThread& me = scheduler_.current();
  if (me.process == nullptr || size == 0) return;
  const bool own = address - reinterpret_cast<std::uintptr_t>(me.stack.low) < me.stack.size;
  if (!own) {
    if (!IsWatched(me, address)) return;
    PassAccess(me);
  }
  const SystemScope system;
  const std::uint8_t kind = write ? preempt::Access::kIsWrite : std::uint8_t{0};
  const auto race = me.process->races->Touch(me.watched, address, size, kind, place);
  if (race) [[unlikely]]
    EndByRace(*me.process, *race);
}

void Kernel::BeforeAtomic() {
  SimThread& me = scheduler_.current();
  if (me.process != nullptr) PassAccess(me);
}

void Kernel::AfterAtomic(std::uintptr_t address, std::size_t size, preempt::AtomicKind kind,
                         preempt::Order order, preempt::Place place) {
  const SimThread& me = scheduler_.current();
  if (me.process == nullptr) return;
  const SystemScope system;
  const auto race = me.process->races->Atomic(me.watched, address, size, kind, order, place);
  if (race) [[unlikely]]
    EndByRace(*me.process, *race);
}

void Kernel::Fence(preempt::Order order) {
  const SimThread& me = scheduler_.current();
  if (me.process == nullptr) return;
  const SystemScope system;
  me.process->races->Fence(me.watched, order);
}

void Kernel::BeforeFree(preempt::Place place) { free_place_ = place; }

void Kernel::BlockTaken(Process& process, const void* block, std::size_t size) {
  if (process.races == nullptr) return;
  const SystemScope system;
  process.races->Fresh(reinterpret_cast<std::uintptr_t>(block), size);
}

void Kernel::BlockReturned(Process& process, const void* block, std::size_t size) {
  const preempt::Place place = std::exchange(free_place_, {});
  const SimThread& me = scheduler_.current();
  if (me.process != &process || process.races == nullptr) return;
  const SystemScope system;
  const auto race =
      process.races->Free(me.watched, reinterpret_cast<std::uintptr_t>(block), size, place);
  if (race) [[unlikely]]
    EndByRace(process, *race);
}

void Process::OnTake(const void* block, std::size_t size) { kernel.BlockTaken(*this, block, size); }
void Process::OnReturn(const void* block, std::size_t size) {
  kernel.BlockReturned(*this, block, size);
}

void Kernel::EndByRace(const Process& process, const preempt::Race& race) {
  const SystemScope system;
  const preempt::RaceText text = preempt::Describe(race, process.watched_names);
  End(text.rule, text.message);
}

}  // namespace beach::sim
