// SPDX-License-Identifier: Apache-2.0
// Cursors over the log. Each reads the files of segments by itself, below what the shelf says is
// durable, and holds no lock meanwhile.
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/coding.h"
#include "engine/db_impl.h"
#include "engine/log_cursor.h"
#include "engine/log_shelf.h"
#include "engine/wal/segment_reader.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

class ShelfCursor final : public LogCursor {
 public:
  ShelfCursor(env::FileSystem& files, std::string directory, std::shared_ptr<LogShelf> shelf,
              LogShelf::CursorId id, SequenceNumber after)
      : files_(files),
        directory_(std::move(directory)),
        shelf_(std::move(shelf)),
        id_(id),
        position_(after) {}
  ~ShelfCursor() override { RemoveFiles(shelf_->Remove(id_)); }

  // Finds where to begin. REQUIRES: once, before any other call.
  Status Begin() {
    for (;;) {
      auto found = FindEntry();
      const Status there = shelf_->Check(id_);
      if (there && !found) return Fail(std::move(found).error());
      if (there) {
        at_ = *found;
        auto moved = shelf_->Move(id_, at_);
        if (moved) {
          RemoveFiles(*moved);
          return {};
        }
      }
      if (!there && there.error().code() == ErrorCode::kClosed) return there;
      // The lowest segment, where it stood while it looked, was given up: that need not be its.
      BEACH_SOMETIMES("log_cursor.looked_again", true);
      BEACH_TRY(shelf_->Restart(id_));
    }
  }

  Result<std::optional<LogBatch>> Next(std::uint64_t deadline_ns) override {
    for (;;) {
      while (next_ < batches_.size()) {
        LogBatch batch = std::move(batches_[next_++]);
        if (batch.last() <= position_) continue;
        position_ = batch.last();
        return std::optional<LogBatch>(std::move(batch));
      }
      BEACH_TRY_ASSIGN(auto stretch, shelf_->Await(id_, at_, deadline_ns));
      if (!stretch) return std::optional<LogBatch>();
      RemoveFiles(stretch->freed);
      if (stretch->segment.ordinal != at_.segment) {
        reader_.reset();
        at_ = {stretch->segment.ordinal, stretch->from};
        continue;
      }
      if (Status read = ReadRecord(*stretch); !read) {
        reader_.reset();
        // What was given up meanwhile may be gone, and is not damaged.
        BEACH_TRY(shelf_->Check(id_));
        return Fail(std::move(read).error());
      }
    }
  }

  SequenceNumber position() const override { return position_; }

 private:
  std::string PathOf(const wal::Segment& segment) const {
    return env::JoinPath(directory_, wal::SegmentFileName(segment.file));
  }

  // Best effort: what stays is debris that the next open removes.
  void RemoveFiles(const std::vector<wal::Segment>& segments) {
    for (const wal::Segment& segment : segments) {
      static_cast<void>(files_.Remove(PathOf(segment)));
    }
  }

  static Error Gone() {
    return {ErrorCode::kCompactedAway, "the log does not reach back to where the cursor is to be"};
  }

