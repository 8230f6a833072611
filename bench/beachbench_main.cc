// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/command.h"
#include "bench/native.h"
#include "bench/raft/command.h"
#include "bench/server/command.h"
#include "bench/sim_command.h"
#include "bench/soak/command.h"
#include "command_line/command.h"
#include "sim/cli/program.h"

int main(int argc, char** argv) {
  beach::command_line::Program line("beachbench", "Measures BeachDB and its simulator.\n",
                                    BEACH_VERSION);
  line.root().Examples("Example:\n  beachbench sim --time 10s\n  beachbench COMMAND --help");
  beach::bench::AddSim(line.root());
  const auto become_native = [argv](const auto&) { return beach::bench::BecomeNative(argv); };
  beach::bench::AddEngine(line.root(), become_native);
  beach::bench::AddRaft(line.root(), become_native);
  beach::bench::AddServer(line.root(), become_native);
  beach::bench::AddCluster(line.root(), become_native);
  beach::bench::AddSoak(line.root(), become_native);
  return line.Run(argc, argv, beach::sim::cli::kExitUsage);
}
