// SPDX-License-Identifier: Apache-2.0
#include <cxxabi.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <memory>
#include <new>
#include <string>

#include "base/check.h"
#include "base/random.h"
#include "sim/kernel/kernel.h"
#include "sim/system_scope.h"

// Clocks and processors of hosts, and what goes wrong with them. A fault that the run gives no rate
// is not even drawn, so that it costs nothing and moves no hash.

namespace beach::sim {
namespace {

constexpr Site kHostClock = "host.clock_offset";
constexpr Site kHostDrift = "host.clock_drift";
constexpr Site kHostCost = "host.step_cost";
constexpr Site kHostSlow = "host.slow_cpu";
constexpr Site kClockRead = "clock.read";
constexpr Site kClockStep = "clock.step";
constexpr Site kClockFreeze = "clock.freeze";
constexpr Site kPause = "host.pause";
constexpr Site kStall = "thread.stall";
constexpr Site kMemory = "memory.exhausted";
constexpr Site kMemoryLimit = "memory.limit";
constexpr Site kOutOfMemory = "process.out_of_memory";
constexpr Site kHostMemory = "host.memory_max";
constexpr Site kDescriptors = "process.descriptors";

struct Known {
  Site site;
  HostFault fault;
};
constexpr Known kKnown[] = {
    {kClockStep, HostFault::kClockStep}, {kClockFreeze, HostFault::kClockFreeze},
    {kPause, HostFault::kPause},         {kStall, HostFault::kStall},
    {kMemory, HostFault::kMemory},       {kDescriptors, HostFault::kDescriptors}};

constexpr std::uint64_t kStepCostMinNs = 64;
constexpr std::uint64_t kStepCostRangeNs = 256;
constexpr std::uint64_t kClockOffsetMinNs = 1'000'000'000;
constexpr std::uint64_t kClockOffsetRangeNs = std::uint64_t{1} << 40;
constexpr std::uint64_t kMillion = 1'000'000;
constexpr std::uint64_t kRateMinPpm = 100'000;
constexpr std::uint64_t kRateMaxPpm = 10'000'000;
constexpr std::uint64_t kSlowMax = 10'000;
// Memory fails in one of the first 2^13 seam calls, or up to so many allocations behind it.
constexpr std::uint64_t kMemoryOctaves = 13;
constexpr std::uint64_t kMemoryAllocationsMax = 16;

// How long, or by how much: a drawn power of two, in nanoseconds.
struct Range {
  std::uint64_t low;
  std::uint64_t high;
};
constexpr Range kStepLog2{20, 59};    // a millisecond to 18 years: 32 bits of milliseconds are 2^52
constexpr Range kFreezeLog2{16, 37};  // 66 microseconds to two minutes
constexpr Range kPauseLog2{20, 37};   // a millisecond to two minutes
constexpr Range kStallLog2{16, 34};   // 66 microseconds to 17 seconds

std::uint64_t Size(Range range) { return range.high - range.low + 1; }

std::uint64_t PowerOf(Range range, std::uint64_t chosen) {
  return std::uint64_t{1} << (range.low + chosen);
}

// A number of bits is drawn first, so that small and large values are equally frequent.
std::uint64_t DrawUpTo(RandomStream& stream, std::uint64_t max) {
  std::uint64_t bits = 0;
  while (bits < 63 && (std::uint64_t{2} << bits) <= max) ++bits;
  const std::uint64_t octave = std::uint64_t{1} << stream.Between(0, bits);
  return stream.Between(octave, std::min(2 * octave - 1, max));
}

}  // namespace

void Kernel::SetFault(Site site, std::uint64_t per_million) {
  decisions_.SetFault(site, per_million);
  for (const Known& known : kKnown) {
    if (known.site.hash != site.hash) continue;
    const std::uint32_t bit = std::uint32_t{1} << static_cast<unsigned>(known.fault);
    armed_ = per_million > 0 ? armed_ | bit : armed_ & ~bit;
  }
}

void Kernel::DrawMachine(Host& host, const HostOptions& options) {
  BEACH_CHECK_LE(options.clock_drift_max_ppm, kMillion - kRateMinPpm);
  BEACH_CHECK_LE(options.slow_cpu_max, kSlowMax);
  const std::uint64_t seed = RandomValue(options_.seed, Site::Hash(host.name));
  const std::string prefix = "host." + host.name + ".";
  const std::uint64_t offset =
      kClockOffsetMinNs + RandomBelow(RandomValue(seed, kHostClock.hash), kClockOffsetRangeNs);
  std::uint64_t rate = kMillion;
  RandomStream drift(RandomValue(seed, kHostDrift.hash));
  if (options.clock_drift_max_ppm > 0 && drift.Chance(1, 2)) {
    const bool fast = drift.Chance(1, 2);
    const std::uint64_t by = DrawUpTo(drift, options.clock_drift_max_ppm);
    rate = fast ? rate + by : rate - by;
  }
  std::uint64_t slow = 1;
  RandomStream slowness(RandomValue(seed, kHostSlow.hash));
  if (options.slow_cpu_max > 1 && slowness.Chance(1, 4)) {
    slow = 1 + DrawUpTo(slowness, options.slow_cpu_max - 1);
  }
  std::uint64_t memory = 0;
  RandomStream room(RandomValue(seed, kHostMemory.hash));
  if (options.small_memory_max_bytes != 0 && room.Chance(1, 4)) {
    memory = room.Between(options.small_memory_min_bytes, options.small_memory_max_bytes);
  }
  if (decisions_.Off(kHostDrift)) rate = kMillion;
  if (decisions_.Off(kHostSlow)) slow = 1;
  host.memory_max_bytes = Setting(prefix + "memory_max", memory, 0);
  const std::uint64_t ahead = Setting(prefix + "clock_offset", offset, offset);
  rate = std::clamp(Setting(prefix + "clock_rate_ppm", rate, kMillion), kRateMinPpm, kRateMaxPpm);
  slow = std::clamp(Setting(prefix + "slow_cpu", slow, 1), std::uint64_t{1}, kSlowMax);
  host.clock = HostClock(ahead, static_cast<std::int64_t>(rate) - std::int64_t{kMillion});
  host.step_cost_ns =
      kStepCostMinNs + RandomBelow(RandomValue(seed, kHostCost.hash), kStepCostRangeNs);
  host.step_cost_ns *= slow;
}

std::uint64_t Kernel::ReadClock(Process& process) {
  scheduler_.Spend(kClockRead, 0, process.host.step_cost_ns);
  scheduler_.Yield();
  return LookAtClock(process);
}

std::uint64_t Kernel::LookAtClock(Process& process) {
  if (armed_ != 0) [[unlikely]]
    ClockFaults(process);
  return scheduler_.now();
}

void Kernel::SleepOnClock(const Process& process, std::uint64_t deadline_ns) {
  const std::uint64_t deadline = process.host.clock.TrueTimeOf(deadline_ns);
  if (deadline <= scheduler_.now()) return;
  scheduler_.current().clock_deadline_ns = deadline_ns;
  scheduler_.SleepUntil(deadline);
}

void Kernel::ClockFaults(Process& process) {
  const SystemScope system;
  Host& host = process.host;
  const std::uint64_t now = scheduler_.now();
  if (Armed(HostFault::kClockStep)) {
    if (const std::uint64_t outcome = decisions_.Fault(kClockStep, 2)) {
      const std::uint64_t chosen = decisions_.Choose("clock.step_log2", Size(kStepLog2));
      const auto by = static_cast<std::int64_t>(PowerOf(kStepLog2, chosen));
      host.clock.StepWall(now, outcome == 1 ? -by : by);
    }
  }
  if (!Armed(HostFault::kClockFreeze)) return;
  const std::uint64_t outcome = decisions_.Fault(kClockFreeze, 3);
  if (outcome == 0) return;
  const std::uint64_t chosen = decisions_.Choose("clock.freeze_log2", Size(kFreezeLog2));
  const std::uint64_t length = PowerOf(kFreezeLog2, chosen);
  switch (outcome) {
    case 1: host.clock.Stop(now, length); break;
    case 2: host.clock.Hang(now, length); break;
    default: host.clock.HangWall(now, length);
  }
  MoveTimers(host);
}

// Whoever waits for a time of this host's clock waits for another true time now.
void Kernel::MoveTimers(const Host& host) {
  for (const std::unique_ptr<Process>& process : processes_) {
    if (&process->host != &host) continue;
    for (SimThread* const thread : process->threads) {
      if (thread->clock_deadline_ns == env::kNoDeadline) continue;
      scheduler_.MoveTimer(*thread, host.clock.TrueTimeOf(thread->clock_deadline_ns));
    }
  }
}

void Kernel::SeamFaults(Process& process) {
  std::uint64_t stall = 0;
  {
    const SystemScope system;
    if (Armed(HostFault::kPause) && decisions_.Fault(kPause, 1) != 0) {
      const std::uint64_t chosen = decisions_.Choose("host.pause_log2", Size(kPauseLog2));
      PauseHost(process.host, PowerOf(kPauseLog2, chosen));
    }
    if (Armed(HostFault::kStall) && decisions_.Fault(kStall, 1) != 0) {
      const std::uint64_t chosen = decisions_.Choose("thread.stall_log2", Size(kStallLog2));
      stall = PowerOf(kStallLog2, chosen);
    }
  }
  if (process.memory_fails_in > 0 && Armed(HostFault::kMemory)) {
    if (--process.memory_fails_in == 0) {
      const std::uint64_t draw = decisions_.Draw("memory.exhausted_behind");
      const bool at_once = draw % 2 == 0;
      const std::uint64_t behind = at_once ? 0 : RandomBelow(draw, kMemoryAllocationsMax);
      if (!decisions_.Off(kMemory)) memory::RefuseAfter(process.memory, behind);
    }
  }
  WaitInSeam(std::max(process.host.paused_until_ns, scheduler_.now() + stall));
}

// The devices go on.
void Kernel::PauseHost(Host& host, std::uint64_t for_ns) {
  host.paused_until_ns = scheduler_.now() + for_ns;
  const env::EventField fields[] = {{.name = "host", .text = host.name},
                                    {.name = "ns", .number = for_ns}};
  Show("host.paused", fields, 0);
  scheduler_.BeginPause(host.paused_until_ns);
  for (const std::unique_ptr<Process>& process : processes_) {
    if (&process->host != &host) continue;
    for (SimThread* const thread : process->threads) scheduler_.Hold(*thread);
  }
}

void Kernel::PlanMemory(Process& process) {
  const SystemScope system;
  const bool held = process.host.held_to_memory && !decisions_.Off(kMemoryLimit);
  const std::uint64_t max = held ? process.host.memory_max_bytes : 0;
  const std::uint64_t limit = max == 0 ? std::numeric_limits<std::uint64_t>::max() : max;
  memory::SetLimit(process.memory, limit, &process);
  if (!Armed(HostFault::kMemory)) return;
  const std::uint64_t outcome = decisions_.PlanFault(kMemory, kMemoryOctaves);
  if (outcome == 0) return;
  const std::uint64_t octave = std::uint64_t{1} << (outcome - 1);
  const std::uint64_t draw = decisions_.Draw("memory.exhausted_after");
  process.memory_fails_in = octave + RandomBelow(draw, octave);
}

void Kernel::CountRefusal(memory::Refusal why) {
  const SystemScope system;
  const std::uint64_t process = scheduler_.current().process->id.value;
  const Site site = why == memory::Refusal::kLimit ? kMemoryLimit : kMemory;
  if (why == memory::Refusal::kLimit) {
    decisions_.CountFault(kMemoryLimit);
  } else {
    decisions_.CountFault(kMemory);
  }
  scheduler_.Count(site.hash, process);
  scheduler_.Note("fault", site.name, process);
}

// Who asks for more than there is without a limit has a bug: that stays a failed check of the
// arena.
void Kernel::EndIfOutOfMemory() {
  Process* const process = scheduler_.current().process;
  if (process == nullptr || process->end.has_value()) return;
  if (memory::Current() != process->memory || memory::Refusals(process->memory) == 0) return;
  if (std::current_exception() == nullptr) return;
  bool out_of_memory = false;
  try {
    throw;
  } catch (const std::bad_array_new_length&) {  // no want of memory, though one of its kind
  } catch (const std::bad_alloc&) {
    out_of_memory = true;
  } catch (...) {
  }
  if (!out_of_memory) return;
  abi::__cxa_end_catch();  // this thread never comes to the end of its handler: frees the exception
  scheduler_.Count(kOutOfMemory.hash, process->id.value);
  scheduler_.Note("process", "ran out of memory", process->id.value);
  KillProcess(*process, ProcessEnd::kOutOfMemory);
  LeaveIfDead();
}

bool Kernel::RefusesDescriptor() {
  return Armed(HostFault::kDescriptors) && decisions_.Fault(kDescriptors, 1) != 0;
}

}  // namespace beach::sim
