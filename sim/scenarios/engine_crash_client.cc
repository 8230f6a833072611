// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_client.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/random.h"
#include "env/marks.h"
#include "sim/scenarios/engine_crash_range.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::engine_crash {

namespace {

constexpr std::uint64_t kLookAheadMax = 60;  // of a time that a reader asks for

}  // namespace

void Client::Run(const std::vector<Command>& commands) {
  for (const Command& command : commands) {
    world_.simulation.CountOperation();
    world_.Breathe();
    Peek();
    RunOne(command);
  }
  for (std::uint64_t slot = 0; slot < kSlots; ++slot) Check(slot, false);
}

void Client::Watch(std::uint64_t every_ns, const std::atomic<bool>& over) {
  constexpr int kLooksMax = 400;
  for (int i = 0; i < kLooksMax && !over; ++i) {
    Peek();
    clock_.SleepUntil(clock_.MonotonicNow() + every_ns);
  }
}

void Client::RunOne(const Command& command) {
  switch (command.kind) {
    case CommandKind::kWrite: Write(command.batch); break;
    case CommandKind::kWriteAsync: WriteAsync(command.batch); break;
    case CommandKind::kWriteIf: WriteIf(command.batch, command.conditions); break;
    case CommandKind::kGet: Get(command.key, command.time); break;
    case CommandKind::kMultiGet: MultiGet(command.keys, nullptr, Peek()); break;
    case CommandKind::kScan: Scan(command.range, command.backward); break;
    case CommandKind::kRange: ScanWithin(command.range, command.backward); break;
    case CommandKind::kHold: Hold(command.slot); break;
    case CommandKind::kCheck: Check(command.slot, command.backward); break;
    case CommandKind::kFlush: Flush(); break;
    case CommandKind::kCompact: Compact(command.range); break;
    case CommandKind::kFollow: Follow(command.back); break;
    case CommandKind::kPin: Pin(); break;
    case CommandKind::kPause: {
      const std::uint64_t now = clock_.MonotonicNow();
      clock_.SleepUntil(now + command.pause_ns);
      break;
    }
  }
}

namespace {

engine::MergeOperator OperatorOf(oracle::MergeKind kind) {
  switch (kind) {
    case oracle::MergeKind::kAdd: return engine::MergeOperator::kAdd;
    case oracle::MergeKind::kAppend: return engine::MergeOperator::kAppend;
    case oracle::MergeKind::kMax: return engine::MergeOperator::kMax;
    case oracle::MergeKind::kMin: break;
  }
  return engine::MergeOperator::kMin;
}

engine::WriteBatch BatchOf(const oracle::ModelBatch& batch) {
  engine::WriteBatch writes;
  for (const oracle::ModelOperation& operation : batch.operations) {
    if (operation.time) {
      writes.AdvanceTime(*operation.time);
    } else if (operation.expires_at) {
      writes.PutUntil(operation.key, *operation.value, *operation.expires_at);
    } else if (operation.range_end) {
      writes.DeleteRange(operation.key, *operation.range_end);
    } else if (operation.merge) {
      writes.Merge(operation.key, OperatorOf(*operation.merge), *operation.value);
    } else if (operation.value) {
      writes.Put(operation.key, *operation.value);
    } else {
      writes.Delete(operation.key);
    }
  }
  return writes;
}

}  // namespace

Status Client::Send(const oracle::ModelBatch& batch) {
  const engine::WriteOptions options{.sync = batch.sync, .tag = batch.id.value};
  if (batch.operations.size() == 1) {
    const oracle::ModelOperation& operation = batch.operations[0];
    if (operation.time) return db_.AdvanceTime(options, *operation.time);
    if (operation.expires_at) {
      return db_.PutUntil(options, operation.key, *operation.value, *operation.expires_at);
    }
    if (operation.range_end) {
      return db_.DeleteRange(options, operation.key, *operation.range_end);
    }
    if (operation.merge) {
      return db_.Merge(options, operation.key, OperatorOf(*operation.merge), *operation.value);
    }
    if (operation.value) return db_.Put(options, operation.key, *operation.value);
    return db_.Delete(options, operation.key);
  }
  return db_.Write(options, BatchOf(batch));
}

