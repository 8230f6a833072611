// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "sim/cli/os_terminal.h"
#include "sim/cli/output.h"
#include "sim/cli/program.h"
#include "sim/cli/recorded.h"
#include "sim/sweep/death.h"
#include "sim/sweep/os_files.h"
#include "sim/sweep/sweep.h"

namespace beach::sim::cli {
namespace {

struct Arguments {
  std::string artifact;
  bool timeline = false;
  bool strict = false;
  bool json = false;
  std::string trace;
  std::string images;
  std::uint64_t cpu_limit_s = 20;
};

int ExitCode(const artifacts::Artifact& artifact, const RunReport& report, bool strict) {
  if (strict && report.diverged_at) return kExitDifferent;
  if (report.verdict.ok()) return kExitFine;
  const bool same = sweep::SameSignature(report.verdict.signature, artifact.verdict.signature);
  return same ? kExitFound : kExitDifferent;
}

int Replay(const Arguments& arguments, const Program& program) {
  const auto recorded = ReadRecorded(arguments.artifact, program);
  if (!recorded) return recorded.error();
  const artifacts::Artifact& artifact = recorded->artifact;

  RunOptions run = recorded->ToRun();
  run.keep_trace = arguments.timeline || !arguments.trace.empty();
  run.keep_shown = run.keep_trace;
  run.keep_images = !arguments.images.empty();
  sweep::WorkerLimits limits;
  limits.cpu_ms = arguments.cpu_limit_s * 1000;
  const auto outcome = sweep::RunContained(*recorded->scenario, run, limits, program.runner.run);
  if (!outcome) return EnvironmentError(outcome.error());
  if (!arguments.json) PrintError(outcome->error_text);

  // A dead worker may have told nothing; the recorded end is better than that.
  const bool silent = outcome->crashed && outcome->report.trace.empty();
  const auto& trace = silent ? artifact.last_events : outcome->report.trace;
  if (!arguments.trace.empty()) {
    const Status written = sweep::OsWriteFile(arguments.trace, TraceAsJsonLines(trace));
    if (!written) return EnvironmentError(written.error());
  }
  if (!arguments.images.empty()) {
    const Status written = WriteImages(arguments.images, *outcome);
    if (!written) return EnvironmentError(written.error());
  }
  const RunOutput output = {.scenario = recorded->scenario->name(),
                            .seed = run.seed,
                            .outcome = &*outcome,
                            .deterministic = {},
                            .mismatch = {},
                            .difference = {},
                            .recorded_signature = artifact.verdict.signature};
  const std::string timeline = arguments.timeline ? Timeline(trace) + "\n" : "";
  if (arguments.json) PrintError(timeline);
  PrintOut(arguments.json ? RunAsJson(output) : timeline + RunAsText(output));
  return ExitCode(artifact, outcome->report, arguments.strict);
}

}  // namespace

void AddReplay(command_line::Command root, const Program& program) {
  const command_line::Command command =
      root.Add("replay",
               "Run an artifact again. Exit code 1: failed in the same "
               "way, 0: clean now, 5: failed otherwise");
  const auto arguments = std::make_shared<Arguments>();
  command.Text("ARTIFACT.json", arguments->artifact, "What a failing run left",
               command_line::Need::kRequired);
  command.Flag("--timeline", arguments->timeline, "Print every event, one a line");
  command.Text("--trace", arguments->trace, "Write all events to this file, as JSON lines");
  command.Text("--images", arguments->images, kImagesHelp);
  command.Flag("--strict", arguments->strict, "A divergence from the recording is an error");
  command.Flag("--json", arguments->json, "One JSON document");
  command.Number("--cpu-limit", arguments->cpu_limit_s, 1, 86400,
                 "Seconds of processor time, after which the run hangs");
  command.Examples("Example:\n  " + program.name +
                   " replay beachsim-artifacts/NAME-42.json --timeline");
  command.Does([&program, arguments] { return Replay(*arguments, program); });
}

}  // namespace beach::sim::cli
