// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "sim/cli/os_terminal.h"
#include "sim/cli/program.h"
#include "sim/cli/recorded.h"
#include "sim/shrink/shrink.h"
#include "sim/sweep/os_files.h"
#include "sim/sweep/os_worker.h"
#include "sim/sweep/seeds.h"

namespace beach::sim::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string artifact;
  std::string output;
  std::string time = "10m";
  std::uint64_t jobs = sweep::OsProcessorCount();
  std::uint64_t cpu_limit_s = 20;
  bool json = false;
};

double Seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

Json SizeAsJson(const shrink::Size& size) {
  return {{"operations", size.operations}, {"faults", size.faults}, {"events", size.events}};
}

std::string ResultAsJson(const shrink::ShrinkResult& result, const std::string& output,
                         std::uint64_t wall_ns) {
  Json json;
  json["signature"] = result.signature;
  json["before"] = SizeAsJson(result.before);
  json["after"] = SizeAsJson(result.after);
  json["candidates"] = result.candidates;
  json["wall_seconds"] = Seconds(wall_ns);
  json["complete"] = result.complete;
  json["replay_ms"] = Seconds(result.replay_ns) * 1000;
  json["replays"] = result.faithful;
  json["artifact"] = output;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string ResultAsText(const shrink::ShrinkResult& result, const std::string& output,
                         std::uint64_t wall_ns, const std::string& program) {
  std::string text = fmt::format("signature        {}\n", result.signature);
  const auto row = [&](const char* what, std::uint64_t before, std::uint64_t after) {
    text += fmt::format("{:<17}{} -> {}\n", what, before, after);
  };
  row("operations", result.before.operations, result.after.operations);
  row("faults", result.before.faults, result.after.faults);
  row("events", result.before.events, result.after.events);
  text += fmt::format("candidates       {} in {:.1f} s{}\n", result.candidates, Seconds(wall_ns),
                      result.complete ? "" : ", stopped before the end");
  text += fmt::format("replay           {:.1f} ms\n", Seconds(result.replay_ns) * 1000);
  text += fmt::format("\n{} replay {} --timeline\n", program, output);
  return text;
}

std::string ProgressLine(const shrink::ShrinkProgress& progress, const shrink::Measured& before,
                         std::uint64_t elapsed_ns, std::uint64_t limit_ns) {
  constexpr std::uint64_t kWidth = 20;
  const std::uint64_t all = before.recorded.operations.size() + before.faults;
  const std::uint64_t left = progress.best->recorded.operations.size() + progress.best->faults;
  const std::uint64_t done = all <= left ? 0 : (all - left) * kWidth / all;
  return fmt::format(
      "[{:<{}}] {} operations, {} faults; {} candidates, {:.0f} of at most {:.0f} s: {}",
      std::string(done, '#'), kWidth, progress.best->recorded.operations.size(),
      progress.best->faults, progress.tried, Seconds(elapsed_ns), Seconds(limit_ns), progress.pass);
}

Result<shrink::ShrinkResult> RunShrink(const Arguments& arguments, const Program& program,
                                       const Recorded& recorded, std::uint64_t limit_ns) {
  sweep::InterruptGuard interrupts;
  ProgressBar bar;
  const std::uint64_t started_ns = sweep::OsMonotonicNs();
  const auto elapsed_ns = [&] { return sweep::OsMonotonicNs() - started_ns; };
  std::optional<shrink::Measured> before;
  shrink::ShrinkOptions options;
  options.jobs = arguments.jobs;
  options.limits.cpu_ms = arguments.cpu_limit_s * 1000;
  options.stopped = [&] { return interrupts.Requested() || elapsed_ns() >= limit_ns; };
  options.progress = [&](const shrink::ShrinkProgress& progress) {
    if (!before) before = *progress.best;
    if (bar.Due()) bar.Draw(ProgressLine(progress, *before, elapsed_ns(), limit_ns));
  };
  return shrink::Shrink(*recorded.scenario, recorded.artifact, program.runner, options);
}

int Shrink(const Arguments& arguments, const Program& program) {
  const auto limit_ns = sweep::ParseDuration(arguments.time);
  if (!limit_ns) return UsageError("--time: " + limit_ns.error().message());
  const auto recorded = ReadRecorded(arguments.artifact, program);
  if (!recorded) return recorded.error();

  const std::uint64_t started_ns = sweep::OsMonotonicNs();
  const auto result = RunShrink(arguments, program, *recorded, *limit_ns);
  const std::uint64_t wall_ns = sweep::OsMonotonicNs() - started_ns;
  if (!result) return EnvironmentError(result.error());
  if (!result->artifact) {
    PrintError("the artifact does not fail any more as it did ('" +
               recorded->artifact.verdict.signature + "'): its replay ended '" + result->signature +
               "'\n");
    return kExitDifferent;
  }
  const Status written = sweep::OsWriteFile(arguments.output, artifacts::ToJson(*result->artifact));
  if (!written) return EnvironmentError(written.error());
  PrintOut(arguments.json ? ResultAsJson(*result, arguments.output, wall_ns)
                          : ResultAsText(*result, arguments.output, wall_ns, program.name));
  if (result->faithful) return kExitFine;
  PrintError("the smaller artifact does not replay as it was recorded\n");
  return kExitDifferent;
}

}  // namespace

void AddShrink(command_line::Command root, const Program& program) {
  const command_line::Command command =
      root.Add("shrink",
               "Make a failing artifact small enough to read. Exit code 5: it does not fail any "
               "more as it did");
  const auto arguments = std::make_shared<Arguments>();
  command.Text("ARTIFACT.json", arguments->artifact, "What a failing run left",
               command_line::Need::kRequired);
  command.Text("-o,--output", arguments->output, "Where the smaller artifact goes",
               command_line::Need::kRequired);
  command.Text("--time", arguments->time, "At most so long; what was reached by then is written");
  command.Number("--jobs", arguments->jobs, 1, 1024, "Runs at once; no part in the result");
  command.Number("--cpu-limit", arguments->cpu_limit_s, 1, 86400,
                 "Seconds of processor time, after which a run hangs");
  command.Flag("--json", arguments->json, "One JSON document");
  command.Examples("Example:\n  " + program.name +
                   " shrink beachsim-artifacts/NAME-42.json -o NAME.json");
  command.Does([&program, arguments] { return Shrink(*arguments, program); });
}

}  // namespace beach::sim::cli
