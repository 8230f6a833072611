// SPDX-License-Identifier: Apache-2.0
// A database that is only read: recovered into memory, and nothing of that made durable.
#include <algorithm>
#include <utility>

#include "engine/db_impl.h"
#include "engine/directory.h"
#include "engine/limits.h"
#include "engine/manifest/file_names.h"
#include "engine/recover.h"
#include "engine/tables/stored_key.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

std::unexpected<Error> ReadOnly() {
  return Fail(ErrorCode::kUnsupported, "the database is open to be read alone");
}

struct Found {
  std::unique_ptr<env::FileLock> lock;  // null: there is no LOCK, and so no writer
  std::shared_ptr<const View> view;
  SequenceNumber last;
  LogMark mark;
};

class ReadOnlyDb final : public Db {
 public:
  ReadOnlyDb(const Options& options, Found found)
      : lock_(std::move(found.lock)),
        view_(std::move(found.view)),
        visible_(found.last),
        mark_(std::move(found.mark)),
        snapshots_(std::make_shared<SnapshotList>(options.snapshots_max)) {}

  Status Put(const WriteOptions&, ByteView, ByteView) override { return ReadOnly(); }
  Status PutUntil(const WriteOptions&, ByteView, ByteView, std::uint64_t) override {
    return ReadOnly();
  }
  Status AdvanceTime(const WriteOptions&, std::uint64_t) override { return ReadOnly(); }
  Status Delete(const WriteOptions&, ByteView) override { return ReadOnly(); }
  Status DeleteRange(const WriteOptions&, ByteView, ByteView) override { return ReadOnly(); }
  Status Merge(const WriteOptions&, ByteView, MergeOperator, ByteView) override {
    return ReadOnly();
  }
  Status Write(const WriteOptions&, const WriteBatch&) override { return ReadOnly(); }
  Status Flush() override { return ReadOnly(); }
  Status CompactRange(const std::optional<Bytes>&, const std::optional<Bytes>&,
                      NamedTable) override {
    return ReadOnly();
  }
  Result<bool> WriteIf(const WriteOptions&, const WriteConditions&, const WriteBatch&) override {
    return ReadOnly();
  }
  Result<bool> CompareAndSet(const WriteOptions&, ByteView, const std::optional<ByteView>&,
                             const std::optional<ByteView>&) override {
    return ReadOnly();
  }
  Status WriteAsync(const WriteOptions&, WriteBatch, WriteDone) override { return ReadOnly(); }
  Result<NamedTable> CreateTable(ByteView) override { return ReadOnly(); }
  Status DropTable(ByteView) override { return ReadOnly(); }
  Result<SequenceNumber> Checkpoint(const std::string&) override { return ReadOnly(); }
  Result<BackupReport> Backup(const std::string&, const BackupOptions&) override {
    return ReadOnly();
  }
  Result<std::unique_ptr<LogCursor>> NewLogCursor(SequenceNumber) override { return ReadOnly(); }
  Result<std::unique_ptr<PinnedFiles>> PinFiles() override { return ReadOnly(); }
  Result<TryGetResult> TryGet(const ReadOptions&, ByteView) override { return ReadOnly(); }
  Status Apply(const WriteBatch&, LogMark) override { return ReadOnly(); }
  Result<bool> TryApply(const WriteBatch&, LogMark) override { return ReadOnly(); }
  LogMark DurableMark() override { return mark_; }
  void WantFlush() override {}
  Status Health() override { return ReadOnly(); }
  Status CheckFile(const PinnedFile&) override { return ReadOnly(); }
  Status Install(const std::vector<PinnedFile>&, SequenceNumber, std::uint64_t, LogMark) override {
    return ReadOnly();
  }

  Result<std::optional<Bytes>> Get(const ReadOptions& options, ByteView key) override {
    BEACH_TRY(CheckReadable(options));
    const SequenceNumber moment = MomentOf(options);
    BEACH_TRY(DbImpl::TableIsThere(*view_, moment, options.table));
    return DbImpl::Read(*view_, moment, TimeOf(options), StoredKey(options.table, key), {},
                        options.expires_at);
  }
  std::vector<Result<std::optional<Bytes>>> MultiGet(const ReadOptions& options,
                                                     std::span<const ByteView> keys) override {
    std::vector<Result<std::optional<Bytes>>> found;
    for (const ByteView key : keys) found.push_back(Get(options, key));
    return found;
  }
  Result<std::unique_ptr<Iterator>> NewIterator(const ReadOptions& options) override {
    BEACH_TRY(CheckReadable(options));
    const SequenceNumber moment = MomentOf(options);
    BEACH_TRY(DbImpl::TableIsThere(*view_, moment, options.table));
    return DbImpl::Walk(*view_, moment, TimeOf(options), options.table, options.range, view_);
  }
  Result<NamedTable> OpenTable(ByteView name) override {
    BEACH_TRY(CheckReadable({}));
    return DbImpl::FindTable(*view_, visible_, name);
  }
  Result<std::vector<std::string>> ListTables() override {
    BEACH_TRY(CheckReadable({}));
    return DbImpl::TableNames(*view_, visible_);
  }
  Result<std::unique_ptr<const Snapshot>> GetSnapshot() override {
    if (closed_) return Fail(ErrorCode::kClosed, "the database is closed");
    return snapshots_->Add({.sequence = visible_, .time = view_->TimeAt(visible_)});
  }
  SequenceNumber VisibleSequence() override { return visible_; }
  DbStats Stats() override {
    DbStats stats;
    stats.levels.resize(kLevelCount);
    for (std::size_t i = 0; i < kLevelCount; ++i) {
      for (const TablePointer& table : view_->version->levels[i]) {
        ++stats.levels[i].tables;
        stats.levels[i].bytes += table->info.size_bytes;
      }
    }
    stats.time = view_->TimeAt(visible_);
    stats.snapshots = snapshots_->count();
    return stats;
  }
  Status Close() override {
    closed_ = true;
    lock_.reset();
    return {};
  }

