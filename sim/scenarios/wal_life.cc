// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/wal_life.h"

#include <string>
#include <utility>

#include "env/threads.h"
#include "sim/scenarios/wal_store.h"
#include "sim/system_scope.h"

// Runs inside the simulated process: everything here but the oracle lives in its memory and may
// vanish at any seam call.

namespace beach::sim::scenarios::log_alone {
namespace {

const char* NameOf(CommandKind kind) {
  switch (kind) {
    case CommandKind::kAppend: return "append";
    case CommandKind::kSync: return "sync";
    case CommandKind::kVouch: return "vouch";
    case CommandKind::kMark: return "mark";
    case CommandKind::kRetire: return "retire";
    case CommandKind::kPause: return "pause";
  }
  return "?";
}

Status Do(Store& store, env::Clock& clock, const Command& command) {
  switch (command.kind) {
    case CommandKind::kAppend: return store.Append(command);
    case CommandKind::kSync: return store.Sync();
    case CommandKind::kVouch: return store.Vouch();
    case CommandKind::kMark: store.Mark(); return {};
    case CommandKind::kRetire: return store.Retire();
    case CommandKind::kPause: {
      const std::uint64_t now = clock.MonotonicNow();
      clock.SleepUntil(now + command.pause_ns);
      return {};
    }
  }
  return {};
}

void RunCommand(World& world, Store& store, env::Clock& clock, const Command& command) {
  const Status status = Do(store, clock, command);
  if (command.kind == CommandKind::kPause) return;
  {
    const SystemScope system;
    std::string text = NameOf(command.kind);
    if (command.kind == CommandKind::kAppend) {
      text += (command.sync ? " sync b" : " nosync b") + std::to_string(command.id);
    }
    if (!status) text += ": " + status.error().ToString();
    world.Trace(text);
  }
  if (!status) return world.Excuse("unexplained-error", NameOf(command.kind), status.error());
}

void RunWriters(World& world, const LifeWork& work, Store& store, const env::Env& env) {
  std::vector<env::Thread> threads;
  for (std::size_t i = 0; i < work.writers->size(); ++i) {
    const std::vector<Command>& commands = (*work.writers)[i];
    if (commands.empty()) continue;
    const std::string name = "writer" + std::to_string(i);
    threads.emplace_back(name.c_str(), [&] {
      for (const Command& command : commands) {
        world.simulation.CountOperation();
        RunCommand(world, store, *env.clock, command);
      }
    });
  }
  for (env::Thread& thread : threads) thread.Join();
}

// Without faults every operation succeeds, unless the log has failed before.
void Probe(World& world, Store& store, const env::Env& env) {
  world.SetFaults(false);
  store.AwaitRest();
  if (store.poisoned()) return;
  world.ForgetFaults();
  const auto run = [&](CommandKind kind, bool sync, std::uint64_t size) {
    const Command command{.kind = kind, .id = world.next_probe++, .sync = sync, .size = size};
    RunCommand(world, store, *env.clock, command);
  };
  run(CommandKind::kAppend, true, 20);
  run(CommandKind::kAppend, false, 300);
  run(CommandKind::kRetire, false, 0);
  run(CommandKind::kAppend, false, 5'000);
  run(CommandKind::kVouch, false, 0);
  run(CommandKind::kAppend, true, 0);
}

}  // namespace

void RunLife(World& world, const LifeWork& work, const env::Env& env) {
  Result<OpenedLog> opened = OpenLog(world, env, work.open);
  if (!opened) {
    world.Excuse("refused-to-open", "opening", opened.error());
    const SystemScope system;
    world.report.open_error = opened.error().ToString();
    return;
  }
  Store store(world, env, *std::move(opened));
  if (const Status started = store.Start(); !started) {
    return world.Excuse("refused-to-open", "starting", started.error());
  }
  if (work.strike_calls != 0) {
    world.simulation.ArmStrike(world.host, work.strike, work.strike_calls);
  }
  RunWriters(world, work, store, env);
  if (work.calm_end) Probe(world, store, env);
  if (work.strike_calls_in_close != 0) {
    world.simulation.ArmStrike(world.host, work.strike, work.strike_calls_in_close);
  }
  // One that had failed says so again; whoever it failed has been judged.
  const bool poisoned = store.poisoned();
  const Status closed = store.Close();
  if (!closed && poisoned) return;
  if (!closed) return world.Excuse("unexplained-error", "closing", closed.error());
  world.report.closed = true;
}

}  // namespace beach::sim::scenarios::log_alone
