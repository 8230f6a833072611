// SPDX-License-Identifier: Apache-2.0
// The one write path: writers queue, the one at the front forms a group, one flight of the log
// carries it, then the memtable, then visibility, then the acknowledgements (rule 4).
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/db_impl.h"
#include "engine/group_payload.h"
#include "engine/limits.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

// A log this many times the memtable's budget ends the memtable: synced small writes fill a block
// of log each, and all of it would have to be replayed.
constexpr std::uint64_t kLogPerMemtable = 4;

// Memory of the group's payload that is kept for the next one.
constexpr std::uint64_t kPayloadKeptMax = 4 * kMiB;

}  // namespace

Status DbImpl::Put(const WriteOptions& options, ByteView key, ByteView value) {
  WriteBatch batch;
  batch.Put(key, value, options.table);
  return Write(options, batch);
}

Status DbImpl::PutUntil(const WriteOptions& options, ByteView key, ByteView value,
                        std::uint64_t expires_at) {
  WriteBatch batch;
  batch.PutUntil(key, value, expires_at, options.table);
  return Write(options, batch);
}

Status DbImpl::AdvanceTime(const WriteOptions& options, std::uint64_t time) {
  WriteBatch batch;
  batch.AdvanceTime(time);
  return Write(options, batch);
}

Status DbImpl::Delete(const WriteOptions& options, ByteView key) {
  WriteBatch batch;
  batch.Delete(key, options.table);
  return Write(options, batch);
}

Status DbImpl::DeleteRange(const WriteOptions& options, ByteView begin, ByteView end) {
  WriteBatch batch;
  batch.DeleteRange(begin, end, options.table);
  return Write(options, batch);
}

Status DbImpl::Merge(const WriteOptions& options, ByteView key, MergeOperator merge_operator,
                     ByteView operand) {
  WriteBatch batch;
  batch.Merge(key, merge_operator, operand, options.table);
  return Write(options, batch);
}

Status DbImpl::Write(const WriteOptions& options, const WriteBatch& batch) {
  BEACH_TRY(CheckOwnLog());
  BEACH_TRY(CheckBatch(options_, batch));
  Writer writer;
  writer.batch = &batch;
  writer.sync = options.sync;
  writer.tag = options.tag;
  env::MutexLock lock(mutex_);
  AwaitTurn(writer);
  if (!writer.done) LeadGroup(writer);
  return writer.status;
}

// Returns with the writer done, or at the front of the queue.
void DbImpl::AwaitTurn(Writer& writer) {
  if (closing_) {
    writer.done = true;
    writer.status = Fail(ErrorCode::kClosed, "the database is closed");
    return;
  }
  writers_.push_back(&writer);
  while (!writer.done && (writer.taken || writers_.front() != &writer)) Wait(writer);
}

