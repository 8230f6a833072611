// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/repair.h"
#include "server/cli/commands.h"
#include "server/cli/error_json.h"

namespace beach::server {
namespace {

struct Arguments {
  std::string directory;
  bool dry_run = false;
  bool json = false;
};

void PrintText(const Arguments& arguments, const engine::RepairReport& report) {
  for (const Error& error : report.damage) {
    fmt::print("beyond repair: {}\n", error.ToString());
  }
  if (!report.log_damage) {
    if (report.damage.empty()) fmt::print("{}: sound, nothing to repair\n", arguments.directory);
    return;
  }
  fmt::print("damage: {}\n", report.log_damage->ToString());
  fmt::print("the log ends at {}:{} instead of {}:{} or later\n", report.end.segment.value,
             report.end.offset, report.durable.segment.value, report.durable.offset);
  fmt::print("kept: {} operations of the log in {} flights, up to sequence number {}\n",
             report.operations_kept, report.flights_kept, report.last_kept.value);
  fmt::print("lost, and still readable: {} operations on {} keys in {} flights",
             report.operations_lost, report.keys_lost, report.flights_lost);
  if (report.operations_lost > 0) {
    fmt::print(", sequence numbers {} to {}", report.first_lost.value, report.last_lost.value);
  }
  fmt::print(
      "\nlost, and not readable: {} operations before the last of these, and any number after\n",
      report.operations_unreadable);
  if (report.repaired) {
    fmt::print("repaired\n");
  } else {
    fmt::print("nothing was changed\n");
  }
}

nlohmann::json PositionJson(engine::LogPosition position) {
  return {{"segment", position.segment.value}, {"offset", position.offset}};
}

void PrintJson(const Arguments& arguments, const engine::RepairReport& report) {
  nlohmann::json damage = nlohmann::json::array();
  for (const Error& error : report.damage) damage.push_back(ErrorJson(error));
  nlohmann::json document = {{"directory", arguments.directory},
                             {"dry_run", arguments.dry_run},
                             {"repaired", report.repaired},
                             {"beyond_repair", std::move(damage)},
                             {"log", nullptr}};
  if (report.log_damage) {
    document["log"] = {{"damage", ErrorJson(*report.log_damage)},
                       {"end", PositionJson(report.end)},
                       {"durable", PositionJson(report.durable)},
                       {"flights_kept", report.flights_kept},
                       {"operations_kept", report.operations_kept},
                       {"last_sequence_kept", report.last_kept.value},
                       {"flights_lost", report.flights_lost},
                       {"operations_lost", report.operations_lost},
                       {"keys_lost", report.keys_lost},
                       {"first_sequence_lost", report.first_lost.value},
                       {"last_sequence_lost", report.last_lost.value},
                       {"operations_unreadable", report.operations_unreadable}};
  }
  fmt::print("{}\n", document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

ExitCode RunRepair(const env::Env& env, const Arguments& arguments) {
  const auto report = engine::RepairDatabase(env, arguments.directory, arguments.dry_run);
  if (!report) {
    fmt::print(stderr, "beachdb: {}\n", report.error().ToString());
    return ExitCodeOfInspecting(report.error(), arguments.directory);
  }
  if (arguments.json) {
    PrintJson(arguments, *report);
  } else {
    PrintText(arguments, *report);
  }
  if (!report->damage.empty()) return ExitCodeOfFindings(report->damage, arguments.directory);
  return report->log_damage && !report->repaired ? ExitCode::kFound : ExitCode::kFine;
}

}  // namespace

void AddRepairCommand(command_line::Command root, const env::Env& env) {
  auto arguments = std::make_shared<Arguments>();
  const command_line::Command command =
      root.Add("repair", "Cut a damaged log where the damage begins, and say what that loses");
  command.Text("DIR", arguments->directory, "A closed database", command_line::Need::kRequired);
  command.Flag("--dry-run", arguments->dry_run, "Say what would be lost, and change nothing");
  command.Flag("--json", arguments->json, "One JSON document");
  command.Examples(
      "Example: beachdb repair /tmp/db --dry-run\n"
      "Exit code 0: sound, or sound now; 1: damage found, and still there");
  command.Does([env, arguments] { return static_cast<int>(RunRepair(env, *arguments)); });
}

}  // namespace beach::server
