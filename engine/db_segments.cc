// SPDX-License-Identifier: Apache-2.0
// Segments of the log, as the leader of a write group makes them.
#include <utility>

#include "base/check.h"
#include "engine/db_impl.h"
#include "engine/no_space.h"
#include "engine/wal/format.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

// At least where an item with such a payload, and a vouch record behind it, end after `offset`.
std::uint64_t EndBound(std::uint64_t offset, std::uint64_t payload_size, bool sync) {
  const std::uint64_t size = wal::kItemHeaderSize + payload_size;
  std::uint64_t begin = wal::BlockUp(offset);
  const bool crosses = offset % wal::kChunkSize + size > wal::kChunkSize;
  if (!sync && crosses) begin = wal::ChunkUp(offset);
  return wal::BlockUp(begin + size) + wal::kBlockSize;
}

}  // namespace

// Makes the next segment before the group is submitted when the group may need it: only so can the
// want of space refuse a write before a byte of it is written (rule 19).
Status DbImpl::PrepareSegment(std::uint64_t payload_size, bool sync) {
  if (payload_size == 0 || prepared_segment_) return {};
  const LogPosition end = log_->end();
  if (EndBound(end.offset, payload_size, sync) <= segment_.size_bytes) return {};
  BEACH_TRY_ASSIGN(prepared_segment_, CreateSegment(end));
  return {};
}

Result<wal::Segment> DbImpl::NextSegment(LogPosition end) {
  BEACH_CHECK_EQ(end.segment.value, segment_.ordinal.value);
  if (!prepared_segment_) {
    auto created = CreateSegment(end);
    segment_refused_ = !created && created.error().code() == ErrorCode::kNoSpace;
    if (!created) return Fail(std::move(created).error());
    prepared_segment_ = *created;
  } else if (prepared_segment_->predecessor_end != end) {
    // More went into the old segment after this one was made, a vouch record if nothing else.
    if (Status written = RewriteSegmentHeader(prepared_segment_->segment, end); !written) {
      return Fail(WithoutNoSpace(std::move(written).error()));
    }
  }
  const wal::Segment next = prepared_segment_->segment;
  prepared_segment_.reset();
  ManifestEdit edit;
  edit.segments_sealed.push_back({.ordinal = end.segment, .end = end.offset});
  edit.segments_added.push_back(next);
  if (Status applied = manifest_->Apply(std::move(edit)); !applied) {
    return Fail(WithoutNoSpace(std::move(applied).error()));
  }
  // FAILPOINT: db.segment_registered: the log goes on in a segment that is still empty.
  BEACH_FAILPOINT("db.segment_registered");
  BEACH_SOMETIMES("db.segment_rotated", true);
  segment_ = next;
  return next;
}

// The segment is not listed, so that its header may still be written over.
Status DbImpl::RewriteSegmentHeader(const wal::Segment& segment, LogPosition predecessor_end) {
  const std::string path = env::JoinPath(directory_, wal::SegmentFileName(segment.file));
  BEACH_TRY_ASSIGN(const auto file, env_.files->Open(path, {.mode = env::OpenMode::kReadWrite}));
  const Bytes header = wal::EncodeSegmentBlock({.ordinal = segment.ordinal,
                                                .epoch = epoch_,
                                                .file_size_bytes = segment.size_bytes,
                                                .predecessor_end = predecessor_end});
  BEACH_TRY(file->WriteAt(0, header));
  return file->SyncData();
}

Result<DbImpl::PreparedSegment> DbImpl::CreateSegment(LogPosition predecessor_end) {
  PreparedSegment prepared;
  prepared.predecessor_end = predecessor_end;
  prepared.segment = {.ordinal = segment_.ordinal.Next(),
                      .file = manifest_->NewFileNumber(),
                      .size_bytes = options_.wal_segment_size};
  const std::string path = env::JoinPath(directory_, wal::SegmentFileName(prepared.segment.file));
  const wal::SegmentHeader header{
      .ordinal = prepared.segment.ordinal, .epoch = epoch_, .predecessor_end = predecessor_end};
  Status created = wal::CreateSegment(*env_.files, path, prepared.segment.size_bytes, header);
  // FAILPOINT: db.segment_created: a segment that no manifest lists, its name perhaps lost: debris.
  BEACH_FAILPOINT("db.segment_created");
  if (created) created = env_.files->SyncDirectory(directory_);
  // FAILPOINT: db.segment_named: a segment that no manifest lists: debris.
  BEACH_FAILPOINT("db.segment_named");
  if (!created) {
    static_cast<void>(env_.files->Remove(path));
    return Fail(std::move(created).error());
  }
  return prepared;
}

}  // namespace beach::engine
