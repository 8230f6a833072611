// SPDX-License-Identifier: Apache-2.0
// Flushing: a frozen memtable becomes a table, in the order of rule 15: table, sync, directory
// sync, manifest edit, swap; then the log below is let go.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/no_space.h"
#include "engine/db_impl.h"
#include "engine/table_events.h"
#include "env/marks.h"

namespace beach::engine {
Status DbImpl::Flush() {
  Writer writer;  // no batch: only the leader may switch the memtable
  env::MutexLock lock(mutex_);
  AwaitTurn(writer);
  if (writer.done) return writer.status;
  AwaitLandings(0);
  while (!view_->active->IsEmpty() && !poison_ && !flush_no_space_ &&
         view_->frozen.size() >= options_.frozen_memtables_max) {
    background_.Wait(mutex_);
  }
  Status status;
  std::uint64_t target = view_->active->id - 1;
  if (poison_) {
    status = Fail(*poison_);
  } else if (!view_->active->IsEmpty()) {
    if (view_->frozen.size() < options_.frozen_memtables_max) {
      status = SyncKeptLog();
      if (status) {
        target = view_->active->id;
        SwitchMemtable("asked");
      }
    } else {
      status = Fail(*flush_no_space_);
    }
  }
  VouchIfOverdue();
  FinishGroup({&writer}, status);
  BEACH_TRY(writer.status);
  return AwaitFlushOf(target);
}

// kNoSpace when an attempt since the call, or the one before it, found none: the memtables stay,
// and the flush thread goes on trying.
Status DbImpl::AwaitFlushOf(std::uint64_t memtable_id) {
  mutex_.AssertHeld();
  while (flushed_id_ < memtable_id) {
    if (poison_) return Fail(*poison_);
    if (flush_no_space_) return Fail(*flush_no_space_);
    background_.Wait(mutex_);
  }
  return {};
}

void DbImpl::FlushLoop() {
  env::MutexLock lock(mutex_);
  while (true) {
    while (!closing_ && (poison_ || standing_still_ || view_->frozen.empty())) {
      if (!poison_ && IsAtRest() && WantsFreeze()) {
        FreezeAtRest();
      } else {
        Rest(env::kNoDeadline);
      }
    }
    if (poison_ || view_->frozen.empty()) return;  // closing
    BEACH_CHECK(!standing_still_);
    flushing_ = true;
    Status status = FlushOldest();
    flushing_ = false;
    if (status) {
      BEACH_SOMETIMES("flush.retried_after_no_space", flush_no_space_.has_value());
      flush_no_space_.reset();
      background_.NotifyAll();
      continue;
    }
    if (status.error().code() != ErrorCode::kNoSpace) {
      Poison(status.error());
      continue;
    }
    flush_no_space_ = status.error();
    background_.NotifyAll();
    {
      const env::MutexUnlock unlock(mutex_);
      RemoveSpareSegments();
      GiveUpPinnedLog();
    }
    if (closing_) return;
    const std::uint64_t deadline = env_.clock->MonotonicNow() + kNoSpacePauseNs;
    while (!closing_ && Rest(deadline)) {
    }
  }
}

// Of the flush thread, in a turn of its own: nobody else is there to do it.
void DbImpl::FreezeAtRest() {
  mutex_.AssertHeld();
  Writer turn;
  writers_.push_back(&turn);
  BEACH_CHECK(writers_.front() == &turn);
  const Status synced = SyncKeptLog();
  if (synced && WantsFreeze()) {
    BEACH_SOMETIMES("flush.for_expiry_at_rest", MemtableHasExpiry());
    SwitchMemtable(FreezeReason());
  }
  FinishGroup({&turn}, synced);
}

// The memtable may have come to what it is to be frozen for, and nobody else do it.
void DbImpl::TellOfFreeze() {
  mutex_.AssertHeld();
  if (IsAtRest() && WantsFreeze()) background_.NotifyAll();
}

Status DbImpl::FlushOldest() {
  mutex_.AssertHeld();
  std::shared_ptr<const View> before = view_;
  std::shared_ptr<LoggedMemtable> memtable = before->frozen.front();
  const LogPosition replay_from =
      before->frozen.size() > 1 ? before->frozen[1]->log_begin : before->active->log_begin;

  const TimeMark time = memtable->times.end();
  TablePointer table;  // none, where the memtable has nothing but times
  {
    env::MutexUnlock unlock(mutex_);
    BEACH_TRY_ASSIGN(table, WriteFlush(*memtable));
    LogPosition durable;
    {
      env::MutexLock relock(mutex_);
      // Below replay_from the tables are what is durable: nobody will read the log there.
      durable = std::max(log_durable_, replay_from);
    }
    if (Status published = PublishFlush(*memtable, table, replay_from, durable); !published) {
      return Fail(WithoutNoSpace(std::move(published).error()));
    }
    if (table != nullptr) {
      Record("flush.finished", {{.name = "file", .number = table->info.file.value},
                                {.name = "size_bytes", .number = table->info.size_bytes}});
    }
  }

  auto next = std::make_shared<View>(*view_);
  BEACH_CHECK(next->frozen.front() == memtable);
  BEACH_SOMETIMES("flush.while_writing", next->active != before->active || !writers_.empty());
  next->frozen.erase(next->frozen.begin());
  flushed_sequence_ = std::max(flushed_sequence_, time.sequence);
  flushed_time_ = time;
  if (memtable->mark) flushed_mark_ = *memtable->mark;
  if (table != nullptr) {
    RecordTableChanges(env_.events, *view_->version, {}, {&table, 1});
    counters_.flush_bytes += table->info.size_bytes;
    ++counters_.flushes;
    flushed_sequence_ = std::max(flushed_sequence_, table->info.sequence_max);
    next->version = std::make_shared<const Version>(next->version->With({}, {std::move(table)}));
  }
  CurrentView::Views dropped = SetView(std::move(next));
  for (auto& former : TakeFormerViews()) dropped.push_back(std::move(former));
  flushed_id_ = memtable->id;
  PressureChanged();
  WakeCompaction();
  const env::MutexUnlock unlock(mutex_);  // with these goes all of the memtable's memory
  CurrentView::Drop(std::move(dropped));
  before.reset();
  memtable.reset();
  return {};
}

// Null: there is nothing to be written.
Result<TablePointer> DbImpl::WriteFlush(const LoggedMemtable& memtable) {
  if (memtable.table_count() == 0) return TablePointer();
  const FileNumber file = manifest_->NewFileNumber();
  Record("flush.began", {{.name = "file", .number = file.value},
                         {.name = "entries", .number = memtable.table_count()},
                         {.name = "bytes", .number = memtable.size_bytes()}});
  const DatabaseId database = manifest_->state().database;
  auto info = WriteTable(*env_.files, directory_, database, file, options_, memtable);
  const std::string path = env::JoinPath(directory_, TableFileName(file));
  if (!info) {
    static_cast<void>(env_.files->Remove(path));  // debris otherwise, which the next open removes
    Record("flush.finished", {{.name = "file", .number = file.value},
                              {.name = "error", .text = ErrorCodeName(info.error().code())}});
    return Fail(std::move(info).error());
  }
  return engine::OpenTable(*env_.files, directory_, database, *info, cache_);
}

Status DbImpl::PublishFlush(const LoggedMemtable& memtable, const TablePointer& table,
                            LogPosition replay_from, LogPosition durable) {
  ManifestEdit edit;
  const ManifestState state = manifest_->state();
  const TimeMark time = memtable.times.end();
  edit.log_mark = memtable.mark;
  edit.last_sequence = std::max(time.sequence, state.last_sequence);
  if (table != nullptr) {
    edit.tables_added.push_back(table->info);
    edit.last_sequence = std::max(table->info.sequence_max, *edit.last_sequence);
  }
  if (time != state.time) edit.time = time;
  edit.replay_from = replay_from;
  edit.durable = durable;
  // Only this thread removes segments, and those below replay_from are all sealed.
  const std::vector<wal::Segment> retired = log_shelf_->ToUnlist(replay_from.segment);
  for (const wal::Segment& segment : retired) {
    BEACH_CHECK_NE(segment.end, wal::Segment::kOpenEnd);
    edit.segments_removed.push_back(segment.ordinal);
  }
  BEACH_TRY(manifest_->Apply(std::move(edit)));
  // FAILPOINT: flush_after_publish: the table counts; segments below it are unlisted, and there.
  BEACH_FAILPOINT("flush_after_publish");
  const LogShelf::Freed freed = log_shelf_->Unlisted(retired);
  for (const wal::Segment& segment : freed.given_up) RemoveSegmentFile(segment);
  RetireSegmentFiles(freed.unread);
  return {};
}

}  // namespace beach::engine
