// SPDX-License-Identifier: Apache-2.0
// fuzz_artifact INPUT OUT.json: makes an input of the target `decisions` into the artifact of its
// run, which `beachsim replay` and `beachsim shrink` take. The run may die: it is made in a worker.
// Exit codes: 0 the run ended well, 1 it did not, 2 usage, 3 a file or a worker failed.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>

#include "fuzz/steered_run.h"
#include "sim/scenarios/registry.h"
#include "sim/sweep/os_files.h"
#include "sim/sweep/sweep.h"

namespace beach::fuzz {
namespace {

constexpr int kFound = 1;
constexpr int kUsage = 2;
constexpr int kEnvironment = 3;

int Run(std::span<char*> arguments) {
  if (arguments.size() != 3) {
    fmt::print(stderr, "usage: fuzz_artifact INPUT OUT.json\n");
    return kUsage;
  }
  std::ifstream file(arguments[1], std::ios::binary);
  const Bytes input((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) {
    fmt::print(stderr, "fuzz_artifact: cannot read {}\n", arguments[1]);
    return kEnvironment;
  }
  const auto scenarios = sim::scenarios::MakeScenarios();
  const SteeredRun run = ParseRun(input, scenarios);
  const auto steered = [&run](const sim::Scenario&, const sim::RunOptions& options) {
    return RunSteered(run, options);
  };
  const auto outcome = sim::sweep::RunContained(*run.scenario, run.options, {}, steered);
  if (!outcome) {
    fmt::print(stderr, "fuzz_artifact: {}\n", outcome.error().ToString());
    return kEnvironment;
  }
  const artifacts::Artifact artifact =
      sim::sweep::ArtifactOf(*run.scenario, run.options, *outcome, sim::MakeArtifact);
  const Status written = sim::sweep::OsWriteFile(arguments[2], artifacts::ToJson(artifact));
  if (!written) {
    fmt::print(stderr, "fuzz_artifact: {}\n", written.error().ToString());
    return kEnvironment;
  }
  const artifacts::Verdict& verdict = artifact.verdict;
  fmt::print("{}: {} {}\n", arguments[2], verdict.signature, verdict.message);
  return verdict.ok() ? 0 : kFound;
}

}  // namespace
}  // namespace beach::fuzz

int main(int count, char** arguments) {
  return beach::fuzz::Run(std::span(arguments, static_cast<std::size_t>(count)));
}
