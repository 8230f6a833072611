// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/links_node.h"

#include <algorithm>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"
#include "wire/guest.h"
#include "wire/link.h"

namespace beach::sim::scenarios::links {
namespace {

constexpr std::uint64_t kLookNs = 10'000'000;  // how often the world is asked whether to stop
constexpr wire::ClusterId kCluster{'b', 'e', 'a', 'c', 'h'};

std::optional<std::uint64_t> PayloadMax(std::uint16_t type) {
  BEACH_CHECK_GE(type, wire::kFirstTypeOfPayloads);  // the others are not ours to judge
  if (type != kSayType) return std::nullopt;
  return kPayloadMax;
}

wire::NodeNumber NumberOf(std::uint64_t node) { return wire::NodeNumber(node + 1); }

class Node {
 public:
  Node(World& world, const NodePlan& plan, const env::Env& env, env::Loop& loop)
      : world_(world), plan_(plan), clock_(*env.clock), loop_(loop) {}

  // False when it cannot listen: somebody else's life holds the port, or there are no descriptors.
  bool Begin() {
    auto listener = loop_.Listen(AddressOf(plan_.self), {},
                                 [this](std::unique_ptr<env::Connection> connection) {
                                   return Welcome(std::move(connection));
                                 });
    if (!listener) return false;
    listener_ = std::move(*listener);
    for (std::uint64_t to = 0; to < plan_.nodes; ++to) {
      if (to != plan_.self) Dial(to);
    }
    SayNext();
    Look();
    return true;
  }

 private:
  struct Place {
    std::unique_ptr<wire::Guest> guest;
  };

  env::Connection::Callbacks Welcome(std::unique_ptr<env::Connection> connection) {
    const auto place = guests_.emplace(guests_.end());
    wire::Guest::Callbacks callbacks;
    callbacks.on_frame = [this, place](const wire::Frame& frame) {
      const std::uint64_t from = place->guest->hello().from.value - 1;
      world_.Arrived(plan_.self, from, frame.payload);
    };
    callbacks.on_gone = [this, place](const std::string&) { guests_.erase(place); };
    const wire::GuestOptions options{.cluster = kCluster, .self = NumberOf(plan_.self)};
    place->guest = std::make_unique<wire::Guest>(loop_, clock_, std::move(connection), options,
                                                 PayloadMax, std::move(callbacks));
    return place->guest->connection_callbacks();
  }

  void Dial(std::uint64_t to) {
    wire::Hello hello;
    hello.cluster = kCluster;
    hello.from = NumberOf(plan_.self);
    hello.to = NumberOf(to);
    wire::Link::Callbacks callbacks;
    callbacks.on_up = [this, to] { world_.Up(plan_.self, to); };
    callbacks.on_down = [this, to](const std::string& why) { world_.Down(plan_.self, to, why); };
    links_[to] = std::make_unique<wire::Link>(loop_, clock_, AddressOf(to), hello, plan_.options,
                                              PayloadMax, std::move(callbacks));
  }

  void SayNext() {
    if (said_ == plan_.says->size()) return;
    const Say& say = (*plan_.says)[said_++];
    loop_.At(clock_.MonotonicNow() + say.pause_us * 1'000, [this, &say] {
      SayNow(say);
      SayNext();
    });
  }

  void SayNow(const Say& say) {
    wire::Link& link = *links_.at(say.to);
    const Stream stream{.from = plan_.self,
                        .to = say.to,
                        .life = plan_.life,
                        .time_up = link.times_up(),
                        .lane = static_cast<std::uint64_t>(say.lane)};
    const std::uint64_t number = numbers_[stream] + 1;
    const Bytes payload = MakePayload(stream, number, say.size_bytes);
    // First, since it may arrive before Send returns.
    world_.Sends(stream, number, payload.size(), link.queued_bytes(wire::Lane::kBulk));
    const std::uint64_t ahead = link.ahead_bytes();
    const std::uint64_t urgent = link.queued_bytes(wire::Lane::kUrgent);
    if (link.Send(say.lane, {.type = kSayType, .flags = 0, .request = {}}, payload)) {
      numbers_[stream] = number;
    } else {
      world_.Refused(stream);
    }
    if (say.lane != wire::Lane::kBulk) return;
    // What is urgent and had found no room may have gone ahead of it.
    const std::uint64_t overtaken = urgent - link.queued_bytes(wire::Lane::kUrgent);
    world_.HandedOver(stream, ahead, link.ahead_bytes() - overtaken,
                      plan_.options.bulk_ahead_bytes);
  }

  void Look() {
    if (world_.stop) return loop_.Stop();
    if (world_.calm) {
      for (const auto& [to, link] : links_) SayNow({.to = to, .size_bytes = 1});
    }
    loop_.At(clock_.MonotonicNow() + kLookNs, [this] { Look(); });
  }

  World& world_;
  const NodePlan& plan_;
  env::Clock& clock_;
  env::Loop& loop_;
  std::unique_ptr<env::Listener> listener_;
  std::list<Place> guests_;
  std::map<std::uint64_t, std::unique_ptr<wire::Link>> links_;
  std::map<Stream, std::uint64_t> numbers_;
  std::size_t said_ = 0;
};

}  // namespace

std::string AddressOf(std::uint64_t node) { return "n" + std::to_string(node) + ":7000"; }

void RunNode(World& world, const NodePlan& plan, const env::Env& env) {
  const auto loop = env.network->NewLoop();
  if (!loop) return world.Left(plan.self);
  Node node(world, plan, env, **loop);
  if (!node.Begin()) return world.Left(plan.self);
  (*loop)->Run();
}

}  // namespace beach::sim::scenarios::links
