// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/wal_plan.h"

#include <algorithm>
#include <string>

#include "engine/wal/format.h"
#include "sim/disk/disk.h"

namespace beach::sim::scenarios::log_alone {
namespace {

// Per million calls. Syncs are few, and a life sees one failed sync at most.
constexpr std::uint64_t kRates[] = {200, 1'000, 5'000, 20'000, 100'000};
constexpr std::uint64_t kRatesOfSyncs[] = {2'000, 5'000, 20'000, 50'000, 100'000};
constexpr std::uint64_t kRatesOfShortOnes[] = {10'000, 100'000, 500'000};
constexpr std::uint64_t kRatesOfLongOnes[] = {50, 500, 5'000};
constexpr std::uint64_t kRatesOfProcesses[] = {100'000, 500'000};
constexpr FaultLadder kFaults[] = {
    {"disk.eio.read", kRates},
    {"disk.eio.write", kRates},
    {"disk.eio.sync", kRatesOfSyncs},
    {"disk.eio.sync_directory", kRatesOfSyncs},
    {"disk.eio.metadata", kRates},
    {"disk.eio.write_sticky", kRates},
    {"disk.no_space", kRates},
    {"disk.no_space.sync", kRatesOfSyncs},
    {"disk.read_only", kRatesOfLongOnes},
    {"disk.short_read", kRatesOfShortOnes},
    {"disk.short_write", kRatesOfShortOnes},
    {"disk.stall", kRatesOfLongOnes},
    {"process.descriptors", kRates},
    {"host.pause", kRatesOfLongOnes},
    {"thread.stall", kRatesOfLongOnes},
    {"memory.exhausted", kRatesOfProcesses},
};

constexpr Site kFaultsOfSyncs[] = {"disk.eio.sync", "disk.no_space.sync", "disk.eio.write_sticky"};

// Fewer faults at a time than elsewhere: a log refuses all work after the first that it meets.
constexpr SwarmOptions kSwarm{.calm_percent = 45, .on_percent = 25};

// Beyond these a foreign artifact would keep a machine busy for nothing.
constexpr std::uint64_t kEarlyMax = 4;
constexpr std::uint64_t kLivesMax = 64;
constexpr std::uint64_t kWritersMax = 16;
constexpr std::uint64_t kOperationsMax = 4'096;
constexpr std::uint64_t kCallsMax = 1'000'000;

struct Bounds {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

// Knobs that a shrinker may bring below what is drawn, or an artifact above it.
class WideKnobs {
 public:
  explicit WideKnobs(Simulation& simulation)
      : simulation_(simulation), key_(simulation.Stream("wal.plan.wide").Next()) {}

  std::uint64_t Even(const std::string& name, Bounds drawn, Bounds taken) {
    RandomStream stream(RandomValue(key_, Site::Hash(name)));
    const std::uint64_t value = stream.Between(drawn.low, drawn.high);
    return std::clamp(simulation_.Option(name, value), taken.low, taken.high);
  }
  std::uint64_t Log(const std::string& name, Bounds drawn, Bounds taken) {
    RandomStream stream(RandomValue(key_, Site::Hash(name)));
    const std::uint64_t value = DrawLog(stream, drawn.low, drawn.high);
    return std::clamp(simulation_.Option(name, value), taken.low, taken.high);
  }

 private:
  Simulation& simulation_;
  const std::uint64_t key_;
};

LifePlan MakeLifePlan(Knobs& knobs, WideKnobs& wide, std::uint64_t index) {
  const std::string life_name = "life" + std::to_string(index) + ".";
  LifePlan life;
  life.end = static_cast<End>(wide.Even(life_name + "end", {0, 2}, {0, 2}));
  life.strike_late = knobs.Flag(life_name + "strike_late", 80);
  life.strike_calls = wide.Log(life_name + "strike_calls", {16, 2'048}, {1, kCallsMax});
  life.strike_calls_in_close =
      wide.Log(life_name + "strike_calls_in_close", {1, 16}, {1, kCallsMax});
  const bool early = knobs.Flag(life_name + "early", 20);
  const std::uint64_t strikes =
      early ? wide.Even(life_name + "early_strikes", {1, 3}, {0, kEarlyMax}) : 0;
  for (std::uint64_t i = 0; i < strikes; ++i) {
    const std::string name = life_name + "early" + std::to_string(i);
    const bool power = knobs.Flag(name + ".power_loss", 50);
    life.early.push_back({.strike = power ? Strike::kPowerLoss : Strike::kKill,
                          .calls = wide.Even(name + ".calls", {1, 80}, {1, kCallsMax})});
  }
  life.power_loss_after = knobs.Flag(life_name + "power_loss_after", 25);
  life.calm_end = knobs.Flag(life_name + "calm_end", 25);
  life.peek = knobs.Flag(life_name + "peek", 15);
  life.give_up = knobs.Flag(life_name + "give_up", 30);
  return life;
}

}  // namespace

Plan MakePlan(Simulation& simulation, HostId host) {
  Knobs knobs(simulation, "wal.plan");
  WideKnobs wide(simulation);
  Plan plan;
  plan.writers = wide.Even("writers", {1, 4}, {1, kWritersMax});
  const std::uint64_t operations = wide.Even("operations_per_life", {65, 200}, {0, kOperationsMax});
  plan.operations_per_writer = operations / plan.writers;
  const std::uint64_t lives = wide.Even("lives", {2, 3}, {1, kLivesMax});
  for (std::uint64_t i = 0; i < lives; ++i) plan.lives.push_back(MakeLifePlan(knobs, wide, i));
  const std::uint64_t pages = knobs.Log("segment_pages", 16, 32);
  plan.segment_size = pages * engine::wal::kBlockSize;
  plan.direct = knobs.Flag("direct", 75);
  plan.flights_max = knobs.Even("flights_max", 1, 8);
  plan.recycled_max = knobs.Even("recycled_max", 0, 3);
  plan.manifest_size_max = knobs.Log("manifest_size_max", 256, 4'096);
  plan.segments_max = knobs.Even("segments_max", 1, 5);
  plan.sync_percent = knobs.Even("sync_percent", 0, 100);
  plan.size_max = knobs.Log("size_max", 1, 256);
  plan.faults = DrawFaults(simulation, kFaults, kSwarm);
  // There a failed sync says yes at first: an acknowledged write may be lost, and nobody can tell.
  if (simulation.disk(host).fsync_profile() == FsyncProfile::kExt4Journal) {
    std::erase_if(plan.faults, [](const FaultRate& fault) {
      return std::ranges::any_of(kFaultsOfSyncs,
                                 [&](Site site) { return site.hash == fault.site.hash; });
    });
  }
  if (knobs.Flag("rot", 50)) {
    plan.rot_before_life = wide.Even("rot_before_life", {1, lives}, {0, kLivesMax});
  }
  if (knobs.Flag("rot_unreadable", 25)) plan.rot = DiskFault::kLatentSector;
  return plan;
}

}  // namespace beach::sim::scenarios::log_alone
