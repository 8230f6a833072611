// SPDX-License-Identifier: Apache-2.0
#include "server/cli/elsewhere.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "server/cli/remote_commands.h"
#include "server/cli/store_commands.h"

namespace beach::server {
namespace {

// Of `beachdb` itself: for a directory that nobody has open.
struct DirectoryTool {
  std::string_view name;
  std::string_view takes;
};
constexpr std::array kTools = std::to_array<DirectoryTool>({
    {"backup", "DIR OUT"},
    {"backups", "OUT"},
    {"checkpoint", "DIR OUT"},
    {"compact", "DIR"},
    {"repair", "DIR"},
    {"restore", "OUT DIR"},
    {"verify", "DIR"},
});

bool IsAmong(auto commands, const std::string& name) {
  return std::ranges::any_of(commands,
                             [&](const auto& command) { return name == command.shape.name; });
}

}  // namespace

std::string WhereElse(Place here, const std::string& command) {
  const auto tool = std::ranges::find(kTools, command, &DirectoryTool::name);
  if (tool != kTools.end()) {
    return fmt::format("{} is for a directory that nobody has open: beachdb {} {}", command,
                       command, tool->takes);
  }
  if (here == Place::kCluster && IsAmong(StoreCommands(), command)) {
    return fmt::format("{} is for a directory: beachdb cli --data DIR {}", command, command);
  }
  if (here == Place::kDirectory && IsAmong(RemoteCommands(), command)) {
    return fmt::format("{} is for a cluster: beachdb cli --connect ADDR,... {}", command, command);
  }
  return "";
}

}  // namespace beach::server
