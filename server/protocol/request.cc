// SPDX-License-Identifier: Apache-2.0
#include "server/protocol/request.h"

#include <string>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/variant.h"
#include "server/command/command.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kDeadlineSize = sizeof(std::uint32_t);
// A key behind its length.
constexpr std::uint64_t kKeyFieldMax = 3 + kKeySizeMax;
static_assert(kKeySizeMax < std::uint64_t{1} << 21);
constexpr std::uint64_t kGetBytesMax = kDeadlineSize + 1 + kKeyFieldMax;
constexpr std::uint64_t kScanRequestBytesMax = kDeadlineSize + 1 + kKeyFieldMax + 1 + kKeyFieldMax +
                                               2 * sizeof(std::uint32_t) + sizeof(std::uint64_t) +
                                               1;
constexpr std::uint64_t kWatchRequestBytesMax = kDeadlineSize + kKeyFieldMax + 1 + kKeyFieldMax +
                                                1 + sizeof(std::uint64_t) + sizeof(std::uint32_t);
constexpr std::uint64_t kAuthenticateBytesMax =
    kDeadlineSize + 1 + kUserSizeMax + 2 + kTokenSizeMax;
static_assert(kUserSizeMax < 128 && kTokenSizeMax < std::uint64_t{1} << 14);  // as varints
constexpr std::uint64_t kChangeSize = 1 + sizeof(std::uint64_t);
constexpr std::uint64_t kChangeBytesMax = kDeadlineSize + 1 + 1 + kChangesMax * kChangeSize;
static_assert(kChangesMax < 128);  // a count of one byte
static_assert(std::variant_size_v<Request> == kRequestTypeLast - kRequestTypeFirst + 1);

std::unexpected<Error> Invalid(const char* what) { return Fail(ErrorCode::kInvalidArgument, what); }

Status Check(const WriteRequest& request) {
  if (request.command.size() > kCommandSizeMax) return Invalid("a command of more than 16 MiB");
  if (request.command.size() < kCommandHeadSize) return Invalid("a write without a command");
  return {};
}
Status Check(const GetRequest& request) {
  if (request.key.size() > kKeySizeMax) return Invalid("a key of more than 64 KiB");
  return {};
}
Status Check(const ScanRequest& request) {
  const ByteView end = request.end.value_or(ByteView());
  if (request.begin.size() > kKeySizeMax || end.size() > kKeySizeMax) {
    return Invalid("a key of more than 64 KiB");
  }
  if (request.entries_max == 0) return Invalid("a scan for no entries");
  return {};
}
Status Check(const StatusRequest&) { return {}; }
Status Check(const ChangeRequest& request) {
  if (request.changes.empty()) return Invalid("a change of no member");
  if (request.changes.size() > kChangesMax) return Invalid("a change of more than 64 members");
  for (const MemberChange& change : request.changes) {
    if (change.node == wire::NodeNumber{}) return Invalid("no node has the number 0");
  }
  return {};
}
Status Check(const TransferRequest& request) {
  if (request.target == wire::NodeNumber{}) return Invalid("no node has the number 0");
  return {};
}

Status Check(const WatchRequest& request) {
  const ByteView end = request.end.value_or(ByteView());
  if (request.begin.size() > kKeySizeMax || end.size() > kKeySizeMax) {
    return Invalid("a key of more than 64 KiB");
  }
  return {};
}

Status Check(const AuthenticateRequest& request) {
  if (request.user.size() > kUserSizeMax) return Invalid("a user of more than 64 bytes");
  if (request.token.size() > kTokenSizeMax) return Invalid("a token of more than 256 bytes");
  return {};
}

void Encode(const WriteRequest& request, Encoder& encoder) { encoder.Raw(request.command); }
void Encode(const GetRequest& request, Encoder& encoder) {
  encoder.Fixed8(static_cast<std::uint8_t>(request.consistency));
  encoder.LengthPrefixed(request.key);
}
void Encode(const ScanRequest& request, Encoder& encoder) {
  encoder.Fixed8(static_cast<std::uint8_t>(request.consistency));
  encoder.LengthPrefixed(request.begin);
  encoder.Fixed8(request.end ? 1 : 0);
  if (request.end) encoder.LengthPrefixed(*request.end);
  encoder.Fixed32(request.entries_max);
  encoder.Fixed32(request.bytes_max);
  encoder.Fixed64(request.cursor);
  encoder.Fixed8(request.keep ? 1 : 0);
}
void Encode(const StatusRequest&, Encoder&) {}
void Encode(const ChangeRequest& request, Encoder& encoder) {
  encoder.Fixed8(request.joint ? 1 : 0);
  encoder.Varint(request.changes.size());
  for (const MemberChange& change : request.changes) {
    encoder.Fixed8(static_cast<std::uint8_t>(change.kind));
    encoder.Fixed64(change.node.value);
  }
}
void Encode(const TransferRequest& request, Encoder& encoder) {
  encoder.Fixed64(request.target.value);
}
void Encode(const WatchRequest& request, Encoder& encoder) {
  encoder.LengthPrefixed(request.begin);
  encoder.Fixed8(request.end ? 1 : 0);
  if (request.end) encoder.LengthPrefixed(*request.end);
  encoder.Fixed8(request.from ? 1 : 0);
  const WatchPlace from = request.from.value_or(WatchPlace());
  encoder.Fixed64(from.index);
  encoder.Fixed32(from.skip);
}

void Encode(const AuthenticateRequest& request, Encoder& encoder) {
  encoder.LengthPrefixed(request.user);
  encoder.LengthPrefixed(request.token);
}

