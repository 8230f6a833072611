// SPDX-License-Identifier: Apache-2.0
#include "server/protocol/reply.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/variant.h"
#include "server/command/answer.h"
#include "server/command/command.h"
#include "server/protocol/request.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kIdSize = sizeof(std::uint64_t);
// A key and a value, each behind its length.
constexpr std::uint64_t kEntryBytesMax = 3 + kKeySizeMax + 4 + kValueSizeMax;
static_assert(kValueSizeMax < std::uint64_t{1} << 28);
constexpr std::uint64_t kEntryBytesMin = 2;
constexpr std::uint64_t kGotBytesMax = 2 * kIdSize + 1 + 4 + kValueSizeMax;
// What is limited is keys and values; their lengths come on top, and one entry always fits.
constexpr std::uint64_t kScannedBytesMax = 3 * kIdSize + 3 + kEntryBytesMax +
                                           std::uint64_t{kScanBytesMax} +
                                           std::uint64_t{kScanEntriesMax} * 8 + 4 + kKeySizeMax;
// Of a change what is not counted, of an entry its head, and of the first change what is beyond.
constexpr std::uint64_t kChangeHeadMax = 1 + 3 + 8 + 4;
constexpr std::uint64_t kChangedHeadMax = kIdSize + 2;
constexpr std::uint64_t kWatchedBytesMax = 2 * kIdSize + 4 + 2 +
                                           kWatchChangesMax * (kChangeHeadMax + kChangedHeadMax) +
                                           kWatchBytesMax + kKeySizeMax + kValueSizeMax;
constexpr std::uint64_t kChangedBytesMin = kIdSize + 1 + kKeyChangeBytesMin;
constexpr std::uint64_t kReportBytesMax = kIdSize + 1 + 1 + 2 * kIdSize + 2 + kAddressSizeMax;
constexpr std::uint64_t kStatusBytesMax = 10 * kIdSize + 1 + 2 + kNodesMax * kReportBytesMax;
constexpr std::uint64_t kFailedBytesMax = kIdSize + 3 + 2 + kAddressSizeMax + 2 + kDetailSizeMax;
static_assert(std::variant_size_v<Reply> == kReplyTypeLast - kReplyTypeFirst + 1);

