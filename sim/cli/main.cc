// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/program.h"

namespace beach::sim::cli {

int Main(int argc, char** argv, const Program& program) {
  command_line::Program line(
      program.name,
      "Runs whole systems in a virtual operating system, from one seed, with faults.\n",
      BEACH_VERSION);
  const command_line::Command root = line.root();
  root.Examples("Example:\n  " + program.name + " sweep --time 60s\n  " + program.name +
                " COMMAND --help");
  AddScenarios(root, program);
  AddRun(root, program);
  AddSweep(root, program);
  AddMerge(root, program);
  AddCrashpoints(root, program);
  AddReplay(root, program);
  AddShrink(root, program);
  AddTimeline(root, program);
  AddImage(root, program);
  AddCheckHistory(root, program);
  AddWorker(root, program);
  return line.Run(argc, argv, kExitUsage);
}

}  // namespace beach::sim::cli
