// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "sim/cli/os_terminal.h"
#include "sim/cli/program.h"
#include "sim/cli/recorded.h"
#include "sim/sweep/death.h"
#include "sim/sweep/os_files.h"
#include "sim/sweep/sweep.h"
#include "sim/timeline/page.h"

namespace beach::sim::cli {
namespace {

// As many as a browser shows without effort.
constexpr std::uint64_t kSightsMax = 200'000;

struct Arguments {
  std::string artifact;
  std::string output;
  std::uint64_t sights_max = kSightsMax;
  std::uint64_t cpu_limit_s = 20;
};

std::string Summary(const Arguments& arguments, const artifacts::Artifact& artifact,
                    const sweep::JobOutcome& outcome, const timeline::Seen& seen) {
  const artifacts::Verdict& verdict = outcome.report.verdict;
  std::string text = fmt::format("verdict          {}\n", verdict.signature);
  if (!verdict.ok()) text += fmt::format("                 {}\n", verdict.message);
  if (!sweep::SameSignature(verdict.signature, artifact.verdict.signature)) {
    text += fmt::format("recorded         {}\n", artifact.verdict.signature);
  }
  const std::uint64_t kept = seen.first().size() + seen.between().size() + seen.last().size();
  text += fmt::format("seen             {}", kept + seen.left_out());
  if (seen.left_out() > 0) text += fmt::format(", of which {} are left out", seen.left_out());
  return text + fmt::format("\npage             {}\n", arguments.output);
}

int MakeTimeline(const Arguments& arguments, const Program& program) {
  const auto recorded = ReadRecorded(arguments.artifact, program);
  if (!recorded) return recorded.error();

  const RunOptions run = recorded->ToRun();
  sweep::WorkerLimits limits;
  limits.cpu_ms = arguments.cpu_limit_s * 1000;
  timeline::Seen seen(arguments.sights_max);
  const auto outcome =
      sweep::RunWatched(*recorded->scenario, run, limits, program.runner.run, seen);
  if (!outcome) return EnvironmentError(outcome.error());

  const timeline::Subject subject = {.program = program.name,
                                     .artifact = arguments.artifact,
                                     .recorded = &recorded->artifact,
                                     .report = &outcome->report,
                                     .died = outcome->crashed,
                                     .stack = outcome->stack,
                                     .error_text = outcome->error_text};
  const Status written = sweep::OsWriteFile(arguments.output, timeline::MakePage(subject, seen));
  if (!written) return EnvironmentError(written.error());
  PrintOut(Summary(arguments, recorded->artifact, *outcome, seen));
  return kExitFine;
}

}  // namespace

void AddTimeline(command_line::Command root, const Program& program) {
  const command_line::Command command =
      root.Add("timeline",
               "Replay an artifact and make one HTML page that shows the run. Exit code 0 also "
               "where it does not fail any more: the page says so");
  const auto arguments = std::make_shared<Arguments>();
  command.Text("ARTIFACT.json", arguments->artifact, "What a failing run left",
               command_line::Need::kRequired);
  command.Text("-o,--output", arguments->output, "Where the page goes",
               command_line::Need::kRequired);
  command.Number("--limit", arguments->sights_max, 8, 1'000'000,
                 "Show so many things that happened: of a longer run, its beginning and its end, "
                 "and between them what a cluster says of itself");
  command.Number("--cpu-limit", arguments->cpu_limit_s, 1, 86400,
                 "Seconds of processor time, after which the run hangs");
  command.Examples("Example:\n  " + program.name +
                   " timeline beachsim-artifacts/NAME-42.json -o 42.html");
  command.Does([&program, arguments] { return MakeTimeline(*arguments, program); });
}

}  // namespace beach::sim::cli
