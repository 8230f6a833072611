// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/scenario_main.h"

#include <set>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "sim/cli/program.h"
#include "sim/run.h"

namespace beach::sim::cli {
namespace {

class OfFunction final : public Scenario {
 public:
  explicit OfFunction(ScenarioFunction function) : function_(std::move(function)) {}

  std::string name() const override { return function_.name; }
  std::string boots() const override { return function_.boots; }
  std::string checks() const override { return function_.checks; }
  void Run(Simulation& simulation) const override { function_.run(simulation); }

 private:
  const ScenarioFunction function_;
};

std::string FileName(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

}  // namespace

int ScenarioMain(int argc, char** argv, std::vector<std::unique_ptr<Scenario>> scenarios,
                 const std::vector<Group>& oracles) {
  Program program;
  if (argc > 0) program.name = FileName(argv[0]);
  std::set<std::string> names;
  for (const auto& scenario : scenarios) BEACH_CHECK(names.insert(scenario->name()).second);
  program.scenarios = std::move(scenarios);
  program.groups.insert(program.groups.end(), oracles.begin(), oracles.end());
  std::set<std::string> groups;
  for (const Group& group : program.groups) BEACH_CHECK(groups.insert(group.name).second);
  program.runner = {.run = RunScenario, .make_artifact = MakeArtifact};
  return Main(argc, argv, program);
}

int ScenarioMain(int argc, char** argv, const std::vector<ScenarioFunction>& scenarios,
                 const std::vector<Group>& oracles) {
  std::vector<std::unique_ptr<Scenario>> made;
  for (const ScenarioFunction& function : scenarios) {
    made.push_back(std::make_unique<OfFunction>(function));
  }
  return ScenarioMain(argc, argv, std::move(made), oracles);
}

}  // namespace beach::sim::cli
