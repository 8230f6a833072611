// SPDX-License-Identifier: Apache-2.0
// Segments of the log, as the leader of a write group makes them.
#include <utility>

#include "base/check.h"
#include "engine/db_impl.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

constexpr std::uint64_t kBlock = env::kDirectAlignment;

std::uint64_t AlignUp(std::uint64_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

// More than any framing of a flight with such a payload takes.
std::uint64_t FlightSizeBound(std::uint64_t payload_size) {
  return AlignUp(payload_size + payload_size / 256 + kBlock) + kBlock;
}

}  // namespace

// Makes the next segment before the group is submitted when the group may need it: only so can the
// want of space refuse a write before a byte of it is written (rule 19).
Status DbImpl::PrepareSegment(std::uint64_t payload_size) {
  if (payload_size == 0 || prepared_segment_) return {};
  const LogPosition end = log_->end();
  if (AlignUp(end.offset) + FlightSizeBound(payload_size) <= segment_.size_bytes) return {};
  BEACH_TRY_ASSIGN(prepared_segment_, CreateSegment(end));
  return {};
}

Result<wal::Segment> DbImpl::NextSegment(LogPosition end) {
  BEACH_CHECK_EQ(end.segment.value, segment_.ordinal.value);
  if (prepared_segment_ && prepared_segment_->predecessor_end != end) {
    // A smaller group took the rest of the old segment first: its header names the wrong end.
    static_cast<void>(env_.files->Remove(
        env::JoinPath(directory_, wal::SegmentFileName(prepared_segment_->segment.file))));
    prepared_segment_.reset();
  }
  if (!prepared_segment_) {
    BEACH_TRY_ASSIGN(prepared_segment_, CreateSegment(end));
  }
  const wal::Segment next = prepared_segment_->segment;
  prepared_segment_.reset();
  ManifestEdit edit;
  edit.segments_sealed.push_back({.ordinal = end.segment, .end = end.offset});
  edit.segments_added.push_back(next);
  BEACH_TRY(manifest_->Apply(std::move(edit)));
  // FAILPOINT: wal.segment_registered: the log goes on in a segment that is still empty.
  BEACH_FAILPOINT("wal.segment_registered");
  BEACH_SOMETIMES("wal.segment_rotated", true);
  segment_ = next;
  return next;
}

Result<DbImpl::PreparedSegment> DbImpl::CreateSegment(LogPosition predecessor_end) {
  PreparedSegment prepared;
  prepared.predecessor_end = predecessor_end;
  prepared.segment = {.ordinal = segment_.ordinal.Next(),
                      .file = manifest_->NewFileNumber(),
                      .size_bytes = options_.wal_segment_size};
  const std::string path =
      env::JoinPath(directory_, wal::SegmentFileName(prepared.segment.file));
  const wal::SegmentHeader header{.ordinal = prepared.segment.ordinal,
                                  .epoch = epoch_,
                                  .predecessor_end = predecessor_end};
  Status created =
      wal::CreateSegment(*env_.files, path, prepared.segment.size_bytes, header);
  // FAILPOINT: wal.segment_created: a segment that no manifest lists, its name perhaps lost: debris.
  BEACH_FAILPOINT("wal.segment_created");
  if (created) created = env_.files->SyncDirectory(directory_);
  // FAILPOINT: wal.segment_named: a segment that no manifest lists: debris.
  BEACH_FAILPOINT("wal.segment_named");
  if (!created) {
    static_cast<void>(env_.files->Remove(path));
    return Fail(std::move(created).error());
  }
  return prepared;
}

}  // namespace beach::engine