void Encode(bool flag, Encoder& encoder) { encoder.Fixed8(flag ? 1 : 0); }
void Encode(const std::optional<ByteView>& bytes, Encoder& encoder) {
  Encode(bytes.has_value(), encoder);
  if (bytes) encoder.LengthPrefixed(*bytes);
}
void Encode(const WriteReply& reply, Encoder& encoder) { encoder.Raw(reply.answer); }
void Encode(const GetReply& reply, Encoder& encoder) {
  encoder.Fixed64(reply.index);
  Encode(reply.value, encoder);
}
void Encode(const ScanReply& reply, Encoder& encoder) {
  BEACH_CHECK_LE(reply.entries.size(), kScanEntriesMax);
  encoder.Fixed64(reply.index);
  encoder.Fixed64(reply.cursor);
  Encode(reply.next, encoder);
  encoder.Varint(reply.entries.size());
  for (const ScanEntry& entry : reply.entries) {
    encoder.LengthPrefixed(entry.key);
    encoder.LengthPrefixed(entry.value);
  }
}
void Encode(const StatusReply& reply, Encoder& encoder) {
  BEACH_CHECK_LE(reply.nodes.size(), kNodesMax);
  encoder.Fixed64(reply.id.value);
  encoder.Fixed8(static_cast<std::uint8_t>(reply.role));
  encoder.Fixed64(reply.term);
  encoder.Fixed64(reply.commit);
  encoder.Fixed64(reply.applied);
  encoder.Fixed64(reply.log_base);
  encoder.Fixed64(reply.log_last);
  encoder.Fixed64(reply.log_bytes);
  encoder.Fixed64(reply.state);
  encoder.Fixed64(reply.configuration);
  encoder.Varint(reply.nodes.size());
  for (const NodeReport& node : reply.nodes) {
    BEACH_CHECK_LE(node.address.size(), kAddressSizeMax);
    encoder.Fixed64(node.id.value);
    encoder.Fixed8(node.membership);
    Encode(node.progress.has_value(), encoder);
    if (node.progress) encoder.Fixed64(node.progress->match);
    if (node.progress) encoder.Fixed64(node.progress->silent_ms);
    encoder.LengthPrefixed(node.address);
  }
}
void Encode(const ChangeReply& reply, Encoder& encoder) { encoder.Fixed64(reply.index); }
void Encode(const TransferReply&, Encoder&) {}
void Encode(const AuthenticateReply&, Encoder&) {}
void Encode(const WatchReply& reply, Encoder& encoder) {
  encoder.Fixed64(reply.next.index);
  encoder.Fixed32(reply.next.skip);
  encoder.Varint(reply.entries.size());
  std::uint64_t changes = 0;
  for (const ChangedEntry& entry : reply.entries) {
    encoder.Fixed64(entry.index);
    encoder.Varint(entry.changes.size());
    for (const KeyChange& change : entry.changes) EncodeKeyChange(change, encoder);
    changes += entry.changes.size();
  }
  BEACH_CHECK_LE(changes, kWatchChangesMax);
}
void Encode(const Failure& reply, Encoder& encoder) {
  BEACH_CHECK_LE(reply.leader_address.size(), kAddressSizeMax);
  BEACH_CHECK_LE(reply.detail.size(), kDetailSizeMax);
  encoder.Fixed8(static_cast<std::uint8_t>(reply.kind));
  Encode(reply.retry_is_safe, encoder);
  Encode(reply.retry_may_help, encoder);
  encoder.LengthPrefixed(reply.leader_address);
  encoder.LengthPrefixed(reply.detail);
}

