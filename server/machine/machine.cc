// SPDX-License-Identifier: Apache-2.0
#include "server/machine/machine.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "raft/configuration.h"
#include "server/machine/snapshot.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
// What a command's batch may be longer than the command itself: a byte of the key and the room that
// lengths grow by for each operation, values that are computed, an answer, and rows that go.
constexpr std::uint64_t kBatchSizeMax = 32 * kMiB;
static_assert(kCommandSizeMax + kComputedSizeMax + kOperationsMax * 4 + kAnswerSizeMax + kMiB <=
              kBatchSizeMax);

Bytes Encoded(AnswerKind kind, raft::LogIndex index) {
  Bytes bytes;
  EncodeAnswer({.kind = kind, .index = index.value, .values = {}}, bytes);
  return bytes;
}

}  // namespace

engine::Options EngineOptions(engine::Options options) {
  options.external_log = true;
  options.key_size_max = std::max(options.key_size_max, kKeySizeMax + 1);
  options.value_size_max = std::max(options.value_size_max, kAnswerSizeMax + kMiB);
  options.batch_size_max = std::max(options.batch_size_max, kBatchSizeMax);
  // Batches are held to what fits a segment, though there are none.
  options.wal_segment_size = std::max(options.wal_segment_size, 64 * kMiB);
  return options;
}

Machine::Machine(engine::Db& db, MachineOptions options)
    : db_(db), options_(std::move(options)), sessions_(options_.sessions) {}

Result<std::unique_ptr<Machine>> Machine::Open(engine::Db& db, MachineOptions options) {
  std::unique_ptr<Machine> machine(new Machine(db, std::move(options)));
  BEACH_TRY(machine->Reload());
  return machine;
}

Status Machine::Reload() {
  const engine::LogMark mark = db_.DurableMark();
  PlaceAndConfiguration found{.place = {},
                              .configuration = MakePlaceConfiguration({}, options_.bootstrap)};
  if (mark.index != 0) {
    BEACH_TRY_ASSIGN(found, DecodePlace(mark));
  }
  BEACH_TRY(sessions_.Load(db_));
  configuration_ = std::move(found.configuration);
  const env::MutexLock lock(mutex_);
  place_ = found.place;
  ring_ = {};
  if (listener_ != nullptr) listener_->Begins(place_.index);
  return {};
}

void Machine::SetListener(ChangeListener* listener) {
  listener_ = listener;
  if (listener_ != nullptr) listener_->Begins(place_.index);
}

raft::SnapshotMeta Machine::durable() const {
  const engine::LogMark mark = db_.DurableMark();
  if (mark.index == 0) {
    return {
        .index = {}, .term = {}, .configuration_index = {}, .configuration = options_.bootstrap};
  }
  const Result<PlaceAndConfiguration> found = DecodePlace(mark);
  BEACH_CHECK(found.has_value());  // Reload has read it, or it was written here
  return found->meta();
}

Result<std::unique_ptr<raft::PinnedSnapshot>> Machine::Pin() { return PinSnapshot(db_); }

Status Machine::Check(ByteView description, const std::vector<std::string>& paths) {
  return CheckSnapshot(db_, description, paths);
}

Status Machine::Install(const raft::SnapshotMeta& meta, ByteView description,
                        const std::vector<std::string>& paths) {
  BEACH_TRY(InstallSnapshot(db_, meta, description, paths));
  BEACH_TRY(Reload());
  awaits_snapshot_ = false;
  return {};
}

Result<std::size_t> Machine::Apply(std::span<const raft::Entry> entries, bool may_block,
                                   std::vector<Bytes>& answers) {
  BEACH_CHECK(!awaits_snapshot_);
  std::size_t applied = 0;
  for (const raft::Entry& entry : entries) {
    Bytes answer;
    const Result<bool> done = ApplyOne(entry, may_block, answer);
    if (!done && done.error().code() != ErrorCode::kNoSpace) return Fail(done.error());
    if (!done || !*done) break;
    answers.push_back(std::move(answer));
    ++applied;
  }
  return applied;
}

// False: it would block, and nothing has changed.
Result<bool> Machine::ApplyOne(const raft::Entry& entry, bool may_block, Bytes& answer) {
  BEACH_CHECK_EQ(entry.index.value, place_.index.value + 1);
  batch_.Clear();
  sessions_.Begin();
  Place next = place_;
  next.index = entry.index;
  next.term = entry.term;
  std::optional<PlaceConfiguration> changed;
  switch (entry.kind) {
    case raft::EntryKind::kNoOp: break;
    case raft::EntryKind::kLost: BEACH_CHECK(false);  // is committed nowhere before it is found
    case raft::EntryKind::kConfiguration: {
      auto configuration = raft::DecodeConfiguration(entry.payload.view());
      BEACH_CHECK(configuration.has_value());  // else it is in no log
      changed = MakePlaceConfiguration(entry.index, *std::move(configuration));
      break;
    }
    case raft::EntryKind::kNormal: {
      BEACH_TRY_ASSIGN(const bool planned, PlanCommand(entry, may_block, next, answer));
      if (!planned) return false;
      break;
    }
  }
  next.digest = RollDigest(place_.digest, entry, answer, batch_.encoding());
  engine::LogMark mark = EncodePlace(next, changed ? *changed : configuration_);
  if (may_block) {
    BEACH_TRY(db_.Apply(batch_, std::move(mark)));
  } else {
    BEACH_TRY_ASSIGN(const bool done, db_.TryApply(batch_, std::move(mark)));
    if (!done) return false;
  }
  sessions_.Commit();
  if (changed) configuration_ = *std::move(changed);
  Arrive(next);
  if (listener_ != nullptr) listener_->Applied(entry.index, batch_);
  return true;
}

