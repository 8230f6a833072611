// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "client.h"
#include "mirror_world.h"
#include "node.h"
#include "sim/cli/scenario_main.h"
#include "sim/decisions.h"
#include "sim/disk/disk.h"
#include "sim/lives.h"
#include "sim/system_scope.h"
#include "sim/weather.h"

using namespace beach;         // NOLINT
using namespace mirrored_log;  // NOLINT

namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kCallNs = 2'000 * kMillisecond;
constexpr std::uint64_t kRetryNs = 200 * kMillisecond;
constexpr std::uint64_t kWeatherNs = 500 * kMillisecond;
// Somebody may still stand still for two minutes when nothing goes wrong any more.
constexpr std::uint64_t kCalmNs = 300'000 * kMillisecond;
constexpr std::uint64_t kClients = 3;
constexpr std::uint64_t kLivesMax = 4;
constexpr std::uint64_t kPauseMaxMs = 2'000;
constexpr std::uint64_t kDownMaxMs = 2'000;
constexpr sim::KindWeight kKinds[] = {{"append", 6}, {"read", 5}, {"lead", 1}};

std::string AddressOf(std::uint64_t node) { return "n" + std::to_string(node) + ":7000"; }

// One of the two machines: a process on it serves, is struck, and begins anew.
class Machine {
 public:
  Machine(sim::Simulation& simulation, World& world, std::uint64_t node)
      : simulation_(simulation),
        world_(world),
        node_(node),
        host_(simulation.AddHost("n" + std::to_string(node),
                                 {.clock_drift_max_ppm = 100'000, .draw_disk_speed = true})) {}

  sim::HostId host() const { return host_; }

  void Begin(sim::Knobs& knobs) {
    const std::string name = "n" + std::to_string(node_) + ".life";
    const std::uint64_t lives = knobs.Even(name + "s", 0, kLivesMax);
    for (std::uint64_t i = 0; i < lives; ++i) {
      const std::string life = name + std::to_string(i);
      lives_.push_back({.power = knobs.Flag(life + ".power_loss", 50),
                        .strike_calls = knobs.Log(life + ".strike_calls", 1, 512),
                        .down_ms = knobs.Log(life + ".down_ms", 1, kDownMaxMs)});
    }
    supervisor_ = env::Thread("supervisor", [this] { Supervise(); });
  }

  void CalmDown() {
    calm_ = true;
    simulation_.ArmStrike(host_, sim::Strike::kKill, 0);
    simulation_.HoldToMemory(host_, false);
  }

  void End() {
    ended_ = true;
    simulation_.Kill(process_);
    supervisor_.Join();
  }

 private:
  struct Life {
    bool power = false;
    std::uint64_t strike_calls = 1;
    std::uint64_t down_ms = 1;
  };

  void Supervise() {
    for (std::uint64_t i = 0; !ended_; ++i) {
      simulation_.disk(host_).Remount();
      if (i < lives_.size() && !calm_) {
        const sim::Strike strike = lives_[i].power ? sim::Strike::kPowerLoss : sim::Strike::kKill;
        simulation_.ArmStrike(host_, strike, lives_[i].strike_calls);
      }
      process_ = simulation_.Start(host_, "node", [this](const env::Env& env) {
        const std::string name = std::to_string(node_);
        const NodeOptions options{.self = node_,
                                  .directory = ".",
                                  .listen = AddressOf(node_),
                                  .other = AddressOf(1 - node_)};
        world_.Stopped(name, Serve(env, options));
      });
      simulation_.Wait(process_);
      if (!ended_) simulation_.SleepFor((i < lives_.size() ? lives_[i].down_ms : 1) * kMillisecond);
    }
  }

  sim::Simulation& simulation_;
  World& world_;
  const std::uint64_t node_;
  const sim::HostId host_;
  std::vector<Life> lives_;
  bool calm_ = false;
  bool ended_ = false;
  sim::ProcessId process_;
  env::Thread supervisor_;
};

// One call of a client. True: it was done.
bool Make(World& world, const env::Env& env, const Operation& operation) {
  Message request{.kind = operation.kind, .epoch = 0, .number = operation.number, .bytes = {}};
  if (request.kind == Kind::kAppend) {
    request.bytes = World::MakeItem(operation.id, operation.number);
    world.Appends(operation.id);
  }
  const std::uint64_t acknowledged = world.acknowledged();  // a read that begins now finds these
  const auto answer = Call(env, AddressOf(operation.node), request, kCallNs);
  world.Answered(operation, answer);
  if (!answer || answer->kind != Kind::kDone) return false;
  if (request.kind == Kind::kAppend) world.Acknowledged(answer->number, request.bytes);
  if (request.kind == Kind::kRead) {
    world.Read(operation, acknowledged, answer->number, answer->bytes);
  }
  return true;
}

void RunClients(World& world, const env::Env& env,
                const std::vector<std::vector<Operation>>& operations) {
  std::vector<env::Thread> threads;
  for (std::size_t client = 0; client < operations.size(); ++client) {
    const std::string name = "client" + std::to_string(client);
    threads.emplace_back(name.c_str(), [&world, &env, &own = operations[client]] {
      for (const Operation& operation : own) {
        env.clock->SleepUntil(env.clock->MonotonicNow() + operation.pause_ms * kMillisecond);
        Make(world, env, operation);
      }
    });
  }
  for (env::Thread& thread : threads) thread.Join();
}

// Nothing goes wrong any more: one more item is taken, and both show all of them.
void RunCalm(World& world, const env::Env& env) {
  const std::uint64_t deadline = env.clock->MonotonicNow() + kCalmNs;
  const auto until_done = [&](Operation operation, std::uint64_t nodes) {
    while (!Make(world, env, operation)) {
      if (env.clock->MonotonicNow() > deadline) return world.DoesNotServe(operation);
      env.clock->SleepUntil(env.clock->MonotonicNow() + kRetryNs);
      if (operation.kind == Kind::kAppend) operation.id = world.NextId();
      if (nodes > 1) operation.node = 1 - operation.node;
    }
  };
  until_done({.id = world.NextId(), .kind = Kind::kAppend}, 2);
  const std::uint64_t count = world.acknowledged();
  for (std::uint64_t number = 0; number < count; ++number) {
    until_done({.kind = Kind::kRead, .node = 0, .number = number}, 1);
    until_done({.kind = Kind::kRead, .node = 1, .number = number}, 1);
  }
}

void RunMirror(sim::Simulation& simulation) {
  World world(simulation);
  for (const auto& ladder : {sim::UsualFaults(), sim::UsualNetworkFaults()}) {
    world.AddFaults(sim::DrawFaults(simulation, ladder));
  }
  sim::Knobs knobs(simulation, "mirror.knobs");
  Machine first(simulation, world, 0);
  Machine second(simulation, world, 1);
  const sim::HostId others = simulation.AddHost("clients");
  const auto operations =
      world.DrawWorkload({.clients = kClients,
                          .operations = knobs.Log("operations_per_client", 1, 64),
                          .pause_max_ms = knobs.Log("pause_max_ms", 1, kPauseMaxMs),
                          .kinds = kKinds});
  world.SetFaults(true);
  sim::Weather weather(simulation, {first.host(), second.host(), others}, kWeatherNs);
  first.Begin(knobs);
  second.Begin(knobs);
  simulation.Wait(simulation.Start(
      others, "clients", [&](const env::Env& env) { RunClients(world, env, operations); }));
  weather.Stop();
  world.SetFaults(false);
  first.CalmDown();
  second.CalmDown();
  simulation.Wait(
      simulation.Start(others, "calm", [&](const env::Env& env) { RunCalm(world, env); }));
  first.End();
  second.End();
}

}  // namespace

int main(int argc, char** argv) {
  return sim::cli::ScenarioMain(
      argc, argv,
      {{"mirror", "a log on two machines, which are struck and cut off from each other",
        "what is acknowledged is on both, and stays; in calm both serve", &RunMirror}});
}
