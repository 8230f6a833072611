// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "sim/cli/os_terminal.h"
#include "sim/cli/program.h"

namespace beach::sim::cli {
namespace {

std::string AsText(const Program& program) {
  std::string text;
  for (const auto& scenario : program.scenarios) {
    text += fmt::format("{}\n  boots   {}\n  checks  {}\n", scenario->name(), scenario->boots(),
                        scenario->checks());
  }
  return text;
}

std::string AsJson(const Program& program) {
  nlohmann::ordered_json json;
  json["scenarios"] = nlohmann::ordered_json::array();
  for (const auto& scenario : program.scenarios) {
    json["scenarios"].push_back(
        {{"name", scenario->name()}, {"boots", scenario->boots()}, {"checks", scenario->checks()}});
  }
  return json.dump(2) + "\n";
}

}  // namespace

void AddScenarios(CLI::App& app, const Program& program, int& exit_code) {
  CLI::App* command = app.add_subcommand("scenarios", "List what can be run");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "One JSON document");
  command->footer("Example:\n  " + program.name + " scenarios");
  command->callback([&program, &exit_code, json] {
    PrintOut(*json ? AsJson(program) : AsText(program));
    exit_code = kExitFine;
  });
}

}  // namespace beach::sim::cli