bool Read(bool& flag, Decoder& decoder) {
  const std::uint8_t value = decoder.Fixed8();
  flag = value == 1;
  return value <= 1;
}
bool Read(std::optional<ByteView>& bytes, Decoder& decoder) {
  bool there = false;
  const bool sound = Read(there, decoder);
  if (there) bytes = decoder.LengthPrefixed();
  return sound;
}
bool ReadUpTo(std::uint64_t size_max, ByteView& bytes, Decoder& decoder) {
  bytes = decoder.LengthPrefixed();
  return bytes.size() <= size_max;
}
bool Read(WriteReply& reply, Decoder& decoder) {
  reply.answer = decoder.Raw(decoder.rest().size());
  return true;
}
bool Read(GetReply& reply, Decoder& decoder) {
  reply.index = decoder.Fixed64();
  return Read(reply.value, decoder);
}
bool Read(ScanReply& reply, Decoder& decoder) {
  reply.index = decoder.Fixed64();
  reply.cursor = decoder.Fixed64();
  if (!Read(reply.next, decoder)) return false;
  const std::uint64_t count = decoder.Varint();
  const std::uint64_t filled = decoder.rest().size() / kEntryBytesMin;
  if (count > std::min<std::uint64_t>(kScanEntriesMax, filled)) return false;
  reply.entries.reserve(count);
  for (std::uint64_t i = 0; i < count && decoder.ok(); ++i) {
    const ByteView key = decoder.LengthPrefixed();
    const bool ascends = i == 0 || reply.entries.back().key < key;
    if (!ascends) return false;
    reply.entries.push_back({.key = key, .value = decoder.LengthPrefixed()});
  }
  return true;
}
bool Read(NodeReport& node, Decoder& decoder) {
  node.id.value = decoder.Fixed64();
  node.membership = decoder.Fixed8();
  if (node.membership >= 2 * kMembershipLast) return false;
  bool has_progress = false;
  if (!Read(has_progress, decoder)) return false;
  if (has_progress) {
    node.progress.emplace();
    node.progress->match = decoder.Fixed64();
    node.progress->silent_ms = decoder.Fixed64();
  }
  return ReadUpTo(kAddressSizeMax, node.address, decoder);
}
bool Read(StatusReply& reply, Decoder& decoder) {
  reply.id.value = decoder.Fixed64();
  const std::uint8_t role = decoder.Fixed8();
  if (role > static_cast<std::uint8_t>(NodeRole::kLeader)) return false;
  reply.role = static_cast<NodeRole>(role);
  reply.term = decoder.Fixed64();
  reply.commit = decoder.Fixed64();
  reply.applied = decoder.Fixed64();
  reply.log_base = decoder.Fixed64();
  reply.log_last = decoder.Fixed64();
  reply.log_bytes = decoder.Fixed64();
  reply.state = decoder.Fixed64();
  reply.configuration = decoder.Fixed64();
  const std::uint64_t count = decoder.Varint();
  if (count > kNodesMax) return false;
  for (std::uint64_t i = 0; i < count && decoder.ok(); ++i) {
    if (!Read(reply.nodes.emplace_back(), decoder)) return false;
  }
  return true;
}
bool Read(ChangeReply& reply, Decoder& decoder) {
  reply.index = decoder.Fixed64();
  return true;
}
bool Read(TransferReply&, Decoder&) { return true; }
bool Read(AuthenticateReply&, Decoder&) { return true; }
bool Read(ChangedEntry& entry, Decoder& decoder) {
  entry.index = decoder.Fixed64();
  const std::uint64_t count = decoder.Varint();
  const std::uint64_t filled = decoder.rest().size() / kKeyChangeBytesMin;
  if (count == 0 || count > std::min<std::uint64_t>(kWatchChangesMax, filled)) return false;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!ReadKeyChange(entry.changes.emplace_back(), decoder)) return false;
  }
  return true;
}
// Whether it goes on where the entries end: behind the last, or within it.
bool GoesOn(const WatchReply& reply) {
  if (reply.entries.empty()) return true;
  const std::uint64_t last = reply.entries.back().index;
  return reply.next.index >= last || (reply.next.skip > 0 && reply.next.index + 1 == last);
}
bool Read(WatchReply& reply, Decoder& decoder) {
  reply.next.index = decoder.Fixed64();
  reply.next.skip = decoder.Fixed32();
  const std::uint64_t count = decoder.Varint();
  const std::uint64_t filled = decoder.rest().size() / kChangedBytesMin;
  if (count > std::min<std::uint64_t>(kWatchChangesMax, filled)) return false;
  std::uint64_t changes = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    ChangedEntry entry;
    if (!Read(entry, decoder)) return false;
    changes += entry.changes.size();
    const bool ascends = i == 0 || reply.entries.back().index < entry.index;
    if (!ascends || changes > kWatchChangesMax) return false;
    reply.entries.push_back(std::move(entry));
  }
  return GoesOn(reply);
}
bool Read(Failure& reply, Decoder& decoder) {
  reply.kind = static_cast<FailureKind>(decoder.Fixed8());
  return Read(reply.retry_is_safe, decoder) && Read(reply.retry_may_help, decoder) &&
         ReadUpTo(kAddressSizeMax, reply.leader_address, decoder) &&
         ReadUpTo(kDetailSizeMax, reply.detail, decoder);
}

std::optional<Reply> Empty(std::uint16_t type) {
  switch (static_cast<ReplyType>(type)) {
    case ReplyType::kWritten: return WriteReply{};
    case ReplyType::kGot: return GetReply{};
    case ReplyType::kScanned: return ScanReply{};
    case ReplyType::kStatus: return StatusReply{};
    case ReplyType::kFailed: return Failure{};
    case ReplyType::kChanged: return ChangeReply{};
    case ReplyType::kTransferred: return TransferReply{};
    case ReplyType::kWatched: return WatchReply{};
    case ReplyType::kAuthenticated: return AuthenticateReply{};
  }
  return std::nullopt;
}

}  // namespace

