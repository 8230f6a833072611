// SPDX-License-Identifier: Apache-2.0
// Compaction: who does which job when, and the order of rule 15: outputs, sync, directory sync, one
// manifest edit, swap; only then the inputs' files go. docs/internals/compaction.md.
#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/no_space.h"
#include "engine/db_impl.h"
#include "engine/table_events.h"
#include "engine/tables/stored_key.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

// How long a table that could not be read is left alone.
constexpr std::uint64_t kReadPauseNs = 1'000'000'000;
// What was needed once may not be needed any more: looked at so often, while there is any.
constexpr std::uint64_t kIdleLookNs = 1'000'000'000;
// Outputs are held to their pace in steps of so many bytes.
constexpr std::uint64_t kPaceStep = 16 * kKiB;
constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
// Of a full cache, one part in so many is what outputs may drive others out of.
constexpr std::uint64_t kCacheShare = 8;

}  // namespace

// With the version that is in view_ now: whoever pins it later reads at visible_ or above. But what
// the log alone says may be lost, and copies of the tables go without it: for them the time is that
// of the tables, however late it is for readers.
KeepRules DbImpl::RulesNow() const {
  mutex_.AssertHeld();
  std::optional<TimeMark> safe;
  if (const auto& number = options_.safe_sequence) safe = {*number, view_->TimeAt(*number)};
  KeepRules rules = KeepRules::Of(snapshots_->Moments(), {SequenceNumber(visible_), TimeNow()},
                                  safe, NewestInTables(*view_->version));
  for (std::uint64_t& time : rules.times) time = std::min(time, flushed_time_.time);
  return rules;
}

PickerInput DbImpl::PickerInputNow() const {
  mutex_.AssertHeld();
  PickerInput input{.version = *view_->version, .options = options_};
  input.running = jobs_running_;
  const KeepRules rules = RulesNow();
  input.first_boundary = rules.boundaries.front();
  input.time = rules.times.front();
  input.merged = merged_;
  if (!tables_aside_.empty()) {
    const std::uint64_t now = env_.clock->MonotonicNow();
    for (const auto& [file, aside] : tables_aside_) {
      if (aside.until_ns > now) input.aside.insert(file);
    }
  }
  return input;
}

bool DbImpl::MayCompact() const {
  mutex_.AssertHeld();
  if (closing_ || poison_ || standing_still_) return false;
  return !compact_retry_ns_ || env_.clock->MonotonicNow() >= *compact_retry_ns_;
}

// Else a deadline that has passed would be waited for again.
void DbImpl::ForgetWhatIsOver() {
  mutex_.AssertHeld();
  if (!compact_retry_ns_ && tables_aside_.empty()) return;
  const std::uint64_t now = env_.clock->MonotonicNow();
  if (compact_retry_ns_ && *compact_retry_ns_ <= now) compact_retry_ns_.reset();
  std::erase_if(tables_aside_, [now](const auto& aside) { return aside.second.until_ns <= now; });
}

std::uint64_t DbImpl::CompactionDeadline() const {
  mutex_.AssertHeld();
  if (poison_) return env::kNoDeadline;
  std::uint64_t deadline = compact_retry_ns_.value_or(env::kNoDeadline);
  for (const auto& [file, aside] : tables_aside_) deadline = std::min(deadline, aside.until_ns);
  const bool manual = options_.compaction_style == CompactionStyle::kManual;
  if (!manual && HasDenseTable(*view_->version, options_, flushed_time_.time)) {
    deadline = std::min(deadline, env_.clock->MonotonicNow() + kIdleLookNs);
  }
  return deadline;
}

void DbImpl::WakeCompaction() {
  mutex_.AssertHeld();
  if (options_.compaction_style == CompactionStyle::kManual || closing_ || poison_) return;
  const bool work = MayCompact() && PickCompaction(PickerInputNow()).has_value();
  if (!work && CompactionDeadline() == env::kNoDeadline) return;
  if (compactors_idle_ > 0) return compact_.NotifyOne();
  const std::size_t threads = compact_threads_.size();
  if (threads >= (work ? options_.compaction_threads : 1)) return;
  const std::string name = "compact" + std::to_string(threads);
  compact_threads_.emplace_back(name.c_str(), [this] { CompactLoop(); });
}

// Of a reader, without locks, and seldom.
void DbImpl::LookAtMerged() {
  const env::MutexLock lock(mutex_);
  merged_ += current_.TakeMerged();
  WakeCompaction();
}

