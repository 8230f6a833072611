// SPDX-License-Identifier: Apache-2.0
// beachbench_native: the commands of beachbench that measure databases, without the simulator.
#include "bench/engine/command.h"
#include "bench/engine/run_engine.h"
#include "bench/raft/command.h"
#include "bench/raft/run_raft.h"
#include "bench/server/command.h"
#include "bench/server/run_server.h"
#include "bench/soak/command.h"
#include "bench/soak/run_soak.h"
#include "command_line/command.h"
#include "command_line/terminal.h"

int main(int argc, char** argv) {
  beach::command_line::Program line(
      "beachbench", "Measures BeachDB, beside other engines and by itself.\n", BEACH_VERSION);
  beach::bench::AddEngine(line.root(), beach::bench::RunEngine);
  beach::bench::AddRaft(line.root(), beach::bench::RunRaft);
  beach::bench::AddServer(line.root(), beach::bench::RunServer);
  beach::bench::AddCluster(line.root(), beach::bench::RunCluster);
  beach::bench::AddSoak(line.root(), beach::bench::RunSoakCommand);
  return line.Run(argc, argv, beach::command_line::kExitUsage);
}
