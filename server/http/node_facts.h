// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/stats.h"
#include "raft/core.h"
#include "raft/types.h"

namespace beach::server {

// A member of the cluster, as this node knows it. What only a leader knows is 0 elsewhere.
struct MemberFacts {
  raft::NodeId node;
  std::string address;
  bool voter = false;
  raft::LogIndex match;         // all up to here is in its log, durable
  std::uint64_t silent_ns = 0;  // since it was last heard of
};

// All that a node shows of itself over HTTP, of one moment. A value.
struct NodeFacts {
  std::string version;  // of this program
  std::uint64_t uptime_ns = 0;
  bool failed = false;   // it has stepped aside
  bool leaving = false;  // it was told to stop

  raft::NodeId node;
  raft::NodeId leader;  // 0: none is known
  raft::Role role = raft::Role::kFollower;
  raft::Term term;
  raft::LogIndex commit;
  raft::LogIndex applied;
  raft::LogIndex log_base;       // the last entry that its log no longer has
  raft::LogIndex log_durable;    // the last that survives a power loss
  raft::LogIndex state_durable;  // tables have what all up to here have done
  std::uint64_t log_bytes = 0;   // on disk
  std::vector<MemberFacts> members;

  engine::DbStats engine;

  std::uint64_t native_clients = 0;
  std::uint64_t resp_clients = 0;
  std::uint64_t requests_waiting = 0;  // of native clients, without a reply so far
  std::uint64_t slow_requests = 0;     // of native and Redis clients
  std::uint64_t work = 0;              // what replica and store were asked, and have not answered
  std::uint64_t scan_cursors = 0;
  std::uint64_t watch_buffer_bytes = 0;  // changes that are kept for watchers
};

// What a node may be behind what is committed, and still serve.
inline constexpr std::uint64_t kReadyLagMax = 10'000;

const char* NameOf(raft::Role role);
// Why clients had better go elsewhere; empty: this node serves.
std::string WhyNotReady(const NodeFacts& facts);
// Committed entries that a member is not known to have. Of a leader.
std::uint64_t LagOf(const NodeFacts& facts, const MemberFacts& member);

}  // namespace beach::server
