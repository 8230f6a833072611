// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <string>

#include "command_line/terminal.h"
#include "crash/cli/commands.h"
#include "crash/cli/interrupt.h"
#include "crash/run/campaign.h"
#include "crash/run/folders.h"

namespace beach::crash {
namespace {

struct Arguments {
  std::string file;
  std::string workspace;
  std::uint64_t times = 1;
  bool timeline = false;
};

void PrintEvents(const RunReport& report) {
  for (const artifacts::TraceEvent& event : report.events) {
    command_line::PrintOut(
        fmt::format("{:>6} {:<8} {:<8} {}\n", event.event, event.thread, event.kind, event.text));
  }
}

Result<int> Go(const Arguments& arguments) {
  artifacts::Artifact artifact;
  BEACH_TRY_ASSIGN(const Plan plan, ReadPlan(arguments.file, artifact));
  BEACH_TRY_ASSIGN(const std::string program, OwnProgram());
  BEACH_TRY_ASSIGN(const Workspace workspace, Workspace::Make(arguments.workspace));
  const std::string& wanted = artifact.verdict.signature;
  std::uint64_t same = 0;
  std::uint64_t fine = 0;
  const Interrupt interrupt;
  std::uint64_t done = 0;
  for (; done < arguments.times && !interrupt.asked(); ++done) {
    const Place place{.program = program,
                      .workspace = workspace.path() + "/replay-" + std::to_string(done + 1),
                      .go_on = [&interrupt] { return !interrupt.asked(); }};
    BEACH_TRY_ASSIGN(const RunReport report, RunPlan(plan, place));
    if (report.interrupted) break;
    if (arguments.timeline && done == 0) PrintEvents(report);
    if (report.verdict.ok()) ++fine;
    if (report.verdict.signature == wanted) ++same;
    if (done == 0 || report.verdict.signature != wanted) {
      command_line::PrintOut(report.verdict.signature + "\n");
      if (!report.verdict.ok()) command_line::PrintOut(report.verdict.message + "\n");
    }
  }
  command_line::PrintOut(fmt::format("{} of {} times {}\n", same, done, wanted));
  if (done == 0) return command_line::kExitEnvironment;
  if (same == done)
    return artifact.verdict.ok() ? command_line::kExitFine : command_line::kExitFound;
  return fine == done ? command_line::kExitFine : command_line::kExitNeverFired;
}

}  // namespace

void AddReplayCommand(const command_line::Command& root) {
  const command_line::Command command =
      root.Add("replay", "runs an artifact again: the same lives, the same deaths");
  command.Examples(
      "Example:\n"
      "  beachcrash replay beachcrash-artifacts/crash-1.json --times 10\n"
      "Exit codes: 1 the same was found each time, 0 runs clean now, 3 it is no artifact,\n"
      "5 something else was found.\n");
  const auto arguments = std::make_shared<Arguments>();
  command.Text("ARTIFACT", arguments->file, "what 'beachcrash run' wrote",
               command_line::Need::kRequired);
  command.Number("--times", arguments->times, 1, 1'000'000, "how often");
  command.Flag("--timeline", arguments->timeline, "prints what happened");
  command.Text("--workspace", arguments->workspace,
               "the folder in which databases are made, for the time");
  command.Does([arguments] {
    const Result<int> code = Go(*arguments);
    return code ? *code : command_line::ReportError(code.error());
  });
}

}  // namespace beach::crash
