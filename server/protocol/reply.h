// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "server/protocol/key_change.h"
#include "server/protocol/request.h"
#include "wire/hello.h"

// What a node says to a client's request (server/protocol/request.h), in a frame with the same
// request id. docs/formats/client.md has it byte for byte.

namespace beach::server {

// Types of frames. On the wire: never renumbered.
enum class ReplyType : std::uint16_t {
  kWritten = 48,
  kGot = 49,
  kScanned = 50,
  kStatus = 51,
  kFailed = 52,
  kChanged = 53,
  kTransferred = 54,
  kWatched = 55,
  kAuthenticated = 56,
};
inline constexpr std::uint16_t kReplyTypeFirst = 48;
inline constexpr std::uint16_t kReplyTypeLast = 56;

inline constexpr std::uint64_t kAddressSizeMax = 255;
inline constexpr std::uint64_t kDetailSizeMax = 1024;
inline constexpr std::uint64_t kAddressesMax = 64;
// Of a status: members, and others whose addresses are known.
inline constexpr std::uint64_t kNodesMax = 128;

// Each begins with the leader as far as the node knows, 0 where it knows none. A hint: every node
// serves every request.

// The log has the command, and the state machine says this to it (server/command/answer.h).
struct WriteReply {
  wire::NodeNumber leader;
  ByteView answer;  // encoded; neither kSessionGone nor kInvalid, which are failures
  friend bool operator==(const WriteReply&, const WriteReply&) = default;
};

struct GetReply {
  wire::NodeNumber leader;
  std::uint64_t index = 0;        // of the log: the state read has everything up to there
  std::optional<ByteView> value;  // nothing: absent
  friend bool operator==(const GetReply&, const GetReply&) = default;
};

struct ScanEntry {
  ByteView key;
  ByteView value;
  friend bool operator==(const ScanEntry&, const ScanEntry&) = default;
};
struct ScanReply {
  wire::NodeNumber leader;
  std::uint64_t index = 0;
  std::vector<ScanEntry> entries;  // in order of keys, each once
  std::optional<ByteView> next;    // where to go on; nothing: that was all
  std::uint64_t cursor = 0;        // of the moment that is kept; 0: none is
  friend bool operator==(const ScanReply&, const ScanReply&) = default;
};

// On the wire: never renumbered.
enum class NodeRole : std::uint8_t {
  kFollower = 0,
  kPreCandidate = 1,
  kCandidate = 2,
  kLeader = 3,
};
// What a node is in the configuration that is in force where the status comes from. Several at once
// only while that is a joint one.
enum Membership : std::uint8_t {
  kVoter = 1,
  kOutgoingVoter = 2,  // of the half that is left: decisions take a majority of these too
  kLearner = 4,
  kLearnerNext = 8,  // an outgoing voter that stays as a learner
};
inline constexpr std::uint8_t kMembershipLast = kLearnerNext;
// What a leader knows of a member, itself included.
struct NodeProgress {
  std::uint64_t match = 0;      // all up to this index is in its log, durable
  std::uint64_t silent_ms = 0;  // since it was last heard of
  friend bool operator==(const NodeProgress&, const NodeProgress&) = default;
};
struct NodeReport {
  wire::NodeNumber id;
  std::uint8_t membership = 0;  // of Membership; 0: no member, or not known
  std::optional<NodeProgress> progress;
  ByteView address;  // empty: not known
  friend bool operator==(const NodeReport&, const NodeReport&) = default;
};
struct StatusReply {
  wire::NodeNumber leader;
  wire::NodeNumber id;  // who says so
  NodeRole role = NodeRole::kFollower;
  std::uint64_t term = 0;
  std::uint64_t commit = 0;   // indexes of the log
  std::uint64_t applied = 0;  // at most `commit`
  // The log that this node has on disk: its first entry is behind `log_base`, all up to `log_last`
  // survive a power loss, and so does what those up to `state` have done to the tables.
  std::uint64_t log_base = 0;
  std::uint64_t log_last = 0;
  std::uint64_t log_bytes = 0;
  std::uint64_t state = 0;
  std::uint64_t configuration = 0;  // index of the entry that it is of; 0: the first one
  std::vector<NodeReport> nodes;
  friend bool operator==(const StatusReply&, const StatusReply&) = default;
};

// The members are as they were asked to be, by the entry of that index, or one before it.
struct ChangeReply {
  wire::NodeNumber leader;
  std::uint64_t index = 0;
  friend bool operator==(const ChangeReply&, const ChangeReply&) = default;
};

// The target leads, as far as this node knows.
struct TransferReply {
  wire::NodeNumber leader;
  friend bool operator==(const TransferReply&, const TransferReply&) = default;
};

// Of the changes of one reply: keys, values and ends together; one is told whatever its size.
inline constexpr std::uint64_t kWatchChangesMax = 4096;
inline constexpr std::uint64_t kWatchBytesMax = std::uint64_t{1} << 20;

// What one entry has changed: one change at least, in order.
struct ChangedEntry {
  std::uint64_t index = 0;
  std::vector<KeyChange> changes;
  friend bool operator==(const ChangedEntry&, const ChangedEntry&) = default;
};
struct WatchReply {
  wire::NodeNumber leader;
  WatchPlace next;                    // where to go on; the last entry may not be told to its end
  std::vector<ChangedEntry> entries;  // in order of indexes, each once
  friend bool operator==(const WatchReply&, const WatchReply&) = default;
};

// The client is who it has said.
struct AuthenticateReply {
  wire::NodeNumber leader;
  friend bool operator==(const AuthenticateReply&, const AuthenticateReply&) = default;
};

// Why not. On the wire: never renumbered. A reader that does not know one goes by the two flags
// beside it.
enum class FailureKind : std::uint8_t {
  kNoLeader = 1,          // none is known, or it changed meanwhile
  kNotLeader = 2,         // this node does not do that; the leader may
  kOverloaded = 3,        // as much is under way as may be, of this client or of all
  kDeadline = 4,          // it has passed, and nothing was done
  kUnknown = 5,           // a write may be done now, at any later time, or never
  kSessionExpired = 6,    // it is not there any more, nor whether the request was done before
  kInvalid = 7,           // a request that makes no sense
  kTooLarge = 8,          // larger than may be
  kUnavailable = 9,       // the node cannot serve: it is damaged, or about to end
  kCompacted = 10,        // what is asked about was there, and is not kept any more
  kUnauthenticated = 11,  // nobody knows who asks
  kForbidden = 12,        // that is known, and it is not his to do
};
// "no leader", ...: stable names, for people and JSON.
const char* FailureKindName(FailureKind kind);

struct Failure {
  wire::NodeNumber leader;
  FailureKind kind = FailureKind::kUnavailable;
  // The request was not done, and will not be: whoever asks again does not do it twice.
  bool retry_is_safe = false;
  // The same may succeed later, or elsewhere.
  bool retry_may_help = false;
  ByteView leader_address;  // empty: not known
  ByteView detail;          // for people
  friend bool operator==(const Failure&, const Failure&) = default;
};

// In the order of their types.
using Reply = std::variant<WriteReply, GetReply, ScanReply, StatusReply, Failure, ChangeReply,
                           TransferReply, WatchReply, AuthenticateReply>;

// For a FrameReader: the longest payload of each reply; nothing for other types.
std::optional<std::uint64_t> ReplyBytesMax(std::uint16_t type);
std::uint16_t TypeOf(const Reply& reply);
// Of the reply that a request of that type has, unless it fails; nothing for other types.
std::optional<std::uint16_t> ReplyTypeOf(std::uint16_t request_type);
wire::NodeNumber LeaderOf(const Reply& reply);

// Appends the payload. REQUIRES: its parts are within their limits, and it within ReplyBytesMax.
void EncodeReply(const Reply& reply, Bytes& target);
// Views of the result are of `payload`. kCorruption: the bytes are no reply of that type. Nothing
// is allocated that they do not fill.
Result<Reply> DecodeReply(std::uint16_t type, ByteView payload);

}  // namespace beach::server
