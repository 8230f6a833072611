// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "raft/node/node.h"
#include "raft/node/port.h"
#include "raft/types.h"

namespace beach::raft {

// Hands a node what the others say to it.
class PeerHost final : public Host {
 public:
  explicit PeerHost(Node& node) : node_(node) {}

  void Welcomed(wire::Guest&) override {}
  Status Received(wire::Guest& guest, const wire::Frame& frame) override {
    return node_.Received(frame, NodeId(guest.hello().from.value));
  }
  void Writable(wire::Guest&) override {}
  void Gone(wire::Guest&) override {}

 private:
  Node& node_;
};

}  // namespace beach::raft