Result<bool> Client::SendIf(const oracle::ModelBatch& batch) {
  const engine::WriteOptions options{.sync = batch.sync, .tag = batch.id.value};
  if (batch.operations.size() == 1 && batch.conditions.size() == 1) {
    const oracle::ModelOperation& operation = batch.operations[0];
    const oracle::ModelCondition& condition = batch.conditions[0];
    if (!operation.range_end && !operation.merge && !operation.expires_at && !operation.time &&
        operation.key == condition.key) {
      return db_.CompareAndSet(options, condition.key, condition.value, operation.value);
    }
  }
  engine::WriteConditions conditions;
  for (const oracle::ModelCondition& condition : batch.conditions) {
    if (condition.value) {
      conditions.KeyHolds(condition.key, *condition.value);
    } else {
      conditions.KeyIsAbsent(condition.key);
    }
  }
  return db_.WriteIf(options, conditions, BatchOf(batch));
}

void Client::Issue(const oracle::ModelBatch& batch) {
  const SystemScope system;
  world_.model.Issue(batch);
  world_.reserve.Issue(batch);
  if (world_.plan.weather == Weather::kEverything) world_.history.Issue(batch);
  if (world_.plan.beyond.on) world_.written.Issue(batch);
}

void Client::Write(const oracle::ModelBatch& batch) {
  const bool poisoned_before = world_.poisoned();
  Issue(batch);
  const ReserveWatch::Mark reserve = world_.reserve.BeginWrite();
  const Status status = Send(batch);
  const Result<bool> written = status ? Result<bool>(true) : Fail(status.error());
  JudgeWrite(batch, written, reserve, poisoned_before);
  if (!status) return world_.Excuse(Doing::kWriting, "a write", status.error());
  Peek();
}

void Client::WriteIf(const oracle::ModelBatch& batch, const std::vector<Condition>& conditions) {
  const bool poisoned_before = world_.poisoned();
  const FaultCounts since = world_.CountFaults();
  oracle::ModelBatch conditional = batch;
  for (const Condition& condition : conditions) {
    std::optional<Bytes> value;
    if (condition.expectation == Expectation::kOther) value = "other";
    if (condition.expectation == Expectation::kSeen) {
      value = world_.model.At(condition.key, world_.model.visible()).value;
    }
    conditional.conditions.push_back({.key = condition.key, .value = std::move(value)});
  }
  Issue(conditional);
  const ReserveWatch::Mark reserve = world_.reserve.BeginWrite();
  const Result<bool> written = SendIf(conditional);
  JudgeWrite(conditional, written, reserve, poisoned_before);
  if (written) {
    Peek();
  } else if (written.error().code() == ErrorCode::kNoSpace) {
    world_.Excuse(Doing::kWriting, "a conditional write", written.error());
  } else {
    // It reads as well.
    const Doing doing = world_.poisoned() ? Doing::kWriting : Doing::kReading;
    world_.Excuse(doing, "a conditional write", written.error(), since);
  }
}

void Client::WriteAsync(const oracle::ModelBatch& batch) {
  const bool poisoned_before = world_.poisoned();
  Issue(batch);
  const ReserveWatch::Mark reserve = world_.reserve.BeginWrite();
  engine::WriteBatch writes = BatchOf(batch);
  const AsyncWatch::Call call = world_.async.Begin(writes.size_bytes());
  // When it is answered, this client may be gone; world, database and clock are not.
  const auto done = [world = &world_, db = &db_, clock = &clock_, batch, call, reserve,
                     poisoned_before](const Status& status) {
    Client(*world, *db, *clock).EndAsync(batch, status, call, reserve, poisoned_before);
  };
  const engine::WriteOptions options{.sync = batch.sync, .tag = batch.id.value};
  const Status queued = db_.WriteAsync(options, std::move(writes), done);
  if (queued) return world_.Settle(world_.async.Took(call));
  if (queued.error().code() != ErrorCode::kOverloaded) {  // nothing explains it
    return world_.Excuse(Doing::kReading, "queueing a write", queued.error());
  }
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.Reject(batch.id);
    if (!judgement) judgement = world_.async.Refused(call);
  }
  world_.Settle(judgement);
}

void Client::EndAsync(const oracle::ModelBatch& batch, const Status& status,
                      const AsyncWatch::Call& call, const ReserveWatch::Mark& reserve,
                      bool poisoned_before) {
  world_.async.Answer(call);
  const Result<bool> written = status ? Result<bool>(true) : Fail(status.error());
  JudgeWrite(batch, written, reserve, poisoned_before);
  if (!status) return world_.Excuse(Doing::kWriting, "an asynchronous write", status.error());
  Peek();
}