void DbImpl::LeadGroup(Writer& leader) {
  mutex_.AssertHeld();
  // An un-synced record never follows a flight that is under way.
  AwaitLandings(leader.sync && leader.conditions == nullptr ? log_->flights_max() - 1 : 0);
  Status room;
  if (leader.conditions != nullptr) room = Decide(leader);
  const bool deletes_only = leader.batch->deletes_only();
  if (room && !leader.declined) {
    Throttle();
    room = MakeRoom(deletes_only);
  }
  if (!room) {
    VouchIfOverdue();
    return FinishGroup({&leader}, room);
  }
  // Nobody else may drop a table from now on.
  if (Status there = CheckTables(leader); !there) {
    BEACH_SOMETIMES("tables.write_refused", true);
    VouchIfOverdue();
    return FinishGroup({&leader}, there);
  }

  // What is left for deletes takes them one by one. MakeRoom leaves a full memtable to them alone.
  const bool reserved = deletes_only && (in_reserve_ || MemtableIsFull());
  Group group = FormGroup(reserved || leader.declined);
  bool refused = false;  // before a byte was written: no reason to poison the handle
  bool rotate = false;
  Status status = AwaitLogRoom(group, rotate);
  group.memtable = view_->active.get();
  if (status && poison_) status = Fail(*poison_);
  if (!status) refused = status.error().code() == ErrorCode::kNoSpace;
  if (status && group.count > kMaxSequence.value - next_sequence_) {
    refused = true;
    status = Fail(ErrorCode::kInvalidArgument, "the last sequence number is used up");
  }
  bool moved = false;
  wal::LogState log;
  std::uint64_t log_bytes = 0;
  {
    const env::MutexUnlock unlock(mutex_);
    const LogPosition begin = log_->CallersEnd();
    const std::uint64_t left = segment_.size_bytes - begin.offset;
    if (status) status = SubmitGroup(group, rotate, log);
    const bool run = group.count > 0 && !group.sync;
    if (!status || !run) log = log_->state();
    const bool rotated = log.end.segment != begin.segment;
    log_bytes = rotated ? left + log.end.offset : log.end.offset - begin.offset;
    moved = log.end != begin;
  }
  group.end = log.end;
  if (status) {
    log_bytes_since_switch_ += log_bytes;
    counters_.user_bytes += payload_.size();
    counters_.log_bytes += log_bytes;
    throttled_bytes_ += payload_.size();
    PrepareAhead(group.end);
  }
  if (status && group.flight != nullptr) {
    BEACH_SOMETIMES("write.flights_under_way", !flying_.empty());
    BEACH_SOMETIMES("write.group_of_several", group.members.size() > 1);
    if (leader.change != nullptr) catalogue_.Apply(*leader.change);
    flying_.push_back(&group);
    TakeOff(group.members);
    return Fly(group, leader);
  }
  if (status) {
    log_end_ = group.end;
    log_durable_ = log.durable;
    // Visible only here: after the log, and after every entry is in the memtable.
    if (group.count > 0) visible_ = group.first.value + group.count - 1;
    ShowLog();
  }
  if (!status && !refused) Poison(status.error());
  if (flying_.empty()) ArmVouch(moved ? log.needs_vouch : log_->NeedsVouch(), moved);
  VouchIfOverdue();
  if (refused) {
    BEACH_SOMETIMES("write.refused_no_space", true);
    BEACH_SOMETIMES("reserve.full", deletes_only && in_reserve_);
    // Deletes behind it have turns of their own: there may be room for them.
    const auto kept = [](const Writer* writer) { return writer->batch->deletes_only(); };
    const auto begin = group.members.begin() + 1;
    group.members.erase(std::find_if(begin, group.members.end(), kept), group.members.end());
  }
  FinishGroup(group.members, status);
  group.members.clear();
  members_.swap(group.members);
}

// Finds out whether the log takes the group, and whether it must go on in the next segment for it.
// One that the reserve must take becomes its first member alone. kNoSpace: nothing was written.
Status DbImpl::AwaitLogRoom(Group& group, bool& rotate) {
  mutex_.AssertHeld();
  rotate = group.count > 0 && log_->WantsRotation(payload_.size(), group.sync);
  if (rotate || group.count == 0) AwaitLandings(0);
  if (group.count == 0 || (!rotate && !in_reserve_)) return {};
  const bool deletes_only = group.members.front()->batch->deletes_only();
  if (!in_reserve_ || !deletes_only) {
    // The last one stays behind, as the reserve.
    const Status ordinary = AwaitSegments(rotate ? 2 : 1);
    const bool scarce = !ordinary && ordinary.error().code() == ErrorCode::kNoSpace;
    if (!scarce || !deletes_only) return ordinary;
    group = FormGroup(true);
  }
  rotate = !log_->Fits(payload_.size(), group.sync);
  if (!rotate) return {};
  AwaitLandings(0);
  return AwaitSegments(1);
}

