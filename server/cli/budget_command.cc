// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/units.h"
#include "engine/budgets.h"
#include "engine/limits.h"
#include "server/cli/commands.h"

namespace beach::server {
namespace {

struct Arguments {
  std::string memory = "256M";
  std::string disk = "0";
  std::string durability = "power-loss";
  std::string profile = "balanced";
  bool json = false;
};

Result<engine::Budgets> BudgetsOf(const Arguments& arguments) {
  engine::Budgets budgets;
  BEACH_TRY_ASSIGN(budgets.memory, ParseSize(arguments.memory));
  BEACH_TRY_ASSIGN(budgets.disk, ParseSize(arguments.disk));
  if (arguments.durability == "process-crash") {
    budgets.durability = engine::Durability::kProcessCrash;
  } else if (arguments.durability != "power-loss") {
    return Fail(ErrorCode::kInvalidArgument,
                "--durability is power-loss or process-crash, not '" + arguments.durability + "'");
  }
  for (const auto profile :
       {engine::Profile::kBalanced, engine::Profile::kWrites, engine::Profile::kReads}) {
    budgets.profile = profile;
    if (arguments.profile == engine::ProfileName(profile)) return budgets;
  }
  return Fail(ErrorCode::kInvalidArgument,
              "--profile is balanced, writes or reads, not '" + arguments.profile + "'");
}

void PrintJson(const engine::DerivedOptions& derived) {
  nlohmann::json options = nlohmann::json::object();
  for (const engine::OptionLimit& limit : engine::LimitsOf(derived.options)) {
    options[limit.name] = limit.value;
  }
  const nlohmann::json document = {{"options", std::move(options)},
                                   {"sync", derived.write.sync},
                                   {"table_memory", derived.table_memory}};
  fmt::print("{}\n", document.dump(2));
}

ExitCode RunBudget(const Arguments& arguments) {
  const auto budgets = BudgetsOf(arguments);
  const auto derived = budgets ? engine::DeriveOptions(*budgets) : Fail(budgets.error());
  if (!derived) {
    fmt::print(stderr, "beachdb: {}\n", derived.error().message());
    return ExitCode::kUsage;
  }
  if (arguments.json) {
    PrintJson(*derived);
  } else {
    fmt::print("{}{:<28} {:>14}\n{:<28} {:>14}\n", engine::DescribeOptions(derived->options),
               "writes are synced", derived->write.sync ? "yes" : "no", "left for what tables need",
               derived->table_memory);
  }
  return ExitCode::kFine;
}

}  // namespace

void AddBudgetCommand(command_line::Command root) {
  auto arguments = std::make_shared<Arguments>();
  const command_line::Command command =
      root.Add("budget", "Print the options that follow from memory, disk, durability, profile");
  command.Text("--memory", arguments->memory, "Bytes that the database may take: 64M, 4G");
  command.Text("--disk", arguments->disk, "Bytes of disk that it has to itself; 0: plenty");
  command.Text("--durability", arguments->durability,
               "What an acknowledged write survives: power-loss, process-crash");
  command.Text("--profile", arguments->profile, "What the work is like: balanced, writes, reads");
  command.Flag("--json", arguments->json, "One JSON document");
  command.Examples("Example: beachdb budget --memory 1G --profile reads");
  command.Does([arguments] { return static_cast<int>(RunBudget(*arguments)); });
}

}  // namespace beach::server
