// SPDX-License-Identifier: Apache-2.0
// All that a database holds, replaced by the tables of another that the same log was applied to.
// Their files get names here, unlisted, while everything goes on; then flushes and compactions
// stand still, and one edit lists the new tables and no other. What readers began in stays as it
// was: iterators have pinned it, and for snapshots it is kept.
#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/no_space.h"
#include "engine/db_impl.h"
#include "engine/internal_key.h"
#include "engine/manifest/manifest_file.h"
#include "engine/sst/table_frame.h"
#include "engine/table_events.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

// Beside what is listed, of the edit.
constexpr std::uint64_t kEditOverheadMax = 64;

// What the file says of itself, which is to be what was said of it.
Result<TableInfo> ReadInfo(env::FileSystem& files, const PinnedFile& said, FileNumber number) {
  const auto damaged = [&said](const char* what) {
    return Fail(Error(ErrorCode::kCorruption, what).At(said.path));
  };
  BEACH_TRY_ASSIGN(const auto file,
                   files.Open(said.path, {.mode = env::OpenMode::kRead, .direct = false}));
  BEACH_TRY_ASSIGN(const std::uint64_t size, file->Size());
  if (size != said.size_bytes) return damaged("the table to be installed has another size");
  const sst::Identity identity{.database = said.written_by, .file = said.number};
  BEACH_TRY_ASSIGN(const sst::TableFrame frame, sst::ReadTableFrame(*file, size, identity));
  const sst::Properties& properties = frame.properties;
  TableInfo info{.file = number,
                 .size_bytes = size,
                 .entries = properties.entries + properties.range_deletes,
                 .smallest = properties.smallest,
                 .largest = properties.largest,
                 .sequence_min = properties.sequence_min,
                 .sequence_max = properties.sequence_max,
                 .level = said.level,
                 .origin = said.written_by,
                 .origin_file = said.number};
  const bool equal =
      UserKeyOf(info.smallest) == said.smallest && UserKeyOf(info.largest) == said.largest &&
      info.sequence_min == said.sequence_min && info.sequence_max == said.sequence_max;
  if (!equal) return damaged("the table to be installed is not what was said of it");
  return info;
}

}  // namespace

// Past the cache: nothing of it is the database's yet.
Status DbImpl::CheckFile(const PinnedFile& file) {
  if (closing_) return Fail(ErrorCode::kClosed, "the database is closed");
  BEACH_TRY_ASSIGN(const TableInfo info, ReadInfo(*env_.files, file, file.number));
  BEACH_TRY_ASSIGN(const auto reader,
                   TableReader::Open(*env_.files, file.path, file.written_by, info));
  return reader->Verify();
}

Status DbImpl::Install(const std::vector<PinnedFile>& files, SequenceNumber last_sequence,
                       std::uint64_t time, LogMark mark) {
  BEACH_TRY(CheckApply({}, mark));
  if (closing_) return Fail(ErrorCode::kClosed, "the database is closed");
  for (const PinnedFile& file : files) {
    if (file.level < kLevelCount && file.sequence_max <= last_sequence) continue;
    return Fail(
        Error(ErrorCode::kInvalidArgument, "a table at no level, or above the last sequence number")
            .At(file.path));
  }
  Replacement replacement{.last_sequence = last_sequence, .time = time, .mark = std::move(mark)};
  Status status = TakeIn(files, replacement);
  if (status) status = ReplaceInTurn(replacement);
  // What an edit may have listed stays, as after any failed edit.
  if (!status && !replacement.in_doubt) replacement.retired.swap(replacement.tables);
  for (const TablePointer& table : replacement.retired) RemoveTableFile(*table);
  return status;
}

// Second names, durable, and opened under them: debris so far.
Status DbImpl::TakeIn(const std::vector<PinnedFile>& files, Replacement& replacement) {
  const DatabaseId database = manifest_->state().database;
  const auto take = [&](const PinnedFile& file) -> Status {
    const FileNumber number = manifest_->NewFileNumber();
    BEACH_TRY_ASSIGN(const TableInfo info, ReadInfo(*env_.files, file, number));
    const std::string path = env::JoinPath(directory_, TableFileName(number));
    BEACH_TRY(env_.files->Link(file.path, path));
    auto table = engine::OpenTable(*env_.files, directory_, database, info, cache_);
    if (!table) {
      static_cast<void>(env_.files->Remove(path));
      return Fail(std::move(table).error());
    }
    replacement.tables.push_back(*std::move(table));
    return {};
  };
  for (const PinnedFile& file : files) BEACH_TRY(take(file));
  return env_.files->SyncDirectory(directory_);
}

Status DbImpl::ReplaceInTurn(Replacement& replacement) {
  Writer turn;
  const env::MutexLock lock(mutex_);
  AwaitTurn(turn);
  if (turn.done) return turn.status;
  StandStill();
  Status status = CheckAhead(replacement);
  if (status) status = Replace(replacement);
  GoOn();
  FinishGroup({&turn}, status);
  return status;
}

// Leader. Returns with no flush and no compaction under way, and none begins before GoOn.
void DbImpl::StandStill() {
  mutex_.AssertHeld();
  BEACH_CHECK(!standing_still_);
  standing_still_ = true;
  BEACH_SOMETIMES("install.while_compacting", !jobs_running_.empty());
  compaction_off_ = true;  // those that are at it give up
  compacted_.NotifyAll();
  while (!jobs_running_.empty()) compacted_.Wait(mutex_);
  while (flushing_) background_.Wait(mutex_);
}

