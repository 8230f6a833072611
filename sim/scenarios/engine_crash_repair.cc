// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_repair.h"

#include <algorithm>
#include <string>

#include "engine/repair.h"
#include "sim/disk/disk.h"
#include "sim/scenarios/engine_crash_life.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::engine_crash {
namespace {

std::uint64_t DigestOf(World& world) {
  const SystemScope system;
  return world.simulation.disk(world.host).Digest();
}

bool SameReports(const engine::RepairReport& a, const engine::RepairReport& b) {
  return a.damage.size() == b.damage.size() &&
         a.log_damage.has_value() == b.log_damage.has_value() && a.end == b.end &&
         a.durable == b.durable && a.flights_kept == b.flights_kept &&
         a.operations_kept == b.operations_kept && a.last_kept == b.last_kept &&
         a.flights_lost == b.flights_lost && a.operations_lost == b.operations_lost &&
         a.keys_lost == b.keys_lost && a.first_lost == b.first_lost && a.last_lost == b.last_lost &&
         a.operations_unreadable == b.operations_unreadable;
}

bool MetReadError(const engine::RepairReport& report) {
  return std::ranges::any_of(report.damage,
                             [](const Error& error) { return error.code() == ErrorCode::kIo; });
}

bool IsConsistent(const engine::RepairReport& report) {
  if (report.keys_lost > report.operations_lost) return false;
  if (report.operations_lost == 0) return report.operations_unreadable == 0;
  if (report.first_lost <= report.last_kept || report.last_lost < report.first_lost) return false;
  return report.operations_lost + report.operations_unreadable ==
         report.last_lost.value - report.last_kept.value;
}

std::string Numbers(const engine::RepairReport& report) {
  return std::to_string(report.operations_lost) + " operations and " +
         std::to_string(report.keys_lost) + " keys lost, " +
         std::to_string(report.operations_unreadable) + " unreadable, from " +
         std::to_string(report.first_lost.value) + " to " + std::to_string(report.last_lost.value) +
         ", the last kept is " + std::to_string(report.last_kept.value);
}

}  // namespace

void RunRepair(World& world, const env::Env& env) {
  const std::uint64_t before = DigestOf(world);
  const Result<engine::RepairReport> dry =
      engine::RepairDatabase(env, kDirectory, /*dry_run=*/true);
  if (DigestOf(world) != before) {
    world.simulation.Fail("dry-run-changed", "a dry run of a repair changed the disk");
  }
  // A swapped disk has none, nor one whose names were never durable, nor a half-made one.
  const bool absent = !dry && dry.error().code() == ErrorCode::kNotFound;
  if (absent && (world.IsBeyond() || !world.ever_opened)) return;
  if (!dry) return world.Excuse(Doing::kOpening, "a dry run of a repair", dry.error());
  if (!IsConsistent(*dry)) {
    world.simulation.Fail("loss-report",
                          "the loss report of a repair contradicts itself: " + Numbers(*dry));
  }
  const bool mends = dry->log_damage.has_value() && dry->damage.empty();
  if (mends) world.ExpectLoss(dry->last_kept.value, false);
  const Result<engine::RepairReport> done =
      engine::RepairDatabase(env, kDirectory, /*dry_run=*/false);
  if (!done) return world.Excuse(Doing::kOpening, "a repair", done.error());
  // Whether an unreadable sector is met depends on how much is read at once.
  const bool unreadable = MetReadError(*dry) || MetReadError(*done);
  if (done->repaired != mends || (!unreadable && !SameReports(*dry, *done))) {
    world.simulation.Fail("loss-report", "a repair reports another loss than its dry run");
  }
  if (mends) world.ExpectLoss(dry->last_kept.value, true);
}

}  // namespace beach::sim::scenarios::engine_crash
