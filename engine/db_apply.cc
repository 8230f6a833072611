// SPDX-License-Identifier: Apache-2.0
// A database whose log is somebody else's: what is in that log is applied in its order, each batch
// in a turn of its own among those who flush. A memtable bears the mark of the last batch in it,
// and its flush makes both durable in one edit, oldest memtable first: so the tables of the
// manifest are always what was applied up to its mark, and nothing else.
#include <string>
#include <utility>

#include "base/check.h"
#include "engine/db_impl.h"
#include "engine/limits.h"
#include "env/marks.h"

namespace beach::engine {

// Of calls that write to the log, or read it.
Status DbImpl::CheckOwnLog() const {
  if (!options_.external_log) [[likely]]
    return {};
  return Fail(ErrorCode::kUnsupported, "the log of the database is somebody else's: Apply writes");
}

Status DbImpl::CheckApply(const WriteBatch& batch, const LogMark& mark) const {
  if (!options_.external_log) {
    return Fail(ErrorCode::kUnsupported, "the database has a log of its own");
  }
  if (mark.state.size() > kLogMarkStateMax) {
    return Fail(ErrorCode::kInvalidArgument,
                "a mark's state of " + std::to_string(mark.state.size()) + " bytes exceeds " +
                    std::to_string(kLogMarkStateMax));
  }
  return CheckBatch(options_, batch);
}

Status DbImpl::Apply(const WriteBatch& batch, LogMark mark) {
  BEACH_TRY(CheckApply(batch, mark));
  Writer turn;
  const env::MutexLock lock(mutex_);
  AwaitTurn(turn);
  if (turn.done) return turn.status;
  Status status = CheckNext(batch, mark);
  if (status) {
    Throttle();
    status = MakeRoom(/*deletes_only=*/false);
  }
  if (status) status = ApplyInTurn(batch, mark);
  FinishGroup({&turn}, status);
  return status;
}

Result<bool> DbImpl::TryApply(const WriteBatch& batch, LogMark mark) {
  BEACH_TRY(CheckApply(batch, mark));
  const env::MutexLock lock(mutex_);
  if (closing_) return Fail(ErrorCode::kClosed, "the database is closed");
  BEACH_TRY(CheckNext(batch, mark));
  if (poison_) return Fail(*poison_);
  if (!IsAtRest() || ApplyMustWait()) return false;
  Writer turn;
  writers_.push_back(&turn);
  Status status = MakeRoom(/*deletes_only=*/false);
  if (status) status = ApplyInTurn(batch, mark);
  FinishGroup({&turn}, status);
  BEACH_TRY(status);
  return true;
}

// As Throttle and MakeRoom would; who asks again and again is let through when the time is over.
bool DbImpl::ApplyMustWait() {
  mutex_.AssertHeld();
  const bool room = view_->frozen.size() < options_.frozen_memtables_max;
  if (MemtableIsFull() && !room && !flush_no_space_) return true;
  if (pressure_.level == 0) {
    try_apply_ns_.reset();
    throttled_bytes_ = 0;
    return false;
  }
  if (pressure_.level >= kPressureStop && CompactionHelps()) return true;
  const std::uint64_t delay = DelayFor(pressure_.level, throttled_bytes_);
  if (delay < kThrottleMinNs) return false;
  const std::uint64_t now = env_.clock->MonotonicNow();
  if (!try_apply_ns_) try_apply_ns_ = now + delay;
  if (now < *try_apply_ns_) return true;
  try_apply_ns_.reset();
  throttled_bytes_ = 0;
  return false;
}

Status DbImpl::CheckNext(const WriteBatch& batch, const LogMark& mark) const {
  mutex_.AssertHeld();
  if (mark.index <= applied_index_) {
    return Fail(ErrorCode::kInvalidArgument,
                "entry " + std::to_string(mark.index) +
                    " is not above what was applied: " + std::to_string(applied_index_));
  }
  if (batch.count() > kMaxSequence.value - next_sequence_) {
    return Fail(ErrorCode::kInvalidArgument, "the last sequence number is used up");
  }
  return batch.tables().empty() ? Status() : catalogue_.CheckTables(batch);
}

// REQUIRES: the turn is the caller's, and there is room.
Status DbImpl::ApplyInTurn(const WriteBatch& batch, LogMark& mark) {
  mutex_.AssertHeld();
  if (poison_) return Fail(*poison_);
  BEACH_CHECK(flying_.empty());
  LoggedMemtable& memtable = *view_->active;
  const std::uint64_t first = next_sequence_;
  {
    const env::MutexUnlock unlock(mutex_);
    std::uint64_t number = first;
    BatchReader reader(batch.encoding());
    BatchOperation operation;
    while (reader.Next(operation)) memtable.Add(SequenceNumber(number++), operation);
    BEACH_CHECK(reader.ok());  // what we encoded ourselves
    BEACH_CHECK_EQ(number, first + batch.count());
  }
  BEACH_CHECK(view_->active.get() == &memtable);  // only a turn replaces it
  next_sequence_ = first + batch.count();
  applied_index_ = mark.index;
  memtable.mark = std::move(mark);
  // Visible only here: all of it, under its mark.
  visible_ = next_sequence_ - 1;
  counters_.user_bytes += batch.size_bytes();
  throttled_bytes_ += batch.size_bytes();
  return {};
}

LogMark DbImpl::DurableMark() {
  const env::MutexLock lock(mutex_);
  return flushed_mark_;
}

Status DbImpl::Health() {
  const env::MutexLock lock(mutex_);
  if (closing_) return Fail(ErrorCode::kClosed, "the database is closed");
  if (poison_) return Fail(*poison_);
  if (const std::optional<Error> damage = cache_->damage()) return Fail(*damage);
  return {};
}

// The flush thread takes a turn for it, or whoever applies next.
void DbImpl::WantFlush() {
  if (!options_.external_log) return;
  const env::MutexLock lock(mutex_);
  if (closing_ || poison_ || view_->active->IsEmpty()) return;
  flush_wanted_ = true;
  background_.NotifyAll();
}

}  // namespace beach::engine
