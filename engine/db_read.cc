// SPDX-License-Identifier: Apache-2.0
// Reads. They take no lock (but a cursor in some hundred, which asks for a compaction): each pins
// the view, and only then looks which sequence number is visible. Then all that was acknowledged
// before the read began is in the view; what the number covers and the view lacks came later, in a
// memtable of its own, so that the read shows the moment at which the view's ended. The other way
// round, a compaction that was published in between could have dropped what the older number needs.
// The time is that as of the number, or as of where the view ends: what the view has dropped as
// expired has done so by then.
#include <algorithm>
#include <utility>

#include "engine/db_impl.h"
#include "engine/merging_iterator.h"
#include "engine/point_read.h"
#include "engine/range_cover.h"
#include "engine/snapshot_iterator.h"
#include "engine/tables/stored_key.h"

namespace beach::engine {
namespace {

Status LookInto(const LoggedMemtable& memtable, PointRead& read) {
  const auto get = [&](SequenceNumber at) -> Result<std::optional<VersionFound>> {
    return memtable.memtable.Get(read.key(), at);
  };
  return read.LookInto(memtable.ranges.NewestOver(read.key(), read.at()), get);
}

}  // namespace

DbImpl::Moment::Moment(DbImpl& db, const ReadOptions& options)
    : view(db.current_),
      sequence(options.snapshot != nullptr ? options.snapshot->sequence()
                                           : SequenceNumber(db.visible_.load())),
      time(std::max(options.time, options.snapshot != nullptr ? options.snapshot->time()
                                                              : view->TimeAt(sequence))) {
  // What a snapshot is of has been replaced since: it is kept for it, and its time is its own.
  if (auto former = db.FormerViewOf(options.snapshot)) view.Turn(std::move(former));
}

Status DbImpl::CheckReadable(const ReadOptions& options) const {
  if (closing_) return Fail(ErrorCode::kClosed, "the database is closed");
  if (options.snapshot != nullptr && !snapshots_->Has(*options.snapshot)) {
    return Fail(ErrorCode::kInvalidArgument, "the snapshot is of another handle");
  }
  return {};
}

Result<std::optional<Bytes>> DbImpl::Get(const ReadOptions& options, ByteView key) {
  BEACH_TRY(CheckReadable(options));
  const Moment moment(*this, options);
  BEACH_TRY(CheckTable(moment, options));
  return Read(*moment.view, moment.sequence, moment.time, StoredKey(options.table, key), {},
              options.expires_at);
}

Result<TryGetResult> DbImpl::TryGet(const ReadOptions& options, ByteView key) {
  BEACH_TRY(CheckReadable(options));
  const Moment moment(*this, options);
  const bool named = options.table != NamedTable();
  if (named && !moment.view->tables->Contains(options.table, moment.sequence)) {
    // Whether it was there as of then is in the system table.
    if (options.snapshot != nullptr) return TryGetResult{.would_block = true, .value = {}};
    return Fail(NoSuchTable(options.table));
  }
  TryGetResult result;
  BEACH_TRY_ASSIGN(result.value,
                   Read(*moment.view, moment.sequence, moment.time, StoredKey(options.table, key),
                        {.would_block = &result.would_block}, options.expires_at));
  return result;
}

std::vector<Result<std::optional<Bytes>>> DbImpl::MultiGet(const ReadOptions& options,
                                                           std::span<const ByteView> keys) {
  std::vector<Result<std::optional<Bytes>>> found(keys.size());
  if (const Status readable = CheckReadable(options); !readable) {
    for (auto& each : found) each = Fail(readable.error());
    return found;
  }
  // In their order, so that keys of one block come one after the other.
  std::vector<std::size_t> order(keys.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
  const Moment moment(*this, options);
  if (const Status there = CheckTable(moment, options); !there) {
    for (auto& each : found) each = Fail(there.error());
    return found;
  }
  for (const std::size_t i : order) {
    found[i] = Read(*moment.view, moment.sequence, moment.time, StoredKey(options.table, keys[i]));
  }
  return found;
}

Result<std::optional<Bytes>> DbImpl::Read(const View& view, SequenceNumber sequence,
                                          std::uint64_t time, ByteView key,
                                          const TableReadOptions& options,
                                          std::uint64_t* expires_at) {
  PointRead read(key, sequence, time);
  BEACH_TRY(LookInto(*view.active, read));
  for (auto memtable = view.frozen.rbegin(); !read.done() && memtable != view.frozen.rend();
       ++memtable) {
    BEACH_TRY(LookInto(**memtable, read));
  }
  if (!read.done()) BEACH_TRY(view.version->LookInto(read, options));
  if (options.would_block != nullptr && *options.would_block) return std::nullopt;
  if (expires_at != nullptr) *expires_at = read.expires_at();
  return std::move(read).Finish();
}

Result<std::unique_ptr<Iterator>> DbImpl::NewIterator(const ReadOptions& options) {
  BEACH_TRY(CheckReadable(options));
  Moment moment(*this, options);
  BEACH_TRY(CheckTable(moment, options));
  if (options_.compaction_style == CompactionStyle::kLeveled &&
      options_.compaction_read_worth > 0 &&
      moment.view.CountMerged(moment.view->version->levels[0].size())) {
    LookAtMerged();
  }
  return Walk(*moment.view, moment.sequence, moment.time, options.table, options.range,
              moment.view.Share());
}

std::unique_ptr<Iterator> DbImpl::Walk(const View& view, SequenceNumber sequence,
                                       std::uint64_t time, NamedTable table, const KeyRange& range,
                                       std::shared_ptr<const View> keep) {
  std::vector<std::unique_ptr<Iterator>> sources;
  sources.reserve(1 + view.frozen.size() + view.version->levels[0].size() + kLevelCount);
  // What is added to an empty one from now on is behind `sequence`.
  const Memtable& active = view.active->memtable;
  if (active.count() > 0) sources.push_back(active.NewIterator());
  for (const auto& memtable : view.frozen) sources.push_back(memtable->memtable.NewIterator());
  view.version->AppendIterators(sources);
  RangeCover cover(sequence);
  for (const RangeTombstones* const part : view.active->ranges.parts()) cover.Add(*part);
  for (const auto& memtable : view.frozen) {
    for (const RangeTombstones* const part : memtable->ranges.parts()) cover.Add(*part);
  }
  cover.Add(*view.version);
  return NewSnapshotIterator(NewMergingIterator(std::move(sources)), std::move(cover), time, range,
                             std::move(keep), KeySpace(table));
}

Result<std::unique_ptr<const Snapshot>> DbImpl::GetSnapshot() {
  const env::MutexLock lock(mutex_);  // see SnapshotList
  if (closing_) return Fail(ErrorCode::kClosed, "the database is closed");
  return snapshots_->Add({.sequence = SequenceNumber(visible_), .time = TimeNow()});
}

SequenceNumber DbImpl::VisibleSequence() { return SequenceNumber(visible_); }

}  // namespace beach::engine
