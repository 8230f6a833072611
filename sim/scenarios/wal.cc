// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/wal.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/wal/format.h"
#include "sim/crash_points.h"
#include "sim/disk/disk.h"
#include "sim/scenarios/wal_life.h"
#include "sim/scenarios/wal_plan.h"
#include "sim/scenarios/wal_workload.h"
#include "sim/scenarios/wal_world.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios {
namespace {

using namespace log_alone;  // NOLINT: the parts of this scenario

// A life in which opening fails so often by faults goes on without them.
constexpr std::uint64_t kAttemptsWithFaults = 2;

using Writers = std::vector<std::vector<Command>>;

Strike StrikeOf(End end) { return end == End::kPowerLoss ? Strike::kPowerLoss : Strike::kKill; }

// The commands of every life, by writer.
std::vector<Writers> ParseWorkload(Simulation& simulation, const Plan& plan,
                                   const std::vector<artifacts::Operation>& operations) {
  std::vector<Writers> lives(plan.lives.size(), Writers(plan.writers));
  std::set<std::uint64_t> ids;
  for (const artifacts::Operation& operation : operations) {
    const std::optional<Command> command = ParseOperation(operation);
    if (!command || !ids.insert(operation.id).second) {
      simulation.Fail("bad-workload", "operation " + std::to_string(operation.id) +
                                          " is not one of this scenario, or stands twice");
    }
    if (operation.life >= lives.size() || operation.client >= plan.writers) continue;
    lives[operation.life][operation.client].push_back(*command);
  }
  return lives;
}

// One process, from its start to its end.
LifeReport RunProcess(World& world, const LifeWork& work) {
  world.BeginProcess();
  const ProcessId process = world.simulation.Start(
      world.host, "log", [&world, &work](const env::Env& env) { RunLife(world, work, env); });
  const ProcessEnd end = world.simulation.Wait(process);
  world.simulation.ArmStrike(world.host, Strike::kKill, 0);
  const bool closed = end == ProcessEnd::kExited && world.report.closed;
  if (end == ProcessEnd::kPowerLost) {
    world.oracle.Ended(oracle::LifeEnd::kPowerLost);
  } else {
    world.oracle.Ended(
        world.CacheAfter(closed ? oracle::LifeEnd::kClosed : oracle::LifeEnd::kKilled));
  }
  if (closed) world.tidy = true;
  return world.report;
}

void CutPower(World& world) {
  world.simulation.PowerLoss(world.host);
  world.oracle.Ended(oracle::LifeEnd::kPowerLost);
}

// At an I/O that was picked for it, the power has failed: only what recovery finds matters now.
bool IsBranch(World& world) { return world.simulation.FaultCount(kCrashPoint) > 0; }

// The first sectors of blocks that something was written to.
std::vector<std::uint64_t> WrittenBlocks(const Bytes& content) {
  std::vector<std::uint64_t> sectors;
  for (std::uint64_t at = 0; at + kSectorSize <= content.size(); at += engine::wal::kBlockSize) {
    const ByteView sector = ByteView(content).substr(at, kSectorSize);
    if (sector.find_first_not_of('\0') != ByteView::npos) sectors.push_back(at / kSectorSize);
  }
  return sectors;
}

// Damages one sector of the closed log: any of a segment, one that holds items, or one of the
// newest. Nothing else: what the manifest loses is not the log's to tell.
void RotOnePlace(World& world) {
  const SystemScope system;
  Disk& disk = world.simulation.disk(world.host);
  Decisions& decisions = world.simulation.decisions();
  std::vector<std::string> names;
  if (disk.List(kDirectory, names) != 0) return;
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(".wal"); });
  if (names.empty()) return;
  std::sort(names.begin(), names.end());
  const std::string path =
      std::string(kDirectory) + "/" + names[decisions.Choose("wal.rot.file", names.size())];
  const Result<Bytes> content = disk.Inspect(path);
  if (!content || content->empty()) return;
  const std::vector<std::uint64_t> written = WrittenBlocks(*content);
  const std::uint64_t where = decisions.Choose("wal.rot.where", 8);
  std::uint64_t sector = 0;
  if (where == 0 || written.empty()) {
    sector = decisions.Choose("wal.rot.sector", content->size() / kSectorSize);
  } else {
    const std::uint64_t newest =
        where < 3 ? written.size() : std::min<std::uint64_t>(written.size(), 3);
    const std::uint64_t back = decisions.Choose("wal.rot.block", newest);
    sector = written[written.size() - 1 - back];
  }
  disk.DamageRange(path, sector * kSectorSize, kSectorSize, world.plan.rot);
}

