// SPDX-License-Identifier: Apache-2.0
#include "engine/snapshot_list.h"

#include <utility>

#include "base/check.h"

namespace beach::engine {

Snapshot::~Snapshot() { list_->Remove(sequence_); }

Result<std::unique_ptr<const Snapshot>> SnapshotList::Add(TimeMark moment) {
  {
    const env::MutexLock lock(mutex_);
    if (count_ >= most_) {
      return Fail(ErrorCode::kOverloaded,
                  "there are " + std::to_string(count_) + " snapshots, as many as may be");
    }
    Moment& member = members_[moment.sequence];
    if (member.count++ == 0) member.time = moment.time;
    BEACH_CHECK_EQ(member.time, moment.time);  // a function of the log
    ++count_;
  }
  return std::unique_ptr<const Snapshot>(
      new Snapshot(weak_from_this().lock(), moment.sequence, moment.time));
}

void SnapshotList::Remove(SequenceNumber sequence) {
  const env::MutexLock lock(mutex_);
  const auto found = members_.find(sequence);
  BEACH_CHECK(found != members_.end());
  if (--found->second.count == 0) members_.erase(found);
  --count_;
}

std::vector<TimeMark> SnapshotList::Moments() const {
  const env::MutexLock lock(mutex_);
  std::vector<TimeMark> moments;
  moments.reserve(members_.size());
  for (const auto& [sequence, moment] : members_) moments.push_back({sequence, moment.time});
  return moments;
}

std::uint64_t SnapshotList::count() const {
  const env::MutexLock lock(mutex_);
  return count_;
}

}  // namespace beach::engine
