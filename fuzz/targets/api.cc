// SPDX-License-Identifier: Apache-2.0
// The whole interface of the database, its bytes the calls (fuzz/api_run.h): whatever is called, in
// whatever order, from several threads and across crashes, the scenario's oracles are content.
#include <fmt/format.h>

#include "base/check.h"
#include "fuzz/api_run.h"
#include "fuzz/targets/targets.h"
#include "sim/scenarios/registry.h"

namespace beach::fuzz {
namespace {

void Run(ByteView input) {
  const auto scenarios = sim::scenarios::MakeScenarios();
  const SteeredRun run = ParseApiRun(input, scenarios);
  CallSteering steering(run.decisions, run.scenario->name() == "engine-tables");
  sim::RunOptions options = run.options;
  options.steering = &steering;
  const sim::RunReport report = sim::RunScenario(*run.scenario, options);
  const std::string& signature = report.verdict.signature;
  if (report.verdict.ok() || signature.ends_with("/event-limit")) return;
  fmt::print(stderr, "{}, seed {}: {}\n", signature, run.options.seed, report.verdict.message);
  BEACH_CHECK(report.verdict.ok());
}

}  // namespace

const Target api_target = {
    .name = "api", .run = Run, .seal = nullptr, .size_max = 1024, .changed_copies = 20};

}  // namespace beach::fuzz
