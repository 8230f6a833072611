// SPDX-License-Identifier: Apache-2.0
// The life of a handle: construction from what Open found, the start of its thread, and Close.
#include <utility>

#include "base/check.h"
#include "engine/db_impl.h"
#include "env/marks.h"

namespace beach::engine {

DbImpl::DbImpl(const env::Env& env, Parts parts)
    : env_(env),
      directory_(std::move(parts.directory)),
      options_(parts.options),
      cache_(std::move(parts.cache)),
      lock_(std::move(parts.lock)),
      manifest_(std::move(parts.manifest)),
      epoch_(parts.epoch),
      snapshots_(std::make_shared<SnapshotList>(options_.snapshots_max)),
      log_shelf_(std::make_shared<LogShelf>(
          LogShelf::Limits{.cursors_max = options_.log_cursors_max,
                           .pinned_size_max = options_.log_pinned_size_max,
                           .kept_size = options_.log_kept_size})),
      current_(parts.view),
      visible_(parts.last_sequence.value),
      segment_(parts.segment),
      next_sequence_(parts.last_sequence.value + 1),
      view_(std::move(parts.view)),
      flushed_id_(view_->active->id - 1),
      flushed_sequence_(parts.last_sequence),
      flushed_time_(view_->active->times.begin()),
      flushed_mark_(std::move(parts.mark)),
      applied_index_(flushed_mark_.index),
      last_ordinal_(parts.reserve.value_or(parts.segment).ordinal) {
  BEACH_CHECK(view_->frozen.empty());
  BEACH_CHECK_EQ(segment_.end, wal::Segment::kOpenEnd);
  if (parts.reserve) ready_segments_.push_back(*parts.reserve);
  if (!options_.external_log) log_shelf_->Begin(std::move(parts.log_start));
}

DbImpl::~DbImpl() { static_cast<void>(Close()); }

Status DbImpl::Start(LogPosition end) {
  if (!options_.external_log) BEACH_TRY(StartLog(end));
  BEACH_TRY(LoadTables());
  flush_thread_ = env::Thread("flush", [this] { FlushLoop(); });
  if (!options_.external_log) {
    prepare_thread_ = env::Thread("prepare", [this] { PrepareLoop(); });
  }
  const env::MutexLock lock(mutex_);
  PressureChanged();
  WakeCompaction();
  return {};
}

Status DbImpl::StartLog(LogPosition end) {
  wal::LogOptions options;
  options.files = env_.files;
  options.directory = directory_;
  options.direct = options_.wal_direct;
  options.epoch = epoch_;
  options.flights_max = options_.wal_flights_max;
  options.next_segment = [this](LogPosition at) { return NextSegment(at); };
  BEACH_TRY_ASSIGN(log_, wal::Log::Open(std::move(options), segment_, end));
  const env::MutexLock lock(mutex_);
  log_end_ = log_->end();
  log_durable_ = log_->durable();
  segment_wanted_ = ready_segments_.empty();
  if (!segment_wanted_) {
    Record("reserve.ready", {{.name = "segment", .number = ready_segments_[0].ordinal.value}});
  }
  return {};
}

CurrentView::Views DbImpl::SetView(std::shared_ptr<const View> next) {
  mutex_.AssertHeld();
  view_ = next;
  return current_.Replace(std::move(next));
}

Status DbImpl::Close() {
  {
    env::MutexLock lock(mutex_);
    if (closed_) return *closed_;
    DrainAsync();
    closing_ = true;
    compaction_off_ = true;
    background_.NotifyAll();
    compact_.NotifyAll();
    compacted_.NotifyAll();
    prepare_.NotifyAll();
  }
  JoinAsync();
  const LogShelf::Freed pinned = log_shelf_->Close();
  if (flush_thread_.joinable()) flush_thread_.Join();
  if (prepare_thread_.joinable()) prepare_thread_.Join();
  for (env::Thread& thread : compact_threads_) thread.Join();  // none is started after closing_
  compact_threads_.clear();
  {
    env::MutexLock lock(mutex_);
    BEACH_CHECK(writers_.empty() && flying_.empty());  // every other call has returned
  }
  Status status;
  if (log_ != nullptr) status = log_->Close();
  // FAILPOINT: close_after_vouch: a log whose every flight is vouched for.
  BEACH_FAILPOINT("close_after_vouch");
  log_.reset();
  RemoveSpareSegments();
  for (const wal::Segment& segment : pinned.given_up) RemoveSegmentFile(segment);
  env::MutexLock lock(mutex_);
  if (poison_) status = Fail(*poison_);
  closed_ = status;
  lock_.reset();
  return status;
}

}  // namespace beach::engine
