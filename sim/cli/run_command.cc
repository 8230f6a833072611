// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "base/random.h"
#include "sim/cli/os_terminal.h"
#include "sim/cli/output.h"
#include "sim/cli/program.h"
#include "sim/sweep/os_files.h"
#include "sim/sweep/seeds.h"
#include "sim/sweep/sweep.h"

namespace beach::sim::cli {
namespace {

struct Arguments {
  std::string scenario;
  std::string seed;
  bool json = false;
  bool twice = false;
  bool in_process = false;
  std::string trace;
  std::string artifact;
  std::string policy = "mixed";
  std::vector<std::string> knobs;
  std::uint64_t cpu_limit_s = 20;
};

Result<sweep::JobOutcome> RunOnce(const Arguments& arguments, const Scenario& scenario,
                                  const RunOptions& run, const Program& program) {
  sweep::WorkerLimits limits;
  limits.cpu_ms = arguments.cpu_limit_s * 1000;
  if (!arguments.in_process) {
    return sweep::RunContained(scenario, run, limits, program.runner.run);
  }
  sweep::JobOutcome outcome;
  outcome.job.seed = run.seed;
  outcome.report = program.runner.run(scenario, run);
  return outcome;
}

// The knobs that the run did not ask for. One that has failed may not have come to them.
std::string UnusedKnobs(const RunOptions& run, const RunReport& report) {
  std::string names;
  for (const auto& [name, value] : run.options) {
    if (!report.options.contains(name)) names += " '" + name + "'";
  }
  return names;
}

Status WriteFiles(const Arguments& arguments, const Scenario& scenario, const RunOptions& run,
                  const sweep::JobOutcome& outcome, const Program& program) {
  if (!arguments.trace.empty()) {
    BEACH_TRY(sweep::OsWriteFile(arguments.trace, TraceAsJsonLines(outcome.report.trace)));
  }
  if (!arguments.artifact.empty()) {
    const auto artifact = sweep::ArtifactOf(scenario, run, outcome, program.runner.make_artifact);
    BEACH_TRY(sweep::OsWriteFile(arguments.artifact, artifacts::ToJson(artifact)));
  }
  return {};
}

int Run(const Arguments& arguments, const Program& program) {
  const Scenario* scenario = program.Find(arguments.scenario);
  if (scenario == nullptr) return NoSuchScenario(program, arguments.scenario);
  const auto seed = sweep::ParseNumber(arguments.seed);
  const auto knobs = ParseKnobs(arguments.knobs);
  const auto policy = ParsePolicy(arguments.policy);
  if (!seed) return UsageError("--seed: " + seed.error().message());
  if (!knobs) return UsageError("--option: " + knobs.error().message());
  if (!policy) return UsageError("--policy: there is no policy '" + arguments.policy + "'");

  RunOptions run;
  run.seed = *seed;
  run.policy = *policy;
  run.options = *knobs;
  run.keep_trace = !arguments.trace.empty();
  const auto outcome = RunOnce(arguments, *scenario, run, program);
  if (!outcome) return EnvironmentError(outcome.error());
  if (!arguments.json) PrintError(outcome->error_text);
  if (const std::string unused = UnusedKnobs(run, outcome->report); !unused.empty()) {
    const std::string message = "--option: the run asked for no knob of the name" + unused;
    if (outcome->report.verdict.ok()) return UsageError(message);
    PrintError(message + ", as far as it came\n");
  }

  RunOutput output = {.scenario = scenario->name(),
                      .seed = *seed,
                      .outcome = &*outcome,
                      .deterministic = {},
                      .mismatch = {},
                      .recorded_signature = {}};
  if (arguments.twice) {
    RunOptions again = run;
    again.keep_trace = false;
    again.address_salt = Mix64(*seed) | 1;
    const auto second = RunOnce(arguments, *scenario, again, program);
    if (!second) return EnvironmentError(second.error());
    output.mismatch = sweep::Compare(scenario->name(), *seed, outcome->report, second->report);
    output.deterministic = !output.mismatch.has_value();
  }
  const Status written = WriteFiles(arguments, *scenario, run, *outcome, program);
  if (!written) return EnvironmentError(written.error());
  PrintOut(arguments.json ? RunAsJson(output) : RunAsText(output));
  const bool fine = outcome->report.verdict.ok() && !output.mismatch;
  return fine ? kExitFine : kExitFound;
}

}  // namespace

void AddRun(command_line::Command root, const Program& program) {
  const command_line::Command command = root.Add("run", "Run one seed of one scenario");
  const auto arguments = std::make_shared<Arguments>();
  command.Text("SCENARIO", arguments->scenario, "Its name", command_line::Need::kRequired);
  command.Text("--seed", arguments->seed, "All that happens follows from it",
               command_line::Need::kRequired);
  command.Flag("--json", arguments->json, "One JSON document");
  command.Flag("--twice", arguments->twice,
               "Run again in a fresh process with other addresses, and compare the hashes");
  command.Text("--trace", arguments->trace, "Write all events to this file, as JSON lines");
  command.Text("--artifact", arguments->artifact, "Write the run's artifact to this file");
  command.Text("--policy", arguments->policy, "How the scheduler picks the next thread");
  command.Texts("--option", arguments->knobs, "Set a knob: NAME=NUMBER");
  command.Number("--cpu-limit", arguments->cpu_limit_s, 1, 86400,
                 "Seconds of processor time, after which the run hangs");
  command.Flag("--in-process", arguments->in_process,
               "Not in a worker: for a debugger; a crash is then a crash");
  command.Examples("Example:\n  " + program.name + " run " +
                   (program.scenarios.empty() ? "NAME" : program.scenarios.front()->name()) +
                   " --seed 42 --twice");
  command.Does([&program, arguments] { return Run(*arguments, program); });
}

}  // namespace beach::sim::cli