void Client::JudgeWrite(const oracle::ModelBatch& batch, const Result<bool>& written,
                        const ReserveWatch::Mark& reserve, bool poisoned_before) {
  oracle::Judgement judgement;
  {
    const SystemScope system;
    const Status status = written ? Status() : Fail(written.error());
    const bool declined = status && !*written;
    if (declined) {
      judgement = world_.model.Decline(batch.id);
    } else if (status) {
      judgement = world_.model.Acknowledge(batch.id);
    } else if (status.error().code() == ErrorCode::kNoSpace) {
      judgement = world_.model.Reject(batch.id);
      if (!judgement) judgement = world_.reserve.EndWrite(reserve, batch, status.error());
    } else {
      judgement = world_.model.Fail(batch.id);
    }
    world_.simulation.Trace("operation", "write " + world_.model.DescribeBatch(batch.id) +
                                             (declined ? ": declined" : "") +
                                             (status ? "" : ": " + status.error().ToString()));
  }
  world_.Settle(judgement);
  if (!written && written.error().code() == ErrorCode::kInvalidArgument) {
    // What the scenario makes fits the smallest segment.
    world_.simulation.Fail("bad-workload", "an operation is larger than the options allow: " +
                                               written.error().ToString());
  }
  if (written && poisoned_before) {
    world_.simulation.Fail("acknowledged-after-poison", "a poisoned handle acknowledged batch " +
                                                            std::to_string(batch.id.value));
  }
}

void Client::WriteTooMuch() {
  const engine::SequenceNumber before = db_.VisibleSequence();
  const Bytes key(world_.plan.options.key_size_max + 1, 'k');
  const Status status = db_.Put({}, key, "");
  const engine::SequenceNumber after = db_.VisibleSequence();
  const bool refused = !status && status.error().code() == ErrorCode::kInvalidArgument;
  if (refused && before == after) return;
  if (!status && !refused) return world_.Excuse(Doing::kWriting, "a write", status.error());
  world_.simulation.Fail("limit-passed", "a key larger than the limit was taken");
}

void Client::Get(ByteView key, std::uint64_t time) {
  const FaultCounts since = world_.CountFaults();
  oracle::Model::ReadMark mark = Peek();
  mark.time = time;
  JudgeGet(key, mark, since);
}

void Client::GetRecovered(ByteView key) {
  const FaultCounts since = world_.CountFaults();
  JudgeGet(key, {.visible = world_.crash.Floor(), .sequenced = {}}, since);
}

void Client::JudgeGet(ByteView key, const oracle::Model::ReadMark& mark, const FaultCounts& since) {
  const Result<std::optional<Bytes>> found = db_.Get({.range = {}, .time = mark.time}, key);
  if (!found) return world_.Excuse(Doing::kReading, "a read", found.error(), since);
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.EndGet(mark, key, *found);
  }
  world_.Settle(judgement);
}

// What readers are said to see is the end of a batch, and what a read that begins now must show.
oracle::Model::ReadMark Client::Peek() {
  oracle::Model::ReadMark said = world_.model.BeginRead();
  const engine::SequenceNumber sequence = db_.VisibleSequence();
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.FixAt(said, sequence.value);
  }
  world_.Settle(judgement);
  return {.visible = said.visible, .sequenced = {}};
}

void Client::Scan(const oracle::KeyRange& range, bool backward) {
  const FaultCounts since = world_.CountFaults();
  oracle::Model::ReadMark mark = world_.model.BeginRead();
  const auto iterator = db_.NewIterator({});
  if (!iterator) {
    return world_.Excuse(Doing::kReading, "opening an iterator", iterator.error(), since);
  }
  world_.model.FixSnapshot(mark);
  const Result<std::vector<oracle::KeyValue>> entries = ReadRange(**iterator, range, backward);
  if (!entries) return world_.Excuse(Doing::kReading, "a scan", entries.error(), since);
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.EndScan(mark, range, *entries);
  }
  world_.Settle(judgement);
}

