// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "sim/cli/os_terminal.h"
#include "sim/cli/output.h"
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

}  // namespace

void AddScenarios(command_line::Command root, const Program& program) {
  const command_line::Command command = root.Add("scenarios", "List what can be run");
  const auto json = std::make_shared<bool>(false);
  command.Flag("--json", *json, "One JSON document");
  command.Examples("Example:\n  " + program.name + " scenarios");
  command.Does([&program, json] {
    PrintOut(*json ? ScenariosAsJson(program.scenarios) : AsText(program));
    return kExitFine;
  });
}

}  // namespace beach::sim::cli
