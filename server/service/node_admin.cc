// SPDX-License-Identifier: Apache-2.0
#include "server/service/node_admin.h"

#include <utility>

namespace beach::server {

void NodeAdmin::Change(std::span<const raft::Change> changes, bool joint,
                       raft::Replica::ProposeDone done) {
  const auto mode = joint ? raft::ChangeMode::kJoint : raft::ChangeMode::kSimple;
  node_.ProposeConfiguration(changes, mode, std::move(done));
}

std::expected<void, raft::TransferError> NodeAdmin::Transfer(raft::NodeId target) {
  return node_.TransferLeadership(target);
}

NodeView NodeAdmin::View() const {
  const raft::Core& core = node_.core();
  const std::uint64_t now_ns = clock_.MonotonicNow();
  const raft::DiskLogRange log = node_.log().durable();
  NodeView view{.configuration = core.configuration(),
                .configuration_index = core.configurations().current_index(),
                .progress = {},
                .log_base = log.base,
                .log_durable = log.last,
                .log_bytes = node_.log().bytes_on_disk(),
                .state_durable = node_.machine().durable().index};
  if (core.role() != raft::Role::kLeader) return view;
  for (const raft::Progress& peer : core.progress()) {
    const bool self = peer.id == core.options().id;
    view.progress.push_back({.node = peer.id,
                             .match = self ? core.durable() : peer.match,
                             .silent_ns = self ? 0 : raft::ElapsedNs(peer.heard_ns, now_ns)});
  }
  return view;
}

}  // namespace beach::server
