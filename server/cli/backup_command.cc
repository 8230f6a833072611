// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/backup.h"
#include "engine/db.h"
#include "server/cli/commands.h"
#include "server/cli/error_json.h"

namespace beach::server {
namespace {

using command_line::Command;
using command_line::Need;
using engine::BackupInfo;
using engine::BackupProgress;

struct Arguments {
  std::string directory;
  std::string place;
  std::uint64_t keep = 0;
  std::uint64_t number = 0;
  bool json = false;
};

constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 32;
constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;

// A line that is written over on a terminal; piped, one a second at most.
std::function<void(const BackupProgress&)> Progress(const env::Env& env) {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  auto last_ns = std::make_shared<std::uint64_t>(env.clock->MonotonicNow());
  return [&env, terminal, last_ns](const BackupProgress& progress) {
    const std::uint64_t now = env.clock->MonotonicNow();
    const bool last = progress.tables_done == progress.tables;
    if (!terminal && now < *last_ns + kNanosecondsPerSecond) return;
    *last_ns = now;
    fmt::print(stderr, "{}{} of {} tables, {} of {} bytes{}", terminal ? "\r" : "",
               progress.tables_done, progress.tables, progress.bytes_done, progress.bytes,
               terminal && !last ? "" : "\n");
  };
}

nlohmann::json InfoJson(const BackupInfo& info) {
  return {{"number", info.number},
          {"wall_ns", info.wall_ns},
          {"last_sequence", info.last_sequence.value},
          {"tables", info.tables},
          {"bytes", info.bytes}};
}

std::string InfoText(const BackupInfo& info) {
  return fmt::format("{} tables, {} bytes, up to sequence number {}", info.tables, info.bytes,
                     info.last_sequence.value);
}

void PrintJson(const nlohmann::json& document) {
  fmt::print("{}\n", document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

ExitCode Failed(const Error& error, ExitCode code) {
  fmt::print(stderr, "beachdb: {}\n", error.ToString());
  return code;
}

// A database that is opened to be looked through, not to be written to.
engine::Options OptionsOfTools() {
  engine::Options options;
  options.create_if_missing = false;
  options.wal_segment_size = 8 * engine::kMiB;
  options.batch_size_max = 5 * engine::kMiB;
  options.compaction_style = engine::CompactionStyle::kManual;
  return options;
}

// Opens, does, closes.
ExitCode WithDatabase(const env::Env& env, const std::string& directory,
                      const std::function<ExitCode(engine::Db&)>& action) {
  const auto db = engine::Db::Open(env, directory, OptionsOfTools());
  if (!db) return Failed(db.error(), ExitCodeOfOpening(db.error()));
  const ExitCode code = action(**db);
  const Status closed = (*db)->Close();
  if (closed || code != ExitCode::kFine) return code;
  return Failed(closed.error(), ExitCodeOfUsing(closed.error()));
}

ExitCode RunBackup(const env::Env& env, const Arguments& arguments) {
  return WithDatabase(env, arguments.directory, [&](engine::Db& db) {
    const auto report =
        db.Backup(arguments.place, {.keep = arguments.keep, .progress = Progress(env)});
    if (!report) return Failed(report.error(), ExitCodeOfUsing(report.error()));
    if (arguments.json) {
      nlohmann::json document = {{"backup", InfoJson(report->backup)},
                                 {"tables_copied", report->tables_copied},
                                 {"bytes_copied", report->bytes_copied},
                                 {"tables_mended", report->tables_mended},
                                 {"backups_removed", report->backups_removed}};
      PrintJson(document);
      return ExitCode::kFine;
    }
    fmt::print("backup {}: {}\ncopied {} tables, {} bytes", report->backup.number,
               InfoText(report->backup), report->tables_copied, report->bytes_copied);
    if (report->tables_mended > 0) {
      fmt::print("; {} of them had become damaged there", report->tables_mended);
    }
    fmt::print("\n");
    if (report->backups_removed > 0) {
      fmt::print("removed {} older backups\n", report->backups_removed);
    }
    return ExitCode::kFine;
  });
}

ExitCode RunRestore(const env::Env& env, const Arguments& arguments) {
  const auto restored =
      engine::RestoreBackup(env, arguments.place, arguments.directory,
                            {.number = arguments.number, .progress = Progress(env)});
  if (!restored) return Failed(restored.error(), ExitCodeOfUsing(restored.error()));
  if (arguments.json) {
    PrintJson({{"directory", arguments.directory}, {"backup", InfoJson(*restored)}});
  } else {
    fmt::print("{}: restored backup {}: {}\n", arguments.directory, restored->number,
               InfoText(*restored));
  }
  return ExitCode::kFine;
}

ExitCode RunList(const env::Env& env, const Arguments& arguments) {
  const auto backups = engine::ListBackups(*env.files, arguments.place);
  if (!backups) return Failed(backups.error(), ExitCodeOfUsing(backups.error()));
  nlohmann::json list = nlohmann::json::array();
  for (const BackupInfo& info : *backups) {
    if (arguments.json) {
      list.push_back(InfoJson(info));
    } else {
      fmt::print("backup {}: {}, made {} s after 1970 began\n", info.number, InfoText(info),
                 info.wall_ns / kNanosecondsPerSecond);
    }
  }
  if (arguments.json) {
    PrintJson({{"backups", std::move(list)}});
  } else if (backups->empty()) {
    fmt::print("no backup here\n");
  }
  return ExitCode::kFine;
}

ExitCode RunCheckpoint(const env::Env& env, const Arguments& arguments) {
  return WithDatabase(env, arguments.directory, [&](engine::Db& db) {
    const auto last = db.Checkpoint(arguments.place);
    if (!last) return Failed(last.error(), ExitCodeOfUsing(last.error()));
    if (arguments.json) {
      PrintJson({{"directory", arguments.place}, {"last_sequence", last->value}});
    } else {
      fmt::print("{}: a checkpoint up to sequence number {}\n", arguments.place, last->value);
    }
    return ExitCode::kFine;
  });
}

std::uint64_t TableBytes(const engine::DbStats& stats) {
  std::uint64_t bytes = 0;
  for (const auto& level : stats.levels) bytes += level.bytes;
  return bytes;
}

ExitCode RunCompact(const env::Env& env, const Arguments& arguments) {
  return WithDatabase(env, arguments.directory, [&](engine::Db& db) {
    const Status flushed = db.Flush();
    if (!flushed) return Failed(flushed.error(), ExitCodeOfUsing(flushed.error()));
    const std::uint64_t before = TableBytes(db.Stats());
    const Status compacted = db.CompactRange(std::nullopt, std::nullopt);
    if (!compacted) return Failed(compacted.error(), ExitCodeOfUsing(compacted.error()));
    const engine::DbStats stats = db.Stats();
    const std::uint64_t after = TableBytes(stats);
    if (arguments.json) {
      PrintJson({{"directory", arguments.directory},
                 {"bytes_before", before},
                 {"bytes_after", after},
                 {"bytes_written", stats.compaction_bytes}});
    } else {
      fmt::print("{}: tables had {} bytes and have {}; {} written\n", arguments.directory, before,
                 after, stats.compaction_bytes);
    }
    return ExitCode::kFine;
  });
}

using Action = ExitCode (*)(const env::Env&, const Arguments&);

void Finish(const Command& command, const env::Env& env, std::shared_ptr<Arguments> arguments,
            Action action, const char* examples) {
  command.Flag("--json", arguments->json, "One JSON document");
  command.Examples(examples);
  command.Does([&env, arguments, action] { return static_cast<int>(action(env, *arguments)); });
}

}  // namespace

void AddBackupCommands(command_line::Command root, const env::Env& env) {
  auto arguments = std::make_shared<Arguments>();
  const Command backup = root.Add("backup", "Add a backup of a closed database to a place of them");
  backup.Text("DIR", arguments->directory, "A closed database", Need::kRequired);
  backup.Text("OUT", arguments->place, "The place; made if need be", Need::kRequired);
  backup.Number("--keep", arguments->keep, 0, kNumberMax,
                "Remove all but so many of the newest; 0: none");
  Finish(backup, env, arguments, RunBackup,
         "Example: beachdb backup /tmp/db /tmp/backups --keep 7\n"
         "A table that is there already, and sound, is not copied again");

  arguments = std::make_shared<Arguments>();
  const Command restore =
      root.Add("restore", "Make a database out of a backup, checking all of it");
  restore.Text("OUT", arguments->place, "A place of backups", Need::kRequired);
  restore.Text("DIR", arguments->directory, "Absent, or empty", Need::kRequired);
  restore.Number("--number", arguments->number, 0, kNumberMax, "Which backup; 0: the newest");
  Finish(restore, env, arguments, RunRestore,
         "Example: beachdb restore /tmp/backups /tmp/db2 --number 3\n"
         "Exit code 1: the backup is damaged; DIR is no database then");

  arguments = std::make_shared<Arguments>();
  const Command list = root.Add("backups", "List the backups of a place");
  list.Text("OUT", arguments->place, "A place of backups", Need::kRequired);
  Finish(list, env, arguments, RunList, "Example: beachdb backups /tmp/backups");

  arguments = std::make_shared<Arguments>();
  const Command checkpoint = root.Add(
      "checkpoint", "Make a second database of a closed one, sharing tables by hard links");
  checkpoint.Text("DIR", arguments->directory, "A closed database", Need::kRequired);
  checkpoint.Text("OUT", arguments->place, "Absent, or empty; on the same file system",
                  Need::kRequired);
  Finish(checkpoint, env, arguments, RunCheckpoint,
         "Example: beachdb checkpoint /tmp/db /tmp/db-today");

  arguments = std::make_shared<Arguments>();
  const Command compact = root.Add("compact", "Merge all tables of a closed database");
  compact.Text("DIR", arguments->directory, "A closed database", Need::kRequired);
  Finish(compact, env, arguments, RunCompact, "Example: beachdb compact /tmp/db");
}

}  // namespace beach::server
