// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "env/clock.h"
#include "env/env.h"
#include "env/files.h"

// One conformance suite for every binding of the seams, so that the virtual ones cannot drift away
// from Linux. A binding's test calls the Register functions, from a static initializer or from main
// before RUN_ALL_TESTS, with its name and a maker of fixtures.

namespace beach::env::conformance {

// One world for one case. All but Run is called inside Run's body only.
class Fixture {
 public:
  virtual ~Fixture() = default;

  virtual FileSystem& files() = 0;
  virtual Clock& clock() = 0;
  // The world as a component is given it. For the loop's cases: with a network.
  virtual Env env() { return {.files = &files(), .clock = &clock()}; }
  // For the same: what this machine is called in an address.
  virtual std::string Host() { return {}; }
  // An existing, empty directory of the fixture's own.
  virtual std::string directory() = 0;
  // Runs `body` in the world (at once, or in a simulated process) and returns when it has ended.
  // Called once. Bodies start threads, block, and use gtest's assertions.
  virtual void Run(std::function<void()> body) = 0;

  std::string Path(const std::string& name) { return JoinPath(directory(), name); }
};

using FixtureMaker = std::function<std::unique_ptr<Fixture>()>;

struct Case {
  const char* name;
  void (*body)(Fixture&);
};

// Makes each case a gtest named `suite`.`case.name`, with a fixture of its own.
void RegisterCases(const std::string& suite, std::span<const Case> cases, FixtureMaker maker);

}  // namespace beach::env::conformance
