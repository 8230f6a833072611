// SPDX-License-Identifier: Apache-2.0
#include "server/cli/store_commands.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

namespace beach::server {
namespace {

using Words = std::span<const std::string>;

ExitCode Failed(const Error& error) {
  fmt::print(stderr, "beachdb: {}\n", error.ToString());
  return ExitCodeOfUsing(error);
}

void PrintJson(const nlohmann::json& document) {
  fmt::print("{}\n", document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

ExitCode Done(const StoreSession& session, const Status& status) {
  if (!status) return Failed(status.error());
  if (session.json) PrintJson({{"ok", true}});
  return ExitCode::kFine;
}

std::optional<std::uint64_t> ParseTime(const std::string& word) {
  std::uint64_t time = 0;
  const char* const end = word.data() + word.size();
  const auto [rest, wrong] = std::from_chars(word.data(), end, time);
  if (wrong != std::errc() || rest != end) return std::nullopt;
  return time;
}

ExitCode NoTime(const std::string& word) {
  fmt::print(stderr, "beachdb: a time is a number from 0 to 2^64 - 1, not '{}'\n", word);
  return ExitCode::kUsage;
}

ExitCode Put(StoreSession& session, Words words) {
  const engine::WriteOptions options{.table = session.table};
  if (words.size() < 3) return Done(session, session.db.Put(options, words[0], words[1]));
  const auto until = ParseTime(words[2]);
  if (!until) return NoTime(words[2]);
  return Done(session, session.db.PutUntil(options, words[0], words[1], *until));
}

// The database's, which no clock moves.
ExitCode Time(StoreSession& session, Words words) {
  if (!words.empty()) {
    const auto time = ParseTime(words[0]);
    if (!time) return NoTime(words[0]);
    return Done(session, session.db.AdvanceTime({}, *time));
  }
  const std::uint64_t time = session.db.Stats().time;
  if (session.json) {
    PrintJson({{"time", time}});
  } else {
    fmt::print("{}\n", time);
  }
  return ExitCode::kFine;
}

ExitCode Delete(StoreSession& session, Words words) {
  return Done(session, session.db.Delete({.table = session.table}, words[0]));
}

ExitCode Get(StoreSession& session, Words words) {
  const auto value = session.db.Get({.table = session.table}, words[0]);
  if (!value) return Failed(value.error());
  if (session.json) {
    nlohmann::json document = {{"key", words[0]}};
    document["value"] = nullptr;
    if (*value) document["value"] = **value;
    PrintJson(document);
  } else if (*value) {
    fmt::print("{}\n", **value);
  } else {
    fmt::print(stderr, "beachdb: no such key\n");
  }
  return *value ? ExitCode::kFine : ExitCode::kKeyAbsent;
}

ExitCode Scan(StoreSession& session, Words words) {
  engine::ReadOptions options{.table = session.table};
  if (!words.empty()) options.range.begin = words[0];
  if (words.size() > 1) options.range.end = words[1];
  const auto iterator = session.db.NewIterator(options);
  if (!iterator) return Failed(iterator.error());
  engine::Iterator& entry = **iterator;
  for (entry.SeekToFirst(); entry.Valid(); entry.Next()) {
    if (session.json) {
      PrintJson({{"key", entry.key()}, {"value", entry.value()}});
    } else {
      fmt::print("{}\t{}\n", entry.key(), entry.value());
    }
  }
  const Status status = entry.status();
  return status ? ExitCode::kFine : Failed(status.error());
}

ExitCode Flush(StoreSession& session, Words /*words*/) { return Done(session, session.db.Flush()); }

ExitCode Compact(StoreSession& session, Words words) {
  std::optional<Bytes> begin;
  std::optional<Bytes> end;
  if (!words.empty()) begin = words[0];
  if (words.size() > 1) end = words[1];
  return Done(session, session.db.CompactRange(begin, end, session.table));
}

ExitCode Tables(StoreSession& session, Words /*words*/) {
  const auto names = session.db.ListTables();
  if (!names) return Failed(names.error());
  for (const std::string& name : *names) {
    if (session.json) {
      PrintJson({{"table", name}});
    } else {
      fmt::print("{}\n", name);
    }
  }
  return ExitCode::kFine;
}

ExitCode Create(StoreSession& session, Words words) {
  const auto table = session.db.CreateTable(words[0]);
  return Done(session, table ? Status() : Fail(table.error()));
}

ExitCode Drop(StoreSession& session, Words words) {
  const Status dropped = session.db.DropTable(words[0]);
  if (dropped && words[0] == session.table_name) static_cast<void>(UseTable(session, ""));
  return Done(session, dropped);
}

ExitCode Use(StoreSession& session, Words words) {
  return Done(session, UseTable(session, words.empty() ? "" : words[0]));
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

ExitCode Stats(StoreSession& session, Words /*words*/) {
  const engine::DbStats stats = session.db.Stats();
  if (session.json) {
    PrintJson(StatsAsJson(stats));
  } else {
    fmt::print("{}", stats.ToString());
  }
  return ExitCode::kFine;
}

constexpr StoreCommand kCommands[] = {
    {"get", "KEY", false, "Print a value; exit 6 when there is none", Get},
    {"put", "KEY VALUE [UNTIL]", true,
     "Write a value, creating the database; one that expires when its time is UNTIL", Put},
    {"del", "KEY", false, "Delete a key, present or not", Delete},
    {"scan", "[FROM] [TO]", false,
     "Print keys and values in order, from FROM, included, to TO, not included", Scan},
    {"tables", "", false, "Print the names of all tables", Tables},
    {"create", "NAME", true, "Make a table, creating the database", Create},
    {"drop", "NAME", false, "Drop a table with all that is in it", Drop},
    {"use", "[NAME]", false,
     "Mean the keys of that table from now on; without NAME the unnamed one's", Use},
    {"time", "[TIME]", false,
     "Print the database's time, by which values expire; or move it ahead to TIME", Time},
    {"stats", "", false, "Levels, bytes written and why, what writers wait for", Stats},
    {"flush", "", false, "Write all that is in memory to tables", Flush},
    {"compact", "[FROM] [TO]", false,
     "Merge what has keys from FROM to TO, both included, into one level", Compact},
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

std::vector<StoreCommand::Word> StoreCommand::words() const {
  std::vector<Word> found;
  std::istringstream text(takes);
  for (std::string word; text >> word;) {
    const bool may_be_left = word.front() == '[';
    found.push_back({may_be_left ? word.substr(1, word.size() - 2) : word, may_be_left});
  }
  return found;
}

std::span<const StoreCommand> StoreCommands() { return kCommands; }

}  // namespace beach::server
