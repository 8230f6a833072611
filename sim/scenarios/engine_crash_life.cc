// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_life.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/db.h"
#include "env/threads.h"
#include "sim/system_scope.h"

// Runs inside the simulated process: everything here but the oracles lives in its memory and may
// vanish at any seam call.

namespace beach::sim::scenarios::engine_crash {
namespace {

const char* const kDirectory = "db";

// Reads all of the range. An error ends it: what was read so far proves nothing.
Result<std::vector<oracle::KeyValue>> ReadRange(engine::Iterator& iterator,
                                                const oracle::KeyRange& range, bool backward) {
  std::vector<oracle::KeyValue> entries;
  if (!backward) {
    iterator.Seek(range.from);
    while (iterator.Valid() && range.Contains(iterator.key())) {
      entries.emplace_back(Bytes(iterator.key()), Bytes(iterator.value()));
      iterator.Next();
    }
  } else {
    if (range.to) {
      iterator.SeekForPrevious(*range.to);
      if (iterator.Valid() && iterator.key() == *range.to) iterator.Previous();
    } else {
      iterator.SeekToLast();
    }
    while (iterator.Valid() && range.Contains(iterator.key())) {
      entries.emplace_back(Bytes(iterator.key()), Bytes(iterator.value()));
      iterator.Previous();
    }
    std::reverse(entries.begin(), entries.end());
  }
  BEACH_TRY(iterator.status());
  return entries;
}

class Life {
 public:
  Life(World& world, engine::Db& db) : world_(world), db_(db) {}

  // False when an injected error kept it from being read.
  bool CheckRecovered();
  void RunClient(const std::vector<Command>& commands, const env::Env& env);

 private:
  std::optional<std::vector<oracle::KeyValue>> ReadAll(bool backward,
                                                       std::optional<engine::SequenceNumber> at);
  void CheckPoint(ByteView key);
  void Write(const oracle::ModelBatch& batch);
  Status Send(const oracle::ModelBatch& batch);
  void Get(ByteView key);
  void Scan(const oracle::KeyRange& range, bool backward);
  void Flush();

  World& world_;
  engine::Db& db_;
};

// Nothing after an error that a fault explains.
std::optional<std::vector<oracle::KeyValue>> Life::ReadAll(
    bool backward, std::optional<engine::SequenceNumber> at) {
  const auto iterator = db_.NewIterator({.sequence = at});
  if (!iterator) {
    world_.Excuse("opening an iterator", iterator.error());
    return std::nullopt;
  }
  Result<std::vector<oracle::KeyValue>> entries = ReadRange(**iterator, {}, backward);
  if (!entries) {
    world_.Excuse("a scan", entries.error());
    return std::nullopt;
  }
  return std::move(*entries);
}

bool Life::CheckRecovered() {
  {
    const SystemScope system;
    world_.crash.Opened();
  }
  const engine::SequenceNumber visible = db_.VisibleSequence();
  const auto forward = ReadAll(false, std::nullopt);
  if (!forward) return false;
  const auto backward = ReadAll(true, std::nullopt);
  if (!backward) return false;
  const auto at_sequence = ReadAll(false, visible);
  if (!at_sequence) return false;
  if (*forward != *backward) {
    world_.simulation.Fail("scan-mismatch", "the recovered state is " +
                                                std::to_string(forward->size()) +
                                                " keys forward, but differs in the " +
                                                std::to_string(backward->size()) + " backward");
  }
  if (*forward != *at_sequence) {
    world_.simulation.Fail("scan-mismatch",
                           "the recovered state differs when read at its own sequence number " +
                               std::to_string(visible.value));
  }
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.crash.Recovered(*forward, visible.value);
    if (!judgement) {
      world_.recovered_keys = world_.model.Keys();
      world_.report.opened = true;
      world_.simulation.Trace("model", "recovered " + std::to_string(forward->size()) +
                                           " keys at sequence " + std::to_string(visible.value));
    }
  }
  world_.Settle(judgement);
  for (const Bytes& key : world_.recovered_keys) CheckPoint(key);
  for (const char* const absent : {"a", "k", "k00", "k05\x01", "zz"}) CheckPoint(absent);
  return true;
}

void Life::CheckPoint(ByteView key) {
  const oracle::Model::ReadMark mark = world_.model.BeginRead();
  const Result<std::optional<Bytes>> found = db_.Get({}, key);
  if (!found) return world_.Excuse("a read", found.error());
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.EndGet(mark, key, *found);
  }
  world_.Settle(judgement);
}

