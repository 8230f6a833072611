// SPDX-License-Identifier: Apache-2.0
#include "engine/wal/log.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "engine/no_space.h"
#include "engine/wal/format.h"
#include "engine/wal/log_core.h"
#include "env/marks.h"

namespace beach::engine::wal {

namespace {

constexpr std::uint64_t kFillSize = 1024 * 1024;

class BlockingLog final : public Log {
 public:
  BlockingLog(LogOptions options, const Segment& segment, LogPosition end)
      : options_(std::move(options)), core_(options_.epoch, segment, end) {}

  Result<LogPosition> Append(const LogWrite& write) override {
    BEACH_TRY(Usable());
    const std::uint64_t size = write.payload.size();
    if (size > PayloadSizeMax(core_.segment().size_bytes)) {
      return Fail(ErrorCode::kInvalidArgument,
                  "a write of " + std::to_string(size) + " bytes does not fit a log segment");
    }
    if (!write.sync && BEACH_BUGGIFY("wal.runs_spread")) core_.SpreadRuns();
    const ItemKind kind = write.sync ? ItemKind::kFlight : ItemKind::kRunRecord;
    const bool used = core_.end().offset > kSegmentHeaderSize;
    if (!core_.Fits(kind, size) || (used && BEACH_BUGGIFY("wal.rotate_early"))) {
      BEACH_TRY(Rotate());
      if (!core_.Fits(kind, size)) {
        return Fail(ErrorCode::kInvalidArgument,
                    "a write of " + std::to_string(size) + " bytes does not fit the next segment");
      }
    }
    if (write.sync) return AppendFlight(kind, write);
    return AppendRun(write);
  }

  Status Sync() override {
    BEACH_TRY(Usable());
    if (!core_.run_open()) return {};
    const Status synced = buffered_->SyncData();
    core_.RunSynced(synced.has_value());
    if (!synced) return Poison(synced.error());
    // FAILPOINT: wal.run_synced: durable records that no item vouches for.
    BEACH_FAILPOINT("wal.run_synced");
    return {};
  }

  Status Vouch() override {
    BEACH_TRY(Sync());
    if (!core_.NeedsVouch() || !core_.Fits(ItemKind::kVouch, 0)) return {};
    BEACH_TRY(AppendFlight(ItemKind::kVouch, {}));
    return {};
  }

  Status Close() override {
    BEACH_TRY(Vouch());
    failure_ = Error(ErrorCode::kClosed, "the log is closed");
    direct_.reset();
    buffered_.reset();
    return {};
  }

  bool NeedsVouch() const override {
    return !failure_ && !core_.run_open() && core_.NeedsVouch() && core_.Fits(ItemKind::kVouch, 0);
  }

  LogPosition end() const override { return core_.end(); }
  LogPosition durable() const override { return core_.durable(); }

  // Takes the files of the segment that the core is in. Both handles are on one file: flights go
  // to the direct one and run records to the other, and no block is written by both.
  Status OpenFiles() {
    const std::string path =
        env::JoinPath(options_.directory, SegmentFileName(core_.segment().file));
    env::OpenOptions open{.mode = env::OpenMode::kReadWrite};
    BEACH_TRY_ASSIGN(buffered_, options_.files->Open(path, open));
    direct_.reset();
    if (!options_.direct || BEACH_BUGGIFY("wal.direct_refused")) return {};
    open.direct = true;
    auto direct = options_.files->Open(path, open);
    if (!direct && direct.error().code() == ErrorCode::kUnsupported) return {};
    if (!direct) return Fail(std::move(direct).error());
    direct_ = *std::move(direct);
    return {};
  }

 private:
  Status Usable() const {
    if (failure_) return Fail(*failure_);
    return {};
  }
  // The first failure is the answer to every later call. Never kNoSpace: what failed had begun.
  std::unexpected<Error> Poison(const Error& error) {
    BEACH_CHECK(!failure_);
    failure_ = WithoutNoSpace(error);
    return Fail(*failure_);
  }

  Result<LogPosition> AppendFlight(ItemKind kind, const LogWrite& write) {
    BEACH_SOMETIMES("wal.run_then_flight", core_.run_open());
    BEACH_TRY(Sync());
    const PlannedItem item =
        core_.Plan(kind, write.payload, write.first_sequence, write.count, image_);
    BEACH_SOMETIMES("wal.flight_of_many_blocks", image_.view().size() > kBlockSize);
    env::File& file = direct_ ? *direct_ : *buffered_;
    Status written = file.WriteAt(item.begin.offset, image_.view());
    if (written && !direct_) written = file.SyncData();
    core_.Completed(item.id, written.has_value());
    if (!written) return Poison(written.error());
    // FAILPOINT: wal.flight_written: a durable flight that was not acknowledged.
    BEACH_FAILPOINT("wal.flight_written");
    return item.end;
  }

