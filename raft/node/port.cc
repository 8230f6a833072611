// SPDX-License-Identifier: Apache-2.0
#include "raft/node/port.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace beach::raft {

Port::Port(env::Loop& loop, env::Clock& clock, const PortOptions& options, Host* peers,
           Host* clients)
    : loop_(loop),
      clock_(clock),
      options_(options),
      peers_(peers),
      clients_(clients),
      self_(std::make_shared<Port*>(this)) {}

Port::~Port() {
  listener_.reset();
  while (!guests_.empty()) Leave(guests_.begin());
}

Result<std::unique_ptr<Port>> Port::Open(env::Loop& loop, env::Clock& clock,
                                         const std::string& address, const PortOptions& options,
                                         Host* peers, Host* clients) {
  std::unique_ptr<Port> port(new Port(loop, clock, options, peers, clients));
  BEACH_TRY_ASSIGN(port->listener_,
                   loop.Listen(address, options.connections,
                               [port = port.get()](std::unique_ptr<env::Connection> connection) {
                                 return port->Accept(std::move(connection));
                               }));
  return port;
}

env::Connection::Callbacks Port::Accept(std::unique_ptr<env::Connection> connection) {
  if (guests_.size() >= options_.guests_max) return {};
  const Place place = guests_.emplace(guests_.end());
  wire::Guest::Callbacks callbacks;
  callbacks.on_welcome = [this, place](const wire::Hello& hello) {
    const bool is_client = hello.from == wire::NodeNumber{};
    const bool believed = is_client || !options_.believes || options_.believes(*place->guest);
    if (believed) place->host = is_client ? clients_ : peers_;
    if (place->host == nullptr) return SendAway(place);
    place->host->Welcomed(*place->guest);
  };
  callbacks.on_frame = [this, place](const wire::Frame& frame) {
    if (place->unwanted) return;
    const Status received = place->host->Received(*place->guest, frame);
    if (!received) SendAway(place);
  };
  callbacks.on_writable = [place] {
    if (!place->unwanted) place->host->Writable(*place->guest);
  };
  callbacks.on_gone = [this, place](const std::string&) { Leave(place); };
  place->guest = std::make_unique<wire::Guest>(
      loop_, clock_, std::move(connection), options_.guests,
      [this, place](std::uint16_t type) { return PayloadMax(*place, type); }, std::move(callbacks));
  return place->guest->connection_callbacks();
}

std::optional<std::uint64_t> Port::PayloadMax(const Visitor& visitor, std::uint16_t type) const {
  if (visitor.host == nullptr || visitor.unwanted) return std::nullopt;
  const std::optional<std::uint64_t> longest =
      visitor.host == peers_ ? options_.peer_payload_max(type) : options_.client_payload_max(type);
  if (!longest) return std::nullopt;
  return std::min(*longest, visitor.host->PayloadMax(*visitor.guest));
}

// Once its own callback is over.
void Port::SendAway(Place place) {
  if (std::exchange(place->unwanted, true)) return;
  loop_.Post([weak = std::weak_ptr<Port*>(self_), guest = place->guest.get()] {
    const std::shared_ptr<Port*> self = weak.lock();
    if (self == nullptr) return;
    const auto found = std::ranges::find_if((*self)->guests_, [guest](const Visitor& visitor) {
      return visitor.unwanted && visitor.guest.get() == guest;
    });
    if (found != (*self)->guests_.end()) (*self)->Leave(found);
  });
}

void Port::Leave(Place place) {
  if (place->host != nullptr && place->guest != nullptr) place->host->Gone(*place->guest);
  guests_.erase(place);
}

}  // namespace beach::raft
