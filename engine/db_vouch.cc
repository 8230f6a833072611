// SPDX-License-Identifier: Apache-2.0
// The newest durable flight has no later one that says so: damage to it would look like a torn
// tail. When nothing is written for a while, the flush thread takes a turn in the writers' queue
// and writes a vouch record; if the queue is not empty, who leads there does it.
#include <algorithm>

#include "base/check.h"
#include "engine/db_impl.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

// After the last write group. Writers in a row never pay for a vouch: each flight vouches for the
// one before it.
constexpr std::uint64_t kVouchDelayNs = 2'000'000;

}  // namespace

// Ends every write group. The time of rest begins anew only when something was written: groups that
// write nothing, refused or empty ones, may come for ever.
void DbImpl::ArmVouch(bool needed, bool moved) {
  mutex_.AssertHeld();
  if (needed && !moved && (vouch_due_ns_ || vouch_overdue_)) return;
  vouch_overdue_ = false;
  if (!needed) return vouch_due_ns_.reset();
  const bool armed = vouch_due_ns_.has_value();
  vouch_due_ns_ = env_.clock->MonotonicNow() + kVouchDelayNs;
  if (!armed) background_.NotifyAll();  // else the flush thread is up before, and finds it moved
}

bool DbImpl::Rest(std::uint64_t deadline_ns) {
  mutex_.AssertHeld();
  if (!vouch_due_ns_ || poison_ || closing_) return background_.WaitUntil(mutex_, deadline_ns);
  const std::uint64_t due_ns = *vouch_due_ns_;
  if (background_.WaitUntil(mutex_, std::min(due_ns, deadline_ns))) return true;
  if (deadline_ns <= due_ns) return false;
  if (vouch_due_ns_ != due_ns || poison_ || closing_) return true;  // Close vouches itself
  if (!flying_.empty()) {
    vouch_due_ns_.reset();  // the last of them to land sets it anew
  } else if (writers_.empty()) {
    VouchForLog();
  } else {
    // Not by a turn of this thread's: a leader before it may wait for a flush.
    vouch_due_ns_.reset();
    vouch_overdue_ = true;
  }
  return true;
}

void DbImpl::VouchIfOverdue() {
  mutex_.AssertHeld();
  if (!vouch_overdue_ || poison_) return;
  vouch_overdue_ = false;
  BEACH_SOMETIMES("db.vouched_by_writer", true);
  static_cast<void>(VouchAsLeader());
}

// Who comes to write meanwhile waits for this one block.
void DbImpl::VouchForLog() {
  mutex_.AssertHeld();
  Writer turn;
  writers_.push_back(&turn);
  BEACH_CHECK(writers_.front() == &turn);
  vouch_due_ns_.reset();
  const Status status = VouchAsLeader();
  BEACH_SOMETIMES("db.vouched_at_rest", status.has_value());
  BEACH_SOMETIMES("db.writer_met_vouch", writers_.size() > 1);
  FinishGroup({&turn}, status);
}

// A failure poisons the handle.
Status DbImpl::VouchAsLeader() {
  mutex_.AssertHeld();
  BEACH_CHECK(!writers_.empty());
  AwaitLandings(0);
  Status status;
  wal::LogState log;
  {
    env::MutexUnlock unlock(mutex_);
    const LogPosition before = log_->end();
    status = log_->Vouch();
    log = log_->state();
    BEACH_CHECK_EQ(log.end.segment.value, before.segment.value);
    log_bytes_since_switch_ += log.end.offset - before.offset;
    if (status && log.end != before) {
      Record("log.vouched", {{.name = "segment", .number = log.end.segment.value},
                             {.name = "offset", .number = before.offset}});
    }
  }
  if (status) {
    log_end_ = log.end;
    log_durable_ = log.durable;
    ShowLog();
  } else {
    Poison(status.error());
  }
  return status;
}

}  // namespace beach::engine
