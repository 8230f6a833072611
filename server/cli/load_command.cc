// SPDX-License-Identifier: Apache-2.0
// `beachdb load`: load for a cluster, and how it fared.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/cli/access.h"
#include "server/cli/commands.h"
#include "server/cli/signals.h"
#include "server/load/load_report.h"
#include "server/load/load_run.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::size_t kNameWidth = 8;

struct Arguments {
  LoadPlan plan;
  AccessArguments access;
  std::string connect;
  std::string workload;
  std::string distribution;
  std::string consistency = "linearizable";
  std::uint64_t deadline_ms = 10'000;
  bool loaded = false;
  bool json = false;
};

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Result<Consistency> ConsistencyOf(const std::string& name) {
  if (name == "linearizable") return Consistency::kLinearizable;
  if (name == "lease") return Consistency::kLease;
  if (name == "stale") return Consistency::kStale;
  return Fail(ErrorCode::kInvalidArgument,
              "--consistency is linearizable, lease or stale, not '" + name + "'");
}

Result<LoadPlan> PlanOf(const Arguments& arguments) {
  LoadPlan plan = arguments.plan;
  plan.addresses = SplitAtCommas(arguments.connect);
  if (plan.addresses.empty()) return Fail(ErrorCode::kInvalidArgument, "--connect has no address");
  BEACH_TRY_ASSIGN(plan.workload, WorkloadOf(arguments.workload));
  plan.distribution = plan.workload->distribution;
  if (!arguments.distribution.empty()) {
    BEACH_TRY_ASSIGN(plan.distribution, DistributionOf(arguments.distribution));
  }
  BEACH_TRY_ASSIGN(plan.consistency, ConsistencyOf(arguments.consistency));
  plan.threads = std::min(plan.threads, plan.clients);
  plan.deadline_ns = arguments.deadline_ms * kNsPerMs;
  return plan;
}

// Once a second: what was done in it.
class Teller {
 public:
  explicit Teller(const LoadPlan& plan) : plan_(plan) {}

  void operator()(const LoadProgress& progress) {
    const bool whole = progress.loading && progress.done == plan_.records;
    if (progress.loading != loading_) {
      loading_ = progress.loading;
      told_ = {};
    }
    if (progress.since_ns - told_.since_ns < kNsPerSecond && !whole) return;
    const double seconds = static_cast<double>(progress.since_ns - told_.since_ns) / 1e9;
    const double rate = static_cast<double>(progress.done - told_.done) / seconds;
    if (progress.loading) {
      fmt::print(stderr, "loading: {} of {} records, {:.0f} a second\n", progress.done,
                 plan_.records, rate);
    } else {
      fmt::print(stderr, "{:3} s: {:.0f} operations a second, {} errors\n",
                 progress.since_ns / kNsPerSecond, rate, progress.failed - told_.failed);
    }
    told_ = progress;
  }

 private:
  const LoadPlan& plan_;
  bool loading_ = false;
  LoadProgress told_;
};

ExitCode RunLoadCommand(const Arguments& arguments, const env::Env& env) {
  Result<LoadPlan> plan = PlanOf(arguments);
  const auto access = Access::Open(env, arguments.access);
  if (!plan || !access) {
    fmt::print(stderr, "beachdb: {}\n", (plan ? access.error() : plan.error()).message());
    return ExitCode::kUsage;
  }
  plan->user = (*access)->user();
  plan->token = (*access)->token();
  StopSignals::Hold();
  LoadState state;
  const StopSignals signals([&] { state.stop = true; });
  Teller teller(*plan);
  const bool loading = plan->workload->needs_records && !arguments.loaded;
  const Result<LoadResult> result =
      RunLoad((*access)->env(), *plan, loading, state,
              [&](const LoadProgress& progress) { teller(progress); });
  if (!result) {
    fmt::print(stderr, "beachdb: {}\n", result.error().ToString());
    return ExitCode::kEnvironment;
  }
  fmt::print("{}", arguments.json ? LoadAsJson(*plan, *result) : LoadAsText(*plan, *result));
  return result->done() > 0 ? ExitCode::kFine : ExitCode::kEnvironment;
}

std::string WorkloadHelp() {
  std::string text = "Workloads:\n";
  for (const Workload& workload : AllWorkloads()) {
    std::string name = workload.name;
    name.resize(kNameWidth, ' ');
    text += "  " + name + workload.help + " (" + DistributionName(workload.distribution) + ")\n";
  }
  return text;
}

}  // namespace

void AddLoadCommand(command_line::Command root, const env::Env& env) {
  auto arguments = std::make_shared<Arguments>();
  LoadPlan& plan = arguments->plan;
  const command_line::Command command =
      root.Add("load", "Load a cluster as many clients do, and measure how it answers");
  command.Text("--connect", arguments->connect,
               "Native addresses of nodes, with commas between: 127.0.0.1:7701,127.0.0.1:7702",
               command_line::Need::kRequired);
  AddAccessOptions(command, arguments->access);
  command.Text("--workload", arguments->workload, "a, b, c, d, e, f, fill, read or update",
               command_line::Need::kRequired);
  command.Number("--clients", plan.clients, 1, 10'000,
                 "How many, each with its connection and its session");
  command.Number("--threads", plan.threads, 1, 256, "That they share");
  command.Number("--seconds", plan.seconds, 1, 1'000'000, "That are measured");
  command.Number("--warmup", plan.warmup_seconds, 0, 1'000'000, "Seconds before that");
  command.Number("--rate", plan.rate, 0, 10'000'000,
                 "Operations a second that are due, whatever became of those before (open loop); "
                 "0: each client asks when it has its reply (closed loop)");
  command.Number("--records", plan.records, 1, 10'000'000'000, "That are put first");
  command.Flag("--loaded", arguments->loaded, "They are there from an earlier run: put none");
  command.Number("--value-size", plan.value_bytes, 0, kValueSizeMax, "Bytes of a value");
  command.Text("--distribution", arguments->distribution,
               "Of records: uniform, zipfian or latest; else as the workload has it");
  command.Text("--consistency", arguments->consistency,
               "What reads may miss: linearizable, lease, stale");
  command.Number("--deadline", arguments->deadline_ms, 1, 3'600'000,
                 "Milliseconds for an operation, tries and all");
  command.Number("--seed", plan.seed, 0, ~std::uint64_t{0}, "What all is drawn from");
  command.Flag("--json", arguments->json, "One JSON document");
  command.Examples(WorkloadHelp() +
                   "\nExamples:\n"
                   "  beachdb load --connect 127.0.0.1:7701 --workload a --clients 64\n"
                   "  beachdb load --connect 127.0.0.1:7701,127.0.0.1:7702 --workload b --rate "
                   "5000 --json");
  command.Does([arguments, env] { return static_cast<int>(RunLoadCommand(*arguments, env)); });
}

}  // namespace beach::server
