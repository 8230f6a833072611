// SPDX-License-Identifier: Apache-2.0
#include "engine/wal/log.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/no_space.h"
#include "engine/wal/format.h"
#include "engine/wal/log_core.h"
#include "env/marks.h"
#include "env/threads.h"

namespace beach::engine::wal {

namespace {

constexpr char kZeros[64 * 1024] = {};  // what segments are filled with
constexpr std::uint64_t kWriteBackStep = std::uint64_t{1} << 20;

class BlockingLog final : public Log {
 public:
  BlockingLog(LogOptions options, const Segment& segment, LogPosition end)
      : options_(std::move(options)), core_(options_.epoch, segment, end, options_.salt) {}

  Result<LogPosition> Append(const LogWrite& write) override {
    if (WantsRotation(write.payload.size(), write.sync)) BEACH_TRY(Rotate());
    if (!write.sync) {
      BEACH_TRY_ASSIGN(const LogState behind, AppendRun(write));
      return behind.end;
    }
    BEACH_TRY_ASSIGN(const auto flight, Submit(write));
    BEACH_TRY(flight->Await());
    return flight->end();
  }

  Result<std::unique_ptr<PendingFlight>> Submit(const LogWrite& write) override {
    {
      const env::MutexLock lock(mutex_);
      BEACH_TRY(CheckFits(ItemKind::kFlight, write));
    }
    return SubmitFlight(ItemKind::kFlight, write);
  }

  Result<LogState> AppendRun(const LogWrite& write) override {
    LogPosition before;
    PlannedItem item;
    LogState behind;
    {
      const env::MutexLock lock(mutex_);
      BEACH_TRY(CheckFits(ItemKind::kRunRecord, write));
      before = core_.end();
      item = core_.Plan(ItemKind::kRunRecord, write.payload, write.first_sequence, write.count,
                        spare_image_);
      behind = {.end = item.end, .durable = core_.durable(), .needs_vouch = false};
    }
    BEACH_SOMETIMES("wal.chunk_skipped", item.begin.offset - before.offset > kBlockSize);
    // FAILPOINT: wal_write_error: the write of an un-synced record.
    Status written = BEACH_FAULTPOINT("wal_write_error");
    if (written) written = buffered_->WriteAt(item.begin.offset, spare_image_.view());
    if (!written) {
      {
        const env::MutexLock lock(mutex_);
        core_.Poison();
      }
      return Poison(written.error());
    }
    // FAILPOINT: wal_after_append: a record that a power loss may take or tear.
    BEACH_FAILPOINT("wal_after_append");
    WriteBackTo(item.end.offset);
    return behind;
  }

  std::uint64_t flights_max() const override {
    // Two syncs of one file may not be under way: where one fails, the other may succeed without
    // having written.
    return direct_ ? options_.flights_max : 1;
  }

  bool WantsRotation(std::uint64_t payload_size, bool sync) override {
    if (failed_ || payload_size > PayloadSizeMax(core_.segment().size_bytes)) return false;
    if (!sync && BEACH_BUGGIFY("wal.runs_spread")) {
      const env::MutexLock lock(mutex_);
      core_.SpreadRuns();
    }
    if (!core_.Fits(sync ? ItemKind::kFlight : ItemKind::kRunRecord, payload_size)) return true;
    const bool used = core_.end().offset > kSegmentHeaderSize;
    return used && BEACH_BUGGIFY("wal.rotate_early");
  }

  bool Fits(std::uint64_t payload_size, bool sync) const override {
    return core_.Fits(sync ? ItemKind::kFlight : ItemKind::kRunRecord, payload_size);
  }

  LogPosition CallersEnd() const override { return core_.end(); }

  Status Rotate() override {
    BEACH_TRY(Sync());
    if (!BEACH_BUGGIFY("wal.rotate_unvouched")) BEACH_TRY(Vouch());
    auto next = options_.next_segment(end());
    if (!next && next.error().code() == ErrorCode::kNoSpace) return Fail(next.error());
    // Any other failure may have registered the end of this segment: it can take no more.
    if (!next) return Poison(next.error());
    {
      const env::MutexLock lock(mutex_);
      core_.EnterSegment(*next);
    }
    const Status opened = OpenFiles();
    if (!opened) return Poison(opened.error());
    // FAILPOINT: rotation_after_enter: the log ends at the head of an empty registered segment.
    BEACH_FAILPOINT("rotation_after_enter");
    ++rotations_;
    BEACH_SOMETIMES("wal.rotated_often", rotations_ > 2);
    return {};
  }

  Status Sync() override {
    BEACH_TRY(Usable());
    if (!core_.run_open()) return {};
    Status synced = SyncFault();
    if (synced) synced = buffered_->SyncData();
    {
      const env::MutexLock lock(mutex_);
      core_.RunSynced(synced.has_value());
    }
    if (!synced) return Poison(synced.error());
    // FAILPOINT: wal_after_run_sync: durable records that no item vouches for.
    BEACH_FAILPOINT("wal_after_run_sync");
    return {};
  }

