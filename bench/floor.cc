// SPDX-License-Identifier: Apache-2.0
#include "bench/floor.h"

#include "env/env.h"
#include "env/threads.h"
#include "sim/simulation.h"

namespace beach::bench {
namespace {

constexpr int kOperations = 20'000;

class FloorClock final : public sim::Scenario {
 public:
  std::string name() const override { return "floor-clock"; }
  std::string boots() const override { return "one process that reads the clock"; }
  std::string checks() const override { return "nothing"; }

  void Run(sim::Simulation& simulation) const override {
    const sim::HostId host = simulation.AddHost("a", {});
    const sim::ProcessId process =
        simulation.Start(host, "clock", [&simulation](const env::Env& env) {
          for (int i = 0; i < kOperations; ++i) {
            env.clock->MonotonicNow();
            simulation.CountOperation();
          }
        });
    simulation.Wait(process);
  }
};

// Whose turn it is, of two.
struct Turn {
  env::Mutex mutex;
  env::CondVar passed;
  int whose = 0;
};

void PassTurns(sim::Simulation& simulation, Turn& turn, int mine) {
  const env::MutexLock lock(turn.mutex);
  for (int i = 0; i < kOperations / 2; ++i) {
    while (turn.whose != mine) turn.passed.Wait(turn.mutex);
    turn.whose = 1 - mine;
    simulation.CountOperation();
    turn.passed.NotifyOne();
  }
}

class FloorTurns final : public sim::Scenario {
 public:
  std::string name() const override { return "floor-turns"; }
  std::string boots() const override { return "one process of two threads that take turns"; }
  std::string checks() const override { return "nothing"; }

  void Run(sim::Simulation& simulation) const override {
    const sim::HostId host = simulation.AddHost("a", {});
    const sim::ProcessId process = simulation.Start(host, "turns", [&simulation](const env::Env&) {
      Turn turn;
      env::Thread other("other", [&] { PassTurns(simulation, turn, 1); });
      PassTurns(simulation, turn, 0);
      other.Join();
    });
    simulation.Wait(process);
  }
};

}  // namespace

std::vector<std::unique_ptr<sim::Scenario>> MakeFloors() {
  std::vector<std::unique_ptr<sim::Scenario>> floors;
  floors.push_back(std::make_unique<FloorClock>());
  floors.push_back(std::make_unique<FloorTurns>());
  return floors;
}

}  // namespace beach::bench
