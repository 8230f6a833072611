// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "sim/crash_points.h"
#include "sim/kernel/kernel.h"
#include "sim/system_scope.h"
#include "sim/virtual_files.h"
#include "sim/virtual_loop.h"

namespace beach::sim {
namespace {

constexpr Site kCapacity = "host.capacity";
constexpr Site kDirect = "host.direct";
constexpr Site kTorn = "host.torn";
constexpr Site kFsyncProfile = "host.fsync_profile";
constexpr Site kDiskSpeed = "host.disk_speed";
constexpr Site kPlacement = "process.placement";
constexpr Site kStart = "process.start";
constexpr Site kExit = "process.exit";
constexpr Site kKill = "crash.kill";
constexpr Site kPowerLoss = "crash.power_loss";
constexpr Site kStrikeAt = "crash.strike_at";
constexpr Site kStrikeAtEnd = "crash.strike_at_end";
constexpr Site kStrikeNames = "crash.strike_names";
constexpr Site kStruckInFlight = "disk.write_in_flight";
// Calls of virtual_files.cc during which a write or sync is under way.
constexpr Site kWriteInFlight = "files.write.in_flight";
constexpr Site kSyncInFlight = "files.sync.in_flight";

// Seam calls that change the disk, or what it will keep.
constexpr Site kMutating[] = {
    "files.write",          "files.write.rest",      kWriteInFlight,
    "files.append",         "files.submit",          "files.write.wait",
    "files.sync",           "files.sync_data",       kSyncInFlight,
    "files.truncate",       "files.allocate",        "files.rename",
    "files.link",           "files.remove",          "files.create_directory",
    "files.sync_directory", "files.remove_directory"};

constexpr Site kTakingAway[] = {"files.remove", "files.remove_directory", "files.rename",
                                "files.truncate"};

bool IsAmong(std::span<const Site> calls, Site call) {
  return std::ranges::any_of(calls, [&](Site site) { return site.hash == call.hash; });
}

bool IsMutating(Site call) { return IsAmong(kMutating, call); }

// Most seam calls read, and few pass a failpoint or find something in flight: each kind of call is
// drawn often enough to be met, and so many times less is counted of the rarer ones.
struct StrikeKind {
  StrikeAt at;
  std::uint64_t rarity;
};
constexpr StrikeKind kStrikeKinds[] = {
    {StrikeAt::kAnyCall, 1},       {StrikeAt::kAnyCall, 1},      {StrikeAt::kMutatingCall, 4},
    {StrikeAt::kMutatingCall, 4},  {StrikeAt::kFailpoint, 8},    {StrikeAt::kFailpoint, 3},
    {StrikeAt::kWriteInFlight, 8}, {StrikeAt::kSyncInFlight, 8}, {StrikeAt::kFewNames, 64},
    {StrikeAt::kFewNames, 256},    {StrikeAt::kTakingAway, 256}};
// One in so many names of failpoints and calls that change the disk is among the few.
constexpr std::uint64_t kNamesPerStruck = 8;

// A seam call costs as much as this many steps: 1 to 5 microseconds.
constexpr std::uint64_t kStepsPerSeamCall = 16;
// A power loss that waits for a write or sync in flight comes after as many calls anyway.
constexpr std::uint64_t kCallsToFlightMax = 32;

}  // namespace

DiskOptions Kernel::DrawDisk(const std::string& host, const HostOptions& options) {
  const std::uint64_t seed = RandomValue(options_.seed, Site::Hash(host));
  DiskOptions disk;
  disk.host = host;
  RandomStream capacity(RandomValue(seed, kCapacity.hash));
  std::uint64_t bytes = disk.capacity_bytes;
  if (options.small_disk_max_bytes != 0 && capacity.Chance(1, 4)) {
    bytes = capacity.Between(options.small_disk_min_bytes, options.small_disk_max_bytes);
  }
  const bool direct = RandomBelow(RandomValue(seed, kDirect.hash), 4) != 0;
  static constexpr std::uint64_t kPercents[] = {0, 25, 50, 100};
  const std::uint64_t torn =
      kPercents[RandomBelow(RandomValue(seed, kTorn.hash), std::size(kPercents))];
  const std::string prefix = "host." + host + ".";
  disk.capacity_bytes = Option(prefix + "capacity", bytes);
  disk.direct_supported = Option(prefix + "direct", direct ? 1 : 0) != 0;
  disk.torn_percent = std::min(Option(prefix + "torn_percent", torn), std::uint64_t{100});
  if (options.draw_fsync_profile) {
    const std::uint64_t drawn = RandomBelow(RandomValue(seed, kFsyncProfile.hash), kFsyncProfiles);
    const bool all = !decisions_.Off(kFsyncProfile);
    const std::uint64_t profile = Option(prefix + "fsync_profile", all ? drawn : 0);
    disk.fsync_profile = static_cast<FsyncProfile>(profile % kFsyncProfiles);
  }
  if (options.draw_disk_speed) {
    static constexpr std::uint64_t kSpeeds[] = {100, 100, 1, 10, 300, 1000, 4000, 3};
    const std::uint64_t speed =
        kSpeeds[RandomBelow(RandomValue(seed, kDiskSpeed.hash), std::size(kSpeeds))];
    const bool usual = decisions_.Off(kDiskSpeed);
    const std::uint64_t drawn = usual ? 100 : std::min(speed, options.disk_speed_max);
    const std::uint64_t percent = Option(prefix + "disk_speed", drawn);
    disk.latency_percent = std::clamp<std::uint64_t>(percent, 1, 100'000);
  }
  return disk;
}

HostId Kernel::AddHost(const std::string& name, const HostOptions& options) {
  const SystemScope system;
  BEACH_CHECK(!name.empty());  // that is the harness
  for (const std::unique_ptr<Host>& other : hosts_) BEACH_CHECK(other->name != name);
  auto host = std::make_unique<Host>();
  host->id = HostId(static_cast<std::uint32_t>(hosts_.size() + 1));
  host->name = name;
  host->disk = Disk::Make(DrawDisk(name, options), decisions_);
  host->watched = options_.spectator != nullptr;
  if (host->watched) host->disk->DescribeCuts();
  DrawMachine(*host, options);
  network_.AddHost(host->id, name);
  hosts_.push_back(std::move(host));
  return hosts_.back()->id;
}

Host& Kernel::HostOf(HostId id) {
  BEACH_CHECK_GE(id.value, 1U);
  BEACH_CHECK_LE(id.value, hosts_.size());
  return *hosts_[id.value - 1];
}

Process& Kernel::ProcessOf(ProcessId id) {
  BEACH_CHECK_GE(id.value, 1U);
  BEACH_CHECK_LE(id.value, processes_.size());
  return *processes_[id.value - 1];
}

Disk& Kernel::disk(HostId host) { return *HostOf(host).disk; }

void Kernel::SetCapacity(HostId id, std::uint64_t bytes) {
  const SystemScope system;
  HostOf(id).disk->SetCapacity(bytes);
  scheduler_.Count(kCapacity.hash, bytes);
  scheduler_.Note("disk", "bytes of capacity:", bytes);
}

void Kernel::HoldToMemory(HostId id, bool held) { HostOf(id).held_to_memory = held; }

ProcessId Kernel::Start(HostId host_id, const std::string& name,
                        std::function<void(const env::Env&)> main) {
  const SystemScope system;
  BEACH_CHECK(scheduler_.current().process == nullptr);
  Host& host = HostOf(host_id);
  const ProcessId id(static_cast<std::uint32_t>(processes_.size() + 1));
  processes_.push_back(std::make_unique<Process>(*this, host, id, name));
  Process& process = *processes_.back();
  network_.HostUp(host_id);
  process.memory =
      memory::Open(RandomValue(options_.seed, kPlacement.hash, options_.address_salt, id.value));
  if (preempt::instrumented) WatchProcess(process);
  memory::Exchange(process.memory);
  process.main = new std::function<void(const env::Env&)>(main);
  memory::Exchange(nullptr);
  scheduler_.Count(kStart.hash, id.value);
  scheduler_.Note("process", "started", id.value);
  if (host.watched) ShowProcess(process);
  AddThread(&process, "main", &RunProcess, &process);
  return id;
}

// The first thread of a process, in its memory.
void Kernel::RunProcess(void* argument) {
  Process& process = *static_cast<Process*>(argument);
  process.kernel.PlanMemory(process);
  {
    const std::unique_ptr<env::FileSystem> files =
        NewVirtualFiles(*process.host.disk, process.id, process);
    VirtualLoops loops(
        {process.kernel.network_, process.kernel.decisions_, process, process.host.id, process.id});
    const env::Env env{
        .files = files.get(), .clock = &process, .events = &process, .network = &loops};
    (*process.main)(env);
  }
  delete std::exchange(process.main, nullptr);
  process.kernel.ExitProcess(process);
}

void Kernel::ExitProcess(Process& process) {
  const SystemScope system;
  SimThread& me = scheduler_.current();
  for (SimThread* const thread : process.threads) {
    if (thread == &me) continue;
    if (thread->state != ThreadState::kDone) {
      End("threads-left", fmt::format("process '{}' on {} returned from main while its thread "
                                      "'{}' ran",
                                      process.name, process.host.name, thread->name));
    }
  }
  scheduler_.Count(kExit.hash, process.id.value);
  scheduler_.Note("process", "exited", process.id.value);
  KillProcess(process, ProcessEnd::kExited);
  LeaveIfDead();
  std::abort();
}

// The threads stop where they are, and all that was theirs is gone; the running one, should it be
// among them, runs on inside the simulation until LeaveIfDead.
void Kernel::KillProcess(Process& process, ProcessEnd how) {
  const SystemScope system;
  BEACH_CHECK(!process.end.has_value());
  process.end = how;
  if (process.host.watched) ShowProcess(process);
  process.host.strike_thread = 0;
  process.host.strike_in_flight = 0;
  for (SimThread* const thread : process.threads) {
    thread->memory = nullptr;
    scheduler_.Forget(*thread);
  }
  process.threads.clear();
  network_.KillProcess(process.id);
  process.host.disk->KillProcess(process.id);
  memory::Drop(std::exchange(process.memory, nullptr));
  process.races.reset();
  scheduler_.Unpark(&scheduler_, &process, true);
}

void Kernel::LeaveIfDead() {
  const Process* const process = scheduler_.current().process;
  if (process != nullptr && process->end.has_value()) scheduler_.AbandonCurrent();
}

ProcessEnd Kernel::Wait(ProcessId id) {
  BEACH_CHECK(scheduler_.current().process == nullptr);
  Process& process = ProcessOf(id);
  while (!process.end.has_value()) {
    scheduler_.Park(&scheduler_, &process, env::kNoDeadline, WaitKind::kProcess);
  }
  return *process.end;
}

void Kernel::Kill(ProcessId id) {
  const SystemScope system;
  Process& process = ProcessOf(id);
  if (process.end.has_value()) return;
  decisions_.CountFault(kKill);
  scheduler_.Count(kKill.hash, id.value);
  scheduler_.Note("fault", kKill.name, id.value);
  KillProcess(process, ProcessEnd::kKilled);
  LeaveIfDead();
}

void Kernel::CutPower(Host& host) {
  const SystemScope system;
  decisions_.CountFault(kPowerLoss);
  scheduler_.Count(kPowerLoss.hash, host.id.value);
  network_.HostDown(host.id);
  for (const std::unique_ptr<Process>& process : processes_) {
    if (&process->host != &host || process->end.has_value()) continue;
    KillProcess(*process, ProcessEnd::kPowerLost);
  }
  const CutSummary cut = host.disk->PowerLoss();
  if (host.watched) ShowCut(host, cut);
  host.paused_until_ns = 0;  // it starts again awake
  recorder_.NoteText(
      scheduler_.now(), scheduler_.identity(), "fault", kPowerLoss.name,
      fmt::format("on {}: kept {} of {} un-synced operations, tore {} sectors", host.name,
                  cut.operations_kept, cut.operations_pending, cut.sectors_torn));
  if (host.watched) ShowFiles(host);
}

void Kernel::PowerLoss(HostId id) {
  CutPower(HostOf(id));
  LeaveIfDead();
}

void Kernel::ArmStrike(HostId id, Strike strike, std::uint64_t seam_calls) {
  const SystemScope system;
  Host& host = HostOf(id);
  host.strike = strike;
  host.strike_calls = seam_calls;
  host.strike_thread = 0;
  host.strike_in_flight = 0;
  scheduler_.Count(kStrikeAtEnd.hash, seam_calls);
  if (seam_calls == 0) return;
  ++host.strikes_armed;
  const std::uint64_t drawn =
      decisions_.ChooseFor(kStrikeAt, host.name, host.strikes_armed, std::size(kStrikeKinds));
  const StrikeKind& kind = kStrikeKinds[decisions_.Off(kStrikeAt) ? 0 : drawn];
  host.strike_at = kind.at;
  if (kind.rarity > 1) host.strike_calls = seam_calls / kind.rarity + 1;
  if (kind.at == StrikeAt::kFewNames) {
    host.strike_names =
        decisions_.ChooseFor(kStrikeNames, host.name, host.strikes_armed, std::uint64_t{1} << 16);
  }
}

void Kernel::StrikeNow(Process& process, Site where) {
  Host& host = process.host;
  host.strike_calls = 0;
  host.strike_thread = 0;
  host.strike_in_flight = 0;
  if (decisions_.Off(host.strike == Strike::kKill ? kKill : kPowerLoss)) return;
  decisions_.CountStrike(where);
  if (host.watched) ShowStrike(where);
  if (host.disk->WritesInFlight() > 0) decisions_.CountStrike(kStruckInFlight);
  if (host.strike == Strike::kKill) {
    Kill(process.id);
  } else {
    PowerLoss(host.id);
  }
}

void Kernel::PassCrashPoint(Process& process, Site call) {
  Host& host = process.host;
  {
    const SystemScope system;
    if (options_.crash_points != nullptr) {
      const auto cut = options_.crash_points->At(call, *host.disk, recorder_.events());
      if (cut) {
        decisions_.Force(kCrashPoint, 1);
        decisions_.Force("disk.cut.mode", cut->mode);
        decisions_.Force("disk.cut.detail", cut->detail);
      }
    }
    if (decisions_.Fault(kCrashPoint, 1) == 0) return;
    decisions_.CountStrike(call);
    if (host.watched) ShowStrike(call);
  }
  PowerLoss(host.id);
}

bool Kernel::Counts(const Host& host, Site call, bool is_failpoint) {
  switch (host.strike_at) {
    case StrikeAt::kAnyCall: return true;
    case StrikeAt::kMutatingCall: return IsMutating(call);
    case StrikeAt::kFailpoint: return is_failpoint;
    case StrikeAt::kFewNames:
      // What all lives pass often and what few pass once are struck alike.
      return (is_failpoint || IsMutating(call)) &&
             RandomBelow(RandomValue(host.strike_names, call.hash), kNamesPerStruck) == 0;
    case StrikeAt::kWriteInFlight: return host.disk->WritesInFlight() > 0;
    case StrikeAt::kSyncInFlight: return call.hash == kSyncInFlight.hash;
    case StrikeAt::kTakingAway: return IsAmong(kTakingAway, call);
  }
  return false;
}

void Kernel::CountSeamCall(Process& process, Site call, bool is_failpoint) {
  Host& host = process.host;
  if (host.strike_in_flight != 0) {
    const bool in_flight = call.hash == kWriteInFlight.hash || call.hash == kSyncInFlight.hash;
    if (in_flight || --host.strike_in_flight == 0) StrikeNow(process, call);
    return;
  }
  if (host.strike_calls == 0 || !Counts(host, call, is_failpoint)) return;
  if (--host.strike_calls != 0) return;
  const bool here =
      host.strike_at == StrikeAt::kWriteInFlight || host.strike_at == StrikeAt::kSyncInFlight;
  if (is_failpoint || here) return StrikeNow(process, call);
  // Few calls are writes or syncs, and only those have a power loss find much to cut.
  const bool may_wait = host.strike == Strike::kPowerLoss && host.strike_at == StrikeAt::kAnyCall;
  const std::uint64_t outcomes = may_wait ? 4 : 2;
  switch (decisions_.ChooseFor(kStrikeAtEnd, host.name, host.strikes_armed, outcomes)) {
    case 0: return StrikeNow(process, call);
    case 1: host.strike_thread = scheduler_.current().id; return;
    default: host.strike_in_flight = kCallsToFlightMax; return;
  }
}

void Kernel::EnterSeam(Process& process, Site operation, std::uint64_t detail) {
  BEACH_CHECK(scheduler_.current().process == &process);
  scheduler_.BeginSeamCall();
  scheduler_.current().accesses_left = 0;
  scheduler_.Spend(operation, detail, process.host.step_cost_ns * kStepsPerSeamCall);
  scheduler_.Note("io", operation.name, detail);
  if (passes_crash_points_ && IsMutating(operation)) PassCrashPoint(process, operation);
  CountSeamCall(process, operation, false);
  if (armed_ != 0) [[unlikely]]
    SeamFaults(process);
  scheduler_.Yield();
}

void Kernel::LeaveSeam(Process& process, Site operation) {
  if (process.host.strike_thread != scheduler_.current().id) return;
  StrikeNow(process, operation);
}

void Kernel::WaitInSeam(std::uint64_t virtual_ns) {
  if (virtual_ns <= scheduler_.now()) return;
  scheduler_.current().clock_deadline_ns = env::kNoDeadline;
  scheduler_.SleepUntil(virtual_ns);
}

void Kernel::RecordEvent(Site event, std::span<const env::EventField> fields) {
  recorder_.Event(scheduler_.now(), scheduler_.identity(), event, fields);
  if (sink_ == nullptr) return;
  const SystemScope system;
  sink_->Record(event, fields);
}

void Process::Enter(Site operation, std::uint64_t detail) {
  kernel.EnterSeam(*this, operation, detail);
}
void Process::ShowBegan(const SeenCall& call) { kernel.ShowCall(call); }
void Process::ShowDone(std::int64_t result, SeenChanges changes) {
  kernel.ShowReturn(*this, result, changes);
}
void Process::WaitUntil(std::uint64_t virtual_ns) { kernel.WaitInSeam(virtual_ns); }
void Process::Leave(Site operation) { kernel.LeaveSeam(*this, operation); }
std::uint64_t Process::Now() { return kernel.Now(); }
std::uint64_t Process::MonotonicTime() {
  const std::uint64_t now = kernel.LookAtClock(*this);
  return host.clock.Monotonic(now);
}

std::uint64_t Process::MonotonicNow() {
  const std::uint64_t now = kernel.ReadClock(*this);
  return host.clock.Monotonic(now);
}

std::uint64_t Process::WallNow() {
  const std::uint64_t now = kernel.ReadClock(*this);
  return host.clock.Wall(now);
}

void Process::SleepUntil(std::uint64_t deadline_ns) { kernel.SleepOnClock(*this, deadline_ns); }

bool Process::RefusesDescriptor() { return kernel.RefusesDescriptor(); }
void Process::OnRefusal(memory::Refusal why) { kernel.CountRefusal(why); }

void Process::Record(Site event, std::span<const env::EventField> fields) {
  kernel.RecordEvent(event, fields);
}

}  // namespace beach::sim
