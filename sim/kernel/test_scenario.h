// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "sim/run.h"
#include "sim/scenario.h"
#include "sim/simulation.h"

namespace beach::sim {

// A scenario from a function, for the simulator's own tests.
class TestScenario final : public Scenario {
 public:
  explicit TestScenario(std::function<void(Simulation&)> body) : body_(std::move(body)) {}

  std::string name() const override { return "test"; }
  std::string boots() const override { return "what the test starts"; }
  std::string checks() const override { return "what the test demands"; }
  void Run(Simulation& simulation) const override { body_(simulation); }

 private:
  std::function<void(Simulation&)> body_;
};

inline RunReport RunBody(std::function<void(Simulation&)> body, const RunOptions& options = {}) {
  return RunScenario(TestScenario(std::move(body)), options);
}

}  // namespace beach::sim
