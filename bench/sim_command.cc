// SPDX-License-Identifier: Apache-2.0
#include "bench/sim_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <memory>

#include "bench/figures.h"
#include "bench/floor.h"
#include "bench/loads.h"
#include "sim/cli/os_terminal.h"
#include "sim/cli/program.h"
#include "sim/sweep/seeds.h"

namespace beach::bench {
namespace {

using sim::cli::PrintError;

// Long enough to have touched the pages that all runs use.
constexpr std::uint64_t kWarmUpShare = 10;

struct Arguments {
  std::vector<std::string> scenarios;
  std::vector<std::string> knobs;
  std::string time = "10s";
  std::string start = "1000000";
  std::uint64_t rounds = 5;
  bool floor = false;
  bool json = false;
};

std::uint64_t Read(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

Clocks OsClocks() {
  return {.processor_ns = [] { return Read(CLOCK_PROCESS_CPUTIME_ID); },
          .wall_ns = [] { return Read(CLOCK_MONOTONIC); }};
}

Figures MeasureLoad(const Load& load, const Plan& plan) {
  sim::cli::ProgressBar bar;
  std::uint64_t seeds = 0;
  const auto progress = [&](const Sums& round) {
    ++seeds;
    if (!bar.Due()) return;
    const std::uint64_t ms = std::max(round.processor_ns / 1'000'000, std::uint64_t{1});
    bar.Draw(fmt::format("{}: {} seeds, {}/s", load.name, seeds, round.seeds * 1000 / ms));
  };
  Figures figures = Measure(*load.scenario, plan, sim::RunScenario, OsClocks(), progress);
  figures.scenario = load.name;
  return figures;
}

int Sim(const Arguments& arguments) {
  const auto time = sim::sweep::ParseDuration(arguments.time);
  if (!time) return sim::cli::UsageError("--time: " + time.error().message());
  const auto start = sim::sweep::ParseNumber(arguments.start);
  if (!start) return sim::cli::UsageError("--start: " + start.error().message());
  const auto options = sim::cli::ParseKnobs(arguments.knobs);
  if (!options) return sim::cli::UsageError("--option: " + options.error().message());
  std::vector<Load> loads = arguments.floor ? AsLoads(MakeFloors()) : MakeLoads();
  for (const std::string& name : arguments.scenarios) {
    if (std::ranges::find(loads, name, &Load::name) == loads.end()) {
      return sim::cli::UsageError("--scenario: there is no '" + name + "'");
    }
  }
  Plan plan{.first_seed = *start,
            .rounds = arguments.rounds,
            .wall_ns = *time,
            .warm_up_wall_ns = *time / kWarmUpShare};
  std::vector<Figures> all;
  bool failed = false;
  for (const Load& load : loads) {
    const bool wanted =
        arguments.scenarios.empty() ||
        std::ranges::find(arguments.scenarios, load.name) != arguments.scenarios.end();
    if (!wanted) continue;
    plan.options = *options;
    plan.options.insert(load.options.begin(), load.options.end());
    all.push_back(MeasureLoad(load, plan));
    failed = failed || !all.back().failures.empty();
  }
  sim::cli::PrintOut(arguments.json ? AsJson(all) : AsText(all));
  return failed ? sim::cli::kExitFound : sim::cli::kExitFine;
}

}  // namespace

void AddSim(command_line::Command root) {
  const command_line::Command command =
      root.Add("sim", "Run fresh seeds of each scenario in this process, on one core");
  const auto arguments = std::make_shared<Arguments>();
  command.Texts("--scenario", arguments->scenarios, "Only this one; may be given again");
  command.Texts("--option", arguments->knobs, "Set a knob of every run: NAME=NUMBER");
  command.Text("--time", arguments->time, "For each scenario: 10s, 500ms");
  command.Number("--rounds", arguments->rounds, 1, 1000, "Parts of that time; medians are of them");
  command.Text("--start", arguments->start, "The first seed");
  command.Flag("--floor", arguments->floor,
               "Instead, scenarios that do nothing but cause events and switches");
  command.Flag("--json", arguments->json, "One JSON document");
  command.Examples("Example:\n  beachbench sim --scenario engine-crash --time 30s");
  command.Does([arguments] { return Sim(*arguments); });
}

}  // namespace beach::bench