void Life::RunClient(const std::vector<Command>& commands, const env::Env& env) {
  for (const Command& command : commands) {
    world_.simulation.CountOperation();
    switch (command.kind) {
      case CommandKind::kWrite: Write(command.batch); break;
      case CommandKind::kGet: Get(command.key); break;
      case CommandKind::kScan: Scan(command.range, command.backward); break;
      case CommandKind::kFlush: Flush(); break;
      case CommandKind::kPause: {
        const std::uint64_t now = env.clock->MonotonicNow();
        env.clock->SleepUntil(now + command.pause_ns);
        break;
      }
    }
  }
}

Status Life::Send(const oracle::ModelBatch& batch) {
  const engine::WriteOptions options{.sync = batch.sync, .tag = batch.id.value};
  if (batch.operations.size() == 1) {
    const oracle::ModelOperation& operation = batch.operations[0];
    if (operation.value) return db_.Put(options, operation.key, *operation.value);
    return db_.Delete(options, operation.key);
  }
  engine::WriteBatch writes;
  for (const oracle::ModelOperation& operation : batch.operations) {
    if (operation.value) {
      writes.Put(operation.key, *operation.value);
    } else {
      writes.Delete(operation.key);
    }
  }
  return db_.Write(options, writes);
}

void Life::Write(const oracle::ModelBatch& batch) {
  {
    const SystemScope system;
    world_.model.Issue(batch);
  }
  const Status status = Send(batch);
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = status ? world_.model.Acknowledge(batch.id) : world_.model.Fail(batch.id);
    world_.simulation.Trace("operation", "write " + world_.model.DescribeBatch(batch.id) +
                                             (status ? "" : ": " + status.error().ToString()));
  }
  world_.Settle(judgement);
  // Larger than a segment takes: refused, and so it must stay.
  if (!status && status.error().code() == ErrorCode::kInvalidArgument) return;
  if (!status) world_.Excuse("a write", status.error());
}

void Life::Get(ByteView key) { CheckPoint(key); }

void Life::Scan(const oracle::KeyRange& range, bool backward) {
  oracle::Model::ReadMark mark = world_.model.BeginRead();
  const auto iterator = db_.NewIterator({});
  if (!iterator) return world_.Excuse("opening an iterator", iterator.error());
  world_.model.FixSnapshot(mark);
  const Result<std::vector<oracle::KeyValue>> entries = ReadRange(**iterator, range, backward);
  if (!entries) return world_.Excuse("a scan", entries.error());
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.EndScan(mark, range, *entries);
  }
  world_.Settle(judgement);
}

void Life::Flush() {
  const std::uint64_t mark = world_.model.DurableMark();
  const Status status = db_.Flush();
  if (!status) return world_.Excuse("a flush", status.error());
  world_.model.Durable(mark);
}

}  // namespace

void RunLife(World& world, const LifeWork& work, const env::Env& env) {
  Result<std::unique_ptr<engine::Db>> opened =
      engine::Db::Open(env, kDirectory, world.plan.options);
  if (!opened) {
    world.ExcuseOpen(opened.error());
    const SystemScope system;
    world.report.open_error = opened.error().ToString();
    return;
  }
  engine::Db& db = **opened;
  Life life(world, db);
  if (!life.CheckRecovered()) return;

  std::vector<env::Thread> threads;
  for (std::size_t i = 0; i < work.clients->size(); ++i) {
    const std::vector<Command>& commands = (*work.clients)[i];
    const std::string name = "client" + std::to_string(i);
    threads.emplace_back(name.c_str(), [&] { life.RunClient(commands, env); });
  }
  for (env::Thread& thread : threads) thread.Join();

  if (work.strike_calls_in_close != 0) {
    world.simulation.ArmStrike(world.host, work.strike, work.strike_calls_in_close);
  }
  const Status closed = db.Close();
  if (!closed) return world.Excuse("a close", closed.error());
  world.report.closed = true;
}

}  // namespace beach::sim::scenarios::engine_crash
