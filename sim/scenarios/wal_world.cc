// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/wal_world.h"

#include <algorithm>

#include "sim/disk/disk.h"
#include "sim/swarm.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::log_alone {
namespace {

constexpr Site kNoSpace[] = {"disk.no_space", "disk.no_space.sync", "disk.full"};
constexpr Site kOthers[] = {
    "disk.eio.read",     "disk.eio.write",        "disk.eio.sync",  "disk.eio.sync_directory",
    "disk.eio.metadata", "disk.eio.write_sticky", "disk.read_only", "process.descriptors"};
constexpr Site kOfSyncs[] = {"disk.eio.sync", "disk.no_space.sync", "disk.eio.write_sticky"};

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 30;

bool IsAtRest(const Damage& damage) {
  return damage.fault == DiskFault::kBitRot || damage.fault == DiskFault::kLatentSector;
}

}  // namespace

World::World(Simulation& simulation_of_run, HostId host_of_run, const Plan& plan_of_run)
    : simulation(simulation_of_run),
      host(host_of_run),
      plan(plan_of_run),
      capacity_bytes_(simulation_of_run.disk(host_of_run).capacity()) {}

void World::SetFaults(bool on) {
  sim::SetFaults(simulation, plan.faults, on);
  simulation.disk(host).SetDamageVisible(on);
  if (on != damage_visible_) oracle.Forget();
  damage_visible_ = on;
  rotten_ = rotten_ && on;
  simulation.SetCapacity(host, on ? capacity_bytes_ : std::max(capacity_bytes_, kPlenty));
}

World::FaultCounts World::CountFaults() {
  FaultCounts counts;
  for (const Site site : kNoSpace) counts.no_space += simulation.FaultCount(site);
  for (const Site site : kOthers) counts.others += simulation.FaultCount(site);
  return counts;
}

std::uint64_t World::CountFailedSyncs() {
  std::uint64_t count = 0;
  for (const Site site : kOfSyncs) count += simulation.FaultCount(site);
  return count;
}

void World::BeginProcess() {
  const SystemScope system;
  ForgetFaults();
  report = {};
  failed_syncs_ = CountFailedSyncs();
  Disk& disk = simulation.disk(host);
  disk.Remount();
  const bool rotten = damage_visible_ && std::ranges::any_of(disk.Damages(), IsAtRest);
  if (rotten != rotten_) oracle.Forget();
  rotten_ = rotten;
}

oracle::LifeEnd World::CacheAfter(oracle::LifeEnd end) {
  const bool reverts = simulation.disk(host).fsync_profile() == FsyncProfile::kBtrfs;
  if (end == oracle::LifeEnd::kClosed || !reverts) return end;
  return CountFailedSyncs() != failed_syncs_ ? oracle::LifeEnd::kPowerLost : end;
}

void World::Settle(const oracle::Judgement& judgement) {
  if (judgement) simulation.Fail(judgement->rule, judgement->message);
}

bool World::DamageExplains(const Error& error) {
  const SystemScope system;
  if (!damage_visible_) return false;
  const bool unreadable = error.code() == ErrorCode::kIo;
  const bool rotten = error.code() == ErrorCode::kCorruption || error.code() == ErrorCode::kRefused;
  return std::ranges::any_of(simulation.disk(host).Damages(), [&](const Damage& damage) {
    if (!(unreadable && damage.fault == DiskFault::kLatentSector) &&
        !(rotten && damage.fault == DiskFault::kBitRot)) {
      return false;
    }
    return std::ranges::find(damage.paths, error.path()) != damage.paths.end();
  });
}

void World::Excuse(const char* rule, const char* doing, const Error& error) {
  if (DamageExplains(error)) return;
  const FaultCounts now = CountFaults();
  if (error.code() == ErrorCode::kNoSpace && now.no_space != forgotten_.no_space) return;
  const bool struck = now.no_space != forgotten_.no_space || now.others != forgotten_.others;
  if (error.code() == ErrorCode::kIo && struck) return;
  const bool corruption = error.code() == ErrorCode::kCorruption;
  simulation.Fail(corruption ? "false-corruption" : rule,
                  std::string(doing) + " failed, but no fault explains it: " + error.ToString());
}

}  // namespace beach::sim::scenarios::log_alone
