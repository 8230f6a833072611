// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace beach::sim {

class Simulation;

// A world and what must hold in it. Stateless: all state of a run lives in Run's frame.
class Scenario {
 public:
  virtual ~Scenario() = default;

  virtual std::string name() const = 0;
  virtual std::string boots() const = 0;   // what it starts, one line
  virtual std::string checks() const = 0;  // what it demands, one line
  // Numbers of the rules, in the contract of what it tests, that it would see broken; ascending.
  virtual std::vector<std::uint32_t> rules() const { return {}; }

  // Runs on the harness thread of `simulation`; returns when all is checked. Violations:
  // simulation.Fail(rule, message).
  virtual void Run(Simulation& simulation) const = 0;
};

}  // namespace beach::sim
