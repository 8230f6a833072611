// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "oracle/linearizability.h"
#include "sim/cli/history_file.h"
#include "sim/cli/os_terminal.h"
#include "sim/cli/program.h"
#include "sim/sweep/os_files.h"

namespace beach::sim::cli {
namespace {

struct Arguments {
  std::string file;
  bool json = false;
  std::uint64_t configurations_max = oracle::LinearLimits().configurations_max;
};

int CheckHistory(const Arguments& arguments) {
  const auto text = sweep::OsReadFile(arguments.file == "-" ? "/dev/stdin" : arguments.file);
  if (!text) return EnvironmentError(text.error());
  auto file = ParseHistory(*text);
  if (!file) return EnvironmentError(std::move(file).error().At(arguments.file));
  const oracle::LinearReport report = oracle::CheckLinearizable(
      file->operations, {.configurations_max = arguments.configurations_max});
  PrintOut(arguments.json ? HistoryAsJson(*file, report) : HistoryAsText(*file, report));
  switch (report.verdict) {
    case oracle::LinearVerdict::kLinearizable: return kExitFine;
    case oracle::LinearVerdict::kNot: return kExitFound;
    case oracle::LinearVerdict::kUndecided:
      PrintError("undecided: the limits of the search were reached\n");
      return kExitEnvironment;
  }
  return kExitEnvironment;
}

}  // namespace

void AddCheckHistory(command_line::Command root, const Program& program) {
  const command_line::Command command = root.Add(
      "check-history",
      "Whether what clients saw of a store, any store, is linearizable. Exit code 1: it is not; 3: "
      "the file is no history, or the search ended undecided");
  const auto arguments = std::make_shared<Arguments>();
  command.Text(
      "FILE.jsonl", arguments->file,
      "One operation a line as JSON: client, op (get, put, append, cas, delete, txn), key, "
      "args, result, call, return. - is stdin",
      command_line::Need::kRequired);
  command.Flag("--json", arguments->json, "One JSON document");
  command.Number("--configurations", arguments->configurations_max, 1, std::uint64_t{1} << 32,
                 "Most that the search tries for keys that are touched together");
  command.Examples("Example:\n  " + program.name + " check-history history.jsonl\n  echo '" +
                   R"({"client":1,"op":"get","key":"x","result":"1","call":0,"return":1})" +
                   "' | " + program.name + " check-history -");
  command.Does([arguments] { return CheckHistory(*arguments); });
}

}  // namespace beach::sim::cli
