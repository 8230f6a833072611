// SPDX-License-Identifier: Apache-2.0
#include "raft/node/peers.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "raft/message_encoding.h"
#include "raft/transfer/snapshot_frame.h"

namespace beach::raft {
namespace {

// What brings entries or stands in line behind them waits; nothing else does. An append without
// entries is one of them: if it overtook the one before, it would be refused.
wire::Lane LaneOf(const Message& message) {
  const bool bulk = std::holds_alternative<Append>(message.body) ||
                    std::holds_alternative<FetchReply>(message.body) ||
                    std::holds_alternative<ProposeForward>(message.body);
  return bulk ? wire::Lane::kBulk : wire::Lane::kUrgent;
}

// Two of the longest messages wait beside a whole window of them.
std::uint64_t BulkBytes(const Options& options) {
  const auto append = static_cast<std::uint16_t>(MessageType::kAppend);
  return options.in_flight_bytes_max + 2 * MessageBytesMax(append, options);
}

}  // namespace

wire::FrameReader::PayloadMax PeerPayloadMax(const Options& options) {
  return [options](std::uint16_t type) -> std::optional<std::uint64_t> {
    if (type == kSnapshotFrameType) return kSnapshotFrameBytesMax;
    if (!IsMessageType(type)) return std::nullopt;
    return MessageBytesMax(type, options);
  };
}

Result<Message> ReadPeerFrame(const wire::Frame& frame, NodeId from) {
  if (!IsMessageType(frame.head.type)) {
    return Fail(ErrorCode::kCorruption, "a frame of type " + std::to_string(frame.head.type) +
                                            " is no message of consensus");
  }
  BEACH_TRY_ASSIGN(Message message, DecodeMessage(frame.head.type, frame.payload));
  if (message.from != from) {
    return Fail(ErrorCode::kCorruption, "a message of node " + std::to_string(message.from.value) +
                                            " came from node " + std::to_string(from.value));
  }
  return message;
}

Peers::Peers(env::Loop& loop, env::Clock& clock, const wire::ClusterId& cluster,
             const Options& options, const wire::LinkOptions& links, const AddressBook& addresses,
             std::uint64_t bulk_bytes, const std::function<void(NodeId)>& on_up) {
  wire::LinkOptions chosen = links;
  chosen.bulk_max_bytes = std::max(chosen.bulk_max_bytes, BulkBytes(options) + bulk_bytes);
  chosen.random_key = options.random_key;
  for (const auto& [node, address] : addresses) {
    if (node == options.id) continue;
    wire::Hello hello;
    hello.cluster = cluster;
    hello.from = wire::NodeNumber(options.id.value);
    hello.to = wire::NodeNumber(node.value);
    // Nobody answers on a link of ours but to greet and to ping.
    links_[node] = std::make_unique<wire::Link>(
        loop, clock, address, hello, chosen,
        [](std::uint16_t) -> std::optional<std::uint64_t> { return std::nullopt; },
        wire::Link::Callbacks{.on_up = [on_up, peer = node] { on_up(peer); },
                              .on_down = nullptr,
                              .on_frame = nullptr});
  }
}

void Peers::Send(const Message& message) {
  const auto link = links_.find(message.to);
  if (link == links_.end() || !link->second->up()) return;
  payload_.clear();
  EncodeMessage(message, payload_);
  const auto type = static_cast<std::uint16_t>(TypeOf(message));
  const wire::FrameHead head{.type = type, .flags = 0, .request = {}};
  static_cast<void>(link->second->Send(LaneOf(message), head, payload_));
}

bool Peers::Send(NodeId to, wire::Lane lane, std::uint16_t type, ByteView payload) {
  const auto link = links_.find(to);
  if (link == links_.end()) return false;
  return link->second->Send(lane, {.type = type, .flags = 0, .request = {}}, payload);
}

bool Peers::IsUp(NodeId node) const {
  const auto link = links_.find(node);
  return link != links_.end() && link->second->up();
}

}  // namespace beach::raft
