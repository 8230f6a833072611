// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/links.h"

#include <charconv>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/decisions.h"
#include "sim/scenarios/links_node.h"
#include "sim/scenarios/links_world.h"
#include "sim/swarm.h"
#include "sim/weather.h"

namespace beach::sim::scenarios {
namespace {

using namespace links;  // NOLINT: the parts of this scenario

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kRates[] = {100, 1'000, 10'000};
constexpr FaultLadder kFlips[] = {{"net.bit_flip", kRates}, {"process.descriptors", kRates}};
constexpr std::uint64_t kWeatherNs = 50 * kMillisecond;
constexpr std::uint64_t kPauseMaxUs = 200'000;
// A connection that has fallen silent is noticed, and dialled again, in less: silence, a retry, an
// answer, and once more for one that was under way when all was well again.
constexpr std::uint64_t kCalmNs = 15'000 * kMillisecond;
constexpr KindWeight kKinds[] = {{"urgent", 3}, {"bulk", 2}};

enum class End : std::uint8_t { kNone = 0, kKill = 1, kPowerLoss = 2 };
constexpr std::uint64_t kEnds = 3;

// What ends a life: after some time, of one node, which begins anew after a while.
struct Blow {
  std::uint64_t node = 0;
  End end = End::kNone;
  std::uint64_t after_ms = 0;
  std::uint64_t down_ms = 0;
};

struct Plan {
  std::uint64_t nodes = 2;
  std::uint64_t says = 1;  // of each node in each life
  std::uint64_t size_max = 1;
  wire::LinkOptions options;
  std::vector<Blow> blows;
};

Plan DrawPlan(Simulation& simulation) {
  Knobs knobs(simulation, "links.knobs");
  Plan plan;
  plan.nodes = knobs.Even("nodes", 2, kNodesMax);
  plan.says = knobs.Log("says", 1, 128);
  plan.size_max = knobs.Log("size_max", 1, kPayloadMax / 2);
  plan.options.urgent_max_bytes = knobs.Log("urgent_max_bytes", 1 << 10, 1 << 20);
  plan.options.bulk_max_bytes = knobs.Log("bulk_max_bytes", 1 << 12, 1 << 22);
  plan.options.bulk_ahead_bytes = knobs.Log("bulk_ahead_bytes", 1, 1 << 17);
  plan.options.random_key = simulation.Stream("links.retries").Next();
  const std::uint64_t blows = knobs.Even("blows", 0, 4);
  for (std::uint64_t i = 0; i < blows; ++i) {
    const std::string prefix = "blow." + std::to_string(i) + ".";
    plan.blows.push_back({.node = knobs.Even(prefix + "node", 0, kNodesMax - 1) % plan.nodes,
                          .end = static_cast<End>(knobs.Even(prefix + "end", 0, kEnds - 1)),
                          .after_ms = knobs.Log(prefix + "after_ms", 1, 8'000),
                          .down_ms = knobs.Log(prefix + "down_ms", 1, 8'000)});
  }
  return plan;
}

std::vector<artifacts::Operation> MakeWorkload(const Plan& plan, RandomStream stream) {
  std::vector<artifacts::Operation> operations;
  std::uint64_t id = 0;
  for (std::uint64_t life = 0; life <= plan.blows.size(); ++life) {
    for (std::uint64_t node = 0; node < plan.nodes; ++node) {
      for (std::uint64_t i = 0; i < plan.says; ++i) {
        const std::uint64_t to = (node + 1 + stream.Below(plan.nodes - 1)) % plan.nodes;
        const char* const kind = DrawKind(stream, kKinds);
        const std::uint64_t size = DrawLog(stream, 1, plan.size_max);
        const std::uint64_t pause = DrawLog(stream, 1, kPauseMaxUs);
        operations.push_back(
            {.id = ++id,
             .life = life,
             .client = node,
             .kind = kind,
             .arguments = {std::to_string(to), std::to_string(size), std::to_string(pause)}});
      }
    }
  }
  return operations;
}

std::optional<std::uint64_t> ParseNumber(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Say> Parse(const artifacts::Operation& operation, std::uint64_t nodes) {
  if (operation.client >= nodes || operation.arguments.size() != 3) return std::nullopt;
  if (operation.kind != "urgent" && operation.kind != "bulk") return std::nullopt;
  const auto to = ParseNumber(operation.arguments[0]);
  const auto size = ParseNumber(operation.arguments[1]);
  const auto pause = ParseNumber(operation.arguments[2]);
  if (!to || !size || !pause) return std::nullopt;
  if (*to >= nodes || *to == operation.client) return std::nullopt;
  if (*size > kPayloadMax / 2 || *pause > kPauseMaxUs) return std::nullopt;
  const bool bulk = operation.kind == "bulk";
  return Say{*to, bulk ? wire::Lane::kBulk : wire::Lane::kUrgent, *size, *pause};
}

// By life, and node. A life here is the time between two blows, so that no node runs out of words.
using Says = std::vector<std::vector<std::vector<Say>>>;

Says ParseWorkload(Simulation& simulation, const Plan& plan) {
  Says says(plan.blows.size() + 1, std::vector<std::vector<Say>>(plan.nodes));
  for (const artifacts::Operation& operation :
       simulation.Workload(MakeWorkload(plan, simulation.Stream("links.workload")))) {
    const std::optional<Say> say = Parse(operation, plan.nodes);
    if (!say) {
      simulation.Fail("bad-workload",
                      "operation " + std::to_string(operation.id) + " is not one of this scenario");
    }
    if (operation.life < says.size()) says[operation.life][operation.client].push_back(*say);
  }
  return says;
}

// The machines, and who runs on them.
class Machines {
 public:
  Machines(Simulation& simulation, World& world, const Plan& plan, const Says& says)
      : simulation_(simulation), world_(world), plan_(plan), says_(says) {
    const HostOptions options{.clock_drift_max_ppm = 100'000, .slow_cpu_max = 8};
    for (std::uint64_t node = 0; node < plan.nodes; ++node) {
      hosts_.push_back(simulation.AddHost("n" + std::to_string(node), options));
      plans_.emplace_back();
      processes_.emplace_back();
    }
  }

  const std::vector<HostId>& hosts() const { return hosts_; }

  void Start(std::uint64_t node, std::uint64_t round) {
    world_.Began(node);
    NodePlan& plan = plans_[node];
    plan = {.self = node,
            .nodes = plan_.nodes,
            .life = plan.life + 1,
            .options = plan_.options,
            .says = &says_[round][node]};
    processes_[node] = simulation_.Start(hosts_[node], "node", [this, node](const env::Env& env) {
      RunNode(world_, plans_[node], env);
    });
  }

  // False: nothing is to happen.
  bool Strike(const Blow& blow) {
    const Decisions& decisions = simulation_.decisions();
    const bool kills = blow.end == End::kKill && !decisions.Off("crash.kill");
    const bool cuts = blow.end == End::kPowerLoss && !decisions.Off("crash.power_loss");
    if (kills) simulation_.Kill(processes_[blow.node]);
    if (cuts) simulation_.PowerLoss(hosts_[blow.node]);
    if (kills || cuts) world_.Died(blow.node);
    return kills || cuts;
  }

  void WaitForAll() {
    for (const ProcessId process : processes_) simulation_.Wait(process);
  }

 private:
  Simulation& simulation_;
  World& world_;
  const Plan& plan_;
  const Says& says_;
  std::vector<HostId> hosts_;
  std::vector<NodePlan> plans_;
  std::vector<ProcessId> processes_;
};

void AwaitAllReached(Simulation& simulation, World& world, std::uint64_t nodes) {
  world.calm = true;
  const std::uint64_t begin = simulation.Now();
  while (!world.AllReached(nodes)) {
    if (simulation.Now() - begin > kCalmNs) {
      simulation.Fail("link-down", "nothing goes wrong any more, and nothing comes through from " +
                                       world.Missing(nodes));
    }
    simulation.SleepFor(10 * kMillisecond);
  }
}

}  // namespace

std::string Links::boots() const {
  return "two to four nodes with a link to each other, killed and restarted among partitions";
}

std::string Links::checks() const {
  return "frames arrive whole, in order and once, or the link breaks; in calm all hear each other";
}

void Links::Run(Simulation& simulation) const {
  std::vector<FaultRate> faults = DrawFaults(simulation, UsualNetworkFaults());
  const Plan plan = DrawPlan(simulation);
  for (const FaultRate& flip : DrawFaults(simulation, kFlips)) faults.push_back(flip);
  const Says says = ParseWorkload(simulation, plan);
  World world(simulation);
  Machines machines(simulation, world, plan, says);
  SetFaults(simulation, faults, true);
  Weather weather(simulation, machines.hosts(), kWeatherNs);
  for (std::uint64_t node = 0; node < plan.nodes; ++node) machines.Start(node, 0);
  for (std::uint64_t round = 0; round < plan.blows.size(); ++round) {
    const Blow& blow = plan.blows[round];
    simulation.SleepFor(blow.after_ms * kMillisecond);
    const bool died = machines.Strike(blow);
    simulation.SleepFor(blow.down_ms * kMillisecond);
    if (died) machines.Start(blow.node, round + 1);
  }
  simulation.SleepFor(2'000 * kMillisecond);
  weather.Stop();
  SetFaults(simulation, faults, false);
  for (std::uint64_t node = 0; node < plan.nodes; ++node) {
    if (world.HasLeft(node)) machines.Start(node, plan.blows.size());
  }
  AwaitAllReached(simulation, world, plan.nodes);
  world.stop = true;
  machines.WaitForAll();
}

}  // namespace beach::sim::scenarios
