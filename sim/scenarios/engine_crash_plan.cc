// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_plan.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <string>

#include "engine/limits.h"
#include "engine/options.h"
#include "sim/disk/disk.h"

namespace beach::sim::scenarios::engine_crash {
namespace {

// Per million calls. Syncs are few, and a life sees one failed sync at most.
constexpr std::uint64_t kRates[] = {200, 1'000, 5'000, 20'000, 100'000};
constexpr std::uint64_t kRatesOfSyncs[] = {5'000, 20'000, 50'000, 100'000, 200'000};

constexpr std::uint64_t kRatesOfSpells[] = {50'000, 150'000, 400'000};

constexpr FaultLadder kFaults[] = {{"disk.eio.read", kRates},
                                   {"disk.eio.write", kRates},
                                   {"disk.eio.sync", kRatesOfSyncs},
                                   {"disk.no_space", kRates},
                                   {"disk.eio.sync_directory", kRatesOfSyncs},
                                   {"disk.eio.metadata", kRates}};

constexpr Site kFaultsOfSyncs[] = {"disk.eio.sync", "disk.no_space.sync", "disk.eio.write_sticky"};

constexpr std::uint64_t kRatesOfShortOnes[] = {10'000, 100'000, 500'000};
constexpr std::uint64_t kRatesOfLongOnes[] = {50, 500, 5'000};
constexpr std::uint64_t kRatesOfProcesses[] = {100'000, 500'000};
constexpr FaultLadder kMoreFaults[] = {
    {"disk.no_space.sync", kRatesOfSyncs},   {"disk.eio.write_sticky", kRates},
    {"disk.read_only", kRatesOfLongOnes},    {"disk.short_read", kRatesOfShortOnes},
    {"disk.short_write", kRatesOfShortOnes}, {"disk.stall", kRatesOfLongOnes},
    {"process.descriptors", kRates},         {"clock.step", kRates},
    {"clock.freeze", kRatesOfLongOnes},      {"host.pause", kRatesOfLongOnes},
    {"thread.stall", kRatesOfLongOnes},      {"memory.exhausted", kRatesOfProcesses}};

// Crashes alone find other bugs than crashes among errors, where few lives get far.
constexpr std::uint64_t kRunsWithoutErrors = 2;  // of kRunsOf
constexpr std::uint64_t kRunsOf = 5;

constexpr std::uint64_t kEarlyMax = 3;
// Beyond these a foreign artifact would keep a machine busy for nothing.
constexpr std::uint64_t kLivesMax = 1000;
constexpr std::uint64_t kClientsMax = 1000;
constexpr std::uint64_t kWatchMaxNs = 1'000'000'000;
constexpr std::uint64_t kMillion = 1'000'000;
constexpr std::uint64_t kLimitMax = 10'000'000'000;  // of what an artifact may ask of compaction

// Of all clients and lives together, drawn; crashes leave a third of them undone.
constexpr std::uint64_t kOperationsMin = 40;
constexpr std::uint64_t kOperationsMax = 612;

std::uint64_t DrawStrikeCalls(RandomStream& stream) {
  switch (stream.Below(4)) {
    case 0: return stream.Between(1, 80);  // most likely inside the open
    case 1: return stream.Between(1, 3000);
    default: return stream.Between(1, 750);
  }
}

// None, one that drops blocks all the time, or one that holds most tables.
std::uint64_t DrawCacheKib(RandomStream& stream) {
  switch (stream.Below(6)) {
    case 0: return 0;
    case 1: return std::uint64_t{1} << stream.Between(0, 5);
    default: return 512;
  }
}

// What a run's work comes to, about.
constexpr std::uint64_t kBytesPerOperation = 160;
// Every read, open and verify pays for each table: more of them cost time and add no idea.
constexpr std::uint64_t kFlushesMax = 24;
// But where tables are what it is about, and become fewer again.
constexpr std::uint64_t kFlushesMaxCompacted = 80;

// Runs about writes compact nothing, but for a third of those in all weather; runs about readers
// every other time.
void DrawCompaction(Simulation& simulation, Plan& plan) {
  RandomStream stream = simulation.Stream("engine_crash.compaction");
  const auto knob = [&](const char* name, std::uint64_t drawn) {
    return simulation.Option(name, drawn);
  };
  engine::Options& options = plan.options;
  const bool in_weather = stream.Chance(1, 3) && plan.weather == Weather::kEverything;
  const bool beside_readers = stream.Chance(1, 2) && plan.focus == Focus::kReaders;
  const bool compacts = plan.focus == Focus::kCompaction || in_weather || beside_readers;
  const auto style = stream.Chance(5, 8) ? engine::CompactionStyle::kLeveled
                                         : engine::CompactionStyle::kSizeTiered;
  const auto drawn = compacts ? style : engine::CompactionStyle::kManual;
  options.compaction_style = static_cast<engine::CompactionStyle>(
      std::min(knob("compaction_style", static_cast<std::uint64_t>(drawn)), std::uint64_t{2}));
  if (!compacts) return;
  const auto between = [&](const char* name, std::uint64_t least, std::uint64_t most) {
    return std::clamp(knob(name, stream.Between(least, most)), std::uint64_t{1}, kLimitMax);
  };
  options.compaction_threads = std::min(between("compaction_threads", 1, 3), std::uint64_t{8});
  options.table_size = std::uint64_t{1} << stream.Between(9, 13);
  options.table_size = between("table_size", options.table_size, options.table_size * 2);
  options.level0_compact_count = between("level0_compact_count", 1, 4);
  options.level0_slow_count = options.level0_compact_count + between("level0_slow_more", 1, 6);
  options.level0_stop_count = options.level0_slow_count + between("level0_stop_more", 1, 8);
  options.level_size_base = between("level_size_base", 512, 8192);
  options.level_size_ratio = between("level_size_ratio", 2, 5);
  options.level_size_ratio = std::clamp<std::uint64_t>(options.level_size_ratio, 2, 100);
  options.compaction_debt_slow = between("compaction_debt_slow", 4'000, 100'000);
  options.compaction_debt_stop =
      options.compaction_debt_slow + between("compaction_debt_stop_more", 1, 100'000);
  options.compaction_delete_percent =
      std::min(between("compaction_delete_percent", 20, 101), std::uint64_t{101});
  const std::uint64_t pace = stream.Chance(1, 5) ? stream.Between(20'000, 1'000'000) : 0;
  const std::uint64_t paced = knob("compaction_bytes_per_second", pace);
  options.compaction_bytes_per_second =
      paced == 0 ? 0 : std::clamp<std::uint64_t>(paced, 4 * engine::kKiB, kLimitMax);
  // 0: unset, as mostly; 1: nothing is ever dropped.
  const std::uint64_t safe = stream.Chance(1, 4) ? 1 : 1 + stream.Below(300);
  const std::uint64_t plus_1 = stream.Chance(1, 5) ? safe : 0;
  const std::uint64_t chosen = std::min(knob("safe_sequence_plus_1", plus_1), kMillion);
  if (chosen != 0) options.safe_sequence = engine::SequenceNumber(chosen - 1);
  const std::uint64_t worth = stream.Chance(2, 3) ? stream.Between(16, 4096) : 0;
  options.compaction_read_worth = std::min(knob("compaction_read_worth", worth), kMillion);
}

engine::Options MakeEngineOptions(Simulation& simulation, RandomStream& stream,
                                  std::uint64_t operations, Focus focus) {
  engine::Options options;
  const auto knob = [&](const char* name, std::uint64_t drawn) {
    return simulation.Option(name, drawn);
  };
  const bool compacts = focus == Focus::kCompaction;
  const std::uint64_t flushes_max = compacts ? kFlushesMaxCompacted : kFlushesMax;
  std::uint64_t memtable_kib = stream.Chance(1, 6) ? stream.Between(1, 4) : stream.Between(4, 24);
  if (compacts) memtable_kib = 1 + memtable_kib / 12;
  const std::uint64_t memtable_min = operations * kBytesPerOperation / flushes_max;
  options.memtable_size =
      knob("memtable_size", std::max(memtable_kib * engine::kKiB, memtable_min));
  RandomStream kinds = simulation.Stream("engine_crash.plan.memtable_kind");
  options.memtable_kind = static_cast<engine::MemtableKind>(std::min(
      knob("memtable_kind", kinds.Below(engine::kMemtableKinds)), engine::kMemtableKinds - 1));
  options.concurrent_adds_min =
      std::min(knob("concurrent_adds_min", kinds.Below(3)), std::uint64_t{1} << 32);
  options.frozen_memtables_max = knob("frozen_memtables_max", stream.Between(1, 3));
  // Few pages mean early ends of segments, and each is read at every open, empty or not.
  const std::uint64_t segment_pages = stream.Between(16, stream.Chance(1, 4) ? 64 : 20);
  options.wal_segment_size = knob("wal_segment_size", segment_pages * 4 * engine::kKiB);
  options.wal_direct = knob("wal_direct", stream.Below(2)) != 0;
  // Of its own, so that what follows is drawn as before.
  RandomStream log = simulation.Stream("engine_crash.plan.log");
  const std::uint64_t flights = knob("wal_flights_max", log.Between(1, 8));
  options.wal_flights_max = std::clamp<std::uint64_t>(flights, 1, 8);
  options.wal_recycled_max = knob("wal_recycled_max", log.Below(4));
  options.wal_group_size_max =
      knob("wal_group_size_max", std::uint64_t{1} << stream.Between(7, 20));
  // Often so small that it is rolled whenever that halves it.
  const std::uint64_t manifest_size = stream.Between(256, 4096);
  options.manifest_size_max =
      knob("manifest_size_max", log.Chance(1, 2) ? log.Between(1, 256) : manifest_size);
  options.block_size = knob("block_size", std::uint64_t{1} << stream.Between(6, 12));
  options.block_restart_interval = knob("block_restart_interval", stream.Between(1, 16));
  options.block_cache_size = knob("block_cache_size", DrawCacheKib(stream) * engine::kKiB);
  RandomStream tables = simulation.Stream("engine_crash.plan.tables");
  options.filter_bits_per_key =
      knob("filter_bits_per_key", tables.Chance(1, 4) ? 0 : tables.Between(1, 16));
  options.compression =
      static_cast<engine::Compression>(knob("compression", tables.Below(3)) & 0xff);
  options.bottom_compression =
      static_cast<engine::Compression>(knob("bottom_compression", tables.Below(3)) & 0xff);
  options.open_tables_max =
      knob("open_tables_max", tables.Chance(1, 2) ? tables.Between(1, 4) : 512);
  const std::uint64_t readahead = tables.Below(2);
  options.readahead_max = knob("readahead_max", readahead << tables.Between(8, 18));
  const bool few = tables.Chance(1, 3);
  const std::uint64_t snapshots = knob("snapshots_max", few ? tables.Between(1, 4) : 64);
  options.snapshots_max = std::max(snapshots, std::uint64_t{1});
  const std::uint64_t async = tables.Chance(1, 4) ? tables.Between(1, 4) : 1000;
  options.async_writes_max = std::max(knob("async_writes_max", async), std::uint64_t{1});
  // Less than some write, or what a few take.
  const bool small = tables.Chance(1, 4);
  const std::uint64_t bytes = small ? std::uint64_t{1} << tables.Between(5, 11) : 64 * engine::kMiB;
  options.async_bytes_max = std::clamp(knob("async_bytes_max", bytes), std::uint64_t{1}, kLimitMax);
  return options;
}

// `before` is how the life before ended.
LifePlan MakeLifePlan(Simulation& simulation, RandomStream& stream, std::uint64_t index,
                      std::optional<End> before) {
  const auto knob = [&](const char* name, std::uint64_t drawn) {
    return simulation.Option("life" + std::to_string(index) + "." + name, drawn);
  };
  const auto at_least_one = [](std::uint64_t value) { return std::max(value, std::uint64_t{1}); };
  LifePlan life;
  life.end = static_cast<End>(std::min(knob("end", stream.Below(3)), std::uint64_t{2}));
  life.strike_late = knob("strike_late", stream.Chance(3, 4) ? 1 : 0) != 0;
  life.strike_calls = at_least_one(knob("strike_calls", DrawStrikeCalls(stream)));
  life.strike_calls_in_close = at_least_one(knob("strike_calls_in_close", stream.Between(1, 40)));
  // What a kill left in the page cache alone, the next open must not build on.
  const bool after_kill = before == End::kKill;
  const bool dies_early = after_kill ? stream.Chance(2, 3) : stream.Chance(1, 4);
  const std::uint64_t early = dies_early ? stream.Between(1, after_kill ? 2 : kEarlyMax) : 0;
  const std::uint64_t strikes = std::min(knob("early_strikes", early), kEarlyMax);
  for (std::uint64_t i = 0; i < strikes; ++i) {
    const std::string name = "early" + std::to_string(i);
    const bool often = after_kill && i == 0;
    const std::uint64_t drawn = stream.Chance(often ? 3 : 2, 4) ? 1 : 0;
    const bool power = knob((name + ".power_loss").c_str(), drawn) != 0;
    const std::uint64_t calls = stream.Between(1, stream.Chance(3, 4) ? 60 : 240);
    life.early.push_back({.strike = power ? Strike::kPowerLoss : Strike::kKill,
                          .calls = at_least_one(knob((name + ".calls").c_str(), calls))});
  }
  life.power_loss_after = knob("power_loss_after", stream.Below(3)) == 0;
  life.verify_first = knob("verify_first", stream.Chance(1, 8) ? 1 : 0) != 0;
  life.calm_end = knob("calm_end", stream.Below(2)) != 0;
  RandomStream watch(RandomValue(simulation.Stream("engine_crash.watch").Next(), index));
  const std::uint64_t watch_ns = std::uint64_t{1} << watch.Between(12, 20);
  life.watch_ns = std::min(knob("watch_ns", watch.Chance(1, 2) ? watch_ns : 0), kWatchMaxNs);
  return life;
}

// Opens and flushes are a small part of the calls, and of the errors, but most of what may go
// wrong.
void DrawSpells(Simulation& simulation, Plan& plan, bool errors) {
  RandomStream stream = simulation.Stream("engine_crash.spells");
  const auto rate = [&](const char* name) {
    const bool on = stream.Chance(1, 3) && errors;
    const std::uint64_t drawn = kRatesOfSpells[stream.Below(std::size(kRatesOfSpells))];
    return std::min(simulation.Option(name, on ? drawn : 0), kMillion);
  };
  plan.read_errors_in_open = rate("read_errors_in_open");
  plan.no_space_in_flush = rate("no_space_in_flush");
}

// In the cache most of what a compaction reads would be found: every other run does without.
void DrawReadsOfCompaction(Simulation& simulation, Plan& plan, bool errors) {
  RandomStream stream = simulation.Stream("engine_crash.compaction.reads");
  if (stream.Chance(1, 2)) plan.options.block_cache_size = 0;
  plan.options.block_cache_size =
      std::min(simulation.Option("block_cache_of_compaction", plan.options.block_cache_size),
               512 * engine::kKiB);
  const bool on = stream.Chance(1, 2) && errors;
  const std::uint64_t drawn = kRatesOfSpells[stream.Below(std::size(kRatesOfSpells))];
  plan.read_errors_in_compaction =
      std::min(simulation.Option("read_errors_in_compaction", on ? drawn : 0), kMillion);
}

void DrawRecovery(Simulation& simulation, Plan& plan) {
  RandomStream stream = simulation.Stream("engine_crash.recovery");
  const std::uint64_t remedy = simulation.Option("remedy", stream.Below(3));
  plan.remedy = static_cast<Remedy>(std::min(remedy, std::uint64_t{2}));
  const std::uint64_t calls = stream.Chance(1, 2) ? stream.Between(1, 200) : 0;
  plan.strike_calls_in_repair = simulation.Option("strike_calls_in_repair", calls);
  for (std::size_t i = 0; i < plan.lives.size(); ++i) {
    const std::string name = "life" + std::to_string(i) + ".absolute";
    plan.lives[i].absolute = simulation.Option(name, stream.Chance(1, 6) ? 1 : 0) != 0;
  }
}

// Often long enough for what is left of the log to fill.
void DrawSpace(Simulation& simulation, Plan& plan, bool errors) {
  RandomStream stream = simulation.Stream("engine_crash.space");
  for (std::size_t i = 0; i < plan.lives.size(); ++i) {
    const auto knob = [&](const char* name, std::uint64_t drawn) {
      const std::uint64_t chosen =
          simulation.Option("life" + std::to_string(i) + "." + name, errors ? drawn : 0);
      return std::min(chosen, kMillion);
    };
    SpacePlan& space = plan.lives[i].space;
    const bool full = stream.Chance(1, 3);
    space.full_from = knob("full_from", stream.Below(48));
    space.full_for = knob("full_for", full ? stream.Between(16, 400) : 0);
    space.bytes_left = knob("bytes_left", stream.Chance(1, 2) ? stream.Below(60'000) : 0);
  }
}

// Of most runs, one place rots, so that what may be lost by it is known.
void DrawRot(Simulation& simulation, Plan& plan) {
  RandomStream stream = simulation.Stream("engine_crash.rot");
  const std::uint64_t life =
      stream.Chance(3, 4) && plan.lives.size() > 1 ? stream.Between(1, plan.lives.size() - 1) : 0;
  plan.rot_before_life = simulation.Option("rot_before_life", life);
  const bool unreadable = simulation.Option("rot_unreadable", stream.Below(4)) == 0;
  if (unreadable) plan.rot = DiskFault::kLatentSector;
  static constexpr RotAim kAims[] = {RotAim::kAnywhere, RotAim::kTables, RotAim::kTables,
                                     RotAim::kNewestFlights, RotAim::kNewestFlights};
  const auto aim = static_cast<std::uint64_t>(kAims[stream.Below(std::size(kAims))]);
  plan.rot_aim = static_cast<RotAim>(std::min(simulation.Option("rot_aim", aim), std::uint64_t{2}));
}

}  // namespace

Plan MakePlan(Simulation& simulation, HostId host, Weather weather, bool beyond, Focus focus) {
  RandomStream stream = simulation.Stream("engine_crash.plan");
  Plan plan;
  plan.weather = weather;
  plan.focus = focus;
  const bool compacts = focus == Focus::kCompaction;
  plan.clients = simulation.Option("clients", stream.Between(1, 5));
  const std::uint64_t keys =
      focus == Focus::kReaders ? stream.Between(1, 12) : stream.Between(8, 64);
  plan.keys = std::max(simulation.Option("keys", keys * (compacts ? 3 : 1)), std::uint64_t{1});
  // Each life begins and ends with reading all there is: rather few and long ones.
  const std::uint64_t drawn_lives = stream.Chance(1, 2) ? 2 : stream.Between(2, 4);
  const std::uint64_t lives = simulation.Option("lives", drawn_lives);
  const std::uint64_t operations = stream.Between(kOperationsMin, kOperationsMax);
  const std::uint64_t lists = drawn_lives * std::max(plan.clients, std::uint64_t{1});
  plan.operations_per_client = simulation.Option("operations_per_client", operations / lists);
  plan.options = MakeEngineOptions(simulation, stream, operations, focus);
  DrawCompaction(simulation, plan);
  if (focus == Focus::kCompaction) {
    RandomStream window = simulation.Stream("engine_crash.key_window");
    const std::uint64_t drawn = window.Chance(1, 2) ? window.Between(2, 12) : 0;
    plan.key_window = simulation.Option("key_window", drawn);
  }
  if (lives > kLivesMax || plan.clients > kClientsMax) {
    simulation.Fail("bad-options", "more than 1000 lives or clients");
  }
  if (const Status sound = engine::CheckOptions(plan.options); !sound) {
    simulation.Fail("bad-options", sound.error().ToString());
  }
  for (std::uint64_t i = 0; i < lives; ++i) {
    const std::optional<End> before =
        plan.lives.empty() ? std::nullopt : std::optional(plan.lives.back().end);
    plan.lives.push_back(MakeLifePlan(simulation, stream, i, before));
  }
  plan.open_before_last_cut =
      simulation.Option("open_before_last_cut", stream.Chance(1, 2) ? 1 : 0) != 0;
  plan.reopen_at_end = simulation.Option("reopen_at_end", stream.Chance(1, 6) ? 1 : 0) != 0;
  const bool errors = stream.Below(kRunsOf) >= kRunsWithoutErrors;
  for (const auto& [site, rates] : kFaults) {
    const bool on = stream.Chance(1, 2);
    const std::uint64_t rate = rates[stream.Below(rates.size())];
    const std::uint64_t drawn = on && errors ? rate : 0;
    const std::uint64_t chosen = simulation.Option(std::string("fault.") + site.name, drawn);
    plan.faults.push_back({site, std::min(chosen, kMillion)});
  }
  DrawSpells(simulation, plan, errors);
  if (compacts) DrawReadsOfCompaction(simulation, plan, errors);
  DrawSpace(simulation, plan, errors);
  if (weather == Weather::kErrors) return plan;
  for (const FaultRate& fault : DrawFaults(simulation, kMoreFaults)) plan.faults.push_back(fault);
  DrawRot(simulation, plan);
  DrawRecovery(simulation, plan);
  if (beyond) {
    plan.beyond = DrawBeyondPlan(simulation, lives);
    plan.faults.insert(plan.faults.end(), plan.beyond.faults.begin(), plan.beyond.faults.end());
    return plan;
  }
  // There a failed sync says yes at first: an acknowledged write may be lost, and nobody can tell.
  if (simulation.disk(host).fsync_profile() == FsyncProfile::kExt4Journal) {
    std::erase_if(plan.faults, [](const FaultRate& fault) {
      return std::ranges::any_of(kFaultsOfSyncs,
                                 [&](Site site) { return site.hash == fault.site.hash; });
    });
  }
  return plan;
}

}  // namespace beach::sim::scenarios::engine_crash
