// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/scenario_main.h"
#include "sim/scenarios/oracle_groups.h"
#include "sim/scenarios/registry.h"

int main(int argc, char** argv) {
  return beach::sim::cli::ScenarioMain(argc, argv, beach::sim::scenarios::MakeScenarios(),
                                       beach::sim::scenarios::OracleGroups());
}