 private:
  Status CheckReadable(const ReadOptions& options) const {
    if (closed_) return Fail(ErrorCode::kClosed, "the database is closed");
    if (options.snapshot == nullptr || snapshots_->Has(*options.snapshot)) return {};
    return Fail(ErrorCode::kInvalidArgument, "the snapshot is of another handle");
  }
  // Nothing is written: a snapshot has the time of now.
  std::uint64_t TimeOf(const ReadOptions& options) const {
    return std::max(options.time, view_->TimeAt(visible_));
  }
  SequenceNumber MomentOf(const ReadOptions& options) const {
    return options.snapshot == nullptr ? visible_ : options.snapshot->sequence();
  }

  std::unique_ptr<env::FileLock> lock_;
  const std::shared_ptr<const View> view_;
  const SequenceNumber visible_;
  const LogMark mark_;
  const std::shared_ptr<SnapshotList> snapshots_;  // thread-safe
  std::atomic<bool> closed_{false};
};

// The log, replayed into memtables: as many as it takes.
Result<SequenceNumber> ReplayLog(env::FileSystem& files, const std::string& directory,
                                 const Options& options, const ManifestState& state, View& view) {
  SequenceNumber last = state.LastWithoutLog();
  view.active = std::make_shared<LoggedMemtable>(options, state.time);
  if (state.segments.empty()) return last;
  const auto replay = [&](const wal::Flight& flight) -> Status {
    BEACH_TRY(ReplayFlight(directory, state.segments, flight, last, view.active.get()));
    if (view.active->count() == 0 || view.active->size_bytes() < options.memtable_size) return {};
    BEACH_SOMETIMES("read_only.several_memtables", true);
    auto next = std::make_shared<LoggedMemtable>(options, view.active->times.end());
    view.frozen.push_back(std::exchange(view.active, std::move(next)));
    return {};
  };
  const wal::RecoveryInput input{.directory = directory,
                                 .segments = state.segments,
                                 .replay_from = state.replay_from,
                                 .durable = state.durable,
                                 .mode = options.recovery_mode};
  BEACH_TRY_ASSIGN(const wal::Recovery log, wal::RecoverLog(files, input, replay));
  BEACH_SOMETIMES("read_only.torn_tail", log.torn || log.bytes_beyond_end > 0);
  if (log.loss) last = std::max(last, std::min(log.loss->last_sequence, kRecordedSequenceMax));
  return last;
}

}  // namespace

Result<std::unique_ptr<Db>> Db::OpenReadOnly(const env::Env& env, const std::string& directory,
                                             const Options& options) {
  BEACH_TRY(CheckOptions(options));
  env::FileSystem& files = *env.files;
  BEACH_TRY_ASSIGN(DirectoryContents contents, InspectDirectory(files, directory));
  BEACH_TRY(CheckUsable(directory, contents, /*create_if_missing=*/false));
  Found found;
  if (contents.has_lock) {
    BEACH_TRY_ASSIGN(found.lock, files.Lock(env::JoinPath(directory, kLockFileName)));
    // And again under it: another process may have been at work.
    BEACH_TRY_ASSIGN(contents, InspectDirectory(files, directory));
    BEACH_TRY(CheckUsable(directory, contents, /*create_if_missing=*/false));
  }
  BEACH_TRY_ASSIGN(const ManifestOnDisk manifest, ReadDatabase(files, directory));
  const ManifestState& state = manifest.state;
  BEACH_TRY(InspectUnlistedSegments(files, directory, contents, manifest));
  const auto cache = std::make_shared<sst::TableCache>(
      sst::TableCache::Limits{.block_cache_size = options.block_cache_size,
                              .open_tables_max = options.open_tables_max,
                              .readahead_max = options.readahead_max});
  auto view = std::make_shared<View>();
  BEACH_TRY_ASSIGN(view->version, OpenTables(files, directory, state, cache, nullptr));
  BEACH_TRY_ASSIGN(const SequenceNumber last, ReplayLog(files, directory, options, state, *view));
  found.last = std::max(last, state.last_sequence);
  found.mark = state.log_mark.value_or(LogMark());
  found.view = std::move(view);
  return std::make_unique<ReadOnlyDb>(options, std::move(found));
}

}  // namespace beach::engine
