// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/groups.h"
#include "sim/scenario.h"

// All commands of beachsim, for a program with scenarios of its own:
//
//   int main(int argc, char** argv) {
//     return beach::sim::cli::ScenarioMain(
//         argc, argv, {{"queue", "one host, a queue in several lives", "nothing is lost",
//         &RunQueue}});
//   }
//
// Such a program is made by beach_sim_program() of the package BeachSim, which also lists the named
// places of its sources.

namespace beach::sim::cli {

// A scenario that is one function.
struct ScenarioFunction {
  std::string name;
  std::string boots;   // what it starts, one line
  std::string checks;  // what it demands, one line
  std::function<void(Simulation&)> run;
};

// Runs the command line; returns the exit code of the program, whose name in help and messages is
// that it was called by. `oracles`: what runs can be made without, besides the simulation's own
// groups (sim/groups.h). REQUIRES: no two scenarios and no two groups of one name.
int ScenarioMain(int argc, char** argv, std::vector<std::unique_ptr<Scenario>> scenarios,
                 const std::vector<Group>& oracles = {});
int ScenarioMain(int argc, char** argv, const std::vector<ScenarioFunction>& scenarios,
                 const std::vector<Group>& oracles = {});

}  // namespace beach::sim::cli