void DbImpl::GoOn() {
  mutex_.AssertHeld();
  standing_still_ = false;
  compaction_off_ = closing_ || poison_.has_value();
  background_.NotifyAll();
  compacted_.NotifyAll();
  WakeCompaction();
}

// What is installed is later than what is here, or no earlier and of the same moment.
Status DbImpl::CheckAhead(const Replacement& replacement) const {
  mutex_.AssertHeld();
  if (poison_) return Fail(*poison_);
  const std::uint64_t last = replacement.last_sequence.value;
  const std::uint64_t now = TimeNow();
  const bool same_moment = last == visible_ && replacement.time == now;
  const bool later = last > visible_ && replacement.time >= now;
  const bool in_bounds = replacement.last_sequence <= kRecordedSequenceMax;
  if (replacement.mark.index > applied_index_ && (later || same_moment) && in_bounds) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "what is to be installed is not ahead of what is applied: entry " +
                  std::to_string(replacement.mark.index) + " with sequence number " +
                  std::to_string(last) + ", here " + std::to_string(applied_index_) + " with " +
                  std::to_string(visible_.load()));
}

// While all stands still.
Status DbImpl::Replace(Replacement& replacement) {
  mutex_.AssertHeld();
  const TimeMark before = view_->active->times.end();
  const TimeMark now = replacement.time > before.time
                           ? TimeMark{replacement.last_sequence, replacement.time}
                           : before;
  ManifestEdit edit;
  edit.last_sequence = replacement.last_sequence;
  edit.log_mark = replacement.mark;
  for (const TablePointer& table : replacement.tables) edit.tables_added.push_back(table->info);
  Status applied;
  {
    const env::MutexUnlock unlock(mutex_);
    ManifestState state = manifest_->state();
    for (const TableInfo& table : state.tables) edit.tables_removed.push_back(table.file);
    if (now != state.time) edit.time = now;
    if (EncodeManifestEdit(edit).size() + kEditOverheadMax > kManifestRecordSizeMax) {
      return Fail(ErrorCode::kInvalidArgument, "more tables than one edit of the manifest takes");
    }
    // A failure of the manifest is for good: tables that do not fit together are found here.
    BEACH_TRY(state.Apply(edit));
    applied = manifest_->Apply(edit);
  }
  if (!applied) {
    replacement.in_doubt = true;
    const Error error = WithoutNoSpace(std::move(applied).error());
    Poison(error);
    return Fail(error);
  }
  RecordTableChanges(env_.events, *view_->version, edit.tables_removed, replacement.tables);
  for (const Version::Level& level : view_->version->levels) {
    for (const TablePointer& table : level) {
      if (table_holds_.Retire(table)) replacement.retired.push_back(table);
    }
  }
  Show(replacement, edit.tables_removed, now);
  return {};
}

// What the manifest lists, and nothing in memory.
void DbImpl::Show(Replacement& replacement, const std::vector<FileNumber>& removed, TimeMark time) {
  mutex_.AssertHeld();
  const std::uint64_t last = replacement.last_sequence.value;
  auto next = std::make_shared<View>();
  next->active = std::make_shared<LoggedMemtable>(options_, time, memtable_chunks_);
  next->active->id = view_->active->id + 1;
  next->version =
      std::make_shared<const Version>(view_->version->With(removed, replacement.tables));
  next->tables = view_->tables;
  flushed_id_ = view_->active->id;
  flushed_sequence_ = replacement.last_sequence;
  flushed_time_ = time;
  applied_index_ = replacement.mark.index;
  flushed_mark_ = std::move(replacement.mark);
  flush_wanted_ = false;
  flush_no_space_.reset();
  next_sequence_ = last + 1;
  merged_ = 0;
  static_cast<void>(current_.TakeMerged());
  tables_aside_.clear();
  former_views_.push_back({.below = replacement.last_sequence, .view = view_});
  former_below_ = last;
  // Before the view: who finds the new tables reads at their number, never below it.
  visible_ = last;
  CurrentView::Views dropped = SetView(std::move(next));
  for (auto& view : TakeFormerViews()) dropped.push_back(std::move(view));
  PressureChanged();
  const env::MutexUnlock unlock(mutex_);
  CurrentView::Drop(std::move(dropped));
}

CurrentView::Views DbImpl::TakeFormerViews() {
  mutex_.AssertHeld();
  CurrentView::Views taken;
  if (former_views_.empty()) return taken;
  const std::vector<TimeMark> moments = snapshots_->Moments();
  SequenceNumber from;
  std::erase_if(former_views_, [&](FormerView& former) {
    const bool needed = std::ranges::any_of(moments, [&](const TimeMark& moment) {
      return moment.sequence >= from && moment.sequence < former.below;
    });
    if (!needed) taken.push_back(std::move(former.view));
    if (needed) from = former.below;
    return !needed;
  });
  return taken;
}

std::shared_ptr<const View> DbImpl::FormerViewOf(const Snapshot* snapshot) {
  if (snapshot == nullptr || snapshot->sequence().value >= former_below_) return nullptr;
  const env::MutexLock lock(mutex_);
  for (const FormerView& former : former_views_) {
    if (snapshot->sequence() < former.below) return former.view;
  }
  BEACH_CHECK(false);  // it is kept for as long as the snapshot lives
  return nullptr;
}

}  // namespace beach::engine
