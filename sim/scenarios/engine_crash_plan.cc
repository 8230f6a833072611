// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_plan.h"

#include <algorithm>
#include <span>
#include <string>

namespace beach::sim::scenarios::engine_crash {
namespace {

// Per million calls. Syncs are few, and a life sees one failed sync at most.
constexpr std::uint64_t kRates[] = {200, 1'000, 5'000, 20'000, 100'000};
constexpr std::uint64_t kRatesOfSyncs[] = {5'000, 20'000, 50'000, 100'000, 200'000};

struct ErrorFault {
  Site site;
  std::span<const std::uint64_t> rates;
};
constexpr ErrorFault kFaults[] = {{"disk.eio.read", kRates},
                                  {"disk.eio.write", kRates},
                                  {"disk.eio.sync", kRatesOfSyncs},
                                  {"disk.no_space", kRates},
                                  {"disk.eio.sync_directory", kRatesOfSyncs},
                                  {"disk.eio.metadata", kRates}};

// Crashes alone find other bugs than crashes among errors, where few lives get far.
constexpr std::uint64_t kRunsWithoutErrors = 2;  // of kRunsOf
constexpr std::uint64_t kRunsOf = 5;

constexpr std::uint64_t kEarlyMax = 3;

std::uint64_t DrawStrikeCalls(RandomStream& stream) {
  switch (stream.Below(4)) {
    case 0: return stream.Between(1, 80);  // most likely inside the open
    case 1: return stream.Between(1, 3000);
    default: return stream.Between(1, 600);
  }
}

engine::Options MakeEngineOptions(Simulation& simulation, RandomStream& stream) {
  engine::Options options;
  const auto knob = [&](const char* name, std::uint64_t drawn) {
    return simulation.Option(name, drawn);
  };
  // Small ones make many tables, of which each read, open and verify pays every one.
  const std::uint64_t memtable_kib =
      stream.Chance(1, 4) ? stream.Between(1, 4) : stream.Between(4, 24);
  options.memtable_size = knob("memtable_size", memtable_kib * engine::kKiB);
  options.frozen_memtables_max = knob("frozen_memtables_max", stream.Between(1, 3));
  // Few pages mean early ends of segments, and each is read at every open, empty or not.
  const std::uint64_t segment_pages = stream.Between(16, stream.Chance(1, 4) ? 64 : 20);
  options.wal_segment_size = knob("wal_segment_size", segment_pages * 4 * engine::kKiB);
  options.wal_direct = knob("wal_direct", stream.Below(2)) != 0;
  options.wal_group_size_max =
      knob("wal_group_size_max", std::uint64_t{1} << stream.Between(7, 20));
  options.manifest_size_max = knob("manifest_size_max", stream.Between(256, 4096));
  options.block_size = knob("block_size", std::uint64_t{1} << stream.Between(6, 12));
  options.block_restart_interval = knob("block_restart_interval", stream.Between(1, 16));
  return options;
}

LifePlan MakeLifePlan(Simulation& simulation, RandomStream& stream, std::uint64_t index) {
  const auto knob = [&](const char* name, std::uint64_t drawn) {
    return simulation.Option("life" + std::to_string(index) + "." + name, drawn);
  };
  const auto at_least_one = [](std::uint64_t value) { return std::max(value, std::uint64_t{1}); };
  LifePlan life;
  life.end = static_cast<End>(std::min(knob("end", stream.Below(3)), std::uint64_t{2}));
  life.strike_late = knob("strike_late", stream.Chance(3, 4) ? 1 : 0) != 0;
  life.strike_calls = at_least_one(knob("strike_calls", DrawStrikeCalls(stream)));
  life.strike_calls_in_close = at_least_one(knob("strike_calls_in_close", stream.Between(1, 40)));
  const std::uint64_t early = stream.Chance(2, 3) ? 0 : stream.Between(1, kEarlyMax);
  const std::uint64_t strikes = std::min(knob("early_strikes", early), kEarlyMax);
  for (std::uint64_t i = 0; i < strikes; ++i) {
    const std::string name = "early" + std::to_string(i);
    const bool power = knob((name + ".power_loss").c_str(), stream.Below(2)) != 0;
    const std::uint64_t calls = stream.Between(1, stream.Chance(3, 4) ? 60 : 240);
    life.early.push_back({.strike = power ? Strike::kPowerLoss : Strike::kKill,
                          .calls = at_least_one(knob((name + ".calls").c_str(), calls))});
  }
  life.power_loss_after = knob("power_loss_after", stream.Below(3)) == 0;
  life.verify_first = knob("verify_first", stream.Chance(1, 4) ? 1 : 0) != 0;
  life.calm_end = knob("calm_end", stream.Below(2)) != 0;
  return life;
}

}  // namespace

Plan MakePlan(Simulation& simulation) {
  RandomStream stream = simulation.Stream("engine_crash.plan");
  Plan plan;
  plan.options = MakeEngineOptions(simulation, stream);
  plan.clients = simulation.Option("clients", stream.Between(1, 5));
  plan.keys = std::max(simulation.Option("keys", stream.Between(8, 64)), std::uint64_t{1});
  plan.operations_per_client = simulation.Option("operations_per_client", stream.Between(2, 64));
  const std::uint64_t lives = simulation.Option("lives", stream.Between(2, 4));
  for (std::uint64_t i = 0; i < lives; ++i) {
    plan.lives.push_back(MakeLifePlan(simulation, stream, i));
  }
  plan.reopen_at_end = simulation.Option("reopen_at_end", stream.Chance(1, 4) ? 1 : 0) != 0;
  const bool errors = stream.Below(kRunsOf) >= kRunsWithoutErrors;
  for (const auto& [site, rates] : kFaults) {
    const bool on = stream.Chance(1, 2);
    const std::uint64_t rate = rates[stream.Below(rates.size())];
    const std::uint64_t drawn = on && errors ? rate : 0;
    plan.faults.push_back({site, simulation.Option(std::string("fault.") + site.name, drawn)});
  }
  return plan;
}

}  // namespace beach::sim::scenarios::engine_crash
