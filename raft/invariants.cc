// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/check.h"
#include "raft/core.h"

// What holds of a node between any two inputs, in one place. O(members), so that it is on in
// production after each of them.

namespace beach::raft {

void Core::CheckInvariants() const {
  // base <= applied <= handed <= commit <= last, and nothing is applied that is not durable.
  BEACH_CHECK_LE(log_.base().value, applied_.value);
  BEACH_CHECK_LE(applied_.value, handed_.value);
  BEACH_CHECK_LE(handed_.value, commit_.value);
  BEACH_CHECK_LE(commit_.value, log_.last().value);
  BEACH_CHECK_LE(handed_.value, storage_.durable().value);
  BEACH_CHECK_LE(storage_.durable().value, log_.whole_last().value);
  BEACH_CHECK(!state_lost_ || applied_ == log_.base());
  // Memory holds all that is not both durable and applied, up to the end of the log.
  BEACH_CHECK_EQ(log_.tail().next().value, log_.last().value + 1);
  BEACH_CHECK_LE(log_.tail().first().value, std::min(applied_, storage_.durable()).value + 1);
  // Terms: of the log not above this node's, on disk not above it either.
  BEACH_CHECK_LE(log_.end().term.value, term_.value);
  BEACH_CHECK_LE(storage_.durable_state().term.value, term_.value);
  BEACH_CHECK_LE(configurations_.current_index().value, log_.last().value);
  switch (role_) {
    case Role::kFollower:
      BEACH_CHECK(leader_ != options_.id);
      BEACH_CHECK(progress_.empty());
      return;
    case Role::kPreCandidate: BEACH_CHECK(leader_ == NodeId{}); return;
    case Role::kCandidate:
      BEACH_CHECK(leader_ == NodeId{});
      BEACH_CHECK(vote_ == options_.id);
      return;
    case Role::kLeader: break;
  }
  BEACH_CHECK(leader_ == options_.id);
  BEACH_CHECK(vote_ == options_.id);
  BEACH_CHECK(storage_.durable_state().term == term_);
  BEACH_CHECK(!installing_.has_value());
  BEACH_CHECK(log_.whole());
  BEACH_CHECK(!state_lost_);
  for (const Progress& peer : progress_) {
    BEACH_CHECK_LT(peer.match.value, peer.next.value);
    BEACH_CHECK_LE(peer.match.value, log_.last().value);
    BEACH_CHECK_LE(peer.next.value, log_.last().value + 1);
    BEACH_CHECK(peer.state == ProgressState::kReplicate || peer.in_flight.count() == 0);
  }
}

}  // namespace beach::raft
