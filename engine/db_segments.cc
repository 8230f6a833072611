// SPDX-License-Identifier: Apache-2.0
// Segments of the log. A thread makes the next one while the log is in the one before: its file
// new, or that of a retired segment; durable, named and listed, and only then ready. So a write
// allocates nothing, and the want of space refuses it before a byte of it is written (rule 19). The
// last ready one is the reserve: where no other can be made, deletes go on in it; it is made anew
// as soon as there is space.
#include <utility>

#include "base/check.h"
#include "base/no_space.h"
#include "engine/db_impl.h"
#include "engine/wal/format.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

// One is the reserve, the other the next.
constexpr std::size_t kSegmentsReadyMax = 2;

}  // namespace

// kNoSpace: of an attempt that ended after the call began.
Status DbImpl::AwaitSegments(std::size_t count) {
  mutex_.AssertHeld();
  BEACH_CHECK_LE(count, kSegmentsReadyMax);
  BEACH_SOMETIMES("db.segment_was_ready", ready_segments_.size() >= count);
  while (ready_segments_.size() < count) {
    if (poison_) return Fail(*poison_);
    const std::uint64_t attempts = prepare_attempts_;
    segment_wanted_ = true;
    prepare_.NotifyOne();
    while (attempts == prepare_attempts_ && !poison_) prepared_.Wait(mutex_);
    if (ready_segments_.size() < count && prepare_no_space_) return Fail(*prepare_no_space_);
  }
  return {};
}

// Leader, when the log has come to `end`.
void DbImpl::PrepareAhead(LogPosition end) {
  mutex_.AssertHeld();
  if (ready_segments_.size() >= kSegmentsReadyMax || segment_wanted_) return;
  if (prepare_no_space_) return;  // who needs one will ask
  const bool near_end = end.offset >= segment_.size_bytes / 2;
  if (!near_end && !BEACH_BUGGIFY("db.prepare_early")) return;
  segment_wanted_ = true;
  prepare_.NotifyOne();
}

Result<wal::Segment> DbImpl::NextSegment(LogPosition end) {
  BEACH_CHECK_EQ(end.segment.value, segment_.ordinal.value);
  wal::Segment next;
  {
    const env::MutexLock lock(mutex_);
    BEACH_CHECK(!ready_segments_.empty());
    next = ready_segments_.front();
    ready_segments_.pop_front();
    in_reserve_ = ready_segments_.empty();
    if (in_reserve_) {
      segment_wanted_ = true;
      prepare_.NotifyOne();
      Record("reserve.entered", {{.name = "segment", .number = next.ordinal.value}});
      BEACH_SOMETIMES("reserve.took_delete", true);
    }
  }
  BEACH_CHECK_GT(next.ordinal.value, end.segment.value);
  ManifestEdit edit;
  edit.segments_sealed.push_back({.ordinal = end.segment, .end = end.offset});
  if (Status applied = manifest_->Apply(std::move(edit)); !applied) {
    return Fail(WithoutNoSpace(std::move(applied).error()));
  }
  // FAILPOINT: rotation_after_seal: the log goes on in a segment that is still empty.
  BEACH_FAILPOINT("rotation_after_seal");
  BEACH_SOMETIMES("db.segment_rotated", true);
  log_shelf_->Enter(end, next, below_group_);
  segment_ = next;
  return next;
}

// False: the handle is closing.
bool DbImpl::AwaitPrepareWork() {
  mutex_.AssertHeld();
  while (!closing_ && (poison_ || !segment_wanted_)) {
    // Deletes may need a reserve before anybody asks for it.
    const bool again = !poison_ && ready_segments_.empty() && prepare_no_space_;
    const std::uint64_t deadline =
        again ? env_.clock->MonotonicNow() + kNoSpacePauseNs : env::kNoDeadline;
    if (!prepare_.WaitUntil(mutex_, deadline)) segment_wanted_ = true;
  }
  return !closing_;
}

void DbImpl::PrepareLoop() {
  const env::MutexLock lock(mutex_);
  while (AwaitPrepareWork()) {
    segment_wanted_ = false;
    Status prepared;
    if (ready_segments_.size() < kSegmentsReadyMax) prepared = PrepareSegment();
    prepare_no_space_.reset();
    if (!prepared && prepared.error().code() == ErrorCode::kNoSpace) {
      const env::MutexUnlock unlock(mutex_);
      GiveUpPinnedLog();
    }
    if (!prepared && prepared.error().code() == ErrorCode::kNoSpace) {
      prepare_no_space_ = prepared.error();
    } else if (!prepared) {
      Poison(prepared.error());
    }
    ++prepare_attempts_;
    prepared_.NotifyAll();
  }
}