void DbImpl::CompactLoop() {
  const env::MutexLock lock(mutex_);
  while (!closing_) {
    std::optional<CompactionJob> job;
    ForgetWhatIsOver();
    if (MayCompact()) job = PickCompaction(PickerInputNow());
    if (job) {
      static_cast<void>(RunJob(*job));
      continue;
    }
    ++compactors_idle_;
    compact_.WaitUntil(mutex_, CompactionDeadline());
    --compactors_idle_;
  }
}

Status DbImpl::RunJob(const CompactionJob& job) {
  mutex_.AssertHeld();
  BEACH_CHECK(!standing_still_);
  const std::shared_ptr<const Version> version = view_->version;
  const KeepRules rules = RulesNow();
  jobs_running_.push_back(&job);
  BEACH_SOMETIMES("compaction.two_at_once", jobs_running_.size() > 1);
  WakeCompaction();  // there may be more to do beside it
  CompactionFailure failure = CompactionFailure::kWriting;
  const Status status = job.IsMove() ? MoveTable(job) : MergeTables(job, *version, rules, failure);
  std::erase(jobs_running_, &job);
  if (!status) JobFailed(job, failure, status.error());
  compacted_.NotifyAll();
  WakeCompaction();
  return status;
}

Status DbImpl::MoveTable(const CompactionJob& job) {
  Table moved = *job.inputs.front();
  moved.info.level = job.output_level;
  CurrentView::Views dropped;
  BEACH_TRY(PublishTables(job, {std::make_shared<const Table>(std::move(moved))}, dropped));
  ++counters_.moves;
  const char* const reason = CompactionReasonName(job.reason);
  Record("compaction.moved", {{.name = "reason", .text = reason},
                              {.name = "level", .number = job.input_level},
                              {.name = "output_level", .number = job.output_level},
                              {.name = "bytes", .number = job.input_bytes()},
                              {.name = "debt", .number = pressure_.debt_bytes}});
  const env::MutexUnlock unlock(mutex_);
  CurrentView::Drop(std::move(dropped));
  BEACH_SOMETIMES("compaction.moved", true);
  BEACH_SOMETIMES("compaction.moved_from_level0", job.input_level == 0);
  return {};
}

Status DbImpl::MergeTables(const CompactionJob& job, const Version& version, const KeepRules& rules,
                           CompactionFailure& failure) {
  std::vector<TablePointer> tables;
  CompactionOutcome outcome;
  std::uint64_t written = 0;
  {
    const env::MutexUnlock unlock(mutex_);
    const DatabaseId database = manifest_->state().database;
    OutputTables outputs({.files = *env_.files,
                          .directory = directory_,
                          .database = database,
                          .options = options_,
                          .level = job.output_level,
                          .size_max = job.one_output ? 0 : options_.table_size,
                          .new_file = [this] { return manifest_->NewFileNumber(); }});
    const char* const reason = CompactionReasonName(job.reason);
    Record("compaction.began", {{.name = "reason", .text = reason},
                                {.name = "level", .number = job.input_level},
                                {.name = "output_level", .number = job.output_level},
                                {.name = "inputs", .number = job.inputs.size()},
                                {.name = "overlapped", .number = job.overlapped.size()},
                                {.name = "bytes", .number = job.input_bytes()}});
    std::uint64_t paced = 0;
    outcome = RunCompaction(version, job, rules, outputs, [&](std::uint64_t so_far) {
      if (options_.compaction_bytes_per_second != 0 && so_far - paced >= kPaceStep) {
        PaceCompaction(so_far - paced);
        paced = so_far;
      }
      return !compaction_off_;
    });
    failure = outcome.failure;
    BEACH_TRY(outcome.status);
    for (const TableInfo& info : outputs.tables()) {
      auto table = engine::OpenTable(*env_.files, directory_, database, info, cache_);
      if (!table) {
        // It may pass. But what we have just written is there, and sound.
        const bool passing = table.error().code() == ErrorCode::kIo;
        failure = passing ? CompactionFailure::kReading : CompactionFailure::kWriting;
        return Fail(std::move(table).error());
      }
      tables.push_back(*std::move(table));
    }
    failure = CompactionFailure::kWriting;
    if (job.reason == CompactionReason::kReads) BEACH_TRY(CacheTables(tables));
    written = outputs.bytes_written();
    // Also when the edit fails: it may be there after the next open.
    outputs.Release();
  }
  CurrentView::Views dropped;
  BEACH_TRY(PublishTables(job, tables, dropped));
  failure = CompactionFailure::kNone;
  ++counters_.compactions;
  counters_.compaction_bytes += written;
  counters_.compaction_read_bytes += job.input_bytes();
  counters_.expired_dropped += outcome.counts.expired;
  Record("compaction.finished", {{.name = "output_level", .number = job.output_level},
                                 {.name = "outputs", .number = tables.size()},
                                 {.name = "bytes", .number = written},
                                 {.name = "entries", .number = outcome.counts.entries},
                                 {.name = "hidden", .number = outcome.counts.hidden},
                                 {.name = "in_range", .number = outcome.counts.in_range},
                                 {.name = "tombstones", .number = outcome.counts.tombstones},
                                 {.name = "expired", .number = outcome.counts.expired},
                                 {.name = "debt", .number = pressure_.debt_bytes}});
  std::vector<TablePointer> retired = job.tables();
  std::erase_if(retired, [this](const TablePointer& table) { return !table_holds_.Retire(table); });
  const env::MutexUnlock unlock(mutex_);
  dropped.clear();
  for (const TablePointer& table : retired) RemoveTableFile(*table);
  return {};
}

