// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_memory.h"

#include <memory>
#include <optional>
#include <string>

#include "engine/limits.h"
#include "env/marks.h"
#include "sim/lives.h"
#include "sim/scenarios/engine_tables_client.h"
#include "sim/scenarios/engine_tables_world.h"
#include "sim/swarm.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios {
namespace {

using namespace named_tables;  // NOLINT: whose clients and model these are
using engine::Db;

// About twice what any run has needed at once, and less than what many write in all.
constexpr std::uint64_t kPlenty = 1'200'000;

struct Plan {
  engine::Options options;
  std::uint64_t bytes_max = kPlenty;

  bool tight() const { return bytes_max < kPlenty; }
};

Plan MakePlan(Simulation& simulation) {
  Knobs knobs(simulation, "engine_memory.plan");
  Plan plan;
  const bool tight = knobs.Flag("tight", 50);
  const std::uint64_t bytes_max = knobs.Log("bytes_max", 200'000, 600'000);
  if (tight) plan.bytes_max = bytes_max;
  engine::Options& options = plan.options;
  options.wal_segment_size = 64 * engine::kKiB;
  options.key_size_max = 100;
  options.value_size_max = 8 * engine::kKiB;
  options.batch_size_max = 16 * engine::kKiB;
  options.memtable_kind =
      static_cast<engine::MemtableKind>(knobs.Even("memtable_kind", 0, engine::kMemtableKinds - 1));
  options.memtable_size = knobs.Log("memtable_size", 1'024, 16'384);
  options.table_size = knobs.Log("table_size", 256, 8'192);
  options.level_size_base = knobs.Log("level_size_base", 512, 16'384);
  options.level_size_ratio = 2;
  options.level0_compact_count = knobs.Even("level0_compact_count", 1, 4);
  options.compaction_threads = knobs.Even("compaction_threads", 1, 3);
  options.block_size = knobs.Log("block_size", 64, 1'024);
  options.block_cache_size = knobs.Flag("cached", 50) ? 64 * engine::kKiB : 0;
  options.open_tables_max = knobs.Log("open_tables_max", 1, 512);
  options.wal_flights_max = knobs.Even("wal_flights_max", 1, 4);
  options.wal_recycled_max = knobs.Even("wal_recycled_max", 0, 2);
  options.async_writes_max = knobs.Log("async_writes_max", 1, 64);
  if (knobs.Flag("size_tiered", 30)) {
    options.compaction_style = engine::CompactionStyle::kSizeTiered;
  }
  if (const Status sound = engine::CheckOptions(options); !sound) {
    simulation.Fail("bad-options", sound.error().ToString());
  }
  return plan;
}

// One database, from its first call to its last.
class Database {
 public:
  Database(World& world, const Plan& plan, Db& db, const Excuse& excuse)
      : world_(world), plan_(plan), db_(db), excuse_(excuse) {}

  void RunClients(Life& life) {
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < 3; ++i) {
      clients.push_back(std::make_unique<Client>(world_, excuse_, db_, handles_));
    }
    life.RunClients([&](const Call& call) {
      excuse_(call.kind.c_str(), clients[call.client]->Make(call));
      CheckSize();
      return Status();
    });
  }

  // Merged down, it shows what it did, both ways, and its time is that of what was written.
  void CheckAll() {
    const Status compacted = db_.CompactRange({}, {});
    excuse_("a compaction", compacted);
    if (compacted) world_.Settle(world_.JudgeTime(db_.Stats().time));
    Client client(world_, excuse_, db_, handles_);
    for (const std::atomic<std::uint64_t>& handle : handles_) {
      const NamedTable table{engine::TableNumber(handle.load())};
      for (const bool backward : {false, true}) {
        excuse_("a scan", client.Scan(table, {}, backward, world_.NextId()));
      }
    }
    CheckSize();
  }

 private:
  void CheckSize() {
    std::uint64_t bytes = 0;
    for (const engine::DbStats::Level& level : db_.Stats().levels) bytes += level.bytes;
    if (bytes <= plan_.bytes_max) return;
    world_.simulation.Fail("limit-passed", "tables take " + std::to_string(bytes) +
                                               " bytes of memory, and the limit is " +
                                               std::to_string(plan_.bytes_max));
  }

  World& world_;
  const Plan& plan_;
  Db& db_;
  const Excuse& excuse_;
  Handles handles_ = {};
};

// Want of memory, where there is little: before a byte is written, or half-way, which poisons.
bool IsWantOfMemory(const Plan& plan, const Error& error) {
  if (!plan.tight()) return false;
  return error.code() == ErrorCode::kNoSpace ||
         error.message().find("no space half-way") != std::string::npos;
}

// What went with its handle does not come back with the next, nor is there less room for that.
void DemandEmpty(Simulation& simulation, const Plan& plan, Life& life, const Excuse& excuse) {
  const auto opened = Db::OpenInMemory(life.env(), plan.options, plan.bytes_max);
  if (!opened) return excuse("an open", Fail(opened.error()));
  const auto entry = (*opened)->NewIterator({});
  if (!entry) return excuse("opening an iterator", Fail(entry.error()));
  (*entry)->SeekToFirst();
  if (!(*entry)->Valid() && (*opened)->VisibleSequence() == engine::SequenceNumber()) return;
  simulation.Fail("memory-not-gone", "a new database in memory is not empty");
}

void DemandEmptyDisk(Simulation& simulation, Life& life) {
  const auto names = life.env().files->List(".");
  if (!names || names->empty()) return;
  simulation.Fail("left-on-disk", "a database in memory has made \"" + names->front() + "\"");
}

}  // namespace

std::string EngineMemory::boots() const {
  return "one host with a failing disk, a database in memory in each of several lives, three "
         "clients with tables";
}

std::string EngineMemory::checks() const {
  return "reads, snapshots, iterators, conditions and tables against the model; no error but for "
         "want of memory; nothing is left behind";
}

void EngineMemory::Run(Simulation& simulation) const {
  const Plan plan = MakePlan(simulation);
  const std::vector<KindWeight> kinds = {
      {"batch", 22},   {"write", 16}, {"if", 8},   {"async", 9}, {"get", 8},
      {"multiget", 4}, {"scan", 8},   {"hold", 6}, {"check", 3}, {"create", 4},
      {"drop", 2},     {"open", 1},   {"list", 1}, {"flush", 3}, {"compact", 5}};
  const LivesOptions lives{.clients = {kinds, kinds, kinds},
                           .lives_max = 2,
                           .operations_max = 500,
                           .number_max = (std::uint64_t{1} << 32) - 1,
                           .strike_calls_max = 16'384,
                           .faults = UsualFaults(),
                           .host = {.slow_cpu_max = 20, .draw_disk_speed = true}};
  std::optional<World> world;  // of one life: nothing outlives it
  RunLives(simulation, lives, [&](Life& life) {
    {
      const SystemScope system;
      simulation.SetEventSink(nullptr);
      world.emplace(simulation);
      simulation.SetEventSink(&*world);
    }
    const Excuse excuse = [&](const char* doing, const Status& status) {
      if (status || IsWantOfMemory(plan, status.error())) return;
      simulation.Fail("unexplained-error",
                      std::string(doing) + " failed in memory: " + status.error().ToString());
    };
    {
      const auto opened = Db::OpenInMemory(life.env(), plan.options, plan.bytes_max);
      if (!opened) return excuse("an open", Fail(opened.error()));
      Database database(*world, plan, **opened, excuse);
      database.RunClients(life);
      database.CheckAll();
      excuse("a close", (*opened)->Close());
    }
    {
      const SystemScope system;
      simulation.SetEventSink(nullptr);
    }
    DemandEmpty(simulation, plan, life, excuse);
    DemandEmptyDisk(simulation, life);
  });
  simulation.SetEventSink(nullptr);
}

}  // namespace beach::sim::scenarios
