// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "sim/cli/os_terminal.h"
#include "sim/cli/program.h"
#include "sim/sweep/os_files.h"
#include "sim/sweep/report.h"

namespace beach::sim::cli {
namespace {

struct Arguments {
  std::vector<std::string> files;
  bool json = false;
};

int Merge(const Arguments& arguments, const Program& program) {
  sweep::SweepReport sum;
  for (const std::string& file : arguments.files) {
    const auto text = sweep::OsReadFile(file);
    if (!text) return EnvironmentError(text.error());
    auto report = sweep::SweepReportFromJson(*text);
    if (!report) return EnvironmentError(std::move(report).error().At(file));
    sum.Merge(*report);
  }
  PrintOut(arguments.json ? sweep::ToJson(sum) : sweep::Summary(sum, program.name));
  return ReportExitCode(sum);
}

}  // namespace

void AddMerge(command_line::Command root, const Program& program) {
  const command_line::Command command =
      root.Add("merge", "Make one report of the reports of several shards");
  const auto arguments = std::make_shared<Arguments>();
  command.Texts("SHARD.json", arguments->files, "Outputs of sweep --json",
                command_line::Need::kRequired);
  command.Flag("--json", arguments->json, "One JSON document");
  command.Examples("Example:\n  " + program.name + " merge shard-*.json");
  command.Does([&program, arguments] { return Merge(*arguments, program); });
}

}  // namespace beach::sim::cli
