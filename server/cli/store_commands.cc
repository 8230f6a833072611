// SPDX-License-Identifier: Apache-2.0
#include "server/cli/store_commands.h"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "engine/backup.h"
#include "server/cli/cas_answer.h"
#include "server/cli/number.h"

namespace beach::server {
namespace {

// They are aligned with each other.
constexpr std::size_t kRowsTogether = 4096;

ExitCode Failed(const Error& error) {
  fmt::print(stderr, "beachdb: {}\n", error.ToString());
  return ExitCodeOfUsing(error);
}

void PrintJson(const nlohmann::json& document) { fmt::print("{}", JsonLine(document)); }

bool IsJson(const StoreSession& session) { return session.form == OutputForm::kJson; }

ExitCode Done(const StoreSession& session, const Status& status) {
  if (!status) return Failed(status.error());
  if (IsJson(session)) PrintJson({{"ok", true}});
  return ExitCode::kFine;
}

ExitCode NoNumber(const Error& error) {
  fmt::print(stderr, "beachdb: {}\n", error.message());
  return ExitCode::kUsage;
}

ExitCode Put(StoreSession& session, const Given& given) {
  const engine::WriteOptions options{.table = session.table};
  if (given.words.size() < 3)
    return Done(session, session.db.Put(options, given.words[0], given.words[1]));
  const auto until = ParseCount("a time", given.words[2]);
  if (!until) return NoNumber(until.error());
  return Done(session, session.db.PutUntil(options, given.words[0], given.words[1], *until));
}

// The database's, which no clock moves.
ExitCode Time(StoreSession& session, const Given& given) {
  if (!given.words.empty()) {
    const auto time = ParseCount("a time", given.words[0]);
    if (!time) return NoNumber(time.error());
    return Done(session, session.db.AdvanceTime({}, *time));
  }
  const std::uint64_t time = session.db.Stats().time;
  if (IsJson(session)) {
    PrintJson({{"time", time}});
  } else {
    fmt::print("{}\n", time);
  }
  return ExitCode::kFine;
}

ExitCode Delete(StoreSession& session, const Given& given) {
  return Done(session, session.db.Delete({.table = session.table}, given.words[0]));
}

ExitCode Get(StoreSession& session, const Given& given) {
  const auto value = session.db.Get({.table = session.table}, given.words[0]);
  if (!value) return Failed(value.error());
  if (IsJson(session)) {
    nlohmann::json document = nlohmann::json::object();
    SetBytes(document, "key", given.words[0]);
    document["value"] = nullptr;
    if (*value) document.erase("value"), SetBytes(document, "value", **value);
    PrintJson(document);
  } else if (*value) {
    fmt::print("{}\n", ShownValue(**value, session.form));
  } else {
    fmt::print(stderr, "beachdb: no such key\n");
  }
  return *value ? ExitCode::kFine : ExitCode::kKeyAbsent;
}

ExitCode Scan(StoreSession& session, const Given& given) {
  std::uint64_t left = ~std::uint64_t{0};
  if (const auto limit = given.options.find("--limit"); limit != given.options.end()) {
    const auto number = ParseCount("a limit", limit->second);
    if (!number) return NoNumber(number.error());
    left = *number;
  }
  engine::ReadOptions options{.table = session.table};
  if (!given.words.empty()) options.range.begin = given.words[0];
  if (given.words.size() > 1) options.range.end = given.words[1];
  const auto iterator = session.db.NewIterator(options);
  if (!iterator) return Failed(iterator.error());
  engine::Iterator& entry = **iterator;
  Rows rows(session.form, {"key", "value"});
  for (entry.SeekToFirst(); left > 0 && entry.Valid(); entry.Next(), --left) {
    rows.Add({Bytes(entry.key()), Bytes(entry.value())});
    if (rows.waiting() == kRowsTogether) fmt::print("{}", rows.Take());
  }
  fmt::print("{}", rows.Take());
  const Status status = entry.status();
  return status ? ExitCode::kFine : Failed(status.error());
}

ExitCode Cas(StoreSession& session, const Given& given) {
  const bool absent = given.options.contains("--absent");
  if (given.words.size() != (absent ? 2U : 3U)) {
    fmt::print(stderr, "beachdb: {}\n", kCasUsage);
    return ExitCode::kUsage;
  }
  std::optional<ByteView> expected;
  if (!absent) expected = given.words[1];
  const auto done = session.db.CompareAndSet({.table = session.table}, given.words[0], expected,
                                             given.words.back());
  if (!done) return Failed(done.error());
  std::optional<Bytes> instead;
  if (!*done) {
    const auto value = session.db.Get({.table = session.table}, given.words[0]);
    if (!value) return Failed(value.error());
    instead = *value;
  }
  return TellOfCas(session.form, *done, instead);
}

ExitCode Flush(StoreSession& session, const Given& /*given*/) {
  return Done(session, session.db.Flush());
}

ExitCode Compact(StoreSession& session, const Given& given) {
  std::optional<Bytes> begin;
  std::optional<Bytes> end;
  if (!given.words.empty()) begin = given.words[0];
  if (given.words.size() > 1) end = given.words[1];
  return Done(session, session.db.CompactRange(begin, end, session.table));
}

ExitCode Tables(StoreSession& session, const Given& /*given*/) {
  const auto names = session.db.ListTables();
  if (!names) return Failed(names.error());
  for (const std::string& name : *names) {
    if (IsJson(session)) {
      PrintJson({{"table", name}});
    } else {
      fmt::print("{}\n", name);
    }
  }
  return ExitCode::kFine;
}

ExitCode Create(StoreSession& session, const Given& given) {
  const auto table = session.db.CreateTable(given.words[0]);
  return Done(session, table ? Status() : Fail(table.error()));
}

ExitCode Drop(StoreSession& session, const Given& given) {
  const Status dropped = session.db.DropTable(given.words[0]);
  if (dropped && given.words[0] == session.table_name) static_cast<void>(UseTable(session, ""));
  return Done(session, dropped);
}

ExitCode Use(StoreSession& session, const Given& given) {
  return Done(session, UseTable(session, given.words.empty() ? "" : given.words[0]));
}

nlohmann::json StatsAsJson(const engine::DbStats& stats) {
  nlohmann::json levels = nlohmann::json::array();
  for (const engine::DbStats::Level& level : stats.levels) {
    levels.push_back({{"tables", level.tables}, {"bytes", level.bytes}});
  }
  return {{"levels", std::move(levels)},
          {"user_bytes", stats.user_bytes},
          {"log_bytes", stats.log_bytes},
          {"flush_bytes", stats.flush_bytes},
          {"compaction_bytes", stats.compaction_bytes},
          {"compaction_read_bytes", stats.compaction_read_bytes},
          {"flushes", stats.flushes},
          {"compactions", stats.compactions},
          {"moves", stats.moves},
          {"time", stats.time},
          {"expired_dropped", stats.expired_dropped},
          {"compactions_failed", stats.compactions_failed},
          {"compactions_running", stats.compactions_running},
          {"tables_aside", stats.tables_aside},
          {"snapshots", stats.snapshots},
          {"named_tables", stats.named_tables},
          {"pressure_reason", stats.pressure_reason},
          {"pressure", stats.pressure},
          {"debt_bytes", stats.debt_bytes},
          {"throttled_ns", stats.throttled_ns},
          {"write_amplification_percent", stats.write_amplification()},
          {"read_amplification_percent", stats.read_amplification()},
          {"space_amplification_percent", stats.space_amplification()}};
}

ExitCode Stats(StoreSession& session, const Given& /*given*/) {
  const engine::DbStats stats = session.db.Stats();
  if (IsJson(session)) {
    PrintJson(StatsAsJson(stats));
  } else {
    fmt::print("{}", stats.ToString());
  }
  return ExitCode::kFine;
}

ExitCode Backup(StoreSession& session, const Given& given) {
  const auto report = session.db.Backup(given.words[0]);
  if (!report) return Failed(report.error());
  Rows rows(session.form, {"backup", "tables", "bytes", "last_sequence", "bytes_copied"});
  const engine::BackupInfo& made = report->backup;
  rows.Add({made.number, made.tables, made.bytes, made.last_sequence.value, report->bytes_copied});
  fmt::print("{}", rows.Take());
  return ExitCode::kFine;
}

ExitCode Checkpoint(StoreSession& session, const Given& given) {
  const auto last = session.db.Checkpoint(given.words[0]);
  if (!last) return Failed(last.error());
  Rows rows(session.form, {"directory", "last_sequence"});
  rows.Add({given.words[0], last->value});
  fmt::print("{}", rows.Take());
  return ExitCode::kFine;
}

constexpr StoreCommand kCommands[] = {
    {kGetShape, false, Get},
    {kPutShape, true, Put},
    {kDeleteShape, false, Delete},
    {kScanShape, false, Scan},
    {kCasShape, false, Cas},
    {{"tables", "", "", "Print the names of all tables"}, false, Tables},
    {{"create", "NAME", "", "Make a table, creating the database"}, true, Create},
    {{"drop", "NAME", "", "Drop a table with all that is in it"}, false, Drop},
    {{"use", "[NAME]", "",
      "Mean the keys of that table from now on; without NAME the unnamed one's"},
     false,
     Use},
    {{"time", "[TIME]", "",
      "Print the database's time, by which values expire; or move it ahead to TIME"},
     false,
     Time},
    {{"stats", "", "", "Levels, bytes written and why, what writers wait for"}, false, Stats},
    {{"flush", "", "", "Write all that is in memory to tables"}, false, Flush},
    {{"compact", "[FROM] [TO]", "",
      "Merge what has keys from FROM to TO, both included, into one level"},
     false,
     Compact},
    {{"backup", "OUT", "", "Add a backup of this moment to a place of them, made if need be"},
     false,
     Backup},
    {{"checkpoint", "OUT", "", "Make a second database, sharing tables by hard links"},
     false,
     Checkpoint},
};

}  // namespace

Status UseTable(StoreSession& session, const std::string& name) {
  engine::NamedTable table;
  if (!name.empty()) {
    BEACH_TRY_ASSIGN(table, session.db.OpenTable(name));
  }
  session.table = table;
  session.table_name = name;
  return {};
}

std::span<const StoreCommand> StoreCommands() { return kCommands; }

}  // namespace beach::server
