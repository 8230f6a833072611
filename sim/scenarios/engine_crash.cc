// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "engine/wal/format.h"
#include "sim/crash_points.h"
#include "sim/disk/disk.h"
#include "sim/scenarios/engine_crash_life.h"
#include "sim/scenarios/engine_crash_plan.h"
#include "sim/scenarios/engine_crash_repair.h"
#include "sim/scenarios/engine_crash_workload.h"
#include "sim/scenarios/engine_crash_world.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios {
namespace {

using namespace engine_crash;  // NOLINT: the parts of this scenario

// A life in which opening fails so often by faults goes on without them.
constexpr std::uint64_t kAttemptsWithFaults = 3;

// Where many processes die of it, and where few do. None has asked for a mebibyte yet.
constexpr std::uint64_t kSmallMemoryMin = 200'000;
constexpr std::uint64_t kSmallMemoryMax = 1'000'000;
constexpr std::uint64_t kMemoryBound = 8'000'000;

using Clients = std::vector<std::vector<Command>>;

Strike StrikeOf(End end) { return end == End::kPowerLoss ? Strike::kPowerLoss : Strike::kKill; }

void ForgetTime(oracle::ModelBatch& batch) {
  std::erase_if(batch.operations, [](const auto& operation) { return operation.time; });
  for (oracle::ModelOperation& operation : batch.operations) operation.expires_at.reset();
}

// The commands of every life, by client.
std::vector<Clients> ParseWorkload(Simulation& simulation, const Plan& plan,
                                   const std::vector<artifacts::Operation>& operations) {
  std::vector<Clients> lives(plan.lives.size(), Clients(plan.clients));
  std::vector<std::uint64_t> ids;
  ids.reserve(operations.size());
  for (const artifacts::Operation& operation : operations) {
    std::optional<Command> command = ParseOperation(operation);
    if (!command) {
      simulation.Fail("bad-workload",
                      "operation " + std::to_string(operation.id) + " is not one of this scenario");
    }
    ids.push_back(operation.id);
    // What is found beyond the contract does not tell when it expires.
    if (plan.beyond.on) ForgetTime(command->batch);
    if (operation.life >= lives.size() || operation.client >= plan.clients) continue;
    lives[operation.life][operation.client].push_back(std::move(*command));
  }
  std::ranges::sort(ids);
  if (std::ranges::adjacent_find(ids) != ids.end()) {
    simulation.Fail("bad-workload", "an operation's number stands twice");
  }
  return lives;
}

void AccountFor(World& world, ProcessEnd end) {
  world.simulation.ArmStrike(world.host, Strike::kKill, 0);
  world.Settle(std::nullopt);
  switch (end) {
    case ProcessEnd::kExited:
      world.crash.Ended(world.CacheAfter(world.report.closed ? oracle::LifeEnd::kClosed
                                                             : oracle::LifeEnd::kKilled));
      break;
    case ProcessEnd::kOutOfMemory:
      if (world.plan.beyond.on && world.simulation.FaultCount("memory.limit") > 0) {
        world.simulation.Fail("unbounded-memory", "a process asked for more than it may need");
      }
      [[fallthrough]];
    case ProcessEnd::kKilled: world.crash.Ended(world.CacheAfter(oracle::LifeEnd::kKilled)); break;
    case ProcessEnd::kPowerLost: world.crash.Ended(oracle::LifeEnd::kPowerLost); break;
  }
}

// One process, from its start to its end.
LifeReport RunProcess(World& world, const LifeWork& work) {
  world.mode = work.mode;
  world.BeginProcess();
  const ProcessId process = world.simulation.Start(
      world.host, "db", [&world, &work](const env::Env& env) { RunLife(world, work, env); });
  const ProcessEnd end = world.simulation.Wait(process);
  AccountFor(world, end);
  // An open that is refused changes nothing.
  if (end != ProcessEnd::kExited || world.report.open_error.empty()) {
    world.may_be_torn = !world.report.closed;
  }
  world.ever_opened = world.ever_opened || world.report.opened;
  return world.report;
}

// Twice, if the first one was struck in the middle.
void Repair(World& world, Strike strike) {
  for (const std::uint64_t calls : {world.plan.strike_calls_in_repair, std::uint64_t{0}}) {
    world.SetFaults(false);
    world.ShowDamage();
    world.BeginProcess();
    world.simulation.ArmStrike(world.host, strike, calls);
    const ProcessId process = world.simulation.Start(
        world.host, "repair", [&world](const env::Env& env) { RunRepair(world, env); });
    const ProcessEnd end = world.simulation.Wait(process);
    AccountFor(world, end);
    if (end == ProcessEnd::kExited) break;
  }
  world.may_be_torn = true;
  world.SetFaults(true);
}

// Between processes, without faults.
void Verify(World& world, bool tidy) {
  world.SetFaults(false);
  world.BeginProcess();
  const ProcessId process = world.simulation.Start(
      world.host, "verify", [&world, tidy](const env::Env& env) { RunVerify(world, tidy, env); });
  BEACH_CHECK(world.simulation.Wait(process) == ProcessEnd::kExited);
}

void CutPower(World& world) {
  world.simulation.PowerLoss(world.host);
  world.crash.Ended(oracle::LifeEnd::kPowerLost);
}

// At an I/O that was picked for it, the power has failed: only what recovery finds matters now.
bool IsBranch(World& world) { return world.simulation.FaultCount(kCrashPoint) > 0; }

// Opens that die early: in the middle of recovery, or soon after it.
void RunEarlyStrikes(World& world, const LifePlan& life) {
  const Clients nobody;
  for (const EarlyStrike& early : life.early) {
    world.simulation.ArmStrike(world.host, early.strike, early.calls);
    RunProcess(world, {.clients = &nobody});
    if (IsBranch(world)) return;
  }
}

// Bytes [begin, end) of a file.
struct Place {
  std::string path;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// What the last flights of a segment take, if it has any, but for the very last: nothing vouches
// for it. And the ordinal.
std::optional<std::pair<engine::SegmentOrdinal, Place>> NewestFlights(const std::string& path,
                                                                      ByteView content) {
  constexpr std::uint64_t kBytes = 4 * engine::wal::kBlockSize;
  const auto block =
      engine::wal::DecodeSegmentBlock(content.substr(0, engine::wal::kSegmentHeaderSize));
  if (!block) return std::nullopt;
  std::uint64_t end = 0;
  std::uint64_t last = 0;  // where it begins
  for (std::uint64_t at = engine::wal::kSegmentHeaderSize;
       at + engine::wal::kItemHeaderSize <= content.size(); at += engine::wal::kBlockSize) {
    const engine::wal::ItemPlace place{
        .segment = block->ordinal, .epoch = block->epoch, .offset = at, .limit = content.size()};
    engine::wal::ItemHeader header;
    if (!engine::wal::DecodeItemHeader(content.substr(at), place, header)) continue;
    last = at;
    end = header.end();
  }
  if (last > engine::wal::kSegmentHeaderSize) end = last;
  if (end == 0) return std::nullopt;
  const std::uint64_t begin = std::max(end, engine::wal::kSegmentHeaderSize + kBytes) - kBytes;
  return std::pair{block->ordinal, Place{.path = path, .begin = begin, .end = end}};
}

// Where to look for the place that rots, by the plan's aim; anywhere if nothing fits it.
std::vector<Place> PlacesToRot(Disk& disk, const Plan& plan,
                               const std::vector<std::string>& names) {
  std::vector<Place> all;
  std::vector<Place> aimed_at;
  engine::SegmentOrdinal newest;
  for (const std::string& name : names) {
    const std::string path = std::string(kDirectory) + "/" + name;
    const Result<Bytes> content = disk.Inspect(path);
    if (!content || content->empty()) continue;
    all.push_back({.path = path, .begin = 0, .end = content->size()});
    if (plan.rot_aim == RotAim::kTables && name.ends_with(".sst")) aimed_at.push_back(all.back());
    if (plan.rot_aim != RotAim::kNewestFlights || !name.ends_with(".wal")) continue;
    const auto flights = NewestFlights(path, *content);
    if (!flights || flights->first < newest) continue;
    newest = flights->first;
    aimed_at = {flights->second};
  }
  return aimed_at.empty() ? all : aimed_at;
}

// Damages one sector of the closed database. Not the manifest's bits: when its newest record rots,
// what that alone made durable is lost, and nobody can tell (docs/contract.md, rule 13).
void RotOnePlace(World& world) {
  const SystemScope system;
  Disk& disk = world.simulation.disk(world.host);
  Decisions& decisions = world.simulation.decisions();
  std::vector<std::string> names;
  if (disk.List(kDirectory, names) != 0) return;
  std::erase_if(names, [&](const std::string& name) {
    return world.plan.rot == DiskFault::kBitRot && name.starts_with("MANIFEST") &&
           !world.plan.beyond.on;
  });
  std::sort(names.begin(), names.end());
  const std::vector<Place> places = PlacesToRot(disk, world.plan, names);
  if (places.empty()) return;
  const Place& place = places[decisions.Choose("rot.file", places.size())];
  const std::uint64_t first = place.begin / kSectorSize;
  const std::uint64_t sectors = (place.end + kSectorSize - 1) / kSectorSize - first;
  const std::uint64_t sector = first + decisions.Choose("rot.sector", sectors);
  disk.DamageRange(place.path, sector * kSectorSize, kSectorSize, world.plan.rot);
}

// How an attempt at a life opens the database.
engine::RecoveryMode ModeOf(World& world, const LifePlan& life, std::uint64_t attempt) {
  if (attempt == 0 && life.absolute) return engine::RecoveryMode::kAbsolute;
  if (attempt == 0 || !world.refused_by_damage) return engine::RecoveryMode::kTornTail;
  if (world.plan.remedy == Remedy::kPointInTime) return engine::RecoveryMode::kPointInTime;
  if (world.plan.remedy == Remedy::kRepair && attempt < kAttemptsWithFaults) {
    Repair(world, StrikeOf(life.end));
  }
  return engine::RecoveryMode::kTornTail;
}

void SwapDisk(World& world) {
  const SystemScope system;
  world.simulation.disk(world.host).SwapForEmpty();
}

void RunOneLife(World& world, const LifePlan& life, const Clients& clients) {
  if (life.verify_first) Verify(world, false);
  world.space = life.space;
  world.SetFaults(true);
  RunEarlyStrikes(world, life);
  if (IsBranch(world)) return;
  const bool strikes = life.end != End::kClose;
  LifeWork work{.clients = &clients,
                .strike_calls = strikes && life.strike_late ? life.strike_calls : 0,
                .strike_calls_in_close = strikes ? life.strike_calls_in_close : 0,
                .strike = StrikeOf(life.end),
                .watch_ns = life.watch_ns,
                .calm_end = life.calm_end};
  for (std::uint64_t attempt = 0; attempt <= kAttemptsWithFaults; ++attempt) {
    if (attempt == kAttemptsWithFaults) world.SetFaults(false);
    work.mode = ModeOf(world, life, attempt);
    if (strikes && !life.strike_late) {
      world.simulation.ArmStrike(world.host, work.strike, life.strike_calls);
    }
    if (RunProcess(world, work).open_error.empty()) break;
  }
  if (IsBranch(world)) return;
  if (life.power_loss_after) CutPower(world);
}

// A database that is opened and closed without faults works, and has nothing left to explain.
void RunLast(World& world, const char* what, std::uint64_t strike_calls_in_close) {
  world.space = {};
  const Clients nobody;
  const LifeWork work{
      .clients = &nobody, .strike_calls_in_close = strike_calls_in_close, .calm_end = true};
  std::uint64_t crash_points = 0;
  LifeReport report;
  do {
    crash_points = world.simulation.FaultCount(kCrashPoint);
    report = RunProcess(world, work);
  } while (world.simulation.FaultCount(kCrashPoint) != crash_points);
  if (report.closed) Verify(world, true);
  if (report.opened && (report.closed || strike_calls_in_close != 0)) return;
  if (world.IsBeyond()) return;  // it was refused, with an error that says so
  world.simulation.Fail("no-recovery", std::string(what) + " without faults was not completed");
}

}  // namespace

std::string EngineCrash::name() const {
  if (focus_ == Focus::kCompaction) return "engine-compaction";
  if (focus_ == Focus::kReaders) return "engine-mvcc";
  return weather_ == Weather::kErrors ? "engine-crash" : "engine-faults";
}

std::string EngineCrash::boots() const {
  if (focus_ == Focus::kCompaction) {
    return "one host, one database of tiny tables in several levels, crashes and disk faults";
  }
  if (weather_ == Weather::kEverything) {
    return "the same with every fault that is in contract, of disk, clocks and host";
  }
  if (focus_ == Focus::kReaders) {
    return "the same as engine-crash with few keys, many versions, and readers that hold on to "
           "them";
  }
  return "one host, one database in several lives with 1 to 5 clients, crashes and disk faults";
}

std::string EngineCrash::checks() const {
  if (focus_ == Focus::kCompaction) {
    return "as engine-crash, while tables are merged; levels disjoint and ordered, no listed file "
           "missing, none kept that is not listed";
  }
  if (weather_ == Weather::kEverything) {
    return "the same, by label: damage may cost errors, never a wrong answer, nor anything once it "
           "is "
           "taken away";
  }
  if (focus_ == Focus::kReaders) {
    return "snapshots, iterators, ranges and reads of several keys against the model, at the "
           "moment "
           "that each was taken; and what engine-crash checks";
  }
  return "reads, scans and every recovery against the model and the crash oracle; open never "
         "refuses, verify finds no damage";
}

std::vector<std::uint32_t> EngineCrash::rules() const {
  if (focus_ == Focus::kCompaction) {
    return {2, 3, 5, 6, 7, 8, 9, 10, 12, 14, 15, 17, 34, 35, 39, 43};
  }
  if (weather_ == Weather::kEverything) return {2, 5, 6, 7, 8, 10, 11, 12, 13, 18, 19, 20, 34, 35};
  if (focus_ == Focus::kReaders) return {2, 3, 5, 6, 7, 8, 9, 10, 12, 21, 34, 35, 39, 43};
  return {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 13, 14, 15, 16, 17, 18, 19, 21, 34, 35, 39, 43};
}

void EngineCrash::Run(Simulation& simulation) const {
  const bool beyond = weather_ == Weather::kEverything && DrawBeyond(simulation);
  HostOptions machine;
  machine.small_disk_max_bytes = 2'000'000;
  machine.small_disk_min_bytes = 200'000;
  // A disk that is as fast as the processor makes races that are too rare while all wait for it.
  machine.slow_cpu_max = 20;
  machine.draw_disk_speed = true;
  if (weather_ == Weather::kEverything) {
    machine.clock_drift_max_ppm = 200'000;
    machine.draw_fsync_profile = true;
    machine.small_memory_min_bytes = kSmallMemoryMin;
    machine.small_memory_max_bytes = kSmallMemoryMax;
  } else {
    machine.disk_speed_max = 100;  // what slow reads cost, all weather pays
  }
  // Whatever the disk says, a process asks for no more than always.
  if (beyond) machine.small_memory_min_bytes = machine.small_memory_max_bytes = kMemoryBound;
  const HostId host = simulation.AddHost("a", machine);
  const Plan plan = MakePlan(simulation, host, weather_, beyond, focus_);
  const std::vector<artifacts::Operation>& operations = simulation.Workload(
      MakeWorkload(plan, simulation.Stream("engine_crash.workload"), WeightsOf(focus_)));
  const std::vector<Clients> lives = ParseWorkload(simulation, plan, operations);

  World world(simulation, host, plan);
  simulation.SetEventSink(&world);
  for (std::size_t i = 0; i < lives.size() && !IsBranch(world); ++i) {
    if (i > 0 && plan.rot_before_life == i) RotOnePlace(world);
    if (i > 0 && plan.beyond.swap_before_life == i) SwapDisk(world);
    RunOneLife(world, plan.lives[i], lives[i]);
  }

  world.SetFaults(false);
  if (plan.open_before_last_cut) RunLast(world, "the first open", 1);
  CutPower(world);
  RunLast(world, "the second open", 0);
  if (plan.reopen_at_end) RunLast(world, "the open after a clean close", 0);
  simulation.SetEventSink(nullptr);
}

}  // namespace beach::sim::scenarios