  Result<LogPosition> AppendRun(const LogWrite& write) {
    const LogPosition before = core_.end();
    const PlannedItem item =
        core_.Plan(ItemKind::kRunRecord, write.payload, write.first_sequence, write.count, image_);
    BEACH_SOMETIMES("wal.chunk_skipped", item.begin.offset - before.offset > kBlockSize);
    const Status written = buffered_->WriteAt(item.begin.offset, image_.view());
    if (!written) {
      core_.Poison();
      return Poison(written.error());
    }
    // FAILPOINT: wal.run_written: a record that a power loss may take or tear.
    BEACH_FAILPOINT("wal.run_written");
    return item.end;
  }

  Status Rotate() {
    BEACH_TRY(Sync());
    if (!BEACH_BUGGIFY("wal.rotate_unvouched")) BEACH_TRY(Vouch());
    auto next = options_.next_segment(core_.end());
    if (!next && next.error().code() == ErrorCode::kNoSpace) return Fail(next.error());
    // Any other failure may have registered the end of this segment: it can take no more.
    if (!next) return Poison(next.error());
    core_.EnterSegment(*next);
    const Status opened = OpenFiles();
    if (!opened) return Poison(opened.error());
    // FAILPOINT: wal.rotated: the log ends at the head of an empty registered segment.
    BEACH_FAILPOINT("wal.rotated");
    ++rotations_;
    BEACH_SOMETIMES("wal.rotated_often", rotations_ > 2);
    return {};
  }

  LogOptions options_;
  LogCore core_;
  AlignedBuffer image_;
  std::unique_ptr<env::File> direct_;  // null: the file system refuses it, or it is not wanted
  std::unique_ptr<env::File> buffered_;
  std::optional<Error> failure_;
  std::uint64_t rotations_ = 0;
};

Status FillSegment(env::FileSystem& files, const std::string& path, std::uint64_t size_bytes,
                   const SegmentHeader& header) {
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {.mode = env::OpenMode::kCreate}));
  const Bytes zeros(std::min(size_bytes, kFillSize), '\0');
  for (std::uint64_t offset = 0; offset < size_bytes; offset += zeros.size()) {
    const std::uint64_t length = std::min<std::uint64_t>(zeros.size(), size_bytes - offset);
    BEACH_TRY(file->WriteAt(offset, ByteView(zeros).substr(0, length)));
  }
  const SegmentBlock block{header.ordinal, header.epoch, size_bytes, header.predecessor_end};
  BEACH_TRY(file->WriteAt(0, EncodeSegmentBlock(block)));
  return file->Sync();
}

}  // namespace

std::string SegmentFileName(FileNumber file) {
  const std::string digits = std::to_string(file.value);
  return std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits + ".wal";
}

Status CreateSegment(env::FileSystem& files, const std::string& path, std::uint64_t size_bytes,
                     const SegmentHeader& header) {
  if (size_bytes < kSegmentSizeMin || size_bytes > kSegmentSizeMax ||
      size_bytes % kBlockSize != 0) {
    return Fail(Error(ErrorCode::kInvalidArgument,
                      "impossible log segment size " + std::to_string(size_bytes))
                    .At(path));
  }
  const Status filled = FillSegment(files, path, size_bytes, header);
  if (!filled) {
    // Gives the room back; what cannot be removed is debris that nothing names.
    if (filled.error().code() == ErrorCode::kNoSpace) static_cast<void>(files.Remove(path));
    return filled;
  }
  // FAILPOINT: wal.segment_created: a whole segment that no manifest lists.
  BEACH_FAILPOINT("wal.segment_created");
  return {};
}

std::uint64_t PayloadSizeMax(std::uint64_t segment_size_bytes) {
  if (segment_size_bytes < kSegmentSizeMin) return 0;
  return segment_size_bytes - kChunkSize - kItemHeaderSize;  // a large run record starts a chunk
}

Result<std::unique_ptr<Log>> Log::Open(LogOptions options, const Segment& segment,
                                       LogPosition end) {
  auto log = std::make_unique<BlockingLog>(std::move(options), segment, end);
  BEACH_TRY(log->OpenFiles());
  return std::unique_ptr<Log>(std::move(log));
}

}  // namespace beach::engine::wal