// By an iterator that shows nothing else, wherever it is sent.
void Client::ScanWithin(const oracle::KeyRange& range, bool backward) {
  const FaultCounts since = world_.CountFaults();
  oracle::Model::ReadMark mark = world_.model.BeginRead();
  const engine::ReadOptions options{.snapshot = nullptr,
                                    .range = {.begin = range.from, .end = range.to}};
  const auto iterator = db_.NewIterator(options);
  if (!iterator) {
    return world_.Excuse(Doing::kReading, "opening an iterator", iterator.error(), since);
  }
  world_.model.FixSnapshot(mark);
  const Result<std::vector<oracle::KeyValue>> entries = ReadRange(**iterator, {}, backward);
  if (!entries) return world_.Excuse(Doing::kReading, "a scan", entries.error(), since);
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.EndScan(mark, range, *entries);
  }
  world_.Settle(judgement);
  const Result<std::string> turns = CheckTurns(**iterator, *entries, world_.NextPick());
  if (!turns) return world_.Excuse(Doing::kReading, "a scan", turns.error(), since);
  if (!turns->empty()) world_.simulation.Fail("scan-mismatch", "in a range, " + *turns);
}

void Client::ReadEverything() {
  Hold(0);
  Check(0, true);
  for (const std::uint64_t number : world_.Sample(world_.plan.keys)) Get(KeyName(number));
}

void Client::Hold(std::uint64_t slot) {
  if (held_[slot]) Check(slot, false);
  Held held;
  held.since = world_.CountFaults();
  held.mark = world_.model.BeginRead();
  held.mark_of_snapshot = held.mark;
  const CallWatch::Call call = world_.snapshots.Begin();
  Result<std::unique_ptr<const engine::Snapshot>> snapshot = db_.GetSnapshot();
  if (!snapshot && snapshot.error().code() != ErrorCode::kOverloaded) {
    world_.simulation.Fail("no-snapshot", "a snapshot was refused: " + snapshot.error().ToString());
  }
  BEACH_SOMETIMES("engine_crash.snapshot_refused", !snapshot);
  world_.Settle(snapshot ? world_.snapshots.Took() : world_.snapshots.Refused(call));
  if (!snapshot) return;
  held.snapshot = *std::move(snapshot);
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.FixAt(held.mark_of_snapshot, held.snapshot->sequence().value);
    if (!judgement)
      judgement = world_.JudgeTime(held.mark_of_snapshot.visible, held.snapshot->time());
  }
  world_.Settle(judgement);
  Result<std::unique_ptr<engine::Iterator>> iterator = db_.NewIterator({});
  if (!iterator) {
    Release(held);
    return world_.Excuse(Doing::kReading, "opening an iterator", iterator.error(), held.since);
  }
  world_.model.FixSnapshot(held.mark);
  held.iterator = std::move(*iterator);
  held_[slot] = std::move(held);
}

void Client::Check(std::uint64_t slot, bool backward) {
  if (!held_[slot]) return;
  Held held = *std::exchange(held_[slot], std::nullopt);
  CheckHeld(held, backward);
  Release(held);
}

void Client::Release(Held& held) {
  world_.snapshots.BeginRelease();
  held.snapshot.reset();
  world_.snapshots.Released();
}

void Client::CheckHeld(const Held& held, bool backward) {
  CheckIterator(*held.iterator, {}, held.mark, backward, held.since);
  const FaultCounts since = world_.CountFaults();
  // As of then, or in its future.
  oracle::Model::ReadMark mark = held.mark_of_snapshot;
  const std::uint64_t pick = world_.NextPick();
  if (pick % 3 == 0) mark.time = held.snapshot->time() + RandomBelow(Mix64(pick), kLookAheadMax);
  const engine::ReadOptions options{
      .snapshot = held.snapshot.get(), .range = {}, .time = mark.time};
  const auto iterator = db_.NewIterator(options);
  if (!iterator) {
    return world_.Excuse(Doing::kReading, "opening an iterator", iterator.error(), since);
  }
  // The same state as that of a hold without writers between: a part of it is enough.
  CheckIterator(**iterator, world_.SampleStart(), mark, !backward, since);
  std::vector<Bytes> keys;
  for (const std::uint64_t number : world_.Sample(world_.plan.keys)) {
    keys.push_back(KeyName(number));
  }
  MultiGet(keys, held.snapshot.get(), mark);
  if (keys.empty()) return;
  const Bytes& key = keys[world_.NextPick() % keys.size()];
  const Result<std::optional<Bytes>> found = db_.Get(options, key);
  if (!found) return world_.Excuse(Doing::kReading, "a read", found.error(), since);
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.EndGet(mark, key, *found);
  }
  world_.Settle(judgement);
}

