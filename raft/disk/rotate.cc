// SPDX-License-Identifier: Apache-2.0
//
// The log leaves a segment for the next one, and segments that nobody needs any more go. Both are
// the helper thread's work; the loop says when.

#include <utility>

#include "base/check.h"
#include "base/no_space.h"
#include "env/marks.h"
#include "raft/disk/disk_log_impl.h"

namespace beach::raft {

using engine::wal::ItemKind;

// Comes again with each landing, until all is durable and the newest is vouched for.
void DiskLog::Impl::Rotate() {
  BEACH_CHECK(rotating_);
  if (core_.in_flight() > 0 || entering_ || space_timer_) return;
  const LogHead head = map_.Head(kRegisterRunsMax);
  if (core_.NeedsVouch()) {
    const Bytes vouch = HeadPayload(map_.Head());
    if (core_.Fits(ItemKind::kVouch, vouch.size())) return Submit(ItemKind::kVouch, vouch, 0, {});
  }
  BEACH_CHECK(core_.durable() == core_.end());
  entering_ = true;
  // A head comes before it.
  const std::uint64_t payload = 1 + kHeadRecordMax + staged_->records.size();
  OnHelper([end = core_.end().offset, head, payload](Impl& log, SegmentKeeper& keeper) {
    auto entered = keeper.Enter(end, head, payload);
    log.loop_->Post(
        [weak = log.weak_from_this(),
         result = std::make_shared<Result<SegmentKeeper::Entered>>(std::move(entered))] {
          const std::shared_ptr<Impl> self = weak.lock();
          if (self && !self->closed_) self->Entered(std::move(*result));
        });
  });
}

void DiskLog::Impl::Entered(Result<SegmentKeeper::Entered>&& entered) {
  entering_ = false;
  if (failed_) return;
  if (!entered && entered.error().code() == ErrorCode::kNoSpace) return AwaitSpace();
  if (!entered) return FailWith(entered.error());
  rotating_ = false;
  listed_.back().end = core_.end().offset;
  core_.EnterSegment(entered->segment);
  listed_.push_back(entered->segment);
  file_ = std::move(entered->file.file);
  direct_ = entered->file.direct;
  segment_begun_ = false;
  if (retire_wanted_) RetireSegments();
  OnHelper([](Impl&, SegmentKeeper& keeper) { keeper.Prepare(); });
  Pump();
}

// What is to be written stays where it is, unacknowledged; segments that go may be what makes room.
void DiskLog::Impl::AwaitSpace() {
  BEACH_SOMETIMES("raft_log.awaits_space", true);
  if (retire_wanted_) RetireSegments();
  space_timer_ = loop_->At(env_.clock->MonotonicNow() + kNoSpacePauseNs, [this] {
    space_timer_.reset();
    Rotate();
  });
}

void DiskLog::Impl::Compact(LogIndex upto) {
  if (!usable() || upto <= map_.base() || upto > map_.last()) return;
  map_.Compact(upto);
  retire_wanted_ = true;
  if (core_.in_flight() == 0 && (!rotating_ || space_timer_)) RetireSegments();
}

// Only when all that was submitted is durable: what a cut takes back may be all that a crash
// leaves.
void DiskLog::Impl::RetireSegments() {
  BEACH_CHECK(core_.in_flight() == 0);
  retire_wanted_ = false;
  // One with something in it stays.
  const bool before = !segment_begun_ && listed_.size() > 1;
  engine::SegmentOrdinal oldest = (before ? listed_[listed_.size() - 2] : listed_.back()).ordinal;
  if (const auto needed = map_.OldestSegment()) oldest = std::min(oldest, *needed);
  if (listed_.front().ordinal >= oldest) return;
  while (listed_.front().ordinal < oldest) listed_.pop_front();
  OnHelper([oldest, durable = core_.durable(), base_term = map_.base_term(),
            head = map_.Head(kRegisterRunsMax)](Impl& log, SegmentKeeper& keeper) {
    const Status retired = keeper.Retire(oldest, durable, head, base_term);
    // Where there is no space they stay listed, and go with those that come after them.
    if (retired || retired.error().code() == ErrorCode::kNoSpace) return;
    log.loop_->Post([weak = log.weak_from_this(), error = retired.error()] {
      const std::shared_ptr<Impl> self = weak.lock();
      if (self && !self->closed_) self->FailWith(error);
    });
  });
}

// The thread is joined before the log goes.
void DiskLog::Impl::OnHelper(std::function<void(Impl&, SegmentKeeper&)> job) {
  helper_->Do([this, job = std::move(job)] { job(*this, keeper_); });
}

}  // namespace beach::raft
