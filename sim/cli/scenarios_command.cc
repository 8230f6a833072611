// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

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
    const std::vector<std::uint32_t> rules = scenario->rules();
    if (!rules.empty()) text += fmt::format("  rules   {}\n", fmt::join(rules, " "));
  }
  return text;
}

std::string GroupsAsText(const Program& program) {
  std::string text;
  for (const Group& group : program.groups) {
    text += fmt::format("{:<16} {:<7} {}\n", group.name, GroupKindName(group.kind), group.what);
    text += fmt::format("{:<24} {}\n", "", fmt::join(group.members, " "));
  }
  return text;
}

}  // namespace

void AddScenarios(command_line::Command root, const Program& program) {
  const command_line::Command command = root.Add("scenarios", "List what can be run");
  const auto json = std::make_shared<bool>(false);
  const auto groups = std::make_shared<bool>(false);
  command.Flag("--json", *json, "One JSON document");
  command.Flag("--groups", *groups,
               "List what runs can be made without (--without): groups of faults and of oracles,\n"
               "each with its sites or rules");
  command.Examples("Example:\n  " + program.name + " scenarios");
  command.Does([&program, json, groups] {
    if (*groups) {
      PrintOut(*json ? GroupsAsJson(program.groups) : GroupsAsText(program));
      return kExitFine;
    }
    PrintOut(*json ? ScenariosAsJson(program.scenarios) : AsText(program));
    return kExitFine;
  });
}

}  // namespace beach::sim::cli