// Readers have asked for what is in these tables, and are to find it where they had its former
// tables: as far as the cache has room, and no writer waits for the job. What cannot be read now
// may be read when it is asked for; damage to what was just written is an error.
Status DbImpl::CacheTables(const std::vector<TablePointer>& tables) {
  const std::uint64_t cached = cache_->blocks().counts().size_bytes;
  const std::uint64_t size = options_.block_cache_size;
  std::uint64_t room = std::max(size / kCacheShare, size - std::min(cached, size));
  for (const TablePointer& table : tables) {
    {
      const env::MutexLock lock(mutex_);
      if (pressure_.level > 0) return {};
    }
    const auto entry = table->reader->NewIterator();
    for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
      const std::uint64_t bytes = entry->key().size() + entry->value().size();
      if (bytes > room || compaction_off_) return {};
      room -= bytes;
    }
    BEACH_SOMETIMES("compaction.output_cached", entry->status().has_value());
    const Status read = entry->status();
    if (!read && read.error().code() != ErrorCode::kIo) return read;
  }
  return {};
}

// Best effort: what stays is debris that the next open removes. Who reads it goes on to.
void DbImpl::RemoveTableFile(const Table& table) {
  if (!table.reader->KeepOpen()) return;
  static_cast<void>(env_.files->Remove(env::JoinPath(directory_, TableFileName(table.info.file))));
  // FAILPOINT: compaction_after_input_remove: some of the inputs are still there, unlisted.
  BEACH_FAILPOINT("compaction_after_input_remove");
}

Status DbImpl::PublishTables(const CompactionJob& job, const std::vector<TablePointer>& added,
                             CurrentView::Views& dropped) {
  mutex_.AssertHeld();
  ManifestEdit edit;
  edit.tables_removed = job.files();
  for (const TablePointer& table : added) edit.tables_added.push_back(table->info);
  {
    const env::MutexUnlock unlock(mutex_);
    if (Status applied = manifest_->Apply(std::move(edit)); !applied) {
      return Fail(WithoutNoSpace(std::move(applied).error()));
    }
    // FAILPOINT: compaction_after_publish: the outputs count; the inputs are unlisted, and there.
    BEACH_FAILPOINT("compaction_after_publish");
  }
  RecordTableChanges(env_.events, *view_->version, job.files(), added);
  auto next = std::make_shared<View>(*view_);
  next->version = std::make_shared<const Version>(view_->version->With(job.files(), added));
  dropped = SetView(std::move(next));
  if (job.input_level == 0) {
    merged_ = 0;
    static_cast<void>(current_.TakeMerged());
  }
  PressureChanged();
  BEACH_SOMETIMES("compaction.for_reads", job.reason == CompactionReason::kReads);
  return {};
}

