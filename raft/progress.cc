// SPDX-License-Identifier: Apache-2.0
#include "raft/progress.h"

#include <algorithm>

#include "base/check.h"

namespace beach::raft {

void InFlight::Add(LogIndex last, std::uint64_t bytes) {
  BEACH_CHECK(messages_.empty() || last > messages_.back().last);
  messages_.push_back({.last = last, .bytes = bytes});
  bytes_ += bytes;
}

void InFlight::FreeUpTo(LogIndex index) {
  while (!messages_.empty() && messages_.front().last <= index) {
    bytes_ -= messages_.front().bytes;
    messages_.pop_front();
  }
}

void InFlight::Clear() {
  messages_.clear();
  bytes_ = 0;
}

const char* ProgressStateName(ProgressState state) {
  switch (state) {
    case ProgressState::kProbe: return "probe";
    case ProgressState::kReplicate: return "replicate";
    case ProgressState::kSnapshot: return "snapshot";
  }
  return "unknown";
}

bool Progress::Paused() const {
  switch (state) {
    case ProgressState::kProbe: return probe_sent;
    case ProgressState::kReplicate: return in_flight.Full();
    case ProgressState::kSnapshot: return true;
  }
  return true;
}

// Nothing of what was under way in one state counts in the next.
void Progress::EnterState(ProgressState to) {
  state = to;
  probe_sent = false;
  load_pending = false;
  in_flight.Clear();
  snapshot = {};
  snapshot_index = {};
  snapshot_delivered = false;
}

void Progress::BecomeProbe(LogIndex first) {
  BEACH_CHECK(first > match);
  EnterState(ProgressState::kProbe);
  next = first;
  sent_commit = {};
}

void Progress::BecomeReplicate() {
  EnterState(ProgressState::kReplicate);
  next = match.Next();
}

void Progress::BecomeSnapshot(SnapshotId transfer) {
  EnterState(ProgressState::kSnapshot);
  snapshot = transfer;
}

bool Progress::Acknowledge(LogIndex index) {
  const bool advances = index > match;
  match = std::max(match, index);
  next = std::max(next, match.Next());
  // The answer to a probe says where the logs agree even when it was known.
  if (state == ProgressState::kProbe && index == match) BecomeReplicate();
  if (state == ProgressState::kReplicate) in_flight.FreeUpTo(index);
  return advances;
}

bool Progress::Reject(LogIndex previous, LogIndex agree) {
  switch (state) {
    case ProgressState::kReplicate:
      if (previous <= match) return false;
      BecomeProbe(match.Next());
      return true;
    case ProgressState::kProbe:
      if (previous.Next() != next || previous <= match) return false;
      BecomeProbe(std::max(std::min(previous, agree + 1), match + 1));
      return true;
    case ProgressState::kSnapshot:
      // It was delivered, the follower was asked for it, and does not have it.
      if (!snapshot_delivered || previous != snapshot_index || previous <= match) return false;
      BecomeProbe(std::max(std::min(previous, agree + 1), match + 1));
      return true;
  }
  return false;
}

void Progress::Forget(LogIndex from) {
  if (from > match) return;
  match = from - 1;
  if (state == ProgressState::kReplicate) BecomeProbe(from);
}

void Progress::Sent(LogIndex last, std::uint64_t bytes) {
  if (state == ProgressState::kProbe) probe_sent = true;
  if (state == ProgressState::kReplicate && last >= next) {
    in_flight.Add(last, bytes);
    next = last.Next();
  }
}

}  // namespace beach::raft
