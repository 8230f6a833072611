// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "wire/hello.h"

// What a client asks of a node: payloads of frames (wire/frame.h), whose request id ties the reply
// (server/protocol/reply.h) to it. docs/formats/client.md has them byte for byte.

namespace beach::server {

// Types of frames. On the wire: never renumbered. Requests have 32 to 47, replies 48 to 63.
enum class RequestType : std::uint16_t {
  kWrite = 32,
  kGet = 33,
  kScan = 34,
  kStatus = 35,
  kChange = 36,
  kTransfer = 37,
  kWatch = 38,
  kAuthenticate = 39,
};
inline constexpr std::uint16_t kRequestTypeFirst = 32;
inline constexpr std::uint16_t kRequestTypeLast = 39;

// What a read may miss. On the wire: never renumbered.
enum class Consistency : std::uint8_t {
  kLinearizable = 0,  // nothing that was acknowledged by any node before it was asked
  kLease = 1,         // the same, while clocks drift no more than the cluster was told
  kStale = 2,         // whatever this node has not applied yet
};

// Of the entries of one reply; fewer where the client says so, one whatever its size.
inline constexpr std::uint32_t kScanEntriesMax = 4096;
inline constexpr std::uint32_t kScanBytesMax = std::uint32_t{1} << 20;
// Of a user's name, and of the secret that he shows.
inline constexpr std::uint64_t kUserSizeMax = 64;
inline constexpr std::uint64_t kTokenSizeMax = 256;
// Of the members that one request changes.
inline constexpr std::uint64_t kChangesMax = 64;

// In each, how long the client waits for a reply, from when the node has read the request, in
// milliseconds; 0: for ever. What is replied later is for nobody, and may not be replied at all.

// The command (server/command/command.h) as it is encoded there, its time left to the node.
struct WriteRequest {
  std::uint32_t deadline_ms = 0;
  ByteView command;
  friend bool operator==(const WriteRequest&, const WriteRequest&) = default;
};

struct GetRequest {
  std::uint32_t deadline_ms = 0;
  Consistency consistency = Consistency::kLinearizable;
  ByteView key;
  friend bool operator==(const GetRequest&, const GetRequest&) = default;
};

// Entries in order of keys, from `begin`, included, to `end`, excluded; nothing: to the last.
struct ScanRequest {
  std::uint32_t deadline_ms = 0;
  Consistency consistency = Consistency::kLinearizable;
  ByteView begin;
  std::optional<ByteView> end;
  std::uint32_t entries_max = kScanEntriesMax;  // at least 1
  std::uint32_t bytes_max = kScanBytesMax;      // of keys and values
  // Of an earlier reply, by the same node on the same connection: the keys are shown as of then,
  // and the consistency is that of then. 0: as they are now.
  std::uint64_t cursor = 0;
  // The moment is kept for further pages, where there are any: the reply has its cursor.
  bool keep = false;
  friend bool operator==(const ScanRequest&, const ScanRequest&) = default;
};

// What the node knows about itself and its cluster.
struct StatusRequest {
  std::uint32_t deadline_ms = 0;
  friend bool operator==(const StatusRequest&, const StatusRequest&) = default;
};

// On the wire: never renumbered.
enum class MemberChangeKind : std::uint8_t {
  kAddVoter = 0,    // decides; a learner is promoted by it
  kAddLearner = 1,  // is told everything, and counts nowhere; a voter is demoted by it
  kRemove = 2,
};
struct MemberChange {
  MemberChangeKind kind = MemberChangeKind::kAddVoter;
  wire::NodeNumber node;
  friend bool operator==(const MemberChange&, const MemberChange&) = default;
};
// Who the cluster is made of. The leader alone does it. Members that are already as they are asked
// to be are no mistake: who asks again hears that it is done.
struct ChangeRequest {
  std::uint32_t deadline_ms = 0;
  // Through a joint configuration, which takes any number of voters; else one voter may come or go.
  bool joint = false;
  std::vector<MemberChange> changes;  // one at least
  friend bool operator==(const ChangeRequest&, const ChangeRequest&) = default;
};

// Leadership is handed to that voter. The leader alone does it.
struct TransferRequest {
  std::uint32_t deadline_ms = 0;
  wire::NodeNumber target;
  friend bool operator==(const TransferRequest&, const TransferRequest&) = default;
};

// How far a watcher is: everything of the entries up to `index`, and of the one behind it the first
// `skip` changes, of any keys.
struct WatchPlace {
  std::uint64_t index = 0;
  std::uint32_t skip = 0;
  friend bool operator==(const WatchPlace&, const WatchPlace&) = default;
};
// What entries behind `from` have changed of the keys from `begin`, included, to `end`, excluded
// (nothing: to the last). Replied to as soon as there is some; with none at the deadline, and
// without a place, which asks for that where the node is now: then with a place to go on from.
struct WatchRequest {
  std::uint32_t deadline_ms = 0;
  ByteView begin = {};
  std::optional<ByteView> end = {};
  std::optional<WatchPlace> from = {};
  friend bool operator==(const WatchRequest&, const WatchRequest&) = default;
};

// Who the client is, for all that follows on its connection: of a node that has users.
struct AuthenticateRequest {
  std::uint32_t deadline_ms = 0;
  ByteView user = {};
  ByteView token = {};
  friend bool operator==(const AuthenticateRequest&, const AuthenticateRequest&) = default;
};

// In the order of their types.
using Request = std::variant<WriteRequest, GetRequest, ScanRequest, StatusRequest, ChangeRequest,
                             TransferRequest, WatchRequest, AuthenticateRequest>;

// For a FrameReader: the longest payload of each request; nothing for other types.
std::optional<std::uint64_t> RequestBytesMax(std::uint16_t type);
std::uint16_t TypeOf(const Request& request);
std::uint32_t DeadlineMsOf(const Request& request);

// kInvalidArgument with the limit that it breaks, for those who make requests. A command is not
// looked into.
Status CheckRequest(const Request& request);
// Appends the payload. REQUIRES: CheckRequest has nothing against it.
void EncodeRequest(const Request& request, Bytes& target);
// Views of the result are of `payload`. kCorruption: the bytes are no request of that type.
// kInvalidArgument: they are one that CheckRequest does not let pass.
Result<Request> DecodeRequest(std::uint16_t type, ByteView payload);

}  // namespace beach::server