Status DbImpl::PrepareSegment() {
  mutex_.AssertHeld();
  std::optional<wal::Segment> spare;
  if (!spare_segments_.empty() && !BEACH_BUGGIFY("db.recycle_nothing")) {
    spare = spare_segments_.back();
    spare_segments_.pop_back();
  }
  const SegmentOrdinal predecessor = last_ordinal_;
  wal::Segment segment{.ordinal = predecessor.Next(),
                       .file = {},
                       .size_bytes = options_.wal_segment_size,
                       .end = wal::Segment::kOpenEnd};
  {
    const env::MutexUnlock unlock(mutex_);
    segment.file = manifest_->NewFileNumber();
    if (Status made = MakeSegmentFile(segment, predecessor, spare); !made) {
      RemoveSegmentFile(segment);
      if (spare) RemoveSegmentFile(*spare);
      return made;
    }
    ManifestEdit edit;
    edit.segments_added.push_back(segment);
    if (Status applied = manifest_->Apply(std::move(edit)); !applied) {
      return Fail(WithoutNoSpace(std::move(applied).error()));
    }
    // FAILPOINT: rotation_after_register: a listed segment that the log has not entered.
    BEACH_FAILPOINT("rotation_after_register");
  }
  BEACH_SOMETIMES("db.segment_recycled", spare.has_value());
  last_ordinal_ = segment.ordinal;
  if (ready_segments_.empty()) {
    Record("reserve.ready", {{.name = "segment", .number = segment.ordinal.value}});
    BEACH_SOMETIMES("reserve.refilled", in_reserve_);
    BEACH_SOMETIMES("reserve.filled_late", !in_reserve_);
  }
  in_reserve_ = false;
  ready_segments_.push_back(segment);
  return {};
}

Status DbImpl::MakeSegmentFile(const wal::Segment& segment, SegmentOrdinal predecessor,
                               const std::optional<wal::Segment>& spare) {
  const std::string path = env::JoinPath(directory_, wal::SegmentFileName(segment.file));
  const wal::SegmentHeader header{
      .ordinal = segment.ordinal, .epoch = epoch_, .predecessor_end = {predecessor, 0}};
  if (spare) {
    const std::string from = env::JoinPath(directory_, wal::SegmentFileName(spare->file));
    BEACH_TRY(wal::RecycleSegment(*env_.files, from, path, *spare, header));
  } else {
    BEACH_TRY(wal::CreateSegment(*env_.files, path, segment.size_bytes, header));
  }
  // FAILPOINT: rotation_after_create: an unlisted segment, its name perhaps lost: debris.
  BEACH_FAILPOINT("rotation_after_create");
  BEACH_TRY(env_.files->SyncDirectory(directory_));
  // FAILPOINT: rotation_after_directory_sync: a segment that no manifest lists: debris.
  BEACH_FAILPOINT("rotation_after_directory_sync");
  return {};
}

void DbImpl::RetireSegmentFiles(const std::vector<wal::Segment>& segments) {
  for (const wal::Segment& segment : segments) {
    BEACH_SOMETIMES("db.segment_retired", true);
    bool kept = false;
    {
      const env::MutexLock lock(mutex_);
      kept = segment.size_bytes == options_.wal_segment_size &&
             spare_segments_.size() < options_.wal_recycled_max && !closing_;
      if (kept) spare_segments_.push_back(segment);
    }
    if (kept) continue;
    RemoveSegmentFile(segment);
    // FAILPOINT: flush_after_segment_remove: some of the retired segments are there, unlisted.
    BEACH_FAILPOINT("flush_after_segment_remove");
  }
}

// Gives their room back.
void DbImpl::RemoveSpareSegments() {
  std::vector<wal::Segment> spare;
  {
    const env::MutexLock lock(mutex_);
    spare.swap(spare_segments_);
  }
  BEACH_SOMETIMES("db.spare_segments_removed", !spare.empty());
  for (const wal::Segment& segment : spare) RemoveSegmentFile(segment);
}

// Best effort: what stays is debris that the next open removes.
void DbImpl::RemoveSegmentFile(const wal::Segment& segment) {
  static_cast<void>(
      env_.files->Remove(env::JoinPath(directory_, wal::SegmentFileName(segment.file))));
}

}  // namespace beach::engine
