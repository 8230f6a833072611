// SPDX-License-Identifier: Apache-2.0
// Writers are slowed down, smoothly, by how far compaction is behind them; and what the handle
// counts. docs/internals/compaction.md, "Debt and throttling".
#include <algorithm>
#include <utility>

#include "engine/db_impl.h"
#include "env/marks.h"

namespace beach::engine {

// Before each write group, for the bytes of those before it.
void DbImpl::Throttle() {
  mutex_.AssertHeld();
  if (pressure_.level == 0) {
    throttled_bytes_ = 0;
    return;
  }
  const std::uint64_t delay = DelayFor(pressure_.level, throttled_bytes_);
  const bool stop = pressure_.level >= kPressureStop && CompactionHelps();
  if (delay < kThrottleMinNs && !stop) return;
  throttled_bytes_ = 0;
  const std::uint64_t begin = env_.clock->MonotonicNow();
  BEACH_SOMETIMES("write.slowed_by_compaction", true);
  while (!poison_ && pressure_.level > 0 && compacted_.WaitUntil(mutex_, begin + delay)) {
  }
  while (!poison_ && pressure_.level >= kPressureStop && CompactionHelps()) {
    BEACH_SOMETIMES("write.stopped_by_compaction", true);
    compacted_.Wait(mutex_);
  }
  const std::uint64_t end = env_.clock->MonotonicNow();
  counters_.throttled_ns += end - begin;
}

// Whether waiting for compaction may end the wait.
bool DbImpl::CompactionHelps() {
  mutex_.AssertHeld();
  if (poison_ || closing_ || !MayCompact()) return false;
  return !jobs_running_.empty() || PickCompaction(PickerInputNow()).has_value();
}

// The tables of view_ have changed.
void DbImpl::PressureChanged() {
  mutex_.AssertHeld();
  const Pressure before = std::exchange(pressure_, PressureOf(*view_->version, options_));
  if (before.level > pressure_.level) compacted_.NotifyAll();
  if (options_.compaction_style != CompactionStyle::kManual) {
    next_expiry_ = NextExpiry(*view_->version, options_, flushed_time_.time);
  }
  TellOfFreeze();
  const auto tell = [this](Site event) {
    Record(event, {{.name = "reason", .text = pressure_.reason},
                   {.name = "pressure", .number = pressure_.level},
                   {.name = "level0_count", .number = pressure_.level0_count},
                   {.name = "debt", .number = pressure_.debt_bytes}});
  };
  if (before.level == 0 && pressure_.level > 0) tell("write.slowed");
  if (before.level < kPressureStop && pressure_.level >= kPressureStop) tell("write.stopped");
  if (before.level > 0 && pressure_.level == 0) tell("write.resumed");
}

DbStats DbImpl::Stats() {
  const env::MutexLock lock(mutex_);
  DbStats stats = counters_;
  for (const Version::Level& level : view_->version->levels) {
    DbStats::Level& sums = stats.levels.emplace_back();
    sums.tables = level.size();
    for (const TablePointer& table : level) sums.bytes += table->info.size_bytes;
  }
  stats.time = TimeNow();
  stats.named_tables = catalogue_.count();
  stats.snapshots = snapshots_->count();
  stats.pinned_views = current_.pinned_count();
  stats.file_pins = file_pins_;
  stats.log_cursors = log_shelf_->cursors();
  stats.log_pinned_bytes = log_shelf_->pinned_bytes();
  stats.compactions_running = jobs_running_.size();
  stats.tables_aside = tables_aside_.size();
  stats.pressure_reason = pressure_.reason;
  stats.pressure = pressure_.level;
  stats.debt_bytes = pressure_.debt_bytes;
  return stats;
}

}  // namespace beach::engine
