// SPDX-License-Identifier: Apache-2.0
#include "raft/lease.h"

#include <algorithm>

namespace beach::raft {

void Lease::RoundSent(RoundId round, std::uint64_t now_ns) {
  if (rounds_.size() < kRoundsMax) rounds_.push_back({.round = round, .at_ns = now_ns});
}

void Lease::RoundAnswered(RoundId round) {
  while (!rounds_.empty() && rounds_.front().round <= round) {
    if (rounds_.front().round > revoked_) {
      expires_ns_ = std::max(expires_ns_, rounds_.front().at_ns + duration_ns_);
    }
    rounds_.pop_front();
  }
}

bool Lease::Valid(std::uint64_t now_ns) const { return !given_away_ && now_ns < expires_ns_; }

void Lease::Revoke(RoundId sent) {
  revoked_ = sent;
  expires_ns_ = 0;
}

}  // namespace beach::raft
