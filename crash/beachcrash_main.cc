// SPDX-License-Identifier: Apache-2.0
// The `beachcrash` binary: its commands, each in crash/cli/ or crash/power/.
#include <cstdio>
#include <exception>

#include "command_line/command.h"
#include "command_line/terminal.h"
#include "crash/cli/commands.h"
#include "crash/power/commands.h"

int main(int argc, char** argv) {
  beach::command_line::Program line(
      "beachcrash", "BeachDB's crash harness: real processes, really killed", BEACH_VERSION);
  const beach::command_line::Command root = line.root();
  root.Examples(
      "Examples:\n"
      "  beachcrash run --cycles 100\n"
      "  beachcrash run --point manifest_after_append\n"
      "  beachcrash points\n");
  beach::crash::AddRunCommand(root);
  beach::crash::AddReplayCommand(root);
  beach::crash::AddShrinkCommand(root);
  beach::crash::AddPointsCommand(root);
  beach::crash::AddWorkerCommand(root);
  beach::crash::AddMountCommand(root);
  beach::crash::AddDiskCommand(root);
  try {
    const int code = line.Run(argc, argv, beach::command_line::kExitUsage);
    if (std::fflush(stdout) == 0) return code;
    std::perror("beachcrash: writing the output");
  } catch (const std::exception& error) {  // fmt's answer to an output that takes no more
    std::fprintf(stderr, "beachcrash: %s\n", error.what());
  }
  return beach::command_line::kExitEnvironment;
}
