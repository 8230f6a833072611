// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "sim/cli/os_terminal.h"
#include "sim/cli/program.h"

namespace beach::sim::cli {

int Main(int argc, char** argv, const Program& program) {
  CLI::App app("Runs whole systems in a virtual operating system, from one seed, with faults.\n",
               program.name);
  app.set_version_flag("--version", program.name + " " + BEACH_VERSION);
  app.require_subcommand(1);
  app.footer("Example:\n  " + program.name + " sweep --time 60s\n  " + program.name +
             " COMMAND --help");
  int exit_code = kExitFine;
  AddScenarios(app, program, exit_code);
  AddRun(app, program, exit_code);
  AddSweep(app, program, exit_code);
  AddMerge(app, program, exit_code);
  AddReplay(app, program, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitFine : kExitUsage;
  }
  return exit_code;
}

}  // namespace beach::sim::cli
