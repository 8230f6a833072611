// SPDX-License-Identifier: Apache-2.0
// Reads. They take no lock: each pins the view, and only then looks which sequence number is
// visible. Then all that was acknowledged before the read began is in the view; what the number
// covers and the view lacks came later, in a memtable of its own, so that the read shows the moment
// at which the view's ended. The other way round, a compaction that was published in between could
// have dropped what the older number needs.
#include <algorithm>
#include <utility>

#include "engine/db_impl.h"
#include "engine/merging_iterator.h"
#include "engine/snapshot_iterator.h"

namespace beach::engine {

DbImpl::Moment::Moment(DbImpl& db, const ReadOptions& options)
    : view(db.current_),
      sequence(options.snapshot != nullptr ? options.snapshot->sequence()
                                           : SequenceNumber(db.visible_.load())) {}

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
  return Read(*moment.view, moment.sequence, key);
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
  for (const std::size_t i : order) found[i] = Read(*moment.view, moment.sequence, keys[i]);
  return found;
}

// Newest source first; each source holds newer versions of a key than the next, so the first that
// knows the key decides, and damage in it is an error, never a reason to look further (rule 11).
Result<std::optional<Bytes>> DbImpl::Read(const View& view, SequenceNumber sequence, ByteView key) {
  std::optional<VersionFound> found = view.active->memtable.Get(key, sequence);
  for (auto memtable = view.frozen.rbegin(); !found && memtable != view.frozen.rend(); ++memtable) {
    found = (*memtable)->memtable.Get(key, sequence);
  }
  if (!found) {
    BEACH_TRY_ASSIGN(found, view.version->Get(key, sequence));
  }
  if (!found || found->kind == ValueKind::kDelete) return std::nullopt;
  return std::move(found->value);
}

Result<std::unique_ptr<Iterator>> DbImpl::NewIterator(const ReadOptions& options) {
  BEACH_TRY(CheckReadable(options));
  const Moment moment(*this, options);
  const View& view = *moment.view;
  std::vector<std::unique_ptr<Iterator>> sources;
  sources.reserve(1 + view.frozen.size() + view.version->levels[0].size() + kLevelCount);
  sources.push_back(view.active->memtable.NewIterator());
  for (const auto& memtable : view.frozen) sources.push_back(memtable->memtable.NewIterator());
  view.version->AppendIterators(sources);
  return NewSnapshotIterator(NewMergingIterator(std::move(sources)), moment.sequence, options.range,
                             moment.view.Share());
}

Result<std::unique_ptr<const Snapshot>> DbImpl::GetSnapshot() {
  const env::MutexLock lock(mutex_);  // see SnapshotList
  if (closing_) return Fail(ErrorCode::kClosed, "the database is closed");
  return snapshots_->Add(SequenceNumber(visible_));
}

SequenceNumber DbImpl::VisibleSequence() { return SequenceNumber(visible_); }

}  // namespace beach::engine
