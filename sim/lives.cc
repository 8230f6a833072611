// SPDX-License-Identifier: Apache-2.0
#include "sim/lives.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include "env/threads.h"
#include "sim/crash_points.h"
#include "sim/disk/disk.h"
#include "sim/system_scope.h"

namespace beach::sim {
namespace {

// Per million calls. Syncs are few, and most systems see one failed sync in a life at most.
constexpr std::uint64_t kRates[] = {200, 1'000, 5'000, 20'000, 100'000};
constexpr std::uint64_t kRatesOfSyncs[] = {2'000, 5'000, 20'000, 50'000, 100'000};
constexpr std::uint64_t kRatesOfShortOnes[] = {10'000, 100'000, 500'000};
constexpr std::uint64_t kRatesOfLongOnes[] = {50, 500, 5'000};
constexpr std::uint64_t kRatesOfProcesses[] = {100'000, 500'000};
constexpr FaultLadder kUsualFaults[] = {
    {"disk.eio.read", kRates},
    {"disk.eio.write", kRates},
    {"disk.eio.sync", kRatesOfSyncs},
    {"disk.eio.sync_directory", kRatesOfSyncs},
    {"disk.eio.metadata", kRates},
    {"disk.eio.write_sticky", kRates},
    {"disk.no_space", kRates},
    {"disk.no_space.sync", kRatesOfSyncs},
    {"disk.read_only", kRatesOfLongOnes},
    {"disk.short_read", kRatesOfShortOnes},
    {"disk.short_write", kRatesOfShortOnes},
    {"disk.stall", kRatesOfLongOnes},
    {"process.descriptors", kRates},
    {"clock.step", kRates},
    {"clock.freeze", kRatesOfLongOnes},
    {"host.pause", kRatesOfLongOnes},
    {"thread.stall", kRatesOfLongOnes},
    {"memory.exhausted", kRatesOfProcesses},
};

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 30;  // bytes

// How a life is to end. Values stand in artifacts.
enum class End : std::uint8_t { kReturn = 0, kKill = 1, kPowerLoss = 2 };

struct LifePlan {
  End end = End::kReturn;
  std::uint64_t strike_calls = 1;
  bool power_loss_after = false;
};

// [life][client]
using Calls = std::vector<std::vector<std::vector<Call>>>;

// What outlives the processes.
struct World {
  Simulation& simulation;
  const LivesOptions& options;
  HostId host;
  std::vector<FaultRate> faults;
  Calls calls;
  ProcessEnd before = ProcessEnd::kExited;

  std::uint64_t CountFaults() const {
    std::uint64_t count = simulation.FaultCount("disk.full");
    for (const FaultRate& fault : faults) count += simulation.FaultCount(fault.site);
    return count;
  }
};

LifePlan MakeLifePlan(Knobs& knobs, std::uint64_t index, std::uint64_t strike_calls_max) {
  const std::string name = "life" + std::to_string(index) + ".";
  LifePlan plan;
  plan.end = static_cast<End>(knobs.Even(name + "end", 0, 2));
  plan.strike_calls = knobs.Log(name + "strike_calls", 1, strike_calls_max);
  plan.power_loss_after = knobs.Flag(name + "power_loss_after", 25);
  return plan;
}

std::vector<artifacts::Operation> Generate(const LivesOptions& options, std::uint64_t lives,
                                           std::uint64_t operations_per_client, std::uint64_t key) {
  std::vector<artifacts::Operation> operations;
  std::uint64_t id = 0;
  for (std::uint64_t life = 0; life < lives; ++life) {
    for (std::uint64_t client = 0; client < options.clients.size(); ++client) {
      for (std::uint64_t i = 0; i < operations_per_client; ++i) {
        RandomStream stream(RandomValue(key, ++id));
        operations.push_back({.id = id,
                              .life = life,
                              .client = client,
                              .kind = DrawKind(stream, options.clients[client]),
                              .arguments = {}});
        const std::uint64_t number = stream.Below(options.number_max + 1);
        operations.back().arguments.push_back(std::to_string(number));
      }
    }
  }
  return operations;
}

// Nothing where it is none of such a client. What is too large is brought within the bound.
std::optional<Call> ParseOperation(const LivesOptions& options,
                                   const artifacts::Operation& operation) {
  if (operation.id == 0 || operation.client >= options.clients.size()) return std::nullopt;
  if (operation.arguments.size() != 1) return std::nullopt;
  const std::vector<KindWeight>& kinds = options.clients[operation.client];
  const bool known = std::ranges::any_of(
      kinds, [&](const KindWeight& kind) { return kind.kind == operation.kind; });
  const std::string& text = operation.arguments.front();
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!known || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Call{.id = operation.id,
              .client = operation.client,
              .kind = operation.kind,
              .number = std::min(number, options.number_max)};
}

Calls ParseWorkload(Simulation& simulation, const LivesOptions& options, std::uint64_t lives,
                    const std::vector<artifacts::Operation>& operations) {
  Calls calls(lives, std::vector<std::vector<Call>>(options.clients.size()));
  std::set<std::uint64_t> ids;
  for (const artifacts::Operation& operation : operations) {
    const std::optional<Call> call = ParseOperation(options, operation);
    if (!call || !ids.insert(call->id).second) {
      simulation.Fail("bad-workload", "operation " + std::to_string(operation.id) +
                                          " is not one of this scenario, or stands twice");
    }
    if (operation.life < lives) calls[operation.life][operation.client].push_back(*call);
  }
  return calls;
}

class LifeInProcess final : public Life {
 public:
  LifeInProcess(World& world, const env::Env& env, const std::vector<std::vector<Call>>* clients)
      : world_(world), env_(env), clients_(clients), faults_before_(world.CountFaults()) {}

  const env::Env& env() const override { return env_; }
  bool last() const override { return clients_ == nullptr; }
  ProcessEnd before() const override { return world_.before; }

  void RunClients(const std::function<Status(const Call&)>& make) override {
    if (last()) return;
    std::vector<env::Thread> threads;
    for (std::size_t client = 0; client < clients_->size(); ++client) {
      const std::string name = "client" + std::to_string(client);
      threads.emplace_back(name.c_str(), [this, client, &make] {
        for (const Call& call : (*clients_)[client]) Make(make, call);
      });
    }
    for (env::Thread& thread : threads) thread.Join();
  }

  void Excuse(const char* doing, const Status& status) override {
    if (status || world_.CountFaults() != faults_before_) return;
    world_.simulation.Fail(
        "unexplained-error",
        std::string(doing) + " failed, but no fault explains it: " + status.error().ToString());
  }

 private:
  void Make(const std::function<Status(const Call&)>& make, const Call& call) {
    world_.simulation.CountOperation();
    const Status status = make(call);
    {
      const SystemScope system;
      std::string text = call.kind + " " + std::to_string(call.number);
      if (!status) text += ": " + status.error().ToString();
      world_.simulation.Trace("operation", text);
    }
    Excuse(call.kind.c_str(), status);
  }

  World& world_;
  const env::Env& env_;
  const std::vector<std::vector<Call>>* const clients_;  // of each; null in the last life
  const std::uint64_t faults_before_;
};

// Above 0, the power has failed at an I/O that was picked for it: only what is found then matters.
std::uint64_t CrashPoints(World& world) { return world.simulation.FaultCount(kCrashPoint); }

void RunLife(World& world, const std::function<void(Life&)>& main,
             const std::vector<std::vector<Call>>* clients) {
  world.simulation.disk(world.host).Remount();
  const ProcessId process =
      world.simulation.Start(world.host, "life", [&world, &main, clients](const env::Env& env) {
        LifeInProcess life(world, env, clients);
        main(life);
      });
  world.before = world.simulation.Wait(process);
  world.simulation.ArmStrike(world.host, Strike::kKill, 0);
}

}  // namespace

std::span<const FaultLadder> UsualFaults() { return kUsualFaults; }

void RunLives(Simulation& simulation, const LivesOptions& options,
              const std::function<void(Life&)>& main) {
  World world{.simulation = simulation,
              .options = options,
              .host = simulation.AddHost("host", options.host),
              .faults = DrawFaults(simulation, options.faults),
              .calls = {}};
  Knobs knobs(simulation, "lives.knobs");
  const std::uint64_t lives = knobs.Even("lives", 1, options.lives_max);
  std::vector<LifePlan> plans;
  for (std::uint64_t i = 0; i < lives; ++i) {
    plans.push_back(MakeLifePlan(knobs, i, options.strike_calls_max));
  }
  const std::uint64_t per_client = knobs.Log("operations_per_client", 1, options.operations_max);
  const std::uint64_t key = simulation.Stream("lives.workload").Next();
  const auto& operations = simulation.Workload(Generate(options, lives, per_client, key));
  world.calls = ParseWorkload(simulation, options, lives, operations);

  for (std::uint64_t i = 0; i < lives; ++i) {
    const LifePlan& plan = plans[i];
    SetFaults(simulation, world.faults, true);
    if (plan.end != End::kReturn) {
      const Strike strike = plan.end == End::kKill ? Strike::kKill : Strike::kPowerLoss;
      simulation.ArmStrike(world.host, strike, plan.strike_calls);
    }
    RunLife(world, main, &world.calls[i]);
    if (CrashPoints(world) > 0) break;
    if (plan.power_loss_after) {
      simulation.PowerLoss(world.host);
      world.before = ProcessEnd::kPowerLost;
    }
  }
  SetFaults(simulation, world.faults, false);
  simulation.HoldToMemory(world.host, false);
  simulation.SetCapacity(world.host, std::max(simulation.disk(world.host).capacity(), kPlenty));
  // The power may fail at an I/O of the last life too, once.
  std::uint64_t crash_points = 0;
  do {
    crash_points = CrashPoints(world);
    RunLife(world, main, nullptr);
  } while (CrashPoints(world) != crash_points);
}

}  // namespace beach::sim