bool Read(Consistency& consistency, Decoder& decoder) {
  const std::uint8_t value = decoder.Fixed8();
  if (value > static_cast<std::uint8_t>(Consistency::kStale)) return false;
  consistency = static_cast<Consistency>(value);
  return true;
}
bool Read(WriteRequest& request, Decoder& decoder) {
  request.command = decoder.Raw(decoder.rest().size());
  return true;
}
bool Read(GetRequest& request, Decoder& decoder) {
  if (!Read(request.consistency, decoder)) return false;
  request.key = decoder.LengthPrefixed();
  return true;
}
bool Read(ScanRequest& request, Decoder& decoder) {
  if (!Read(request.consistency, decoder)) return false;
  request.begin = decoder.LengthPrefixed();
  const std::uint8_t has_end = decoder.Fixed8();
  if (has_end > 1) return false;
  if (has_end == 1) request.end = decoder.LengthPrefixed();
  request.entries_max = decoder.Fixed32();
  request.bytes_max = decoder.Fixed32();
  request.cursor = decoder.Fixed64();
  const std::uint8_t keep = decoder.Fixed8();
  request.keep = keep == 1;
  return keep <= 1;
}
bool Read(StatusRequest&, Decoder&) { return true; }
bool Read(ChangeRequest& request, Decoder& decoder) {
  const std::uint8_t joint = decoder.Fixed8();
  if (joint > 1) return false;
  request.joint = joint == 1;
  const std::uint64_t count = decoder.Varint();
  if (count > decoder.rest().size() / kChangeSize) return false;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint8_t kind = decoder.Fixed8();
    if (kind > static_cast<std::uint8_t>(MemberChangeKind::kRemove)) return false;
    request.changes.push_back(
        {.kind = static_cast<MemberChangeKind>(kind), .node = wire::NodeNumber(decoder.Fixed64())});
  }
  return true;
}
bool Read(TransferRequest& request, Decoder& decoder) {
  request.target.value = decoder.Fixed64();
  return true;
}
bool Read(WatchRequest& request, Decoder& decoder) {
  request.begin = decoder.LengthPrefixed();
  const std::uint8_t has_end = decoder.Fixed8();
  if (has_end > 1) return false;
  if (has_end == 1) request.end = decoder.LengthPrefixed();
  const std::uint8_t has_place = decoder.Fixed8();
  WatchPlace place{.index = decoder.Fixed64(), .skip = 0};
  place.skip = decoder.Fixed32();
  if (has_place == 1) request.from = place;
  return has_place == 1 || (has_place == 0 && place == WatchPlace());
}

bool Read(AuthenticateRequest& request, Decoder& decoder) {
  request.user = decoder.LengthPrefixed();
  request.token = decoder.LengthPrefixed();
  return true;
}

std::optional<Request> Empty(std::uint16_t type) {
  switch (static_cast<RequestType>(type)) {
    case RequestType::kWrite: return WriteRequest{};
    case RequestType::kGet: return GetRequest{};
    case RequestType::kScan: return ScanRequest{};
    case RequestType::kStatus: return StatusRequest{};
    case RequestType::kChange: return ChangeRequest{};
    case RequestType::kTransfer: return TransferRequest{};
    case RequestType::kWatch: return WatchRequest{};
    case RequestType::kAuthenticate: return AuthenticateRequest{};
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> RequestBytesMax(std::uint16_t type) {
  switch (static_cast<RequestType>(type)) {
    case RequestType::kWrite: return kDeadlineSize + kCommandSizeMax;
    case RequestType::kGet: return kGetBytesMax;
    case RequestType::kScan: return kScanRequestBytesMax;
    case RequestType::kStatus: return kDeadlineSize;
    case RequestType::kChange: return kChangeBytesMax;
    case RequestType::kTransfer: return kDeadlineSize + sizeof(std::uint64_t);
    case RequestType::kWatch: return kWatchRequestBytesMax;
    case RequestType::kAuthenticate: return kAuthenticateBytesMax;
  }
  return std::nullopt;
}

std::uint16_t TypeOf(const Request& request) {
  return static_cast<std::uint16_t>(kRequestTypeFirst + request.index());
}

std::uint32_t DeadlineMsOf(const Request& request) {
  return Visit([](const auto& one) { return one.deadline_ms; }, request);
}

Status CheckRequest(const Request& request) {
  return Visit([](const auto& one) { return Check(one); }, request);
}

void EncodeRequest(const Request& request, Bytes& target) {
  BEACH_CHECK(CheckRequest(request).has_value());
  const std::size_t begin = target.size();
  Encoder encoder(target);
  encoder.Fixed32(DeadlineMsOf(request));
  Visit([&](const auto& one) { Encode(one, encoder); }, request);
  BEACH_CHECK_LE(target.size() - begin, *RequestBytesMax(TypeOf(request)));
}

Result<Request> DecodeRequest(std::uint16_t type, ByteView payload) {
  std::optional<Request> request = Empty(type);
  Decoder decoder(payload);
  const std::uint32_t deadline_ms = decoder.Fixed32();
  const bool sound = request && Visit(
                                    [&](auto& one) {
                                      one.deadline_ms = deadline_ms;
                                      return Read(one, decoder);
                                    },
                                    *request);
  if (!sound || !decoder.done()) {
    return Fail(ErrorCode::kCorruption, "no request of type " + std::to_string(type) + " in " +
                                            std::to_string(payload.size()) + " bytes");
  }
  BEACH_TRY(CheckRequest(*request));
  return *std::move(request);
}

}  // namespace beach::server
