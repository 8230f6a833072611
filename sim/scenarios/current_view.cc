// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/current_view.h"

#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/current_view.h"
#include "env/marks.h"
#include "env/threads.h"
#include "sim/simulation.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios {
namespace {

constexpr std::uint64_t kClientsMax = 6;
constexpr std::uint64_t kOperationsPerClient = 6;
constexpr std::uint64_t kLooksMax = 4;

enum class Kind : std::uint8_t { kRead, kReplace };
constexpr std::pair<const char*, Kind> kKinds[] = {{"read", Kind::kRead},
                                                   {"replace", Kind::kReplace}};

struct Command {
  Kind kind = Kind::kRead;
  std::uint64_t looks = 0;  // at what is pinned, with a pause before each
};

// By client.
using Work = std::vector<std::vector<Command>>;

// The first client replaces, now and then a second one; the rest read. Arguments: how often a
// reader looks.
std::vector<artifacts::Operation> MakeWorkload(std::uint64_t writers, std::uint64_t readers,
                                               RandomStream stream) {
  std::vector<artifacts::Operation> operations;
  std::uint64_t id = 0;
  for (std::uint64_t client = 0; client < writers + readers; ++client) {
    for (std::uint64_t i = 0; i < kOperationsPerClient; ++i) {
      const std::uint64_t looks = stream.Below(kLooksMax + 1);
      operations.push_back({.id = ++id,
                            .life = 0,
                            .client = client,
                            .kind = client < writers ? "replace" : "read",
                            .arguments = {std::to_string(looks)}});
    }
  }
  return operations;
}

std::optional<Command> Parse(const artifacts::Operation& operation) {
  if (operation.client >= kClientsMax || operation.arguments.size() != 1) return std::nullopt;
  const std::string& text = operation.arguments[0];
  Command command;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), command.looks);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (command.looks > kLooksMax) return std::nullopt;
  for (const auto& [name, kind] : kKinds) {
    if (operation.kind != name) continue;
    command.kind = kind;
    return command;
  }
  return std::nullopt;
}

// Which views there are, by address; the simulation's memory.
class World {
 public:
  explicit World(Simulation& simulation) : simulation_(simulation) {}

  void Made(const engine::View* view) {
    const SystemScope system;
    alive_[view] = ++made_;
  }
  void Dropped(const engine::View* view) {
    const SystemScope system;
    alive_.erase(view);
  }
  void Published(std::uint64_t number) { published_ = std::max(published_, number); }
  std::uint64_t NumberOf(const engine::View* view) const { return alive_.at(view); }
  std::uint64_t published() const { return published_; }

  // A reader that began when `at_least` was published looks at the view.
  void Look(const engine::View* view, std::uint64_t at_least) {
    const SystemScope system;
    simulation_.CountOperation();
    const auto found = alive_.find(view);
    if (found == alive_.end())
      simulation_.Fail("view-dropped", "a view was dropped under a reader");
    if (found->second < at_least) {
      simulation_.Fail("old-view", "a reader pinned view " + std::to_string(found->second) +
                                       " when view " + std::to_string(at_least) + " was current");
    }
  }
  void CheckOnlyOneIsLeft() {
    const SystemScope system;
    if (alive_.size() == 1) return;
    simulation_.Fail("view-kept",
                     std::to_string(alive_.size()) + " views are left where nobody looks at any");
  }

 private:
  Simulation& simulation_;
  std::map<const engine::View*, std::uint64_t> alive_;
  std::uint64_t made_ = 0;
  std::uint64_t published_ = 0;
};

// Says that it is there, and when it goes.
struct WatchedView : engine::View {
  explicit WatchedView(World& of) : world(of) { world.Made(this); }
  ~WatchedView() { world.Dropped(this); }
  WatchedView(const WatchedView&) = delete;
  WatchedView& operator=(const WatchedView&) = delete;
  World& world;
};

void Look(World& world, const engine::View* view, std::uint64_t at_least, const Command& command,
          env::Clock& clock) {
  world.Look(view, at_least);
  for (std::uint64_t i = 0; i < command.looks; ++i) {
    static_cast<void>(clock.MonotonicNow());  // others may go first
    world.Look(view, at_least);
  }
}

void Read(World& world, engine::CurrentView& current, const Command& command, env::Clock& clock) {
  const std::uint64_t at_least = world.published();
  const engine::CurrentView::Pin pin(current);
  Look(world, &*pin, at_least, command, clock);
  BEACH_SOMETIMES("view.replaced_under_a_pin", world.published() > world.NumberOf(&*pin));
}

void Replace(World& world, engine::CurrentView& current, env::Mutex& replacing) {
  engine::CurrentView::Views dropped;
  {
    const env::MutexLock lock(replacing);
    auto next = std::make_shared<WatchedView>(world);
    const std::uint64_t number = world.NumberOf(next.get());
    dropped = current.Replace(std::move(next));
    world.Published(number);
  }
  engine::CurrentView::Drop(std::move(dropped));  // in code that the race detector sees
}

// The process.
void Serve(World& world, const Work& work, env::Clock& clock) {
  engine::CurrentView current(std::make_shared<WatchedView>(world));
  env::Mutex replacing;
  std::vector<env::Thread> threads;
  for (std::size_t client = 0; client < work.size(); ++client) {
    const std::string name = "client " + std::to_string(client);
    threads.emplace_back(name.c_str(), [&, client] {
      for (const Command& command : work[client]) {
        if (command.kind == Kind::kReplace) {
          Replace(world, current, replacing);
        } else {
          Read(world, current, command, clock);
        }
      }
    });
  }
  for (env::Thread& thread : threads) thread.Join();
  world.CheckOnlyOneIsLeft();
}

}  // namespace

std::string CurrentViewAlone::boots() const {
  return "the current view, one or two threads that replace it and one to four that pin it";
}

std::string CurrentViewAlone::checks() const {
  return "what is pinned was current and stays, what nobody looks at goes; no data race";
}

void CurrentViewAlone::Run(Simulation& simulation) const {
  RandomStream drawn = simulation.Stream("current_view.clients");
  const std::uint64_t writers = drawn.Between(1, 2);
  const std::uint64_t readers = drawn.Between(1, kClientsMax - 2);
  World world(simulation);
  Work work(kClientsMax);
  for (const artifacts::Operation& operation : simulation.Workload(
           MakeWorkload(writers, readers, simulation.Stream("current_view.workload")))) {
    const std::optional<Command> command = Parse(operation);
    if (!command) {
      simulation.Fail("bad-workload",
                      "operation " + std::to_string(operation.id) + " is not one of this scenario");
    }
    work[operation.client].push_back(*command);
  }
  const HostId host = simulation.AddHost("host");
  const ProcessId process =
      simulation.Start(host, "view", [&](const env::Env& env) { Serve(world, work, *env.clock); });
  simulation.Wait(process);
}

}  // namespace beach::sim::scenarios
