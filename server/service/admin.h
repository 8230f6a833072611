// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <vector>

#include "raft/configuration.h"
#include "raft/core.h"
#include "raft/node/replica.h"
#include "raft/types.h"

namespace beach::server {

// What a leader knows of a member, itself included.
struct MemberProgress {
  raft::NodeId node;
  raft::LogIndex match;         // all up to here is in its log, durable
  std::uint64_t silent_ns = 0;  // since it was last heard of
};

// A node, as its operators see it.
struct NodeView {
  raft::Configuration configuration;  // in force, committed or not
  raft::LogIndex configuration_index;
  std::vector<MemberProgress> progress;  // of a leader; by node
  raft::LogIndex log_base;               // the last entry that its log no longer has
  raft::LogIndex log_durable;            // the last that survives a power loss
  std::uint64_t log_bytes = 0;           // on disk
  raft::LogIndex state_durable;          // tables have what all up to here have done
};

// A node of a cluster, as those see it who say what the cluster is made of. Of one loop, and on its
// thread.
class Admin {
 public:
  virtual ~Admin() = default;

  // On the leader alone; else it is refused as kNotLeader. Through a joint configuration the
  // outcome is that of entering it: it is left by itself. `done` is called once, never from inside
  // this call; not at all when the node goes first.
  virtual void Change(std::span<const raft::Change> changes, bool joint,
                      raft::Replica::ProposeDone done) = 0;
  // On the leader alone. Begun, when there is no error: it ends with another leader, or without.
  virtual std::expected<void, raft::TransferError> Transfer(raft::NodeId target) = 0;
  // To whom leadership is being handed at this moment; 0: to nobody.
  virtual raft::NodeId transfer_target() const = 0;

  virtual NodeView View() const = 0;
};

}  // namespace beach::server
