// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "sim/cli/program.h"
#include "sim/run.h"
#include "sim/scenarios/registry.h"

int main(int argc, char** argv) {
  beach::sim::cli::Program program;
  program.name = "beachsim";
  program.scenarios = beach::sim::scenarios::MakeScenarios();
  program.runner = {.run = beach::sim::RunScenario, .make_artifact = beach::sim::MakeArtifact};
  return beach::sim::cli::Main(argc, argv, program);
}
