// SPDX-License-Identifier: Apache-2.0
#include "engine/snapshot_list.h"

#include <utility>

#include "base/check.h"

namespace beach::engine {

Snapshot::~Snapshot() { list_->Remove(sequence_); }

Result<std::unique_ptr<const Snapshot>> SnapshotList::Add(SequenceNumber sequence) {
  {
    const env::MutexLock lock(mutex_);
    if (count_ >= most_) {
      return Fail(ErrorCode::kOverloaded,
                  "there are " + std::to_string(count_) + " snapshots, as many as may be");
    }
    ++members_[sequence];
    ++count_;
  }
  return std::unique_ptr<const Snapshot>(new Snapshot(weak_from_this().lock(), sequence));
}

void SnapshotList::Remove(SequenceNumber sequence) {
  const env::MutexLock lock(mutex_);
  const auto found = members_.find(sequence);
  BEACH_CHECK(found != members_.end());
  if (--found->second == 0) members_.erase(found);
  --count_;
}

std::vector<SequenceNumber> SnapshotList::Sequences() const {
  const env::MutexLock lock(mutex_);
  std::vector<SequenceNumber> sequences;
  sequences.reserve(members_.size());
  for (const auto& [sequence, count] : members_) sequences.push_back(sequence);
  return sequences;
}

std::uint64_t SnapshotList::count() const {
  const env::MutexLock lock(mutex_);
  return count_;
}

}  // namespace beach::engine
