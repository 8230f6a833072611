// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "command_line/terminal.h"
#include "crash/cli/commands.h"
#include "crash/cli/interrupt.h"
#include "crash/points/points.h"
#include "crash/run/campaign.h"
#include "crash/run/folders.h"

namespace beach::crash {
namespace {

struct Arguments {
  std::uint64_t seed = 1;
  std::uint64_t cycles = 10;
  std::uint64_t operations = 60;
  std::uint64_t clients = 0;
  std::string point;
  std::string fault;
  std::string workspace;
  std::string artifacts = "beachcrash-artifacts";
  bool timed = false;
  bool exhaustive = false;
  bool power = false;
  bool json = false;
};

constexpr std::size_t kBarWidth = 24;

// NAME[:HIT] of that kind, or why not.
Result<std::vector<env::ArmedFailpoint>> Arm(const std::string& text, PointKind kind) {
  if (text.empty()) return std::vector<env::ArmedFailpoint>();
  BEACH_TRY_ASSIGN(std::vector<env::ArmedFailpoint> armed, env::ParseFailpoints(text));
  for (const env::ArmedFailpoint& one : armed) {
    const Point* const point = FindPoint(one.name);
    if (point == nullptr) {
      return Fail(ErrorCode::kInvalidArgument,
                  "there is no failpoint " + one.name + "; 'beachcrash points' lists them");
    }
    if (point->kind != kind) {
      return Fail(ErrorCode::kInvalidArgument,
                  one.name + (kind == PointKind::kCrash ? " is a call that fails: say --fault"
                                                        : " is a place to die at: say --point"));
    }
  }
  return armed;
}

std::string AsJson(const Totals& totals) {
  nlohmann::ordered_json struck = nlohmann::ordered_json::object();
  for (const Point& point : Points()) {
    const auto found = totals.sum.struck.find(std::string(point.name));
    struck[std::string(point.name)] = found == totals.sum.struck.end() ? 0 : found->second;
  }
  const artifacts::Verdict& verdict = totals.sum.verdict;
  nlohmann::ordered_json json = {{"verdict", verdict.ok() ? "ok" : "found"},
                                 {"signature", verdict.signature},
                                 {"message", verdict.message},
                                 {"artifact", totals.artifact},
                                 {"data", totals.data},
                                 {"replayed", totals.replayed},
                                 {"replays", totals.replays},
                                 {"runs", totals.runs},
                                 {"lives", totals.sum.lives},
                                 {"kills", totals.sum.kills},
                                 {"kills_in_recovery", totals.sum.kills_in_recovery},
                                 {"power_cuts", totals.sum.power_cuts},
                                 {"operations", totals.sum.operations},
                                 {"acknowledged", totals.sum.acknowledged},
                                 {"missed", totals.missed},
                                 {"never", totals.never},
                                 {"points", std::move(struck)}};
  return json.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string AsText(const Totals& totals) {
  const RunReport& sum = totals.sum;
  std::string text = fmt::format(
      "{} runs, {} lives, {} kills ({} of them while it recovered), {} of {} operations "
      "acknowledged\n",
      totals.runs, sum.lives, sum.kills, sum.kills_in_recovery, sum.acknowledged, sum.operations);
  if (sum.power_cuts > 0) text += fmt::format("{} losses of power\n", sum.power_cuts);
  text += fmt::format("{} of {} failpoints struck", sum.struck.size(), Points().size());
  if (totals.missed > 0) text += fmt::format("; {} passages did not come", totals.missed);
  text += "\n";
  for (const std::string& name : totals.never) text += "never struck: " + name + "\n";
  if (sum.verdict.ok()) return text + "nothing was lost\n";
  text += fmt::format("FOUND {}\n{}\nrun again: {} of {} times the same\ndata: {}\nartifact: {}\n",
                      sum.verdict.signature, sum.verdict.message, totals.replayed, totals.replays,
                      totals.data, totals.artifact);
  return text + "  beachcrash replay " + totals.artifact + "\n";
}

Result<Totals> Go(const Arguments& arguments, const Interrupt& interrupt) {
  Campaign campaign;
  campaign.request = {.seed = arguments.seed,
                      .cycles = 0,
                      .operations = arguments.operations,
                      .clients = arguments.clients,
                      .armed = {},
                      .timed = arguments.timed,
                      .power = arguments.power};
  BEACH_TRY_ASSIGN(campaign.request.armed, Arm(arguments.point, PointKind::kCrash));
  BEACH_TRY_ASSIGN(const auto faults, Arm(arguments.fault, PointKind::kFault));
  for (const env::ArmedFailpoint& fault : faults) campaign.request.armed.push_back(fault);
  campaign.cycles = arguments.cycles;
  campaign.artifacts = arguments.artifacts;
  BEACH_TRY_ASSIGN(campaign.program, OwnProgram());
  BEACH_TRY_ASSIGN(Workspace workspace, Workspace::Make(arguments.workspace));
  campaign.workspace = workspace.path();
  command_line::ProgressLine line;
  const Progress progress = [&line](const Totals& totals, std::uint64_t all) {
    if (!line.Due()) return;
    line.Draw(fmt::format("{} {}/{} runs, {} kills", command_line::Bar(totals.runs, all, kBarWidth),
                          totals.runs, all, totals.sum.kills));
  };
  const GoOn go_on = [&interrupt] { return !interrupt.asked(); };
  auto totals = arguments.exhaustive ? RunExhaustively(campaign, progress, go_on)
                                     : RunCampaign(campaign, progress, go_on);
  if (totals && !totals->sum.verdict.ok()) {
    workspace.Keep();
    totals->data = workspace.path();
  }
  return totals;
}

// What cannot be asked for together; empty: nothing.
std::string Contradiction(const Arguments& arguments) {
  const bool armed = !arguments.point.empty() || !arguments.fault.empty();
  if (arguments.exhaustive && (armed || arguments.timed)) {
    return "--exhaustive goes through all points: without --point, --fault and --timed";
  }
  if (arguments.timed && armed) return "--timed kills by the clock: without --point and --fault";
  return {};
}

int Run(const Arguments& arguments) {
  if (const std::string wrong = Contradiction(arguments); !wrong.empty()) {
    return command_line::ReportError(Error(ErrorCode::kInvalidArgument, wrong));
  }
  const Interrupt interrupt;
  const Result<Totals> totals = Go(arguments, interrupt);
  if (!totals) return command_line::ReportError(totals.error());
  command_line::PrintOut(arguments.json ? AsJson(*totals) : AsText(*totals));
  if (!totals->sum.verdict.ok()) return command_line::kExitFound;
  if (interrupt.asked()) {
    command_line::PrintError("interrupted: not all of it ran\n");
    return command_line::kExitEnvironment;
  }
  return totals->never.empty() ? command_line::kExitFine : command_line::kExitNeverFired;
}

}  // namespace

void AddRunCommand(const command_line::Command& root) {
  const command_line::Command command =
      root.Add("run", "kills a real process again and again, and looks at what it left behind");
  command.Examples(
      "Examples:\n"
      "  beachcrash run --cycles 100\n"
      "  beachcrash run --point manifest_after_append:2\n"
      "  beachcrash run --fault wal_sync_error\n"
      "  beachcrash run --exhaustive --ops 20\n"
      "  beachcrash run --power --cycles 100\n"
      "Exit codes: 0 nothing was lost, 1 found, 2 usage, 3 environment, 5 a failpoint that was\n"
      "asked for (with --exhaustive: any) never struck.\n");
  const auto arguments = std::make_shared<Arguments>();
  constexpr std::uint64_t kMost = 1'000'000'000;
  command.Number("--seed", arguments->seed, 0, ~std::uint64_t{0} >> 1, "what all is drawn from");
  command.Number("--cycles", arguments->cycles, 1, kMost,
                 "workers that work until they are killed");
  command.Number("--ops", arguments->operations, 1, 100'000, "operations of each");
  command.Number("--clients", arguments->clients, 0, 64, "that work at once; 0: as drawn");
  command.Text("--point", arguments->point,
               "NAME[:HIT]: each worker dies there, if it comes there");
  command.Text("--fault", arguments->fault, "NAME[:HIT]: in each worker that call fails");
  command.Flag("--timed", arguments->timed,
               "kills by the clock, in the midst of work; such a run replays only roughly");
  command.Flag(
      "--power", arguments->power,
      "on the simulator's disk, mounted (needs /dev/fuse): every death is a loss of power");
  command.Flag("--exhaustive", arguments->exhaustive,
               "every failpoint times every passage of a short workload, and of its recovery");
  command.Text("--workspace", arguments->workspace,
               "the folder in which databases are made; they stay there where something is found");
  command.Text("--artifacts", arguments->artifacts, "where each run's artifact is written");
  command.Flag("--json", arguments->json, "one JSON document");
  command.Does([arguments] { return Run(*arguments); });
}

}  // namespace beach::crash
