// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "sim/cli/os_terminal.h"
#include "sim/cli/output.h"
#include "sim/cli/program.h"
#include "sim/crashpoints/explore.h"
#include "sim/sweep/os_files.h"
#include "sim/sweep/os_worker.h"
#include "sim/sweep/seeds.h"

namespace beach::sim::cli {
namespace {

struct Arguments {
  std::string scenario;
  std::string seed;
  std::uint64_t cuts = 8;
  std::uint64_t jobs = sweep::OsProcessorCount();
  std::uint64_t second_percent = 25;
  std::uint64_t cpu_limit_s = 20;
  std::string artifacts = "beachsim-artifacts";
  std::vector<std::string> knobs;
  bool json = false;
};

// The path of each failure's artifact; "" where there is none.
Result<std::vector<std::string>> WriteArtifacts(const Arguments& arguments, std::uint64_t seed,
                                                const crashpoints::Exploration& exploration) {
  std::vector<std::string> paths;
  for (const crashpoints::Failure& failure : exploration.failures) {
    std::string path;
    if (!failure.artifact_json.empty()) {
      path = arguments.artifacts + "/" + arguments.scenario + "-" + std::to_string(seed) +
             "-point-" + std::to_string(failure.point) + ".json";
      BEACH_TRY(sweep::OsWriteFile(path, failure.artifact_json));
    }
    paths.push_back(std::move(path));
  }
  return paths;
}

int Crashpoints(const Arguments& arguments, const Program& program) {
  const Scenario* scenario = program.Find(arguments.scenario);
  if (scenario == nullptr) return NoSuchScenario(program, arguments.scenario);
  const auto seed = sweep::ParseNumber(arguments.seed);
  const auto knobs = ParseKnobs(arguments.knobs);
  if (!seed) return UsageError("--seed: " + seed.error().message());
  if (!knobs) return UsageError("--option: " + knobs.error().message());

  RunOptions run;
  run.seed = *seed;
  run.options = *knobs;
  const crashpoints::ExploreOptions options{.cuts_max = arguments.cuts,
                                            .jobs = arguments.jobs,
                                            .cpu_seconds = arguments.cpu_limit_s,
                                            .second_percent = arguments.second_percent};
  Result<crashpoints::Exploration> exploration = crashpoints::Exploration();
  {
    ProgressBar bar;
    exploration = crashpoints::Explore(
        *scenario, run, options, [&bar](const crashpoints::Exploration& so_far) {
          if (!bar.Due()) return;
          bar.Draw(std::to_string(so_far.points) + " crash points, " + std::to_string(so_far.cuts) +
                   " crashes, " + std::to_string(so_far.failures.size()) + " failures");
        });
  }
  if (!exploration) return EnvironmentError(exploration.error());
  const auto paths = WriteArtifacts(arguments, *seed, *exploration);
  if (!paths) return EnvironmentError(paths.error());
  if (arguments.json) {
    PrintOut(ExplorationAsJson(scenario->name(), *seed, *exploration, *paths));
  } else {
    PrintOut(ExplorationAsText(*exploration));
    for (const std::string& path : *paths) {
      if (!path.empty()) PrintOut("artifact  " + path + "\n");
    }
  }
  return exploration->failures.empty() && exploration->verdict.ok() ? kExitFine : kExitFound;
}

}  // namespace

void AddCrashpoints(command_line::Command root, const Program& program) {
  const command_line::Command command =
      root.Add("crashpoints", "Run one seed with a power loss at every I/O, several cuts each");
  const auto arguments = std::make_shared<Arguments>();
  command.Text("SCENARIO", arguments->scenario, "Its name", command_line::Need::kRequired);
  command.Text("--seed", arguments->seed, "All that happens follows from it",
               command_line::Need::kRequired);
  command.Number("--cuts", arguments->cuts, 2, 65536,
                 "Legal cuts of the un-synced set at each I/O; all, where there are no more");
  command.Number("--second", arguments->second_percent, 0, 100,
                 "Percent of the crashes that are followed by one in the recovery");
  command.Number("--jobs", arguments->jobs, 1, 1024, "Crashes tried at once");
  command.Number("--cpu-limit", arguments->cpu_limit_s, 1, 86400,
                 "Seconds of processor time, after which a recovery hangs");
  command.Text("--artifacts", arguments->artifacts, "Where artifacts of failures go");
  command.Texts("--option", arguments->knobs, "Set a knob of the run: NAME=NUMBER");
  command.Flag("--json", arguments->json, "One JSON document");
  command.Examples("Example:\n  " + program.name + " crashpoints " +
                   (program.scenarios.empty() ? "NAME" : program.scenarios.front()->name()) +
                   " --seed 42 --cuts 16");
  command.Does([&program, arguments] { return Crashpoints(*arguments, program); });
}

}  // namespace beach::sim::cli
