// SPDX-License-Identifier: Apache-2.0
#include "server/client/routes.h"

#include <utility>

#include "base/check.h"
#include "server/protocol/reply.h"
#include "server/protocol/request.h"

namespace beach::server {

Routes::Routes(env::Loop& loop, env::Clock& clock, const wire::ClusterId& cluster,
               std::vector<std::string> addresses, const wire::LinkOptions& options, Bytes login,
               Callbacks callbacks)
    : loop_(loop),
      clock_(clock),
      cluster_(cluster),
      addresses_(std::move(addresses)),
      options_(options),
      login_(std::move(login)),
      callbacks_(std::move(callbacks)),
      ways_(addresses_.size()) {
  BEACH_CHECK(!addresses_.empty());
}

void Routes::Dial(std::size_t node) {
  Way& way = ways_.at(node);
  if (way.link != nullptr) return;
  wire::Hello hello;
  hello.cluster = cluster_;
  wire::LinkOptions options = options_;
  options.random_key += node;
  wire::Link::Callbacks callbacks;
  callbacks.on_up = [this, node] { OnUp(node); };
  callbacks.on_down = [this, node](const std::string&) { OnDown(node); };
  callbacks.on_frame = [this, node](const wire::Frame& frame) {
    if (!ways_[node].distrusted) callbacks_.on_reply(node, frame);
  };
  way.link = std::make_unique<wire::Link>(loop_, clock_, addresses_[node], hello, options,
                                          ReplyBytesMax, std::move(callbacks));
}

bool Routes::Ready() {
  Dial(target_);
  return ways_[target_].link->up() && !ways_[target_].distrusted;
}

std::optional<std::size_t> Routes::Send(const wire::FrameHead& head, ByteView payload) {
  BEACH_CHECK(Ready());
  if (!ways_[target_].link->Send(wire::Lane::kBulk, head, payload)) return std::nullopt;
  return target_;
}

bool Routes::IsUp(std::size_t node) const {
  const Way& way = ways_.at(node);
  return way.link != nullptr && way.link->up() && !way.distrusted;
}

bool Routes::SendTo(std::size_t node, const wire::FrameHead& head, ByteView payload) {
  BEACH_CHECK(IsUp(node));
  return ways_[node].link->Send(wire::Lane::kBulk, head, payload);
}

void Routes::Prefer(wire::NodeNumber leader, ByteView address) {
  if (leader == wire::NodeNumber{}) return;
  for (std::size_t node = 0; node < ways_.size(); ++node) {
    const Way& way = ways_[node];
    const bool known = way.link != nullptr && way.link->peer() == leader;
    if (!known && addresses_[node] != address) continue;
    Dial(node);
    leader_ = node;
    if (ways_[node].link->up()) target_ = node;
    return;
  }
}

void Routes::MoveOn() {
  std::size_t next = (target_ + 1) % ways_.size();
  // Rather one that answers, or that nobody has tried, than one that is down.
  for (std::size_t i = 0; i < ways_.size(); ++i) {
    const std::size_t node = (target_ + 1 + i) % ways_.size();
    if (ways_[node].link != nullptr && !ways_[node].link->up()) continue;
    next = node;
    break;
  }
  target_ = next;
  Dial(target_);
  if (ways_[target_].link->up()) callbacks_.on_ready();
}

void Routes::Avoid(std::size_t node) {
  if (leader_ == node) leader_.reset();
  if (target_ == node) MoveOn();
}

// What is asked next need not wait for the reply: it is read behind the login.
void Routes::OnUp(std::size_t node) {
  if (!login_.empty()) {
    const auto type = static_cast<std::uint16_t>(RequestType::kAuthenticate);
    static_cast<void>(ways_[node].link->Send(
        wire::Lane::kBulk, {.type = type, .flags = 0, .request = kLoginId}, login_));
  }
  if (leader_ == node) target_ = node;
  if (target_ == node) callbacks_.on_ready();
}

void Routes::OnDown(std::size_t node) {
  callbacks_.on_lost(node);
  Avoid(node);
}

void Routes::Distrust(std::size_t node) { ways_.at(node).distrusted = true; }

void Routes::Tidy() {
  for (std::size_t node = 0; node < ways_.size(); ++node) {
    if (!ways_[node].distrusted) continue;
    ways_[node] = {};
    OnDown(node);
  }
}

}  // namespace beach::server