void Client::MultiGet(const std::vector<Bytes>& keys, const engine::Snapshot* snapshot,
                      const oracle::Model::ReadMark& mark) {
  const FaultCounts since = world_.CountFaults();
  const std::vector<ByteView> views(keys.begin(), keys.end());
  const auto results = db_.MultiGet({.snapshot = snapshot, .range = {}, .time = mark.time}, views);
  std::vector<oracle::KeyFound> found;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i]) {
      found.emplace_back(keys[i], *results[i]);
    } else {
      world_.Excuse(Doing::kReading, "a read of several keys", results[i].error(), since);
    }
  }
  if (results.size() != keys.size()) {
    world_.simulation.Fail("multi-get-count", "a read of several keys answered another number");
  }
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.EndMultiGet(mark, found);
  }
  world_.Settle(judgement);
}

void Client::CheckIterator(engine::Iterator& iterator, const Bytes& from,
                           const oracle::Model::ReadMark& mark, bool backward,
                           const FaultCounts& since) {
  const oracle::KeyRange range{.from = from, .to = {}};
  const Result<std::vector<oracle::KeyValue>> entries = ReadRange(iterator, range, backward);
  if (!entries) return world_.Excuse(Doing::kReading, "a scan", entries.error(), since);
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.EndScan(mark, range, *entries);
  }
  world_.Settle(judgement);
  const Result<std::string> turns = CheckTurns(iterator, *entries, world_.NextPick());
  if (!turns) return world_.Excuse(Doing::kReading, "a scan", turns.error(), since);
  if (!turns->empty()) world_.simulation.Fail("scan-mismatch", "in a scan, " + *turns);
}

void Client::Flush() {
  const std::uint64_t mark = world_.model.DurableMark();
  const Status status = db_.Flush();
  if (!status) return world_.Excuse(Doing::kWriting, "a flush", status.error());
  world_.model.Durable(mark);
}

// Of what a power loss must not take, engine-backup knows more.
void Client::Follow(std::uint64_t back) {
  const FaultCounts since = world_.CountFaults();
  const std::uint64_t visible = db_.VisibleSequence().value;
  std::uint64_t position = visible - std::min(visible, back);
  const auto excuse = [&](const Error& error) {
    if (error.code() == ErrorCode::kCompactedAway) return;
    world_.Excuse(Doing::kReading, "following the log", error, since);
  };
  const auto cursor = db_.NewLogCursor(engine::SequenceNumber(position));
  if (!cursor) return excuse(cursor.error());
  for (bool first = true;; first = false) {
    const auto batch = (*cursor)->Next(0);
    if (!batch) return excuse(batch.error());
    if (!*batch) return;
    const std::uint64_t last = (*batch)->last().value;
    const bool repeats = last <= position || (!first && (*batch)->first.value <= position);
    if (repeats || last > db_.VisibleSequence().value) {
      world_.simulation.Fail("cursor-out-of-order", "a log cursor at " + std::to_string(position) +
                                                        " showed what ends at " +
                                                        std::to_string(last));
    }
    position = last;
  }
}

void Client::Pin() {
  const std::uint64_t mark = world_.model.DurableMark();
  const auto pinned = db_.PinFiles();
  if (!pinned) return world_.Excuse(Doing::kWriting, "pinning files", pinned.error());
  for (const engine::PinnedFile& file : (*pinned)->files()) {
    if (file.sequence_max <= (*pinned)->sequence()) continue;
    world_.simulation.Fail("pin-too-new", "a pinned file holds what is above its number");
  }
  world_.model.Durable(mark);
}

// What it flushes first is durable. It reads tables that others may have failed to read before.
void Client::Compact(const oracle::KeyRange& range) {
  std::optional<Bytes> end = range.to;
  if (end && *end < range.from) end.reset();
  const Status status = db_.CompactRange(range.from, end);
  if (!status) world_.Excuse(Doing::kOpening, "a compaction", status.error());
}

}  // namespace beach::sim::scenarios::engine_crash