void DbImpl::JobFailed(const CompactionJob& job, CompactionFailure failure, const Error& error) {
  mutex_.AssertHeld();
  if (failure == CompactionFailure::kGivenUp) return;
  ++counters_.compactions_failed;
  const std::string text = error.ToString();
  const bool reading = failure == CompactionFailure::kReading;
  Record("compaction.failed", {{.name = "level", .number = job.input_level},
                               {.name = "output_level", .number = job.output_level},
                               {.name = "reading", .number = reading ? std::uint64_t{1} : 0},
                               {.name = "error", .text = text}});
  if (!reading) {
    if (error.code() != ErrorCode::kNoSpace) return Poison(error);
    compact_retry_ns_ = env_.clock->MonotonicNow() + kNoSpacePauseNs;
    BEACH_SOMETIMES("compaction.no_space", true);
    return;
  }
  const bool passing = error.code() == ErrorCode::kIo;
  const std::uint64_t until =
      passing ? env_.clock->MonotonicNow() + kReadPauseNs : env::kNoDeadline;
  BEACH_SOMETIMES("compaction.input_unreadable", passing);
  BEACH_SOMETIMES("compaction.input_damaged", !passing);
  const std::vector<FileNumber> files = job.files();
  const auto named = std::ranges::find_if(files, [&](FileNumber file) {
    return error.path() == env::JoinPath(directory_, TableFileName(file));
  });
  for (const FileNumber file : files) {
    if (named != files.end() && file != *named) continue;
    tables_aside_.insert_or_assign(file, TableAside{.until_ns = until, .error = error});
  }
}

void DbImpl::PaceCompaction(std::uint64_t bytes) {
  const env::MutexLock lock(mutex_);
  if (pressure_.level > 0 || compaction_off_) return;
  const std::uint64_t now = env_.clock->MonotonicNow();
  pace_next_ns_ = std::max(pace_next_ns_, now) +
                  bytes * kNanosecondsPerSecond / options_.compaction_bytes_per_second;
  const std::uint64_t deadline = pace_next_ns_;
  BEACH_SOMETIMES("compaction.paced", true);
  while (pressure_.level == 0 && !compaction_off_ && compacted_.WaitUntil(mutex_, deadline)) {
  }
}

Status DbImpl::CompactRange(const std::optional<Bytes>& begin, const std::optional<Bytes>& end,
                            NamedTable table) {
  if (table != NamedTable()) BEACH_TRY(CheckTable(Moment(*this, {}), {.table = table}));
  BEACH_TRY(Flush());
  std::optional<Bytes> from;
  std::optional<Bytes> to;
  if (begin || end || table != NamedTable()) {
    from = Bytes(StoredKey(table, begin.value_or(Bytes())));
    to = end ? Bytes(StoredKey(table, *end)) : Bytes(EndOf(table));
  }
  const env::MutexLock lock(mutex_);
  for (std::uint32_t level = 0; level < kLevelCount; ++level) {
    BEACH_TRY(CompactLevel(level, from, to));
  }
  return {};
}

// One table after the other, by key; level 0 all at once.
Status DbImpl::CompactLevel(std::uint32_t level, std::optional<Bytes> begin,
                            const std::optional<Bytes>& end) {
  mutex_.AssertHeld();
  while (true) {
    if (poison_) return Fail(*poison_);
    if (closing_) return Fail(ErrorCode::kClosed, "the database is closed");
    if (standing_still_) {
      compacted_.Wait(mutex_);
      continue;
    }
    bool meets = false;
    const auto job = PickFromLevel(PickerInputNow(), level, begin, end, meets);
    if (!job && !meets) return {};
    if (!job && !jobs_running_.empty()) {
      compacted_.Wait(mutex_);
      continue;
    }
    if (!job) {
      BEACH_CHECK(!tables_aside_.empty());
      return Fail(tables_aside_.begin()->second.error);
    }
    const bool rewrite = job->input_level == job->output_level;
    const Table& first = *job->inputs.front();
    const std::uint64_t gone = first.deletes + first.expiring.ExpiredAt(flushed_time_.time);
    const bool useless = rewrite && gone == 0;
    const Status done = useless ? Status() : RunJob(*job);
    if (!done && poison_) return Fail(*poison_);  // it was given up for that
    if (!done && standing_still_) continue;       // or for what is installed
    BEACH_TRY(done);
    if (level == 0) return {};
    // The first key behind it.
    const Table& table = *job->inputs.front();
    begin = Bytes(LargestKeyOf(table));
    if (!IsExclusiveBound(table.info.largest)) begin->push_back('\0');
  }
}

}  // namespace beach::engine