  Status Vouch() override {
    BEACH_TRY(Sync());
    if (!core_.NeedsVouch() || !core_.Fits(ItemKind::kVouch, 0)) return {};
    BEACH_TRY_ASSIGN(const auto flight, SubmitFlight(ItemKind::kVouch, {}));
    return flight->Await();
  }

  Status Close() override {
    BEACH_TRY(Vouch());
    {
      const env::MutexLock lock(mutex_);
      SetFailure(Error(ErrorCode::kClosed, "the log is closed"));
    }
    direct_.reset();
    buffered_.reset();
    return {};
  }

  LogState state() const override {
    const env::MutexLock lock(mutex_);
    const bool may_vouch = !failure_ && !core_.run_open() && core_.Fits(ItemKind::kVouch, 0);
    return {core_.end(), core_.durable(), may_vouch && core_.NeedsVouch()};
  }

  // Takes the files of the segment that the core is in. Both handles are on one file: flights go
  // to the direct one and run records to the other, and no block is written by both.
  Status OpenFiles() {
    const std::string path =
        env::JoinPath(options_.directory, SegmentFileName(core_.segment().file));
    env::OpenOptions open{.mode = env::OpenMode::kReadWrite};
    BEACH_TRY_ASSIGN(buffered_, options_.files->Open(path, open));
    written_back_ = core_.end().offset;
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
  // FAILPOINT: wal_sync_error: a sync of the log, or the flush of a synced flight.
  static Status SyncFault() { return BEACH_FAULTPOINT("wal_sync_error"); }

  class Flight final : public PendingFlight {
   public:
    explicit Flight(BlockingLog& log) : log_(log) {}
    ~Flight() override {
      write_.reset();  // waits, while the image is there
    }

    Status Await() override {
      Status written = SyncFault();
      if (!written) {
        if (write_ != nullptr) static_cast<void>(write_->Wait());
      } else if (write_ != nullptr) {
        written = write_->Wait();
      } else {
        written = log_.buffered_->WriteAt(item_.begin.offset, image_.view());
        if (written) written = log_.buffered_->SyncData();
      }
      BEACH_TRY(log_.Land(item_, written, image_));
      // FAILPOINT: wal_after_sync: a durable flight that was not acknowledged.
      BEACH_FAILPOINT("wal_after_sync");
      return {};
    }
    LogPosition end() const override { return item_.end; }

   private:
    friend class BlockingLog;

    BlockingLog& log_;
    PlannedItem item_;
    AlignedBuffer image_;
    std::unique_ptr<env::PendingWrite> write_;  // null: buffered, written by Await
  };

  // What is full of a run is on its way to the disk before the segment's end, where all of it must
  // be durable, and writers wait for that.
  void WriteBackTo(std::uint64_t end) {
    const std::uint64_t full = end - end % kWriteBackStep;
    if (full <= written_back_) return;
    buffered_->BeginWriteBack(written_back_, full - written_back_);
    written_back_ = full;
  }

  Status Usable() const {
    const env::MutexLock lock(mutex_);
    if (failure_) return Fail(*failure_);
    return {};
  }
  // The first failure is the answer to every later call. Never kNoSpace: what failed had begun.
  std::unexpected<Error> Poison(const Error& error) {
    const env::MutexLock lock(mutex_);
    if (!failure_) SetFailure(WithoutNoSpace(error));
    return Fail(*failure_);
  }
  // Under mutex_.
  void SetFailure(Error error) {
    failure_ = std::move(error);
    failed_ = true;
  }

  // Under mutex_.
  Status CheckFits(ItemKind kind, const LogWrite& write) const {
    mutex_.AssertHeld();
    if (failure_) return Fail(*failure_);
    const std::uint64_t most = PayloadSizeMax(core_.segment().size_bytes);
    if (write.payload.size() <= most && core_.Fits(kind, write.payload.size())) return {};
    return Fail(ErrorCode::kInvalidArgument, "a write of " + std::to_string(write.payload.size()) +
                                                 " bytes does not fit the log segment");
  }

  Result<std::unique_ptr<PendingFlight>> SubmitFlight(ItemKind kind, const LogWrite& write) {
    BEACH_SOMETIMES("wal.run_then_flight", core_.run_open());
    BEACH_TRY(Sync());
    auto flight = std::make_unique<Flight>(*this);
    {
      const env::MutexLock lock(mutex_);
      if (failure_) return Fail(*failure_);  // one below has just failed
      BEACH_CHECK_LT(core_.in_flight(), flights_max());
      flight->image_ = std::exchange(spare_image_, AlignedBuffer());
      flight->item_ =
          core_.Plan(kind, write.payload, write.first_sequence, write.count, flight->image_);
      BEACH_SOMETIMES("wal.several_flights", core_.in_flight() > 1);
    }
    BEACH_SOMETIMES("wal.flight_of_many_blocks", flight->image_.view().size() > kBlockSize);
    if (!direct_) return flight;
    auto write_begun = direct_->SubmitWrite(flight->item_.begin.offset, flight->image_.view());
    if (!write_begun) {
      const Status failed = Fail(write_begun.error());
      return Fail(Land(flight->item_, failed, flight->image_).error());
    }
    flight->write_ = *std::move(write_begun);
    // FAILPOINT: wal_after_submit: any of its sectors may be there; so may those of the next.
    BEACH_FAILPOINT("wal_after_submit");
    return flight;
  }

  // A failure poisons core and log at one moment: what is submitted meanwhile meets both.
  Status Land(const PlannedItem& item, const Status& written, AlignedBuffer& image) {
    const env::MutexLock lock(mutex_);
    core_.Completed(item.id, written.has_value());
    spare_image_ = std::move(image);
    BEACH_SOMETIMES("wal.flight_landed_above_another", written && core_.durable() < item.end);
    BEACH_SOMETIMES("wal.flight_failed_below_another", !written && core_.end() > item.end);
    if (written) return {};
    if (!failure_) SetFailure(WithoutNoSpace(written.error()));
    return Fail(*failure_);
  }

  LogOptions options_;
  // The core is changed under mutex_ alone, and by the caller and by flights that land; the caller
  // may read what no landing changes without it. No I/O under mutex_, and no other lock.
  mutable env::Mutex mutex_;
  LogCore core_;
  AlignedBuffer spare_image_;          // under mutex_; the caller's while no flight is under way
  std::optional<Error> failure_;       // under mutex_
  std::atomic<bool> failed_ = false;   // there is one
  std::unique_ptr<env::File> direct_;  // null: the file system refuses it, or it is not wanted
  std::unique_ptr<env::File> buffered_;
  std::uint64_t written_back_ = 0;  // of the segment: below it the disk has been told to write
  std::uint64_t rotations_ = 0;
};

Status FillSegment(env::FileSystem& files, const std::string& path, std::uint64_t size_bytes,
                   const SegmentHeader& header) {
  // FAILPOINT: segment_create_error: making a new log segment.
  BEACH_TRY(BEACH_FAULTPOINT("segment_create_error"));
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {.mode = env::OpenMode::kCreate}));
  const SegmentBlock block{.ordinal = header.ordinal,
                           .epoch = header.epoch,
                           .file_size_bytes = size_bytes,
                           .predecessor_end = header.predecessor_end,
                           .salt = header.salt};
  BEACH_TRY(file->WriteAt(0, EncodeSegmentBlock(block)));
  std::uint64_t offset = kSegmentHeaderSize;
  while (offset < size_bytes) {
    const std::uint64_t length = std::min<std::uint64_t>(sizeof kZeros, size_bytes - offset);
    BEACH_TRY(file->WriteAt(offset, ByteView(kZeros, length)));
    offset += length;
  }
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
  // FAILPOINT: segment_after_create: a whole segment that no manifest lists.
  BEACH_FAILPOINT("segment_after_create");
  return {};
}

Status RecycleSegment(env::FileSystem& files, const std::string& from, const std::string& path,
                      const Segment& former, const SegmentHeader& header) {
  BEACH_CHECK_GT(header.ordinal.value, former.ordinal.value);
  BEACH_TRY(files.Rename(from, path));
  // FAILPOINT: recycling_after_rename: a retired segment under one of its names or both: debris.
  BEACH_FAILPOINT("recycling_after_rename");
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {.mode = env::OpenMode::kReadWrite}));
  const SegmentBlock block{.ordinal = header.ordinal,
                           .epoch = header.epoch,
                           .file_size_bytes = former.size_bytes,
                           .predecessor_end = header.predecessor_end,
                           .former = former.ordinal,
                           .salt = header.salt};
  BEACH_TRY(file->WriteAt(0, EncodeSegmentBlock(block)));
  BEACH_TRY(file->Sync());
  // FAILPOINT: recycling_after_header: a segment that no manifest lists, and that holds another's
  // items.
  BEACH_FAILPOINT("recycling_after_header");
  return {};
}

std::uint64_t PayloadSizeMax(std::uint64_t segment_size_bytes) {
  if (segment_size_bytes < kSegmentSizeMin) return 0;
  // A large run record starts a chunk, and a block behind it is kept for what vouches for it.
  return segment_size_bytes - kChunkSize - kItemHeaderSize - kBlockSize;
}

Result<std::unique_ptr<Log>> Log::Open(LogOptions options, const Segment& segment,
                                       LogPosition end) {
  auto log = std::make_unique<BlockingLog>(std::move(options), segment, end);
  BEACH_TRY(log->OpenFiles());
  return std::unique_ptr<Log>(std::move(log));
}

}  // namespace beach::engine::wal