// Opens that die early: in the middle of recovery, or soon after it.
void RunEarlyStrikes(World& world, const LifePlan& life, const OpenWork& open) {
  const Writers nobody;
  for (const EarlyStrike& early : life.early) {
    world.simulation.ArmStrike(world.host, early.strike, early.calls);
    RunProcess(world, {.writers = &nobody, .open = open});
    if (IsBranch(world)) return;
  }
}

void RunOneLife(World& world, const LifePlan& life, const Writers& writers) {
  world.SetFaults(true);
  const OpenWork open{.peek = life.peek, .give_up = life.give_up};
  RunEarlyStrikes(world, life, open);
  if (IsBranch(world)) return;
  const bool strikes = life.end != End::kClose;
  const LifeWork work{.writers = &writers,
                      .open = open,
                      .strike_calls = strikes && life.strike_late ? life.strike_calls : 0,
                      .strike_calls_in_close = strikes ? life.strike_calls_in_close : 0,
                      .strike = StrikeOf(life.end),
                      .calm_end = life.calm_end};
  for (std::uint64_t attempt = 0; attempt <= kAttemptsWithFaults; ++attempt) {
    if (attempt == kAttemptsWithFaults) world.SetFaults(false);
    if (strikes && !life.strike_late) {
      world.simulation.ArmStrike(world.host, work.strike, life.strike_calls);
    }
    if (RunProcess(world, work).open_error.empty()) break;
  }
  if (IsBranch(world)) return;
  if (life.power_loss_after) CutPower(world);
}

// A log that is opened and closed without faults works.
void RunLast(World& world, const char* what, std::uint64_t strike_calls_in_close) {
  const Writers nobody;
  const LifeWork work{
      .writers = &nobody, .strike_calls_in_close = strike_calls_in_close, .calm_end = true};
  std::uint64_t crash_points = 0;
  LifeReport report;
  do {
    crash_points = world.simulation.FaultCount(kCrashPoint);
    report = RunProcess(world, work);
  } while (world.simulation.FaultCount(kCrashPoint) != crash_points);
  if (report.opened && (report.closed || strike_calls_in_close != 0)) return;
  world.simulation.Fail("no-recovery", std::string(what) + " without faults was not completed");
}

}  // namespace

std::string Wal::boots() const {
  return "one host, the log alone in several lives with 1 to 4 writers, under every fault";
}

std::string Wal::checks() const {
  return "every recovery against what was promised, in every mode; damage refused, never dropped";
}

void Wal::Run(Simulation& simulation) const {
  const HostOptions machine{.small_disk_max_bytes = 2'000'000,
                            .small_disk_min_bytes = 300'000,
                            .clock_drift_max_ppm = 200'000,
                            .slow_cpu_max = 20,
                            .draw_fsync_profile = true,
                            .draw_disk_speed = true};
  const HostId host = simulation.AddHost("a", machine);
  const Plan plan = MakePlan(simulation, host);
  const std::vector<artifacts::Operation> operations =
      simulation.Workload(MakeWorkload(plan, simulation.Stream("wal.workload")));
  const std::vector<Writers> lives = ParseWorkload(simulation, plan, operations);

  World world(simulation, host, plan);
  for (std::size_t i = 0; i < lives.size() && !IsBranch(world); ++i) {
    if (i > 0 && plan.rot_before_life == i) RotOnePlace(world);
    RunOneLife(world, plan.lives[i], lives[i]);
  }
  world.SetFaults(false);
  RunLast(world, "the first open", 1);
  CutPower(world);
  RunLast(world, "the second open", 0);
}

}  // namespace beach::sim::scenarios
