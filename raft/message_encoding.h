// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"
#include "raft/message.h"
#include "raft/options.h"

// Messages as the payloads of frames (wire/frame.h), byte for byte in
// docs/formats/raft_messages.md. Each kind has a frame type of its own.

namespace beach::raft {

// Types of frames. On the wire: never renumbered.
enum class MessageType : std::uint16_t {
  kAppend = 16,
  kAppendReply = 17,
  kHeartbeat = 18,
  kHeartbeatReply = 19,
  kPreVote = 20,
  kPreVoteReply = 21,
  kRequestVote = 22,
  kVoteReply = 23,
  kInstallSnapshot = 24,
  kInstallSnapshotReply = 25,
  kTimeoutNow = 26,
  kReadForward = 27,
  kReadForwardReply = 28,
  kProposeForward = 29,
  kProposeForwardReply = 30,
  // 31 is of snapshots on their way.
  kFetch = 32,
  kFetchReply = 33,
};

constexpr bool IsMessageType(std::uint16_t type) { return type >= 16 && type <= 33 && type != 31; }

// How long the payload of a message of that type may be, for a reader to refuse it before it is
// read. REQUIRES: IsMessageType(type).
std::uint64_t MessageBytesMax(std::uint16_t type, const Options& options);

MessageType TypeOf(const Message& message);
// Appends the payload.
void EncodeMessage(const Message& message, Bytes& target);
// kCorruption, where the bytes are no message of that type, and no other one's. Nothing is
// allocated that the bytes do not fill. What it says may still be nonsense: the core judges that.
Result<Message> DecodeMessage(std::uint16_t type, ByteView payload);

}  // namespace beach::raft