// What the entry writes and what is said to it; `next` is where it leads. False: a read would
// block.
Result<bool> Machine::PlanCommand(const raft::Entry& entry, bool may_block, Place& next,
                                  Bytes& answer) {
  const Result<Command> command = DecodeCommand(entry.payload.view());
  if (!command) {
    answer = Encoded(AnswerKind::kInvalid, entry.index);
    return true;
  }
  if (command->proposed_at_ms > next.time_ms) {
    next.time_ms = command->proposed_at_ms;
    batch_.AdvanceTime(next.time_ms);
  }
  sessions_.RemoveIdle(next.time_ms, batch_);
  switch (command->kind) {
    case CommandKind::kOpenSession:
      answer = Encoded(AnswerKind::kDone, entry.index);
      sessions_.Open(entry.index.value, next.time_ms, answer, batch_);
      return true;
    case CommandKind::kCloseSession: {
      const bool closed = sessions_.Close(command->session, next.time_ms, batch_);
      answer = Encoded(closed ? AnswerKind::kDone : AnswerKind::kSessionGone, entry.index);
      return true;
    }
    case CommandKind::kTransaction: break;
  }
  KeyReader reader(db_, next.time_ms, may_block);
  return PlanTransaction(*command, reader, next, answer);
}

// Done once: a retry gets the answer of the first try.
Result<bool> Machine::PlanTransaction(const Command& command, KeyReader& reader, const Place& next,
                                      Bytes& answer) {
  if (command.session == SessionId{}) return PlanNew(command, reader, next, answer);
  const Sessions::Found found = sessions_.Find(command.session, command.request, next.time_ms);
  switch (found.standing) {
    case Sessions::Standing::kNew: {
      BEACH_TRY_ASSIGN(const bool planned, PlanNew(command, reader, next, answer));
      if (planned) {
        sessions_.Remember(command, next.index.value, next.time_ms, answer, batch_);
      }
      return planned;
    }
    case Sessions::Standing::kAnswered: {
      answer = found.answer;
      if (!answer.empty()) return true;
      return ReadAnswer(command, reader, answer);
    }
    case Sessions::Standing::kForgotten:
      answer = Encoded(AnswerKind::kForgotten, next.index);
      return true;
    case Sessions::Standing::kGone:
      answer = Encoded(AnswerKind::kSessionGone, next.index);
      return true;
  }
  return true;
}

// A long answer is in its row alone.
Result<bool> Machine::ReadAnswer(const Command& command, KeyReader& reader, Bytes& answer) {
  const Bytes key = SessionRowKey(command.session, SlotOf(command.request));
  BEACH_TRY_ASSIGN(const engine::TryGetResult found, reader.GetStored(key));
  if (found.would_block) return false;
  const std::optional<SessionRow> row =
      found.value ? ParseSessionRow(*found.value) : std::optional<SessionRow>();
  if (!row || row->request != command.request) {
    return Fail(ErrorCode::kCorruption, "a session's answer is not in its row");
  }
  answer = row->answer;
  return true;
}

Result<bool> Machine::PlanNew(const Command& command, KeyReader& reader, const Place& next,
                              Bytes& answer) {
  BEACH_TRY_ASSIGN(Judged judged, Judge(command, reader));
  if (judged.would_block) return false;
  EncodeAnswer({.kind = judged.kind, .index = next.index.value, .values = std::move(judged.values)},
               answer);
  BEACH_CHECK_LE(answer.size(), kAnswerSizeMax);
  AddWrites(judged.operations != nullptr ? *judged.operations : judged.resolved, batch_);
  return true;
}

void Machine::Arrive(const Place& next) {
  const env::MutexLock lock(mutex_);
  place_ = next;
  ring_.Add({.index = next.index, .digest = next.digest});
}

DigestAt Machine::digest() const {
  const env::MutexLock lock(mutex_);
  return {.index = place_.index, .digest = place_.digest};
}

std::vector<DigestAt> Machine::RecentDigests() const {
  const env::MutexLock lock(mutex_);
  return ring_.All();
}

std::uint64_t Machine::time_ms() const {
  const env::MutexLock lock(mutex_);
  return place_.time_ms;
}

}  // namespace beach::server
