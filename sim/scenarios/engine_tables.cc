// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_tables.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "engine/directory.h"
#include "engine/internal_key.h"
#include "engine/limits.h"
#include "engine/merging_iterator.h"
#include "engine/tables/stored_key.h"
#include "engine/version.h"
#include "sim/scenarios/engine_crash_range.h"
#include "sim/scenarios/engine_tables_client.h"
#include "sim/scenarios/engine_tables_world.h"
#include "sim/swarm.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios {
namespace {

using namespace named_tables;  // NOLINT: the parts of this scenario
using engine::Db;

constexpr const char* kDirectory = "db";

engine::Options DrawOptions(Simulation& simulation) {
  Knobs knobs(simulation, "engine_tables.plan");
  engine::Options options;
  options.wal_segment_size = 64 * engine::kKiB;
  options.key_size_max = 100;
  options.value_size_max = 8 * engine::kKiB;
  options.batch_size_max = 16 * engine::kKiB;
  options.memtable_size = knobs.Log("memtable_size", 1'024, 16'384);
  options.table_size = knobs.Log("table_size", 256, 8'192);
  options.level_size_base = knobs.Log("level_size_base", 512, 16'384);
  options.level_size_ratio = 2;
  options.level0_compact_count = knobs.Even("level0_compact_count", 1, 4);
  options.compaction_threads = knobs.Even("compaction_threads", 1, 3);
  options.block_size = knobs.Log("block_size", 64, 1'024);
  options.wal_flights_max = knobs.Even("wal_flights_max", 1, 4);
  options.async_writes_max = knobs.Log("async_writes_max", 1, 64);
  if (knobs.Flag("manual", 25)) options.compaction_style = engine::CompactionStyle::kManual;
  if (const Status sound = engine::CheckOptions(options); !sound) {
    simulation.Fail("bad-options", sound.error().ToString());
  }
  return options;
}

// One process of a run.
class Process {
 public:
  Process(World& world, Life& life, const Excuse& excuse, Db& db)
      : world_(world), life_(life), excuse_(excuse), db_(db) {}

  // False when an error that a fault explains kept it from being read.
  bool CheckRecovered() {
    {
      const SystemScope system;
      world_.crash.Opened();
    }
    const engine::SequenceNumber visible = db_.VisibleSequence();
    const std::uint64_t time = db_.Stats().time;
    auto found = ReadEverything();
    if (!found) {
      life_.Excuse("reading what was recovered", Fail(found.error()));
      return false;
    }
    oracle::Judgement judgement;
    {
      const SystemScope system;
      const std::vector<oracle::KeyValue> state = *found;
      judgement = world_.crash.Recovered(state, visible.value);
      if (!judgement) judgement = world_.JudgeTime(time);
      for (const std::size_t slot : tables_) world_.Given(HandleAt(slot));
    }
    world_.Settle(judgement);
    for (const NamedTable table : world_.gone) {
      const auto value = db_.Get({.table = table}, "");
      if (!value && value.error().code() == ErrorCode::kNotFound) continue;
      world_.simulation.Fail("dropped-table-read", "a table is back that was dropped before");
    }
    return true;
  }

  void RunClients() {
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < 3; ++i) {
      clients.push_back(std::make_unique<Client>(world_, excuse_, db_, handles_));
    }
    life_.RunClients([&](const Call& call) { return clients[call.client]->Make(call); });
  }

  // Without faults all of it works, and leaves nothing behind. False when a place on the disk that
  // writes fail at for good kept it from that.
  bool Finish() {
    Client client(world_, excuse_, db_, handles_);
    RandomStream draws(1);
    for (const char* const kind : {"create", "batch", "drop", "create", "hold", "if", "batch",
                                   "drop", "check", "write", "scan", "multiget", "list", "open"}) {
      for (int i = 0; i < 4; ++i) {
        const Status made =
            client.Make({.id = world_.NextId(), .client = 0, .kind = kind, .number = draws.Next()});
        life_.Excuse(kind, made);
      }
    }
    const Status compacted = db_.CompactRange({}, {});
    life_.Excuse("a compaction", compacted);
    auto found = ReadEverything();
    if (!found) life_.Excuse("reading everything", Fail(found.error()));
    if (!compacted || !found) return false;
    oracle::Judgement judgement;
    {
      const SystemScope system;
      const oracle::Model::ReadMark mark = world_.model.BeginRead();
      judgement = world_.model.EndScan(mark, {}, std::vector<oracle::KeyValue>(*found));
    }
    world_.Settle(judgement);
    return true;
  }

  void Close() {
    const Status closed = db_.Close();
    if (!closed) return life_.Excuse("a close", closed);
    const SystemScope system;
    world_.Closed();
  }

  // Of the closed database, which was compacted: stored keys and range deletes of tables that are
  // not there any more.
  void CheckOrphans() {
    const Status checked = LookForOrphans();
    if (!checked) life_.Excuse("looking for what dropped tables have left", checked);
  }

 private:
  NamedTable HandleAt(std::size_t slot) const {
    return NamedTable{engine::TableNumber(handles_[slot].load())};
  }

  // The tables with names in order of their numbers, and behind them nothing.
  Result<std::vector<oracle::KeyValue>> ReadEverything() {
    BEACH_TRY_ASSIGN(const auto names, db_.ListTables());
    std::map<engine::TableNumber, Bytes> tables;
    tables_.clear();
    for (std::size_t slot = 0; slot < kNames.size(); ++slot) handles_[slot] = 0;
    for (const std::string& name : names) {
      BEACH_TRY_ASSIGN(const NamedTable table, db_.OpenTable(name));
      tables.emplace(table.number, name);
      const auto slot = std::ranges::find(kNames, name);
      if (slot == kNames.end()) {
        world_.simulation.Fail("table-unknown", "\"" + name + "\" is listed, and nobody made it");
      }
      const auto index = static_cast<std::size_t>(slot - kNames.begin());
      handles_[index] = table.number.value;
      tables_.push_back(index);
    }
    std::vector<oracle::KeyValue> all;
    BEACH_TRY(AppendTable({}, all));
    for (const auto& [number, name] : tables) {
      all.emplace_back(PlaceOfNumber(NamedTable{number}), name);
    }
    for (const std::string& name : names) {
      const auto slot = static_cast<std::size_t>(std::ranges::find(kNames, name) - kNames.begin());
      all.emplace_back(PlaceOfName(name), NumberText(HandleAt(slot)));
    }
    for (const auto& [number, name] : tables) BEACH_TRY(AppendTable(NamedTable{number}, all));
    return all;
  }

  Status AppendTable(NamedTable table, std::vector<oracle::KeyValue>& all) {
    BEACH_TRY_ASSIGN(const auto iterator, db_.NewIterator({.table = table}));
    BEACH_TRY_ASSIGN(auto entries, engine_crash::ReadRange(*iterator, {}, false));
    for (oracle::KeyValue& entry : AllWithin(table, std::move(entries))) {
      all.push_back(std::move(entry));
    }
    return {};
  }

  Status LookForOrphans() {
    env::FileSystem& files = *life_.env().files;
    BEACH_TRY_ASSIGN(const auto manifest, engine::ReadDatabase(files, kDirectory));
    BEACH_TRY_ASSIGN(const auto version, engine::OpenTables(files, kDirectory, manifest.state));
    std::vector<std::unique_ptr<engine::Iterator>> sources;
    version->AppendIterators(sources);
    const auto entry = engine::NewMergingIterator(std::move(sources));
    for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
      DemandAlive(engine::UserKeyOf(entry->key()));
    }
    for (const engine::Version::Level& level : version->levels) {
      for (const engine::TablePointer& table : level) {
        DemandAlive(engine::SmallestKeyOf(*table));
        if (table->ranges.empty()) continue;
        world_.simulation.Fail("orphan", "a range delete is left where everything was compacted");
      }
    }
    return entry->status();
  }

  void DemandAlive(ByteView stored) {
    const auto parts = engine::ParseStoredKey(stored);
    if (!parts) world_.simulation.Fail("orphan", "a stored key is of no table");
    const NamedTable table = parts->table;
    if (table == NamedTable() || table.number == engine::TableNumber(1)) return;
    bool alive = false;
    {
      const SystemScope system;
      const std::uint64_t last = world_.model.sequenced();
      alive = world_.model.At(PlaceOfNumber(table), last).value.has_value();
    }
    if (alive) return;
    world_.simulation.Fail("orphan", "table " + NumberText(table) +
                                         " was dropped, and a key of it is left in a file: " +
                                         Printable(parts->user_key));
  }

  World& world_;
  Life& life_;
  const Excuse& excuse_;
  Db& db_;
  Handles handles_ = {};
  std::vector<std::size_t> tables_;  // slots of those that are there
};

}  // namespace

std::string EngineTables::boots() const {
  return "one host, one database in several lives, three clients with tables that come and go";
}

std::string EngineTables::checks() const {
  return "each table shows its own keys alone, batches across tables are whole, dropped ones are "
         "gone";
}

void EngineTables::Run(Simulation& simulation) const {
  const engine::Options options = DrawOptions(simulation);
  const std::vector<KindWeight> kinds = {
      {"batch", 18},   {"write", 14}, {"if", 8},   {"async", 9}, {"get", 8},
      {"multiget", 4}, {"scan", 10},  {"hold", 5}, {"check", 3}, {"create", 8},
      {"drop", 5},     {"open", 4},   {"list", 2}, {"flush", 3}, {"compact", 4}};
  const LivesOptions lives{.clients = {kinds, kinds, kinds},
                           .lives_max = 4,
                           .operations_max = 400,
                           .number_max = (std::uint64_t{1} << 32) - 1,
                           .strike_calls_max = 32'768,
                           .faults = UsualFaults(),
                           .host = {.small_disk_max_bytes = 450'000,
                                    .small_disk_min_bytes = 180'000,
                                    .slow_cpu_max = 20,
                                    .draw_disk_speed = true}};
  World world(simulation);
  simulation.SetEventSink(&world);
  RunLives(simulation, lives, [&](Life& life) {
    {
      const SystemScope system;
      world.BeginLife(life.before());
    }
    const Excuse excuse = [&life](const char* doing, const Status& status) {
      life.Excuse(doing, status);
    };
    auto opened = Db::Open(life.env(), kDirectory, options);
    if (!opened) return life.Excuse("an open", Fail(opened.error()));
    Process process(world, life, excuse, **opened);
    if (!process.CheckRecovered()) return;
    process.RunClients();
    const bool compacted = life.last() && process.Finish();
    process.Close();
    if (compacted) process.CheckOrphans();
  });
  simulation.SetEventSink(nullptr);
}

}  // namespace beach::sim::scenarios