// Waits until the active memtable can take a group. kNoSpace rather than a wait that may not end:
// while tables cannot be written, deletes go on where others do not, in a memtable that is full.
Status DbImpl::MakeRoom(bool deletes_only) {
  mutex_.AssertHeld();
  while (true) {
    if (poison_) return Fail(*poison_);
    const bool early =
        WantsFreeze() && !flush_no_space_ && view_->frozen.size() < options_.frozen_memtables_max;
    if (!MemtableIsFull() && !early) return {};
    if (!flying_.empty()) {  // they are for this memtable
      AwaitLandings(0);
      continue;
    }
    if (view_->frozen.size() < options_.frozen_memtables_max) {
      BEACH_TRY(SyncKeptLog());
      SwitchMemtable(MemtableIsFull() ? FullReason() : FreezeReason());
      return {};
    }
    if (flush_no_space_) {
      if (!deletes_only || !MemtableTakesDeletes()) return Fail(*flush_no_space_);
      BEACH_SOMETIMES("reserve.delete_in_full_memtable", true);
      return {};
    }
    BEACH_SOMETIMES("write.stalled_by_flush", true);
    background_.Wait(mutex_);
  }
}

Status DbImpl::CheckTables(const Writer& writer) const {
  mutex_.AssertHeld();
  if (writer.change != nullptr || writer.batch->tables().empty()) [[likely]]
    return {};
  return catalogue_.CheckTables(*writer.batch);
}

bool DbImpl::MemtableIsFull() const {
  const LoggedMemtable& memtable = *view_->active;
  if (memtable.count() == 0) return false;
  return memtable.size_bytes() >= options_.memtable_size ||
         log_bytes_since_switch_ / kLogPerMemtable >= options_.memtable_size;
}

// A time at which a table is worth a compaction that frees what has expired. It can begin when the
// tables have that time too.
bool DbImpl::MemtableHasExpiry() const {
  if (!next_expiry_) return false;
  const TimeList& times = view_->active->times;
  return times.begin().time < *next_expiry_ && *next_expiry_ <= times.end().time;
}

// Though it is not full.
bool DbImpl::WantsFreeze() const {
  return MemtableHasExpiry() || (flush_wanted_ && !view_->active->IsEmpty());
}

const char* DbImpl::FreezeReason() const { return MemtableHasExpiry() ? "expiry" : "wanted"; }

// Of a full one: what the reserve would take.
bool DbImpl::MemtableTakesDeletes() const {
  const std::uint64_t reserve = options_.wal_segment_size;
  return view_->active->size_bytes() < options_.memtable_size + reserve &&
         log_bytes_since_switch_ < kLogPerMemtable * options_.memtable_size + reserve;
}

const char* DbImpl::FullReason() const {
  return view_->active->size_bytes() >= options_.memtable_size ? "size" : "log";
}

// Leader: nobody adds to the active memtable now.
void DbImpl::SwitchMemtable(const char* reason) {
  mutex_.AssertHeld();
  BEACH_CHECK(flying_.empty());
  const LoggedMemtable& full = *view_->active;
  BEACH_CHECK(!full.IsEmpty());
  Record("memtable.frozen", {{.name = "memtable", .number = view_->active->id},
                             {.name = "reason", .text = reason},
                             {.name = "entries", .number = full.count()},
                             {.name = "bytes", .number = full.size_bytes()},
                             {.name = "log_bytes", .number = log_bytes_since_switch_}});
  auto next = std::make_shared<View>(*view_);
  next->frozen.push_back(next->active);
  auto memtable = std::make_shared<LoggedMemtable>(options_, full.times.end(), memtable_chunks_);
  memtable->id = next->active->id + 1;
  memtable->log_begin = log_end_;
  next->active = std::move(memtable);
  // No memtable and no table goes with the old one.
  static_cast<void>(SetView(std::move(next)));
  log_bytes_since_switch_ = 0;
  flush_wanted_ = false;
  background_.NotifyAll();
}

