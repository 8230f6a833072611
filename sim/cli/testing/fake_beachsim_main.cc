// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/program.h"
#include "sim/sweep/testing/fakes.h"

// beachsim over the fakes, for the tests of its command line.
int main(int argc, char** argv) {
  beach::sim::cli::Program program;
  program.name = "fake_beachsim";
  program.scenarios = beach::sim::fakes::MakeScenarios();
  program.runner = beach::sim::fakes::MakeRunner();
  return beach::sim::cli::Main(argc, argv, program);
}
