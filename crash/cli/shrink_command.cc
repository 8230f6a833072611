// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/units.h"
#include "command_line/terminal.h"
#include "crash/cli/commands.h"
#include "crash/cli/interrupt.h"
#include "crash/run/campaign.h"
#include "crash/run/folders.h"
#include "crash/run/shrink.h"
#include "crash/run/worker_process.h"

namespace beach::crash {
namespace {

constexpr std::uint64_t kTimes = 2;  // in a row that a smaller run must fail

struct Arguments {
  std::string file;
  std::string output;
  std::string time = "60s";
};

// Runs plans in folders of their own, one after the other.
class Trial {
 public:
  Trial(std::string program, std::string workspace)
      : program_(std::move(program)), workspace_(std::move(workspace)) {}

  Result<RunReport> Run(const Plan& plan) {
    const Place place{.program = program_,
                      .workspace = workspace_ + "/try-" + std::to_string(++tries_)};
    auto report = RunPlan(plan, place);
    std::error_code ignored;  // what stays goes with the workspace
    std::filesystem::remove_all(place.workspace, ignored);
    return report;
  }

  Result<bool> Fails(const Plan& plan, const std::string& signature) {
    for (std::uint64_t i = 0; i < kTimes; ++i) {
      BEACH_TRY_ASSIGN(const RunReport report, Run(plan));
      if (report.verdict.signature != signature) return false;
    }
    return true;
  }

 private:
  const std::string program_;
  const std::string workspace_;
  std::uint64_t tries_ = 0;
};

std::string Describe(const Plan& plan) {
  return fmt::format("{} lives, {} operations", plan.lives.size(), CountOperations(plan));
}

Result<int> Go(const Arguments& arguments) {
  BEACH_TRY_ASSIGN(const std::uint64_t time_ns, ParseTime(arguments.time));
  artifacts::Artifact artifact;
  BEACH_TRY_ASSIGN(Plan plan, ReadPlan(arguments.file, artifact));
  BEACH_TRY_ASSIGN(const std::string program, OwnProgram());
  BEACH_TRY_ASSIGN(const Workspace workspace, Workspace::Make(""));
  const std::string& signature = artifact.verdict.signature;
  const Interrupt interrupt;
  Trial trial(program, workspace.path());
  BEACH_TRY_ASSIGN(const RunReport first, trial.Run(plan));
  if (artifact.verdict.ok() || first.verdict.signature != signature) {
    command_line::PrintError(fmt::format("it does not fail with {}, but ends with {}\n", signature,
                                         first.verdict.signature));
    return command_line::kExitNeverFired;
  }
  plan.lives.resize(first.lives);  // what comes after it has no part in it
  const std::string before = Describe(plan);
  const std::uint64_t deadline = NowNs() + time_ns;
  BEACH_TRY_ASSIGN(
      const Plan small,
      Shrink(
          plan, [&](const Plan& candidate) { return trial.Fails(candidate, signature); },
          [&] { return NowNs() < deadline && !interrupt.asked(); }));
  BEACH_TRY_ASSIGN(const RunReport last, trial.Run(small));
  if (last.verdict.signature != signature) {
    command_line::PrintError("it does not fail each time: nothing was written\n");
    return command_line::kExitNeverFired;
  }
  BEACH_TRY(WriteFile(arguments.output, artifacts::ToJson(MakeArtifact(small, last))));
  command_line::PrintOut(fmt::format("{}\nbefore: {}\nafter:  {}\n{}\n", signature, before,
                                     Describe(small), arguments.output));
  return command_line::kExitFine;
}

}  // namespace

void AddShrinkCommand(const command_line::Command& root) {
  const command_line::Command command =
      root.Add("shrink", "makes a failing run small: fewer lives, deaths and operations");
  command.Examples(
      "Example:\n"
      "  beachcrash shrink beachcrash-artifacts/crash-7.json -o small.json\n"
      "Exit codes: 0 done, 2 usage, 3 environment, 5 it does not fail as recorded.\n");
  const auto arguments = std::make_shared<Arguments>();
  command.Text("ARTIFACT", arguments->file, "what 'beachcrash run' wrote",
               command_line::Need::kRequired);
  command.Text("-o,--output", arguments->output, "the small artifact",
               command_line::Need::kRequired);
  command.Text("--time", arguments->time, "at most so long");
  command.Does([arguments] {
    const Result<int> code = Go(*arguments);
    return code ? *code : command_line::ReportError(code.error());
  });
}

}  // namespace beach::crash
