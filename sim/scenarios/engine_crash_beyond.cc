// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_beyond.h"

#include <string>

#include "oracle/value_id.h"

namespace beach::sim::scenarios::engine_crash {
namespace {

constexpr std::uint64_t kRunsOf = 8;  // one of them

constexpr std::uint64_t kRatesOfSyncs[] = {20'000, 100'000, 400'000};
constexpr std::uint64_t kRatesOfWrites[] = {2'000, 20'000, 100'000};
constexpr std::uint64_t kRatesOfReads[] = {200, 2'000, 20'000};

constexpr FaultLadder kBeyond[] = {
    {"disk.lying_sync", kRatesOfSyncs},         {"disk.lost_write", kRatesOfWrites},
    {"disk.misdirected_write", kRatesOfWrites}, {"disk.misdirected_read", kRatesOfReads},
    {"disk.stale_read", kRatesOfReads},         {"disk.bit_rot", kRatesOfReads},
    {"disk.latent_sector", kRatesOfReads}};

}  // namespace

bool DrawBeyond(Simulation& simulation) {
  RandomStream stream = simulation.Stream("engine_crash.beyond");
  return simulation.Option("beyond", stream.Below(kRunsOf) == 0 ? 1 : 0) != 0;
}

BeyondPlan DrawBeyondPlan(Simulation& simulation, std::uint64_t lives) {
  BeyondPlan plan;
  plan.on = true;
  plan.faults = DrawFaults(simulation, kBeyond, {.calm_percent = 0, .on_percent = 40});
  RandomStream stream = simulation.Stream("engine_crash.beyond.swap");
  const std::uint64_t life = stream.Chance(1, 8) ? stream.Below(lives + 1) : 0;
  plan.swap_before_life = simulation.Option("swap_before_life", life);
  return plan;
}

void WrittenValues::Issue(const oracle::ModelBatch& batch) {
  for (const oracle::ModelOperation& operation : batch.operations) {
    if (operation.merge) merged_.insert(operation.key);
    if (operation.value) by_key_[operation.key].insert(*operation.value);
  }
}

oracle::Judgement WrittenValues::Judge(const std::vector<oracle::KeyValue>& found) const {
  for (const auto& [key, value] : found) {
    const auto written = by_key_.find(key);
    if (merged_.contains(key)) continue;
    if (written != by_key_.end() && written->second.contains(value)) continue;
    return oracle::Violation{.rule = "invented",
                             .message = "recovered key \"" + Printable(key, 32) + "\" shows " +
                                        oracle::DescribeValue(value) +
                                        ", which was never written to it"};
  }
  return std::nullopt;
}

bool IsErrorOfDamage(const Error& error) {
  return error.code() == ErrorCode::kIo || error.code() == ErrorCode::kCorruption ||
         error.code() == ErrorCode::kRefused;
}

}  // namespace beach::sim::scenarios::engine_crash
