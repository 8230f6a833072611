// SPDX-License-Identifier: Apache-2.0
// A run of the simulator, its bytes a seed and decisions (fuzz/steered_run.h): whatever is decided,
// the scenario's oracles are content. And of one run in eight: its artifact replays to the same
// hash without leaving its recording.
#include <fmt/format.h>

#include "artifacts/artifact.h"
#include "base/check.h"
#include "fuzz/steered_run.h"
#include "fuzz/targets/targets.h"
#include "sim/scenarios/registry.h"

namespace beach::fuzz {
namespace {

constexpr std::uint64_t kRunsPerReplay = 8;

// Nothing is found: the run says that it cannot be made, or was cut short by its limit.
bool SaysNothing(const std::string& signature) {
  return signature.ends_with("/bad-workload") || signature.ends_with("/bad-options") ||
         signature.ends_with("/event-limit");
}

void CheckReplay(const SteeredRun& run, const sim::RunReport& report) {
  const artifacts::Artifact artifact = sim::MakeArtifact(*run.scenario, run.options, report);
  const auto read = artifacts::FromJson(artifacts::ToJson(artifact));
  BEACH_CHECK(read.has_value());
  BEACH_CHECK(*read == artifact);
  sim::RunOptions options = run.options;
  options.replay = &*read;
  options.address_salt = 1;
  const sim::RunReport again = sim::RunScenario(*run.scenario, options);
  if (again.diverged_at) fmt::print(stderr, "diverged at event {}\n", *again.diverged_at);
  BEACH_CHECK(!again.diverged_at.has_value());
  BEACH_CHECK(again.hash == report.hash);
  BEACH_CHECK_EQ(again.decisions_followed, again.decisions_recorded);
  BEACH_CHECK(again.decisions == report.decisions);
}

void Run(ByteView input) {
  const auto scenarios = sim::scenarios::MakeScenarios();
  const SteeredRun run = ParseRun(input, scenarios);
  const sim::RunReport report = RunSteered(run, run.options);
  const std::string& signature = report.verdict.signature;
  if (!report.verdict.ok() && !SaysNothing(signature)) {
    fmt::print(stderr, "{}, seed {}: {}\n", signature, run.options.seed, report.verdict.message);
    BEACH_CHECK(report.verdict.ok());
  }
  if (report.hash.low % kRunsPerReplay == 0) CheckReplay(run, report);
}

void Change(Bytes& input, RandomStream& stream, std::size_t size_max) {
  MutateDecisions(input, stream, size_max);
}

}  // namespace

const Target decisions_target = {.name = "decisions",
                                 .run = Run,
                                 .seal = nullptr,
                                 .size_max = 1024,
                                 .change = Change,
                                 .changed_copies = 10};

}  // namespace beach::fuzz
