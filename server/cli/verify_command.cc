// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/verify.h"
#include "raft/disk/register.h"
#include "raft/disk/verify.h"
#include "server/cli/commands.h"
#include "server/cli/error_json.h"

namespace beach::server {
namespace {

struct Arguments {
  std::string directory;
  bool json = false;
};

void PrintTail(std::uint64_t bytes, bool torn) {
  if (bytes > 0) {
    fmt::print("torn tail: {} bytes that nothing vouches for, which the next open cuts\n", bytes);
  } else if (torn) {
    fmt::print("torn tail: the log ends in a torn record, which the next open cuts\n");
  }
}

void PrintFindings(const std::vector<std::string>& debris, const std::vector<Error>& damage) {
  for (const std::string& name : debris) {
    fmt::print("debris: {}, which the next open removes\n", name);
  }
  for (const Error& error : damage) {
    const bool unread = error.code() == ErrorCode::kIo;
    fmt::print("{}: {}\n", unread ? "unreadable" : "damage", error.ToString());
  }
  if (damage.empty()) fmt::print("sound\n");
}

void PrintText(const std::string& directory, const engine::VerifyReport& report) {
  fmt::print("{}: {} tables with {} entries, {} log segments with {} flights to replay\n",
             directory, report.tables.size(), report.entries, report.segments, report.flights);
  for (std::size_t level = 0; level < report.levels.size(); ++level) {
    if (report.levels[level] == 0) continue;
    fmt::print("level {}: {} tables\n", level, report.levels[level]);
  }
  PrintTail(report.torn_tail_bytes, report.log_torn);
  PrintFindings(report.debris, report.damage);
}

void PrintText(const std::string& directory, const raft::RaftLogReport& report) {
  fmt::print("{}: log of node {} of cluster {} after {} starts, {} segments with {} flights\n",
             directory, report.node.value, report.cluster.value, report.starts, report.segments,
             report.flights);
  if (!report.is_known) {
    fmt::print("entries: not known\n");
  } else if (report.last == report.base) {
    fmt::print("entries: none behind {}\n", report.base.value);
  } else {
    fmt::print("entries: {} to {}\n", report.base.Next().value, report.last.value);
  }
  if (report.lost > 0) fmt::print("lost: the bytes of {} entries\n", report.lost);
  if (report.filled > 0) fmt::print("lost and found again: {} entries\n", report.filled);
  PrintTail(report.torn_tail_bytes, report.log_torn);
  PrintFindings(report.debris, report.damage);
}

nlohmann::json DamageJson(const std::vector<Error>& damage) {
  nlohmann::json list = nlohmann::json::array();
  for (const Error& error : damage) {
    list.push_back(ErrorJson(error));
  }
  return list;
}

nlohmann::json Document(const std::string& directory, const engine::VerifyReport& report) {
  return {{"directory", directory},      {"tables", report.tables.size()},
          {"entries", report.entries},   {"segments", report.segments},
          {"flights", report.flights},   {"torn_tail_bytes", report.torn_tail_bytes},
          {"log_torn", report.log_torn}, {"debris", report.debris},
          {"levels", report.levels},     {"damage", DamageJson(report.damage)}};
}

// Entries are those from `first` to `last`: none where it is one more.
nlohmann::json Document(const std::string& directory, const raft::RaftLogReport& report) {
  nlohmann::json document = {{"directory", directory},
                             {"cluster", report.cluster.value},
                             {"node", report.node.value},
                             {"starts", report.starts},
                             {"segments", report.segments},
                             {"flights", report.flights},
                             {"first", nullptr},
                             {"last", nullptr},
                             {"lost", report.lost},
                             {"filled", report.filled},
                             {"torn_tail_bytes", report.torn_tail_bytes},
                             {"log_torn", report.log_torn},
                             {"debris", report.debris},
                             {"damage", DamageJson(report.damage)}};
  if (report.is_known) {
    document["first"] = report.base.Next().value;
    document["last"] = report.last.value;
  }
  return document;
}

void PrintDocument(const nlohmann::json& document) {
  fmt::print("{}\n", document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

// What was found in one directory. In JSON it is added to `document`, in text it is printed.
template <class Report>
ExitCode Tell(const Result<Report>& report, const std::string& directory, bool json,
              nlohmann::json& document) {
  if (!report) {
    document = {{"directory", directory}, {"error", ErrorJson(report.error())}};
    fmt::print(stderr, "beachdb: {}\n", report.error().ToString());
    return ExitCodeOfInspecting(report.error(), directory);
  }
  if (json) {
    document = Document(directory, *report);
  } else {
    PrintText(directory, *report);
  }
  return ExitCodeOfFindings(report->damage, directory);
}

// Damage before what cannot be judged.
ExitCode WorseOf(ExitCode one, ExitCode other) {
  if (one == ExitCode::kFound || other == ExitCode::kFound) return ExitCode::kFound;
  return one == ExitCode::kFine ? other : one;
}

// The tables of a node, and its log beside them.
ExitCode RunVerifyNode(env::FileSystem& files, const Arguments& arguments) {
  const std::string tables = env::JoinPath(arguments.directory, "db");
  const std::string log = env::JoinPath(arguments.directory, "log");
  nlohmann::json document = {{"directory", arguments.directory}};
  const ExitCode of_tables =
      Tell(engine::VerifyDatabase(files, tables), tables, arguments.json, document["db"]);
  const ExitCode of_log =
      Tell(raft::VerifyRaftLog(files, log), log, arguments.json, document["log"]);
  if (arguments.json) PrintDocument(document);
  return WorseOf(of_tables, of_log);
}

ExitCode RunVerify(env::FileSystem& files, const Arguments& arguments) {
  const auto has = [&](const char* name) {
    return files.Exists(env::JoinPath(arguments.directory, name)).value_or(false);
  };
  if (has("db") && has("log")) return RunVerifyNode(files, arguments);
  const std::string& directory = arguments.directory;
  nlohmann::json document;
  const bool is_raft_log = has(raft::kRegisterFileName);
  const ExitCode code =
      is_raft_log
          ? Tell(raft::VerifyRaftLog(files, directory), directory, arguments.json, document)
          : Tell(engine::VerifyDatabase(files, directory), directory, arguments.json, document);
  if (arguments.json && !document.contains("error")) PrintDocument(document);
  return code;
}

}  // namespace

void AddVerifyCommand(command_line::Command root, const env::Env& env) {
  auto arguments = std::make_shared<Arguments>();
  const command_line::Command command =
      root.Add("verify", "Check manifest against files against log, every checksum; or a Raft log");
  command.Text("DIR", arguments->directory,
               "A closed database, the log of a Raft node, or what holds both as db and log",
               command_line::Need::kRequired);
  command.Flag("--json", arguments->json, "One JSON document");
  command.Examples("Example: beachdb verify /tmp/db\nExample: beachdb verify /tmp/node1/log");
  env::FileSystem* const files = env.files;
  command.Does([files, arguments] { return static_cast<int>(RunVerify(*files, *arguments)); });
}

}  // namespace beach::server
