// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_backup.h"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/crash_points.h"
#include "sim/scenarios/engine_backup_follow.h"
#include "sim/scenarios/engine_backup_life.h"
#include "sim/scenarios/engine_backup_plan.h"
#include "sim/scenarios/engine_backup_rot.h"
#include "sim/scenarios/engine_backup_world.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios {
namespace {

using namespace copies;  // NOLINT: the parts of this scenario

// A life in which opening fails so often by faults goes on without them.
constexpr std::uint64_t kAttemptsWithFaults = 2;

// The commands of every life, by client.
std::vector<Clients> ParseWorkload(Simulation& simulation, const Plan& plan,
                                   const std::vector<artifacts::Operation>& operations) {
  std::vector<Clients> lives(plan.lives.size(), Clients(plan.clients));
  std::set<std::uint64_t> ids;
  for (const artifacts::Operation& operation : operations) {
    std::optional<Command> command = ParseOperation(operation);
    if (!command || !ids.insert(operation.id).second) {
      simulation.Fail("bad-workload", "operation " + std::to_string(operation.id) +
                                          " is not one of this scenario, or stands twice");
    }
    if (operation.life >= lives.size() || operation.client >= plan.clients) continue;
    lives[operation.life][operation.client].push_back(std::move(*command));
  }
  return lives;
}

// At an I/O that was picked for it, the power has failed: only what is found then matters now.
bool IsBranch(World& world) { return world.simulation.FaultCount(kCrashPoint) > 0; }

template <class Main>
ProcessEnd RunProcess(World& world, const char* name, const Main& main) {
  world.BeginProcess();
  const ProcessId process =
      world.simulation.Start(world.host, name, [&main](const env::Env& env) { main(env); });
  const ProcessEnd end = world.simulation.Wait(process);
  world.EndProcess(end);
  return end;
}

void CutPower(World& world) {
  world.simulation.PowerLoss(world.host);
  const SystemScope system;
  world.PowerLost();
}

void RunOneLife(World& world, const LifePlan& life, const Clients& clients) {
  world.strike = life.end == End::kPowerLoss ? Strike::kPowerLoss : Strike::kKill;
  world.strike_calls = life.end == End::kClose ? 0 : life.strike_calls;
  world.strike_at_copy = life.end == End::kClose ? 0 : life.strike_at_copy;
  world.copies_begun = 0;
  const auto main = [&](const env::Env& env) { RunLife(world, clients, env); };
  for (std::uint64_t attempt = 0; attempt <= kAttemptsWithFaults; ++attempt) {
    world.SetFaults(attempt < kAttemptsWithFaults);
    if (RunProcess(world, "db", main) != ProcessEnd::kExited || world.report.opened) break;
  }
  world.SetFaults(false);
  if (life.power_loss_after && !IsBranch(world)) CutPower(world);
}

// Again, when it was struck in the middle.
void Judge(World& world, std::uint64_t strike_calls) {
  const auto main = [&](const env::Env& env) { RunJudge(world, env); };
  do {
    if (strike_calls != 0) world.simulation.ArmStrike(world.host, Strike::kPowerLoss, strike_calls);
    strike_calls = 0;
  } while (RunProcess(world, "judge", main) != ProcessEnd::kExited);
}

// Without faults all of it works.
void RunLast(World& world, const char* what) {
  Clients clients(2);
  clients[1].push_back({.kind = CommandKind::kCompact, .changes = {}});
  // First: it makes names in the folder above durable, which checkpoints must do by themselves.
  clients[0].push_back({.kind = CommandKind::kBackup, .changes = {}, .number = 2});
  for (std::uint64_t slot = 0; slot < kSlots; ++slot) {
    const CommandKind kind = slot == 0 ? CommandKind::kRestore : CommandKind::kCheckpoint;
    clients[0].push_back({.kind = kind, .changes = {}, .number = slot});
  }
  world.strike_calls = 0;
  world.strike_at_copy = 0;
  const auto main = [&](const env::Env& env) { RunLife(world, clients, env); };
  do {
    RunProcess(world, "db", main);
  } while (IsBranch(world) && !world.report.closed);
  if (world.report.closed) {
    const auto verify = [&](const env::Env& env) { RunVerify(world, env); };
    RunProcess(world, "verify", verify);
    return;
  }
  world.simulation.Fail("no-recovery", std::string(what) + " without faults was not completed");
}

// What was kept for this is damaged.
void Rot(World& world) {
  const std::optional<std::string> damaged = RotOnePlace(world);
  if (!damaged) return;
  const auto main = [&](const env::Env& env) { RunDamaged(world, *damaged, env); };
  RunProcess(world, "damaged", main);
}

}  // namespace

std::string EngineBackup::boots() const {
  return "one host, one database in several lives with 1 to 4 clients, its checkpoints and "
         "backups, "
         "followers of its log";
}

std::string EngineBackup::checks() const {
  return "each copy is what the database was at one moment not before the call, or no database; "
         "log cursors show each durable batch once, in order";
}

void EngineBackup::Run(Simulation& simulation) const {
  const HostOptions machine{.slow_cpu_max = 20, .draw_disk_speed = true, .disk_speed_max = 100};
  const HostId host = simulation.AddHost("a", machine);
  const Plan plan = MakePlan(simulation);
  const std::vector<artifacts::Operation>& operations =
      simulation.Workload(MakeWorkload(plan, simulation.Stream("engine_backup.workload")));
  const std::vector<Clients> lives = ParseWorkload(simulation, plan, operations);

  World world(simulation, host, plan);
  for (const Clients& life : lives) {
    for (const std::vector<Command>& commands : life) {
      for (const Command& command : commands) {
        if (command.kind == CommandKind::kWrite) world.batches.emplace(command.id, command);
      }
    }
  }
  simulation.SetEventSink(&world);
  for (std::size_t i = 0; i < lives.size() && !IsBranch(world); ++i) {
    RunOneLife(world, plan.lives[i], lives[i]);
    if (IsBranch(world)) break;
    if (plan.lives[i].read_after) {
      const auto read = [&](const env::Env& env) { RunReader(world, env); };
      RunProcess(world, "reader", read);
      if (IsBranch(world)) break;
    }
    if (plan.lives[i].judge_after) Judge(world, plan.lives[i].strike_calls_in_judge);
  }
  world.SetFaults(false);
  Judge(world, 0);
  RunLast(world, "the first open");
  CutPower(world);
  Judge(world, 0);
  RunLast(world, "the second open");
  if (plan.rots && !IsBranch(world)) Rot(world);
  simulation.SetEventSink(nullptr);
}

}  // namespace beach::sim::scenarios
