// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_life.h"

#include <atomic>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/db.h"
#include "engine/verify.h"
#include "env/threads.h"
#include "sim/scenarios/engine_crash_client.h"
#include "sim/scenarios/engine_crash_range.h"
#include "sim/system_scope.h"

// Runs inside the simulated process: everything here but the oracles lives in its memory and may
// vanish at any seam call.

namespace beach::sim::scenarios::engine_crash {
namespace {

constexpr const char* kAbsent[] = {"a", "k", "k00", "k05\x01", "zz"};
// Longer than the engine waits before it tries a flush again that had no space.
constexpr std::uint64_t kCalmNs = 150'000'000;
// The same where clocks and disks may be slow.
constexpr std::uint64_t kLongCalmNs = 10'000'000'000;
constexpr std::uint64_t kNapsInAllWeather = 4;

// What was recovered, while damage hides some of it: what can be read is of a state that may be
// there. How far that goes is not known before all of it has been read.
void CheckWhatIsReadable(World& world, Client& client) {
  {
    const SystemScope system;
    world.recovered_keys = world.model.Keys();
  }
  for (const Bytes& key : world.recovered_keys) client.GetRecovered(key);
}

// False when an injected error kept it from being read.
bool CheckRecovered(World& world, engine::Db& db, Client& client) {
  {
    const SystemScope system;
    world.crash.Opened();
  }
  const FaultCounts since = world.CountFaults();
  const engine::SequenceNumber visible = db.VisibleSequence();
  const auto iterator = db.NewIterator({});
  if (!iterator) {
    world.Excuse(Doing::kReading, "opening an iterator", iterator.error(), since);
    return false;
  }
  const Result<std::vector<oracle::KeyValue>> found = ReadRange(**iterator, {}, false);
  if (!found) {
    world.Excuse(Doing::kReading, "a scan", found.error(), since);
    if (world.RecoversAPrefix()) CheckWhatIsReadable(world, client);
    return false;
  }
  oracle::Judgement judgement;
  {
    const SystemScope system;
    // Before they are settled: what is deleted, or was never applied, is read too.
    const std::vector<Bytes> keys = world.model.Keys();
    world.recovered_keys.clear();
    for (const std::uint64_t i : world.Sample(keys.size())) {
      world.recovered_keys.push_back(keys[i]);
    }
    judgement = world.JudgeRecovered(*found, visible.value);
    if (!judgement) {
      world.report.opened = true;
      world.simulation.Trace("model", "recovered " + std::to_string(found->size()) +
                                          " keys at sequence " + std::to_string(visible.value));
    }
  }
  world.Settle(judgement);
  const std::uint64_t time = db.Stats().time;
  world.Settle(world.JudgeTime(0, time));
  client.Scan({.from = world.SampleStart(), .to = {}}, true);  // the way back, not all of it
  for (const Bytes& key : world.recovered_keys) client.Get(key);
  client.Get(kAbsent[world.NextPick() % std::size(kAbsent)]);
  return true;
}

// Every operation once. Without injected errors none of them may fail.
void Probe(World& world, Client& client) {
  const auto batch = [&world](bool sync, std::vector<std::optional<std::uint64_t>> sizes) {
    const oracle::BatchId id(world.NextProbe());
    oracle::ModelBatch probe{.id = id, .client = 0, .sync = sync, .operations = {}};
    for (std::uint32_t i = 0; i < sizes.size(); ++i) {
      std::optional<Bytes> value;
      if (sizes[i]) value = oracle::MakeValue({id, i}, *sizes[i]);
      probe.operations.push_back({.key = KeyName(i), .value = std::move(value)});
    }
    return probe;
  };
  client.Write(batch(true, {20}));
  client.Get(KeyName(0));
  client.Flush();
  client.Write(batch(false, {std::nullopt}));
  client.Get(KeyName(0));
  client.Write(batch(true, {std::nullopt, 300, 5}));
  client.Get(KeyName(1));
  client.WriteTooMuch();
}

void RunClients(World& world, const LifeWork& work, engine::Db& db, const env::Env& env) {
  std::vector<env::Thread> threads;
  for (std::size_t i = 0; i < work.clients->size(); ++i) {
    const std::vector<Command>& commands = (*work.clients)[i];
    const std::string name = "client" + std::to_string(i);
    threads.emplace_back(name.c_str(), [&] { Client(world, db, *env.clock).Run(commands); });
  }
  std::atomic<bool> over = false;
  std::optional<env::Thread> watcher;
  if (work.watch_ns != 0 && !threads.empty()) {
    watcher.emplace("watcher", [&] { Client(world, db, *env.clock).Watch(work.watch_ns, over); });
  }
  for (env::Thread& thread : threads) thread.Join();
  over = true;
  if (watcher) watcher->Join();
}

// Not what nobody may have to wait for: Close answers the rest.
void AwaitAnswers(World& world, env::Clock& clock) {
  constexpr std::uint64_t kLookNs = 1'000'000;
  constexpr int kLooksMax = 100'000;
  for (int i = 0; i < kLooksMax && world.async.waiting(); ++i) {
    clock.SleepUntil(clock.MonotonicNow() + kLookNs);
  }
  if (world.async.waiting()) {
    world.simulation.Fail("write-unanswered", "an asynchronous write is not answered");
  }
}

}  // namespace

void RunLife(World& world, const LifeWork& work, const env::Env& env) {
  engine::Options options = world.plan.options;
  options.recovery_mode = world.mode;
  Result<std::unique_ptr<engine::Db>> opened = engine::Db::Open(env, kDirectory, options);
  if (!opened) {
    world.ExcuseOpen(opened.error());
    const SystemScope system;
    world.report.open_error = opened.error().ToString();
    return;
  }
  world.CheckReserve();
  engine::Db& db = **opened;
  Client client(world, db, *env.clock);
  if (!CheckRecovered(world, db, client)) return;
  if (work.strike_calls != 0) {
    world.simulation.ArmStrike(world.host, work.strike, work.strike_calls);
  }
  RunClients(world, work, db, env);
  const engine::DbStats stats = db.Stats();
  world.Settle(world.snapshots.AtRest(stats));

  if (work.calm_end) {
    world.SetFaults(false);
    // More than once: a clock that hangs and catches up wakes all sleepers at one moment.
    const std::uint64_t naps = world.plan.weather == Weather::kErrors ? 1 : kNapsInAllWeather;
    for (std::uint64_t i = 0; i < naps; ++i) {
      const std::uint64_t now = env.clock->MonotonicNow();
      env.clock->SleepUntil(now + (naps == 1 ? kCalmNs : kLongCalmNs));
    }
    AwaitAnswers(world, *env.clock);
    if (!world.poisoned()) world.CheckReserve();  // space is back, and nobody had to ask
    world.ForgetFaults();
    // Where nobody wrote, what was recovered has just been read.
    if (!work.clients->empty()) client.ReadEverything();
    if (!world.poisoned()) Probe(world, client);
  }
  if (work.strike_calls_in_close != 0) {
    world.simulation.ArmStrike(world.host, work.strike, work.strike_calls_in_close);
  }
  const Status closed = db.Close();
  world.Settle(world.async.Closed());
  if (!closed) return world.Excuse(Doing::kOpening, "a close", closed.error());
  world.report.closed = true;
}

void RunVerify(World& world, bool tidy, const env::Env& env) {
  const Result<engine::VerifyReport> report = engine::VerifyDatabase(*env.files, kDirectory);
  if (!report) {
    // What a crash in the middle of the creation leaves is no database.
    if (!world.ever_opened && report.error().code() == ErrorCode::kNotFound) return;
    if (world.IsBeyond() &&
        (IsErrorOfDamage(report.error()) || report.error().code() == ErrorCode::kNotFound)) {
      return;
    }
    world.simulation.Fail("verify-refused",
                          "verifying a closed database failed: " + report.error().ToString());
  }
  if (world.IsBeyond()) return;
  oracle::Judgement numbers;
  {
    const SystemScope system;
    numbers = world.numbers.Look(report->tables);
  }
  world.Settle(numbers);
  if (!report->damage.empty()) {
    world.simulation.Fail("verify-damage", "verifying found damage where none was done: " +
                                               report->damage.front().ToString());
  }
  if (!tidy) return;
  if (!report->debris.empty()) {
    world.simulation.Fail(
        "debris", "a clean close left \"" + report->debris.front() + "\", which no manifest lists");
  }
  if (report->log_torn) {
    world.simulation.Fail("torn-after-close",
                          "a clean close left a log that ends in a torn record");
  }
  if (report->torn_tail_bytes != 0) {
    world.simulation.Fail(
        "torn-after-close",
        "a clean close left a torn tail of " + std::to_string(report->torn_tail_bytes) + " bytes");
  }
}

}  // namespace beach::sim::scenarios::engine_crash
