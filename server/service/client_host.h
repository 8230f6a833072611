// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "base/check.h"
#include "raft/node/port.h"
#include "server/service/service.h"

namespace beach::server {

// Hands a service the clients that come to a node's port.
class ClientHost final : public raft::Host {
 public:
  explicit ClientHost(Service& service) : service_(service) {}

  void Welcomed(wire::Guest& guest) override { guests_[&guest] = service_.Join(guest); }
  Status Received(wire::Guest& guest, const wire::Frame& frame) override {
    service_.OnFrame(IdOf(guest), frame);
    return {};
  }
  std::uint64_t PayloadMax(wire::Guest& guest) const override {
    return service_.PayloadMaxOf(IdOf(guest));
  }
  void Writable(wire::Guest&) override {}
  void Gone(wire::Guest& guest) override {
    service_.Leave(IdOf(guest));
    guests_.erase(&guest);
  }

 private:
  Service::GuestId IdOf(wire::Guest& guest) const {
    const auto found = guests_.find(&guest);
    BEACH_CHECK(found != guests_.end());
    return found->second;
  }

  Service& service_;
  std::map<wire::Guest*, Service::GuestId> guests_;  // looked up, never walked
};

}  // namespace beach::server
