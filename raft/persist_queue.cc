// SPDX-License-Identifier: Apache-2.0
#include "raft/persist_queue.h"

#include <algorithm>

#include "base/check.h"

namespace beach::raft {

PersistId PersistQueue::AfterHardState() const {
  if (durable_state_ == state_) return {};
  if (handed_state_ != state_) return next_;
  for (std::size_t i = outstanding_.size(); i-- > 0;) {  // the earliest that carries it
    if (i == 0 || outstanding_[i - 1].state != state_) return outstanding_[i].id;
  }
  return {};
}

PersistId PersistQueue::AfterEntry(LogIndex index) const {
  PersistId after;
  for (const LogIndex hole : holes_) {
    if (hole > index) break;
    after = std::max(after, AfterFill(hole));
  }
  if (index <= durable_) return after;
  for (std::size_t i = 0; i < outstanding_.size(); ++i) {
    if (outstanding_[i].last >= index) return std::max(after, outstanding_[i].id);
  }
  return next_;
}

PersistId PersistQueue::AfterFill(LogIndex index) const {
  for (std::size_t i = 0; i < outstanding_.size(); ++i) {
    if (std::ranges::binary_search(outstanding_[i].fills, index)) return outstanding_[i].id;
  }
  BEACH_CHECK(fills_.contains(index));  // else nobody knows when
  return next_;
}

void PersistQueue::Filled(LogIndex index) {
  BEACH_CHECK(holes_.contains(index));
  fills_.insert(index);
}

void PersistQueue::Forget(LogIndex from) {
  const LogIndex last = from - 1;
  durable_ = std::min(durable_, last);
  handed_ = std::min(handed_, last);
  holes_.erase(holes_.lower_bound(from), holes_.end());
  fills_.erase(fills_.lower_bound(from), fills_.end());
  for (std::size_t i = 0; i < outstanding_.size(); ++i) {
    outstanding_[i].last = std::min(outstanding_[i].last, last);
  }
}

void PersistQueue::Truncated(LogIndex from) {
  if (from <= handed_) {
    truncate_from_ = truncate_from_ == LogIndex{} ? from : std::min(truncate_from_, from);
  }
  Forget(from);
}

void PersistQueue::Raise(LogIndex index) {
  durable_ = std::max(durable_, index);
  handed_ = std::max(handed_, index);
  holes_.erase(holes_.begin(), holes_.upper_bound(index));
  fills_.erase(fills_.begin(), fills_.upper_bound(index));
}

void PersistQueue::Reset(LogIndex base) {
  Forget(LogIndex(1));
  truncate_from_ = {};
  durable_ = handed_ = base;
}

bool PersistQueue::Take(const LogTail& tail, LogIndex last, Persist& persist) {
  const bool new_state = state_ != handed_state_;
  if (!new_state && handed_ == last && truncate_from_ == LogIndex{} && fills_.empty()) return false;
  BEACH_CHECK(handed_ <= last);
  persist.id = next_;
  if (new_state) persist.hard_state = state_;
  for (const LogIndex index : fills_) persist.fills.push_back(tail.At(index));
  persist.truncate_from = truncate_from_;
  tail.CopyTo(handed_, last, persist.entries);
  outstanding_.push_back(
      {.id = next_, .last = last, .state = state_, .fills = {fills_.begin(), fills_.end()}});
  fills_.clear();
  handed_state_ = state_;
  handed_ = last;
  truncate_from_ = {};
  next_ = next_.Next();
  return true;
}

// Storage may finish its work out of order; what it says last need not be the newest.
void PersistQueue::Done(PersistId id) {
  BEACH_CHECK(id < next_);
  while (!outstanding_.empty() && outstanding_.front().id <= id) {
    durable_ = std::max(durable_, outstanding_.front().last);
    durable_state_ = outstanding_.front().state;
    for (const LogIndex index : outstanding_.front().fills) holes_.erase(index);
    outstanding_.pop_front();
  }
  done_ = std::max(done_, id);
}

}  // namespace beach::raft
