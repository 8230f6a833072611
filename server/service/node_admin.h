// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "env/clock.h"
#include "raft/node/node.h"
#include "server/service/admin.h"

namespace beach::server {

// A node that runs here, and outlives it.
class NodeAdmin final : public Admin {
 public:
  NodeAdmin(env::Clock& clock, raft::Node& node) : clock_(clock), node_(node) {}

  void Change(std::span<const raft::Change> changes, bool joint,
              raft::Replica::ProposeDone done) override;
  std::expected<void, raft::TransferError> Transfer(raft::NodeId target) override;
  raft::NodeId transfer_target() const override { return node_.core().transfer_target(); }
  NodeView View() const override;

 private:
  env::Clock& clock_;
  raft::Node& node_;
};

}  // namespace beach::server
