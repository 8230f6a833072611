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
  std::string against;
  std::string trace;
  std::string artifact;
  std::string images;
  std::string policy = "mixed";
  std::vector<std::string> knobs;
  std::string without;
  std::uint64_t cpu_limit_s = 20;
};

using sweep::JobOutcome;

Result<JobOutcome> RunOnce(const Arguments& arguments, const Scenario& scenario,
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

// The same run of the program at `path`, in a process that has nothing of this one.
Result<JobOutcome> RunAnew(const std::string& path, std::uint64_t salt, EventRange close_up,
                           const Arguments& arguments, const Scenario& scenario,
                           const RunOptions& run, const Program& program) {
  sweep::PoolOptions options;
  options.run = run;
  options.run.keep_trace = false;
  options.run.close_up = close_up;
  options.full_reports = true;
  options.limits.cpu_ms = arguments.cpu_limit_s * 1000;
  options.fresh_command = WorkerCommand(path, {&scenario}, options);
  return sweep::RunFresh(scenario, run.seed, salt, options, program.runner.run);
}

// How a process ends that could not become that program, or one that does not know the command.
constexpr const char* kNoSuchProgram = "exit: status 127";
constexpr const char* kNotAWorker = "exit: status 2";

// Compares the run with that of another process, of another program if one is named.
Status Compare(const Arguments& arguments, const Scenario& scenario, const RunOptions& run,
               const Program& program, RunOutput& output) {
  const std::string other = arguments.against.empty() ? kThisProgram : arguments.against;
  const std::uint64_t salt = Mix64(run.seed) | 1;
  BEACH_TRY_ASSIGN(const sweep::JobOutcome second,
                   RunAnew(other, salt, {}, arguments, scenario, run, program));
  const std::string& end = second.report.verdict.signature;
  if (second.crashed && (end == kNoSuchProgram || end == kNotAWorker)) {
    return Fail(Error(ErrorCode::kRefused, "it serves no runs: " + second.error_text).At(other));
  }
  output.mismatch =
      sweep::Compare(scenario.name(), run.seed, output.outcome->report, second.report);
  output.deterministic = !output.mismatch.has_value();
  if (output.deterministic.value()) return {};
  const auto close_up_of = [&](const std::string& path, std::uint64_t with_salt) {
    return [&, path, with_salt](EventRange range) -> Result<RunReport> {
      BEACH_TRY_ASSIGN(sweep::JobOutcome outcome,
                       RunAnew(path, with_salt, range, arguments, scenario, run, program));
      return std::move(outcome.report);
    };
  };
  // The first run once more, in a process like those of the close-ups.
  BEACH_TRY_ASSIGN(const RunReport first, close_up_of(kThisProgram, 0)({}));
  BEACH_TRY_ASSIGN(output.difference,
                   sweep::FindDifference(first, second.report, close_up_of(kThisProgram, 0),
                                         close_up_of(other, salt)));
  // What leaks may be another value each time, and now the same by chance.
  if (!output.difference) {
    output.difference = sweep::Difference{
        .event = output.mismatch->event, .steady = false, .before = {}, .first = {}, .second = {}};
  }
  return {};
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
  if (!arguments.images.empty()) BEACH_TRY(WriteImages(arguments.images, outcome));
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
  auto knobs = ParseKnobs(arguments.knobs);
  const auto policy = ParsePolicy(arguments.policy);
  if (!seed) return UsageError("--seed: " + seed.error().message());
  if (!knobs) return UsageError("--option: " + knobs.error().message());
  if (!policy) return UsageError("--policy: there is no policy '" + arguments.policy + "'");
  const Status without = AddWithout(program, arguments.without, *knobs);
  if (!without) return UsageError("--without: " + without.error().message());

  RunOptions run;
  run.seed = *seed;
  run.policy = *policy;
  run.options = *knobs;
  run.keep_trace = !arguments.trace.empty();
  run.keep_shown = run.keep_trace;
  run.keep_images = !arguments.images.empty();
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
                      .difference = {},
                      .recorded_signature = {}};
  if (arguments.twice || !arguments.against.empty()) {
    const Status compared = Compare(arguments, *scenario, run, program, output);
    if (!compared) return EnvironmentError(compared.error());
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
               "Run again in a fresh process with other addresses and environment, compare the\n"
               "hashes, and show the first event that differs");
  command.Text("--against", arguments->against,
               "Compare with the same run of this other build of the program, given by its path");
  command.Text("--trace", arguments->trace, "Write all events to this file, as JSON lines");
  command.Text("--images", arguments->images, kImagesHelp);
  command.Text("--artifact", arguments->artifact, "Write the run's artifact to this file");
  command.Text("--policy", arguments->policy, "How the scheduler picks the next thread");
  command.Texts("--option", arguments->knobs, "Set a knob: NAME=NUMBER");
  command.Text("--without", arguments->without, kWithoutHelp);
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