// The longest run of waiting writes that fits one flight. A leader that asked for no sync takes
// none that did: it would wait for a flush that it does not need. Conditions are looked at by a
// leader alone.
DbImpl::Group DbImpl::FormGroup(bool alone) {
  mutex_.AssertHeld();
  const bool single = BEACH_BUGGIFY("write.single_member_group") || alone;
  Group group;
  group.members.swap(members_);
  payload_.clear();
  if (payload_.capacity() > kPayloadKeptMax) Bytes().swap(payload_);  // an assignment keeps it
  for (Writer* const writer : writers_) {
    if (writer->batch == nullptr) break;
    if (!group.members.empty()) {
      if (writer->conditions != nullptr) break;
      // Whether its tables are there is for its own turn, if they are not now.
      if (group.members.front()->change != nullptr || !CheckTables(*writer)) break;
      const std::uint64_t size = writer->batch->size_bytes() + kGroupOverheadMax;
      if (single || payload_.size() + size > options_.wal_group_size_max) break;
      if (writer->sync && !group.members.front()->sync) break;
      if (payload_.size() + size > wal::PayloadSizeMax(options_.wal_segment_size)) break;
    }
    group.members.push_back(writer);
    group.sync = group.sync || writer->sync;
    group.count += writer->batch->count();
    if (writer->batch->count() > 0) AppendBatchToGroup(payload_, writer->batch->encoding());
  }
  BEACH_CHECK(!group.members.empty());
  return group;
}

// Leader, without mutex_. A synced group's flight is under way when it returns; else its operations
// are in the log and in the memtable, and `log` is the log's state.
Status DbImpl::SubmitGroup(Group& group, bool rotate, wal::LogState& log) {
  below_group_ = SequenceNumber(next_sequence_ - 1);
  group.first = SequenceNumber(next_sequence_);
  next_sequence_ += group.count;
  std::uint64_t sequence = group.first.value;
  for (const Writer* const writer : group.members) {
    if (writer->batch->count() == 0) continue;
    Record("write.sequenced", {{.name = "first", .number = sequence},
                               {.name = "count", .number = writer->batch->count()},
                               {.name = "tag", .number = writer->tag}});
    if (writer->change != nullptr) RecordChange(*writer->change, group.first);
    sequence += writer->batch->count();
  }
  if (group.count == 0) return group.sync ? log_->Sync() : Status();

  if (rotate) BEACH_TRY(log_->Rotate());
  const wal::LogWrite write{
      .payload = payload_, .first_sequence = group.first, .count = group.count, .sync = group.sync};
  if (group.sync) {
    BEACH_TRY_ASSIGN(group.flight, log_->Submit(write));
  } else {
    BEACH_TRY_ASSIGN(log, log_->AppendRun(write));
    AddToMemtable(group);
  }
  return {};
}

// Takes the members off the queue, and wakes the next leader.
void DbImpl::TakeOff(const std::vector<Writer*>& members) {
  mutex_.AssertHeld();
  for (Writer* const member : members) {
    BEACH_CHECK(writers_.front() == member);
    writers_.pop_front();
    member->taken = true;
  }
  TellOfFreeze();
  WakeFront();
}

void DbImpl::Acknowledge(const std::vector<Writer*>& members, const Status& status) {
  mutex_.AssertHeld();
  for (Writer* const member : members) {
    member->status = status;
    member->done = true;
    member->turn.NotifyOne();
    if (member->async == nullptr) continue;
    async_.answers.emplace_back(member->async);
    async_.answers_wait.NotifyOne();
  }
}

void DbImpl::FinishGroup(const std::vector<Writer*>& members, const Status& status) {
  TakeOff(members);
  Acknowledge(members, status);
}

void DbImpl::Poison(const Error& error) {
  mutex_.AssertHeld();
  BEACH_CHECK(error.code() != ErrorCode::kNoSpace);  // it would say that a retry is safe
  if (poison_) return;
  poison_ = error;
  const std::string text = error.ToString();
  Record("db.poisoned", {{.name = "error", .text = text}});
  BEACH_SOMETIMES("db.poisoned", true);
  compaction_off_ = true;
  background_.NotifyAll();
  prepared_.NotifyAll();
  compacted_.NotifyAll();
}

void DbImpl::Record(Site event, std::initializer_list<env::EventField> fields) {
  if (env_.events != nullptr) env_.events->Record(event, fields);
}

}  // namespace beach::engine
