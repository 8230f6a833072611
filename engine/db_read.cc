// SPDX-License-Identifier: Apache-2.0
// Reads. Each takes the view and the visible sequence number at one moment, under the mutex: taken
// at two, a flush in between would show an entry twice or never.
#include <algorithm>
#include <utility>

#include "engine/db_impl.h"
#include "engine/merging_iterator.h"

namespace beach::engine {

Result<DbImpl::PinnedView> DbImpl::Pin(const ReadOptions& options) {
  env::MutexLock lock(mutex_);
  if (closing_) return Fail(ErrorCode::kClosed, "the database is closed");
  PinnedView pinned{.view = view_, .sequence = visible_};
  if (options.sequence) pinned.sequence = std::min(pinned.sequence, *options.sequence);
  return pinned;
}

// Newest source first; each source holds newer versions of a key than the next, so the first that
// knows the key decides, and damage in it is an error, never a reason to look further (rule 11).
Result<std::optional<Bytes>> DbImpl::Get(const ReadOptions& options, ByteView key) {
  BEACH_TRY_ASSIGN(const PinnedView pinned, Pin(options));
  const View& view = *pinned.view;
  std::optional<VersionFound> found = view.active->memtable.Get(key, pinned.sequence);
  for (auto memtable = view.frozen.rbegin(); !found && memtable != view.frozen.rend(); ++memtable) {
    found = (*memtable)->memtable.Get(key, pinned.sequence);
  }
  if (!found) {
    BEACH_TRY_ASSIGN(found, view.version->Get(key, pinned.sequence));
  }
  if (!found || found->kind == ValueKind::kDelete) return std::nullopt;
  return std::move(found->value);
}

Result<std::unique_ptr<Iterator>> DbImpl::NewIterator(const ReadOptions& options) {
  BEACH_TRY_ASSIGN(PinnedView pinned, Pin(options));
  const View& view = *pinned.view;
  std::vector<std::unique_ptr<Iterator>> sources;
  sources.reserve(1 + view.frozen.size() + view.version->levels[0].size() + kLevelCount);
  sources.push_back(view.active->memtable.NewIterator());
  for (const auto& memtable : view.frozen) sources.push_back(memtable->memtable.NewIterator());
  view.version->AppendIterators(sources);
  return NewSnapshotIterator(NewMergingIterator(std::move(sources)), pinned.sequence,
                             std::move(pinned.view));
}

SequenceNumber DbImpl::VisibleSequence() {
  env::MutexLock lock(mutex_);
  return visible_;
}

}  // namespace beach::engine
