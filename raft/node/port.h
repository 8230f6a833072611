// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "env/loop.h"
#include "raft/types.h"
#include "wire/guest.h"

namespace beach::raft {

// Whoever serves one kind of guest. None of the calls may destroy the guest.
class Host {
 public:
  virtual ~Host() = default;
  virtual void Welcomed(wire::Guest& guest) = 0;
  // An error: the guest is sent away.
  virtual Status Received(wire::Guest& guest, const wire::Frame& frame) = 0;
  // What no payload of that guest is longer than, whatever its type. Of one who was welcomed.
  virtual std::uint64_t PayloadMax(wire::Guest& /*guest*/) const { return ~std::uint64_t{0}; }
  virtual void Writable(wire::Guest& guest) = 0;
  // Nothing more can be sent; it goes when this returns.
  virtual void Gone(wire::Guest& guest) = 0;
};

struct PortOptions {
  wire::GuestOptions guests;
  std::uint64_t guests_max = 10'000;  // beyond it whoever connects is let go at once
  env::ConnectionOptions connections;
  wire::FrameReader::PayloadMax peer_payload_max;
  wire::FrameReader::PayloadMax client_payload_max;
  // Whether whoever says that he is a node is that node. Unset: he is believed.
  std::function<bool(const wire::Guest&)> believes;
};

// The one port of a node: those who dial it say in their first frame whether they are nodes or
// clients. Of one loop, and on its thread.
class Port {
 public:
  // Either host may be null: such guests are sent away. Both outlive the port. kInvalidArgument,
  // kIo: as of Loop::Listen.
  static Result<std::unique_ptr<Port>> Open(env::Loop& loop, env::Clock& clock,
                                            const std::string& address, const PortOptions& options,
                                            Host* peers, Host* clients);
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  ~Port();

  const std::string& address() const { return listener_->address(); }  // a port of 0 is resolved
  std::size_t guests() const { return guests_.size(); }

 private:
  struct Visitor {
    std::unique_ptr<wire::Guest> guest;
    Host* host = nullptr;  // from the welcome on
    bool unwanted = false;
  };
  using Place = std::list<Visitor>::iterator;

  Port(env::Loop& loop, env::Clock& clock, const PortOptions& options, Host* peers, Host* clients);
  env::Connection::Callbacks Accept(std::unique_ptr<env::Connection> connection);
  std::optional<std::uint64_t> PayloadMax(const Visitor& visitor, std::uint16_t type) const;
  void SendAway(Place place);
  void Leave(Place place);

  env::Loop& loop_;
  env::Clock& clock_;
  const PortOptions options_;
  Host* const peers_;
  Host* const clients_;
  std::list<Visitor> guests_;
  std::unique_ptr<env::Listener> listener_;
  std::shared_ptr<Port*> self_;  // what is posted has it weakly
};

}  // namespace beach::raft
