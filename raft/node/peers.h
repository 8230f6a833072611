// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "env/env.h"
#include "raft/message.h"
#include "raft/options.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/link.h"

namespace beach::raft {

// Where each node listens: "host:port".
using AddressBook = std::map<NodeId, std::string>;

// How long a frame of a node may be; nothing: none of that type is read.
wire::FrameReader::PayloadMax PeerPayloadMax(const Options& options);

// What a frame of another node says. kCorruption: no message of consensus, or one that says that it
// comes from elsewhere than the connection does.
Result<Message> ReadPeerFrame(const wire::Frame& frame, NodeId from);

// The way to each other node: one link, dialled by us, on which we only speak; what they say comes
// on those that they dial. What cannot be sent is lost, as messages may be. Of one loop, and on its
// thread.
class Peers {
 public:
  // `bulk_bytes`: that others than messages may have queued at once. `on_up`: a link came up; it
  // may not destroy them.
  Peers(env::Loop& loop, env::Clock& clock, const wire::ClusterId& cluster, const Options& options,
        const wire::LinkOptions& links, const AddressBook& addresses, std::uint64_t bulk_bytes,
        const std::function<void(NodeId)>& on_up);

  void Send(const Message& message);
  // A payload that is no message. False: it cannot be sent now.
  bool Send(NodeId to, wire::Lane lane, std::uint16_t type, ByteView payload);
  bool IsUp(NodeId node) const;

 private:
  std::map<NodeId, std::unique_ptr<wire::Link>> links_;
  Bytes payload_;
};

}  // namespace beach::raft
