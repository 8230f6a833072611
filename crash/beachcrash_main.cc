// SPDX-License-Identifier: Apache-2.0
// The `beachcrash` binary: its commands.
#include <cstdio>
#include <exception>

#include "crash/power/commands.h"
#include "crash/power/exit_codes.h"

int main(int argc, char** argv) {
  beach::command_line::Program line("beachcrash", "Real processes, and crashes made for them",
                                    BEACH_VERSION);
  const beach::command_line::Command root = line.root();
  beach::crash::AddMountCommand(root);
  beach::crash::AddDiskCommand(root);
  try {
    const int code = line.Run(argc, argv, beach::crash::kExitUsage);
    if (std::fflush(stdout) == 0) return code;
    std::perror("beachcrash: writing the output");
  } catch (const std::exception& error) {  // fmt's answer to an output that takes no more
    std::fprintf(stderr, "beachcrash: %s\n", error.what());
  }
  return beach::crash::kExitEnvironment;
}