const char* FailureKindName(FailureKind kind) {
  switch (kind) {
    case FailureKind::kNoLeader: return "no leader";
    case FailureKind::kNotLeader: return "not leader";
    case FailureKind::kOverloaded: return "overloaded";
    case FailureKind::kDeadline: return "deadline";
    case FailureKind::kUnknown: return "unknown outcome";
    case FailureKind::kSessionExpired: return "session expired";
    case FailureKind::kInvalid: return "invalid";
    case FailureKind::kTooLarge: return "too large";
    case FailureKind::kUnavailable: return "unavailable";
    case FailureKind::kCompacted: return "compacted";
    case FailureKind::kUnauthenticated: return "unauthenticated";
    case FailureKind::kForbidden: return "forbidden";
  }
  return "another failure";
}

std::optional<std::uint64_t> ReplyBytesMax(std::uint16_t type) {
  switch (static_cast<ReplyType>(type)) {
    case ReplyType::kWritten: return kIdSize + kAnswerSizeMax;
    case ReplyType::kGot: return kGotBytesMax;
    case ReplyType::kScanned: return kScannedBytesMax;
    case ReplyType::kStatus: return kStatusBytesMax;
    case ReplyType::kFailed: return kFailedBytesMax;
    case ReplyType::kChanged: return 2 * kIdSize;
    case ReplyType::kTransferred: return kIdSize;
    case ReplyType::kWatched: return kWatchedBytesMax;
    case ReplyType::kAuthenticated: return kIdSize;
  }
  return std::nullopt;
}

std::uint16_t TypeOf(const Reply& reply) {
  return static_cast<std::uint16_t>(kReplyTypeFirst + reply.index());
}

std::optional<std::uint16_t> ReplyTypeOf(std::uint16_t request_type) {
  const auto number = [](ReplyType type) { return static_cast<std::uint16_t>(type); };
  switch (static_cast<RequestType>(request_type)) {
    case RequestType::kWrite: return number(ReplyType::kWritten);
    case RequestType::kGet: return number(ReplyType::kGot);
    case RequestType::kScan: return number(ReplyType::kScanned);
    case RequestType::kStatus: return number(ReplyType::kStatus);
    case RequestType::kChange: return number(ReplyType::kChanged);
    case RequestType::kTransfer: return number(ReplyType::kTransferred);
    case RequestType::kWatch: return number(ReplyType::kWatched);
    case RequestType::kAuthenticate: return number(ReplyType::kAuthenticated);
  }
  return std::nullopt;
}

wire::NodeNumber LeaderOf(const Reply& reply) {
  return Visit([](const auto& one) { return one.leader; }, reply);
}

void EncodeReply(const Reply& reply, Bytes& target) {
  const std::size_t begin = target.size();
  Encoder encoder(target);
  encoder.Fixed64(LeaderOf(reply).value);
  Visit([&](const auto& one) { Encode(one, encoder); }, reply);
  BEACH_CHECK_LE(target.size() - begin, *ReplyBytesMax(TypeOf(reply)));
}

Result<Reply> DecodeReply(std::uint16_t type, ByteView payload) {
  std::optional<Reply> reply = Empty(type);
  Decoder decoder(payload);
  const wire::NodeNumber leader(decoder.Fixed64());
  const bool sound = reply && Visit(
                                  [&](auto& one) {
                                    one.leader = leader;
                                    return Read(one, decoder);
                                  },
                                  *reply);
  if (sound && decoder.done()) return *std::move(reply);
  return Fail(ErrorCode::kCorruption, "no reply of type " + std::to_string(type) + " in " +
                                          std::to_string(payload.size()) + " bytes");
}

}  // namespace beach::server
