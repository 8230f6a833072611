// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "sim/cli/program.h"
#include "sim/sweep/seeds.h"
#include "sim/sweep/serve.h"

// The other end of OsWorker::Spawn: a process that has nothing of the one that compares with it.

namespace beach::sim::cli {
namespace {

struct Arguments {
  std::vector<std::string> scenarios;
  std::vector<std::string> knobs;
  std::string policy = "mixed";
  std::string close_up;
  bool full = false;
  std::uint64_t cpu_limit_ms = 20'000;
  std::uint64_t channel = 0;
  std::uint64_t crash_pipe = 0;
};

int Work(const Arguments& arguments, const Program& program) {
  sweep::PoolOptions options;
  std::vector<const Scenario*> scenarios;
  for (const std::string& name : arguments.scenarios) {
    const Scenario* const scenario = program.Find(name);
    if (scenario == nullptr) return NoSuchScenario(program, name);
    scenarios.push_back(scenario);
  }
  const auto knobs = ParseKnobs(arguments.knobs);
  if (!knobs) return UsageError("--option: " + knobs.error().message());
  const auto policy = ParsePolicy(arguments.policy);
  if (!policy) return UsageError("--policy: there is no policy '" + arguments.policy + "'");
  if (!arguments.close_up.empty()) {
    const auto close_up = sweep::ParseSeedRange(arguments.close_up);
    if (!close_up) return UsageError("--close-up: " + close_up.error().message());
    options.run.close_up = {close_up->begin, close_up->end - 1};
  }
  options.run.options = *knobs;
  options.run.policy = *policy;
  options.run.keep_trace = options.run.close_up.last > 0;
  options.full_reports = arguments.full;
  options.limits.cpu_ms = arguments.cpu_limit_ms;
  sweep::OsWorker::ServeOn(
      [&](ByteView request, const sweep::OsWorker::Tell& tell) {
        return sweep::ServeJob(options, scenarios, program.runner.run, request, tell);
      },
      options.limits, static_cast<int>(arguments.channel), static_cast<int>(arguments.crash_pipe));
}

}  // namespace

std::vector<std::string> WorkerCommand(const std::string& path,
                                       const std::vector<const Scenario*>& scenarios,
                                       const sweep::PoolOptions& options) {
  std::vector<std::string> words = {path, "worker"};
  const auto add = [&words](const char* name, std::string value) {
    words.emplace_back(name);
    words.push_back(std::move(value));
  };
  for (const Scenario* const scenario : scenarios) words.push_back(scenario->name());
  for (const auto& [name, value] : options.run.options) {
    add("--option", name + "=" + std::to_string(value));
  }
  add("--policy", PolicyName(options.run.policy));
  add("--cpu-limit-ms", std::to_string(options.limits.cpu_ms));
  if (const EventRange range = options.run.close_up; range.last > 0) {
    add("--close-up", std::to_string(range.first) + ".." + std::to_string(range.last + 1));
  }
  if (options.full_reports) words.emplace_back("--full");
  return words;
}

void AddWorker(command_line::Command root, const Program& program) {
  const command_line::Command command =
      root.Add("worker", "Serves seeds to another process (run --twice, --against; sweep --twice)");
  const auto arguments = std::make_shared<Arguments>();
  constexpr std::uint64_t kDescriptorMax = 1'000'000;
  command.Texts("SCENARIO", arguments->scenarios, "Their names, in the order of the jobs",
                command_line::Need::kRequired);
  command.Texts("--option", arguments->knobs, "Set a knob of every run: NAME=NUMBER");
  command.Text("--policy", arguments->policy, "How the scheduler picks the next thread");
  command.Text("--close-up", arguments->close_up, "A..B: tell of events A to B - 1 one by one");
  command.Flag("--full", arguments->full, "Whole reports of runs without a failure too");
  command.Number("--cpu-limit-ms", arguments->cpu_limit_ms, 1, 86'400'000,
                 "Processor time, after which a run hangs");
  command.Number("--channel", arguments->channel, 0, kDescriptorMax,
                 "The descriptor of requests and answers");
  command.Number("--crash-pipe", arguments->crash_pipe, 0, kDescriptorMax,
                 "The descriptor for what is left of it");
  command.Examples("Example:\n  " + program.name + " run SCENARIO --seed 1 --twice   starts two");
  command.Does([&program, arguments] { return Work(*arguments, program); });
}

}  // namespace beach::sim::cli
