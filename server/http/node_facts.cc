// SPDX-License-Identifier: Apache-2.0
#include "server/http/node_facts.h"

#include <fmt/format.h>

namespace beach::server {

const char* NameOf(raft::Role role) {
  switch (role) {
    case raft::Role::kLeader: return "leader";
    case raft::Role::kFollower: return "follower";
    default: return "candidate";
  }
}

std::string WhyNotReady(const NodeFacts& facts) {
  if (facts.failed) return "this node has stepped aside";
  if (facts.leaving) return "this node is leaving";
  if (facts.leader.value == 0) return "no leader is known";
  const std::uint64_t commit = facts.commit.value;
  const std::uint64_t applied = facts.applied.value;
  if (commit > applied && commit - applied > kReadyLagMax) {
    return fmt::format("{} entries are committed and not applied here", commit - applied);
  }
  return {};
}

std::uint64_t LagOf(const NodeFacts& facts, const MemberFacts& member) {
  return facts.commit > member.match ? facts.commit.value - member.match.value : 0;
}

}  // namespace beach::server
