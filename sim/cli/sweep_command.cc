// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "sim/cli/os_terminal.h"
#include "sim/cli/program.h"
#include "sim/sweep/os_files.h"
#include "sim/sweep/os_worker.h"
#include "sim/sweep/sweep.h"

namespace beach::sim::cli {
namespace {

constexpr const char* kDefaultTime = "60s";

struct Arguments {
  std::vector<std::string> scenarios;
  std::string seeds;
  std::string start;
  std::string time;
  std::uint64_t jobs = sweep::OsProcessorCount();
  std::optional<std::string> shard;
  std::string artifacts = "beachsim-artifacts";
  std::string twice;
  std::string hashes;
  std::string policy = "mixed";
  std::vector<std::string> knobs;
  std::string without;
  bool json = false;
  bool keep_going = false;
  std::uint64_t cpu_limit_s = 20;
};

// Those that match any of the patterns, each once; all when there is no pattern.
Result<std::vector<const Scenario*>> Chosen(const Program& program,
                                            const std::vector<std::string>& patterns) {
  std::vector<const Scenario*> chosen;
  for (const auto& scenario : program.scenarios) {
    const bool wanted = std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) {
      return sweep::GlobMatches(pattern, scenario->name());
    });
    if (wanted || patterns.empty()) chosen.push_back(scenario.get());
  }
  for (const std::string& pattern : patterns) {
    const bool used = std::any_of(chosen.begin(), chosen.end(), [&](const Scenario* scenario) {
      return sweep::GlobMatches(pattern, scenario->name());
    });
    if (!used) return Fail(ErrorCode::kNotFound, pattern);
  }
  if (chosen.empty()) return Fail(ErrorCode::kNotFound, "*");
  return chosen;
}

// What the command line says about seeds and time. With neither, a minute; without seeds, they
// start where no earlier sweep is likely to have been.
Status ReadSeedsAndTime(const Arguments& arguments, sweep::SweepOptions& options) {
  if (!arguments.seeds.empty() && !arguments.start.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "--start is for a sweep without --seeds");
  }
  if (!arguments.seeds.empty()) {
    BEACH_TRY_ASSIGN(options.seeds, sweep::ParseSeedRange(arguments.seeds));
  } else if (!arguments.start.empty()) {
    BEACH_TRY_ASSIGN(options.seeds.begin, sweep::ParseNumber(arguments.start));
  } else {
    options.seeds.begin = sweep::OsWallMs();
  }
  const bool endless = arguments.seeds.empty() && arguments.time.empty();
  const std::string time = endless ? kDefaultTime : arguments.time;
  if (time.empty()) return {};
  BEACH_TRY_ASSIGN(options.wall_ns_max, sweep::ParseDuration(time));
  return {};
}

Status ReadRest(const Arguments& arguments, sweep::SweepOptions& options) {
  if (arguments.shard) {
    BEACH_TRY_ASSIGN(options.shard, sweep::ParseShard(*arguments.shard));
  }
  if (!arguments.twice.empty()) {
    BEACH_TRY_ASSIGN(options.twice_per_million, sweep::ParseFraction(arguments.twice));
  }
  BEACH_TRY_ASSIGN(options.pool.run.options, ParseKnobs(arguments.knobs));
  const auto policy = ParsePolicy(arguments.policy);
  if (!policy) return Fail(ErrorCode::kInvalidArgument, "there is no policy " + arguments.policy);
  options.pool.run.policy = *policy;
  options.pool.workers = static_cast<unsigned>(arguments.jobs);
  options.pool.limits.cpu_ms = arguments.cpu_limit_s * 1000;
  options.keep_going = arguments.keep_going;
  options.artifacts_folder = arguments.artifacts;
  return {};
}

int Sweep(const Arguments& arguments, const Program& program) {
  sweep::SweepOptions options;
  auto chosen = Chosen(program, arguments.scenarios);
  if (!chosen) return NoSuchScenario(program, chosen.error().message());
  options.scenarios = std::move(*chosen);
  Status read = ReadSeedsAndTime(arguments, options);
  if (read) read = ReadRest(arguments, options);
  if (read) read = AddWithout(program, arguments.without, options.pool.run.options);
  if (!read) return UsageError(read.error().message());
  options.pool.fresh_command = WorkerCommand(kThisProgram, options.scenarios, options.pool);
  if (arguments.seeds.empty()) {
    PrintError("seeds from " + std::to_string(options.seeds.begin) + "\n");
  }

  std::vector<std::string> hashes;
  if (!arguments.hashes.empty()) {
    options.on_run = [&hashes](const std::string& scenario, std::uint64_t seed,
                               const RunReport& run) {
      hashes.push_back(fmt::format("{} {:020} {} {} {}\n", scenario, seed, run.hash.ToString(),
                                   run.events, run.verdict.signature));
    };
  }
  Result<sweep::SweepReport> report = sweep::SweepReport();
  {
    ProgressBar bar;
    const auto progress = [&](const sweep::SweepReport& so_far, std::uint64_t done,
                              std::uint64_t total) {
      if (bar.Due()) bar.Draw(sweep::ProgressLine(so_far, done, total, bar.width()));
    };
    report = sweep::RunSweep(options, program.runner, progress);
  }
  if (!report) return EnvironmentError(report.error());
  if (!arguments.hashes.empty()) {
    std::ranges::sort(hashes);
    const Status written =
        sweep::OsWriteFile(arguments.hashes, fmt::format("{}", fmt::join(hashes, "")));
    if (!written) return EnvironmentError(written.error());
  }
  PrintOut(arguments.json ? sweep::ToJson(*report) : sweep::Summary(*report, program.name));
  return ReportExitCode(*report);
}

}  // namespace

void AddSweep(command_line::Command root, const Program& program) {
  const command_line::Command command = root.Add("sweep", "Run many seeds, on all processors");
  const auto arguments = std::make_shared<Arguments>();
  command.Texts("SCENARIO", arguments->scenarios, "Names or globs; none for all");
  command.Text("--seeds", arguments->seeds, "A..B: A is included, B is not");
  command.Text("--start", arguments->start, "The first seed, when --seeds is not given");
  command.Text("--time", arguments->time, "Stop after this time: 60s, 5m (default 60s)");
  command.Number("--jobs", arguments->jobs, 1, 1024, "Worker processes");
  command.Text("--shard", arguments->shard, "K/N: only the K-th of N equal shares of seeds");
  command.Text("--artifacts", arguments->artifacts, "Where artifacts of failures go");
  command.Text("--twice", arguments->twice,
               "Share of the seeds, 0 to 1, to run again in fresh processes and compare");
  command.Text("--hashes", arguments->hashes,
               "Write scenario, seed, hash, events and verdict of each run to this file, sorted");
  command.Text("--policy", arguments->policy, "How the scheduler picks the next thread");
  command.Texts("--option", arguments->knobs, "Set a knob of every run: NAME=NUMBER");
  command.Text("--without", arguments->without, kWithoutHelp);
  command.Number("--cpu-limit", arguments->cpu_limit_s, 1, 86400,
                 "Seconds of processor time, after which a run hangs");
  command.Flag("--json", arguments->json, "One JSON document");
  command.Flag("--keep-going", arguments->keep_going, "Do not stop at the first failure");
  command.Examples("Example:\n  " + program.name + " sweep --seeds 0..1000 --twice 0.05\n  " +
                   program.name + " sweep --time 5m --keep-going --json > report.json");
  command.Does([&program, arguments] { return Sweep(*arguments, program); });
}

}  // namespace beach::sim::cli
