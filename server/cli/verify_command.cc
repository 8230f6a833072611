// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/verify.h"
#include "server/cli/commands.h"
#include "server/cli/error_json.h"

namespace beach::server {
namespace {

struct Arguments {
  std::string directory;
  bool json = false;
};

void PrintText(const std::string& directory, const engine::VerifyReport& report) {
  fmt::print("{}: {} tables with {} entries, {} log segments with {} flights to replay\n",
             directory, report.tables.size(), report.entries, report.segments, report.flights);
  for (std::size_t level = 0; level < report.levels.size(); ++level) {
    if (report.levels[level] == 0) continue;
    fmt::print("level {}: {} tables\n", level, report.levels[level]);
  }
  if (report.torn_tail_bytes > 0) {
    fmt::print("torn tail: {} bytes that nothing vouches for, which the next open cuts\n",
               report.torn_tail_bytes);
  } else if (report.log_torn) {
    fmt::print("torn tail: the log ends in a torn record, which the next open cuts\n");
  }
  for (const std::string& name : report.debris) {
    fmt::print("debris: {}, which the next open removes\n", name);
  }
  for (const Error& error : report.damage) {
    const bool unread = error.code() == ErrorCode::kIo;
    fmt::print("{}: {}\n", unread ? "unreadable" : "damage", error.ToString());
  }
  if (report.damage.empty()) fmt::print("sound\n");
}

void PrintJson(const std::string& directory, const engine::VerifyReport& report) {
  nlohmann::json damage = nlohmann::json::array();
  for (const Error& error : report.damage) {
    damage.push_back(ErrorJson(error));
  }
  const nlohmann::json document = {
      {"directory", directory},      {"tables", report.tables.size()},
      {"entries", report.entries},   {"segments", report.segments},
      {"flights", report.flights},   {"torn_tail_bytes", report.torn_tail_bytes},
      {"log_torn", report.log_torn}, {"debris", report.debris},
      {"levels", report.levels},     {"damage", std::move(damage)}};
  fmt::print("{}\n", document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

ExitCode RunVerify(env::FileSystem& files, const Arguments& arguments) {
  const auto report = engine::VerifyDatabase(files, arguments.directory);
  if (!report) {
    fmt::print(stderr, "beachdb: {}\n", report.error().ToString());
    return ExitCodeOfInspecting(report.error(), arguments.directory);
  }
  if (arguments.json) {
    PrintJson(arguments.directory, *report);
  } else {
    PrintText(arguments.directory, *report);
  }
  return ExitCodeOfFindings(report->damage, arguments.directory);
}

}  // namespace

void AddVerifyCommand(command_line::Command root, const env::Env& env) {
  auto arguments = std::make_shared<Arguments>();
  const command_line::Command command =
      root.Add("verify", "Check manifest against files against log, every checksum");
  command.Text("DIR", arguments->directory, "A closed database", command_line::Need::kRequired);
  command.Flag("--json", arguments->json, "One JSON document");
  command.Examples("Example: beachdb verify /tmp/db");
  env::FileSystem* const files = env.files;
  command.Does([files, arguments] { return static_cast<int>(RunVerify(*files, *arguments)); });
}

}  // namespace beach::server
