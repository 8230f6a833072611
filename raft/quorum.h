// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>

#include "base/check.h"
#include "raft/configuration.h"

// Majorities, of one set of voters and of a joint configuration. In a joint one each decision takes
// a majority of either half, never of their union (4.3).

namespace beach::raft {

// More than half: 2 of 3, 3 of 4.
constexpr std::size_t MajorityOf(std::size_t voters) { return voters / 2 + 1; }

// The greatest value that a majority has reached: what is committed if `value_of` is what each
// voter holds durably, what was heard if it is a time or a round. Without voters nothing holds it
// back.
template <class ValueOf>
std::uint64_t MajorityValue(std::span<const NodeId> voters, const ValueOf& value_of) {
  if (voters.empty()) return std::numeric_limits<std::uint64_t>::max();
  BEACH_CHECK_LE(voters.size(), kVotersMax);
  std::array<std::uint64_t, kVotersMax> values;
  std::size_t count = 0;
  for (const NodeId voter : voters) {
    const std::uint64_t value = value_of(voter);
    std::size_t at = count++;
    for (; at > 0 && values[at - 1] < value; --at) values[at] = values[at - 1];
    values[at] = value;  // descending
  }
  return values[MajorityOf(count) - 1];
}

template <class ValueOf>
std::uint64_t QuorumValue(const Configuration& configuration, const ValueOf& value_of) {
  return std::min(MajorityValue(configuration.voters, value_of),
                  MajorityValue(configuration.outgoing, value_of));
}

enum class Vote : std::uint8_t { kPending, kGranted, kRefused };

// Granted once a majority grants, refused once no majority can any more.
template <class VoteOf>
Vote MajorityVote(std::span<const NodeId> voters, const VoteOf& vote_of) {
  std::size_t granted = 0;
  std::size_t refused = 0;
  for (const NodeId voter : voters) {
    const Vote vote = vote_of(voter);
    if (vote == Vote::kGranted) ++granted;
    if (vote == Vote::kRefused) ++refused;
  }
  const std::size_t majority = MajorityOf(voters.size());
  if (granted >= majority) return Vote::kGranted;
  return voters.size() - refused < majority ? Vote::kRefused : Vote::kPending;
}

template <class VoteOf>
Vote QuorumVote(const Configuration& configuration, const VoteOf& vote_of) {
  const Vote incoming = MajorityVote(configuration.voters, vote_of);
  if (!configuration.joint() || incoming == Vote::kRefused) return incoming;
  const Vote outgoing = MajorityVote(configuration.outgoing, vote_of);
  return incoming == Vote::kGranted || outgoing == Vote::kRefused ? outgoing : incoming;
}

}  // namespace beach::raft