  // The newest place from which on all is there that the cursor is to show.
  Result<LogPosition> FindEntry() {
    const std::vector<LogEntry> entries = shelf_->entries();
    std::optional<SequenceNumber> above;
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      std::optional<SequenceNumber> floor = entry->floor;
      if (!floor) {
        BEACH_TRY_ASSIGN(floor, LookForFloor(entry->at));
        if (!floor) floor = above;  // no record before the next entry
        if (floor) shelf_->SetFloor(entry->at, *floor);
      }
      if (floor && *floor <= position_) return entry->at;
      above = floor;
    }
    return Fail(Gone());
  }

  Result<std::optional<SequenceNumber>> LookForFloor(LogPosition at) {
    const std::optional<LogShelf::Stretch> stretch = shelf_->StretchAt(at);
    if (!stretch) return Fail(Gone());  // given up
    BEACH_TRY_ASSIGN(wal::SegmentReader reader, OpenSegment(*stretch));
    wal::ItemHeader header;
    while (at.offset < stretch->end) {
      BEACH_TRY_ASSIGN(const bool found, reader.NextItem(at.offset, stretch->end, header));
      if (!found) return Fail(Missing(reader, at));
      if (header.count > 0) return SequenceNumber(header.first_sequence.value - 1);
      at.offset = header.end();
    }
    return std::optional<SequenceNumber>();
  }

  Result<wal::SegmentReader> OpenSegment(const LogShelf::Stretch& stretch) {
    const std::string path = PathOf(stretch.segment);
    BEACH_TRY_ASSIGN(wal::SegmentReader reader, wal::SegmentReader::Open(files_, path));
    if (reader.block().ordinal != stretch.segment.ordinal) {
      return Fail(
          Error(ErrorCode::kCorruption, "the file is another log segment than it was").At(path, 0));
    }
    reader.ReadNoFurther(stretch.end);
    return reader;
  }

  Error Missing(const wal::SegmentReader& reader, LogPosition at) const {
    if (shelf_->MayLack(at)) return Gone();
    return Error(ErrorCode::kCorruption, "the log is damaged below its durable end")
        .At(reader.path(), at.offset);
  }

  // Reads the next record into batches_, unless all of it is below the cursor, and steps over it.
  Status ReadRecord(const LogShelf::Stretch& stretch) {
    if (!reader_) {
      BEACH_TRY_ASSIGN(reader_, OpenSegment(stretch));
    }
    reader_->ReadNoFurther(stretch.end);
    wal::ItemHeader header;
    BEACH_TRY_ASSIGN(const bool found, reader_->NextItem(at_.offset, stretch.end, header));
    if (!found) return Fail(Missing(*reader_, at_));
    if (header.kind != wal::ItemKind::kVouch && header.count > 0) {
      if (header.first_sequence <= read_to_ || header.first_sequence > kMaxSequence ||
          header.count > kMaxSequence.value - header.first_sequence.value) {
        return Fail(Error(ErrorCode::kCorruption, "a record of the log repeats sequence numbers")
                        .At(reader_->path(), at_.offset));
      }
      const SequenceNumber last(header.first_sequence.value + header.count - 1);
      if (last > position_) BEACH_TRY(ReadBatches(header));
      read_to_ = last;
    }
    at_.offset = header.end();
    return {};
  }

  Status ReadBatches(const wal::ItemHeader& header) {
    BEACH_TRY_ASSIGN(const ByteView payload, reader_->Payload(header));
    std::vector<LogBatch> batches;
    Decoder decoder(payload);
    std::uint64_t count = 0;
    while (decoder.ok() && !decoder.rest().empty()) {
      auto batch = WriteBatch::Decode(decoder.LengthPrefixed());
      if (!batch) return Fail(std::move(batch).error().At(reader_->path(), header.begin.offset));
      const SequenceNumber first(header.first_sequence.value + count);
      count += batch->count();
      if (batch->count() > 0) batches.push_back({first, *std::move(batch)});
    }
    if (!decoder.done() || count != header.count) {
      return Fail(Error(ErrorCode::kCorruption, "a malformed write group")
                      .At(reader_->path(), header.begin.offset));
    }
    BEACH_SOMETIMES("log_cursor.group_of_several", batches.size() > 1);
    batches_ = std::move(batches);
    next_ = 0;
    return {};
  }

  env::FileSystem& files_;
  const std::string directory_;
  const std::shared_ptr<LogShelf> shelf_;  // outlives the handle with us
  const LogShelf::CursorId id_;
  SequenceNumber position_;
  LogPosition at_;          // behind the record that was read last
  SequenceNumber read_to_;  // its last number
  std::optional<wal::SegmentReader> reader_;
  std::vector<LogBatch> batches_;  // of that record
  std::size_t next_ = 0;           // of batches_
};

}  // namespace

Result<std::unique_ptr<LogCursor>> DbImpl::NewLogCursor(SequenceNumber after) {
  BEACH_TRY(CheckOwnLog());
  std::unique_ptr<ShelfCursor> cursor;
  {
    const env::MutexLock lock(mutex_);
    if (closing_) return Fail(ErrorCode::kClosed, "the database is closed");
    if (after.value > visible_) {
      return Fail(ErrorCode::kInvalidArgument, "a log cursor after " + std::to_string(after.value) +
                                                   ", but the last number is " +
                                                   std::to_string(visible_));
    }
    BEACH_TRY_ASSIGN(const LogShelf::CursorId id, log_shelf_->Add());
    log_shelf_->Show(std::min(log_end_, log_durable_));
    cursor = std::make_unique<ShelfCursor>(*env_.files, directory_, log_shelf_, id, after);
  }
  BEACH_TRY(cursor->Begin());
  return cursor;
}

// Under mutex_, when log_end_ and log_durable_ have moved. What is behind log_end_ no reader sees,
// though its flight may be durable.
void DbImpl::ShowLog() {
  mutex_.AssertHeld();
  if (log_shelf_->watched()) log_shelf_->Show(std::min(log_end_, log_durable_));
}

// Leader; under mutex_, which it gives up meanwhile. What is kept of the log must hold what tables
// will hold: before the memtable is frozen, after which recovery may not look for it there.
Status DbImpl::SyncKeptLog() {
  mutex_.AssertHeld();
  if (options_.log_kept_size == 0) return {};
  BEACH_CHECK(flying_.empty());
  Status synced;
  LogPosition durable;
  {
    const env::MutexUnlock unlock(mutex_);
    synced = log_->Sync();
    durable = log_->durable();
  }
  if (!synced) {
    Poison(synced.error());
    return synced;
  }
  log_durable_ = durable;
  ShowLog();
  return {};
}

// Without mutex_. The room that is there for cursors alone.
void DbImpl::GiveUpPinnedLog() {
  for (const wal::Segment& segment : log_shelf_->GiveUpPinned().given_up) {
    RemoveSegmentFile(segment);
  }
}

}  // namespace beach::engine
