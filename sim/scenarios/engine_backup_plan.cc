// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_backup_plan.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "engine/limits.h"
#include "oracle/value_id.h"

namespace beach::sim::scenarios::copies {
namespace {

// Per million calls.
constexpr std::uint64_t kRates[] = {200, 1'000, 5'000, 20'000};
constexpr std::uint64_t kRatesOfSyncs[] = {2'000, 5'000, 20'000, 50'000};
constexpr std::uint64_t kRatesOfShortOnes[] = {10'000, 100'000, 500'000};
constexpr std::uint64_t kRatesOfLongOnes[] = {50, 500, 5'000};
constexpr FaultLadder kFaults[] = {
    {"disk.eio.read", kRates},
    {"disk.eio.write", kRates},
    {"disk.eio.sync", kRatesOfSyncs},
    {"disk.eio.sync_directory", kRatesOfSyncs},
    {"disk.eio.metadata", kRates},
    {"disk.no_space", kRates},
    {"disk.short_read", kRatesOfShortOnes},
    {"disk.short_write", kRatesOfShortOnes},
    {"disk.stall", kRatesOfLongOnes},
    {"host.pause", kRatesOfLongOnes},
    {"thread.stall", kRatesOfLongOnes},
};
constexpr SwarmOptions kSwarm{.calm_percent = 60, .on_percent = 30};

constexpr KindWeight kWeights[] = {{"write", 70}, {"flush", 4},   {"compact", 6}, {"checkpoint", 8},
                                   {"backup", 7}, {"restore", 3}, {"peek", 3},    {"pause", 2}};

constexpr std::uint64_t kLivesMax = 64;
constexpr std::uint64_t kClientsMax = 16;
constexpr std::uint64_t kOperationsMax = 4'096;
constexpr std::uint64_t kSizeMax = 4'096;
constexpr std::uint64_t kPauseMaxNs = 1'000'000'000;
constexpr std::uint64_t kKeepMax = 100;
constexpr std::size_t kChangesMax = 8;

// The time moves on by about one with each operation of a client, and values live about so long.
constexpr std::uint64_t kLifetime = 60;
constexpr std::uint64_t kTimeMax = std::uint64_t{1} << 40;

LifePlan MakeLifePlan(Knobs& knobs, std::uint64_t index) {
  const std::string name = "life" + std::to_string(index) + ".";
  LifePlan life;
  // Half of the lives end by power loss: it leaves more to go wrong than a kill.
  life.end = static_cast<End>(std::min(knobs.Even(name + "end", 0, 3), std::uint64_t{2}));
  const bool in_copy = knobs.Flag(name + "strike_in_copy", 60);
  const std::uint64_t copy = knobs.Log(name + "strike_at_copy", 1, 8);
  const std::uint64_t soon = knobs.Log(name + "strike_soon", 1, 200);
  const std::uint64_t late = knobs.Log(name + "strike_calls", 16, 4'096);
  life.strike_at_copy = in_copy ? copy : 0;
  life.strike_calls = in_copy ? soon : late;
  life.power_loss_after = knobs.Flag(name + "power_loss_after", 40);
  life.judge_after = knobs.Flag(name + "judge_after", 60);
  const bool struck = knobs.Flag(name + "strike_in_judge", 30);
  const std::uint64_t calls = knobs.Log(name + "strike_calls_in_judge", 1, 400);
  life.strike_calls_in_judge = struck ? calls : 0;
  life.read_after = knobs.Flag(name + "read_after", 40);
  return life;
}

FollowerPlan MakeFollower(Knobs& knobs, std::uint64_t index) {
  const std::string name = "follower" + std::to_string(index) + ".";
  FollowerPlan follower;
  follower.wait_ns = knobs.Log(name + "wait_ns", 100'000, 50'000'000);
  const bool slow = knobs.Flag(name + "slow", 40);
  const std::uint64_t pause = knobs.Log(name + "pause_ns", 100'000, 50'000'000);
  follower.pause_ns = slow ? pause : 0;
  follower.drop_every = knobs.Log(name + "drop_every", 1, 100);
  follower.pin_every = knobs.Log(name + "pin_every", 4, 200);
  follower.installs = knobs.Flag(name + "installs", 50);
  return follower;
}

std::string KeyName(std::uint64_t number) {
  return std::string(number < 10 ? "k0" : "k") + std::to_string(number);
}

// Mostly soon; now and then at once, or never.
std::uint64_t DrawExpiry(RandomStream& draws, std::uint64_t now) {
  const std::uint64_t choice = draws.Below(16);
  if (choice == 0) return draws.Below(now + 1);
  if (choice == 1) return kTimeMax;
  return now + draws.Below(kLifetime);
}

std::vector<std::string> DrawWrite(const Plan& plan, RandomStream& draws, std::uint64_t now) {
  std::vector<std::string> arguments;
  arguments.emplace_back(draws.Below(100) < plan.sync_percent ? "sync" : "nosync");
  const std::uint64_t changes = draws.Chance(1, 3) ? draws.Between(2, 5) : 1;
  for (std::uint64_t change = 0; change < changes; ++change) {
    if (plan.expires && draws.Chance(1, 8)) {
      const std::uint64_t ahead = draws.Below(draws.Chance(1, 8) ? kLifetime : 8);
      arguments.insert(arguments.end(), {"", "@" + std::to_string(now + ahead)});
      continue;
    }
    arguments.push_back(KeyName(draws.Below(plan.keys)));
    const bool deletes = draws.Chance(1, 4);
    std::string value = deletes ? "-" : std::to_string(draws.Below(plan.size_max + 1));
    const bool expires = plan.expires && !deletes && draws.Chance(1, 2);
    if (expires) value += "@" + std::to_string(DrawExpiry(draws, now));
    arguments.push_back(std::move(value));
  }
  return arguments;
}

std::optional<std::uint64_t> ParseNumber(std::string_view text, std::uint64_t maximum) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value > maximum) return std::nullopt;
  return value;
}

bool ParseChange(std::string_view text, const oracle::ValueId& id, Change& change) {
  if (text == "-") return true;
  const std::size_t at = text.find('@');
  if (at != std::string_view::npos) {
    change.expires_at = ParseNumber(text.substr(at + 1), kTimeMax);
    if (!change.expires_at) return false;
  }
  if (at == 0) {
    change.time = std::exchange(change.expires_at, std::nullopt);
    return change.key.empty();
  }
  const auto size = ParseNumber(text.substr(0, at), kSizeMax);
  if (size) change.value = oracle::MakeValue(id, *size);
  return size.has_value();
}

bool ParseWrite(const std::vector<std::string>& arguments, Command& command) {
  if (arguments.size() < 3 || arguments.size() % 2 == 0) return false;
  if (arguments.size() > 1 + 2 * kChangesMax) return false;
  if (arguments[0] != "sync" && arguments[0] != "nosync") return false;
  command.sync = arguments[0] == "sync";
  for (std::size_t i = 1; i < arguments.size(); i += 2) {
    Change change{.key = arguments[i], .value = std::nullopt};
    const auto index = static_cast<std::uint32_t>(command.changes.size());
    if (!ParseChange(arguments[i + 1], {oracle::BatchId(command.id), index}, change)) return false;
    command.changes.push_back(std::move(change));
  }
  return true;
}

}  // namespace

Plan MakePlan(Simulation& simulation) {
  Knobs knobs(simulation, "engine_backup.plan");
  Plan plan;
  plan.clients = knobs.Even("clients", 1, 4);
  plan.keys = knobs.Log("keys", 2, 60);
  const std::uint64_t operations = knobs.Even("operations_per_life", 30, 160);
  plan.operations_per_client = operations / plan.clients + 1;
  plan.sync_percent = knobs.Even("sync_percent", 0, 100);
  plan.size_max = knobs.Log("size_max", 1, 500);
  plan.expires = knobs.Flag("expires", 60);
  const std::uint64_t lives = knobs.Even("lives", 2, 4);
  for (std::uint64_t i = 0; i < lives; ++i) plan.lives.push_back(MakeLifePlan(knobs, i));
  engine::Options& options = plan.options;
  options.wal_segment_size = 64 * engine::kKiB;
  options.key_size_max = 100;
  options.value_size_max = 8 * engine::kKiB;
  options.batch_size_max = 16 * engine::kKiB;
  options.memtable_size = knobs.Log("memtable_size", 1'024, 16'384);
  options.table_size = knobs.Log("table_size", 512, 8'192);
  options.level_size_base = knobs.Log("level_size_base", 1'024, 16'384);
  options.level_size_ratio = 2;
  options.level0_compact_count = knobs.Even("level0_compact_count", 1, 4);
  options.compaction_threads = knobs.Even("compaction_threads", 1, 3);
  options.manifest_size_max = knobs.Log("manifest_size_max", 256, 4'096);
  options.block_size = knobs.Log("block_size", 64, 1'024);
  options.open_tables_max = knobs.Log("open_tables_max", 1, 512);
  options.wal_recycled_max = knobs.Even("wal_recycled_max", 0, 3);
  if (knobs.Flag("manual", 25)) options.compaction_style = engine::CompactionStyle::kManual;
  const std::uint64_t followers = knobs.Even("followers", 0, 2);
  for (std::uint64_t i = 0; i < followers; ++i) plan.followers.push_back(MakeFollower(knobs, i));
  // None of the log, a little, or all of it.
  constexpr std::uint64_t kAll = 1'000;
  constexpr std::uint64_t kKept[] = {0, 1, 3, kAll};
  const std::uint64_t kept = kKept[knobs.Even("log_kept", 0, 3)];
  plan.keeps_all = kept == kAll;
  options.log_kept_size = kept * options.wal_segment_size;
  options.log_pinned_size_max = knobs.Even("log_pinned", 0, 4) * options.wal_segment_size;
  plan.rots = knobs.Flag("rot", 50);
  if (knobs.Flag("rot_unreadable", 25)) plan.rot = DiskFault::kLatentSector;
  plan.faults = DrawFaults(simulation, kFaults, kSwarm);
  if (const Status sound = engine::CheckOptions(options); !sound) {
    simulation.Fail("bad-options", sound.error().ToString());
  }
  if (lives > kLivesMax || plan.clients > kClientsMax ||
      plan.operations_per_client > kOperationsMax) {
    simulation.Fail("bad-options", "more than a run can take");
  }
  return plan;
}

std::vector<artifacts::Operation> MakeWorkload(const Plan& plan, RandomStream stream) {
  const std::uint64_t key = stream.Next();
  std::vector<artifacts::Operation> operations;
  std::uint64_t id = 0;
  for (std::uint64_t life = 0; life < plan.lives.size(); ++life) {
    for (std::uint64_t client = 0; client < plan.clients; ++client) {
      for (std::uint64_t i = 0; i < plan.operations_per_client; ++i) {
        artifacts::Operation operation{
            .id = ++id, .life = life, .client = client, .kind = {}, .arguments = {}};
        RandomStream draws(RandomValue(key, id));
        operation.kind = DrawKind(draws, kWeights);
        std::vector<std::string>& arguments = operation.arguments;
        if (operation.kind == "write") {
          // By what its client has done; others may be before or behind it.
          const std::uint64_t now = life * plan.operations_per_client + i + 1;
          arguments = DrawWrite(plan, draws, now);
        } else if (operation.kind == "checkpoint" || operation.kind == "restore" ||
                   operation.kind == "peek") {
          arguments = {std::to_string(draws.Below(kSlots))};
        } else if (operation.kind == "backup") {
          arguments = {std::to_string(draws.Chance(1, 2) ? 0 : draws.Between(1, 3))};
        } else if (operation.kind == "pause") {
          arguments = {std::to_string(draws.Between(1'000, 4'000'000))};
        }
        operations.push_back(std::move(operation));
      }
    }
  }
  return operations;
}

std::optional<Command> ParseOperation(const artifacts::Operation& operation) {
  const std::vector<std::string>& arguments = operation.arguments;
  Command command;
  command.id = operation.id;
  if (operation.id == 0) return std::nullopt;
  if (operation.kind == "write") {
    command.kind = CommandKind::kWrite;
    if (!ParseWrite(arguments, command)) return std::nullopt;
    return command;
  }
  if (operation.kind == "flush" || operation.kind == "compact") {
    if (operation.kind == "compact") command.kind = CommandKind::kCompact;
    if (!arguments.empty()) return std::nullopt;
    return command;
  }
  std::uint64_t maximum = 0;
  if (operation.kind == "checkpoint") {
    command.kind = CommandKind::kCheckpoint;
    maximum = kSlots - 1;
  } else if (operation.kind == "restore") {
    command.kind = CommandKind::kRestore;
    maximum = kSlots - 1;
  } else if (operation.kind == "peek") {
    command.kind = CommandKind::kPeek;
    maximum = kSlots - 1;
  } else if (operation.kind == "backup") {
    command.kind = CommandKind::kBackup;
    maximum = kKeepMax;
  } else if (operation.kind == "pause") {
    command.kind = CommandKind::kPause;
    maximum = kPauseMaxNs;
  } else {
    return std::nullopt;
  }
  if (arguments.size() != 1) return std::nullopt;
  const auto number = ParseNumber(arguments[0], maximum);
  if (!number) return std::nullopt;
  command.number = *number;
  return command;
}

}  // namespace beach::sim::scenarios::copies
