// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "raft/ring.h"
#include "raft/types.h"

namespace beach::raft {

// Until when no other node can lead (6.4.1). A voter that answers a heartbeat votes for nobody else
// for T by its clock, counted from when it heard it; so nobody else is elected before T has gone by
// since that heartbeat was *sent*, by any clock that runs as fast. When the answers come says
// nothing. A clock may run faster than another by a stated share; a lease is shorter by it.
class Lease {
 public:
  Lease() = default;
  Lease(std::uint64_t election_timeout_ns, std::uint64_t drift_ppm)
      : duration_ns_(election_timeout_ns - election_timeout_ns / 1'000'000 * drift_ppm -
                     (election_timeout_ns % 1'000'000 * drift_ppm + 999'999) / 1'000'000) {}

  void RoundSent(RoundId round, std::uint64_t now_ns);
  // A quorum has answered it.
  void RoundAnswered(RoundId round);
  bool Valid(std::uint64_t now_ns) const;
  std::uint64_t expires_ns() const { return expires_ns_; }

  // What was promised so far does not count: other voters decide now, or leadership was offered.
  // Rounds up to `sent` extend nothing any more.
  void Revoke(RoundId sent);
  // And never again: the leader has told another node to campaign, which may do so at any time.
  void RevokeForGood() { given_away_ = true; }

 private:
  struct Sent {
    RoundId round;
    std::uint64_t at_ns = 0;
  };
  static constexpr std::size_t kRoundsMax = 64;

  std::uint64_t duration_ns_ = 0;
  std::uint64_t expires_ns_ = 0;
  RoundId revoked_;
  bool given_away_ = false;
  Ring<Sent> rounds_;  // unanswered; not all: a younger one than these extends as the last of them
};

}  // namespace beach::raft
