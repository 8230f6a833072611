// SPDX-License-Identifier: Apache-2.0
#include "raft/message_encoding.h"

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "raft/message_fields.h"

namespace beach::raft {
namespace {

constexpr std::uint64_t kHeadSize = 4 * sizeof(std::uint64_t);
// Of a message without entries and payload: a configuration is the longest thing in one.
constexpr std::uint64_t kPlainMax = kHeadSize + 4096;
static_assert(kMembersMax * 4 * sizeof(std::uint64_t) + 64 < kPlainMax - kHeadSize - 64);
// Kind, term and length of an entry, at most.
constexpr std::uint64_t kEntryHeadMax = 1 + 10 + 10;
static_assert(kEntryHeadMax <= kEntryOverhead);

class Writer {
 public:
  explicit Writer(Bytes& target) : encoder_(target) {}

  template <class Tag>
  void operator()(const StrongId<Tag>& id) {
    encoder_.Fixed64(id.value);
  }
  void operator()(const bool& flag) { encoder_.Fixed8(flag ? 1 : 0); }
  void operator()(const std::uint8_t& number) { encoder_.Fixed8(number); }
  void operator()(const SnapshotReplyKind& kind) {
    encoder_.Fixed8(static_cast<std::uint8_t>(kind));
  }
  void operator()(const Payload& payload) { encoder_.LengthPrefixed(payload.view()); }
  void operator()(const Configuration& configuration) {
    encoder_.LengthPrefixed(EncodeConfiguration(configuration));
  }
  // Their indexes follow from the place of the first.
  void operator()(const std::vector<Entry>& entries, const LogIndex& previous) {
    encoder_.Varint(entries.size());
    LogIndex index = previous;
    for (const Entry& entry : entries) {
      index = index.Next();
      BEACH_CHECK_EQ(entry.index.value, index.value);
      encoder_.Fixed8(static_cast<std::uint8_t>(entry.kind));
      encoder_.Varint(entry.term.value);
      encoder_.LengthPrefixed(entry.payload.view());
    }
  }

 private:
  Encoder encoder_;
};

class Reader {
 public:
  explicit Reader(ByteView bytes) : decoder_(bytes) {}

  bool done() const { return decoder_.done() && !bad_; }

  template <class Tag>
  void operator()(StrongId<Tag>& id) {
    id.value = decoder_.Fixed64();
  }
  void operator()(bool& flag) {
    const std::uint8_t value = decoder_.Fixed8();
    bad_ = bad_ || value > 1;
    flag = value == 1;
  }
  void operator()(std::uint8_t& number) { number = decoder_.Fixed8(); }
  void operator()(SnapshotReplyKind& kind) {
    const std::uint8_t value = decoder_.Fixed8();
    bad_ = bad_ || value > static_cast<std::uint8_t>(SnapshotReplyKind::kRefused);
    kind = static_cast<SnapshotReplyKind>(value);
  }
  void operator()(Payload& payload) { payload = Payload::Copy(decoder_.LengthPrefixed()); }
  void operator()(Configuration& configuration) {
    auto decoded = DecodeConfiguration(decoder_.LengthPrefixed());
    bad_ = bad_ || !decoded;
    if (decoded) configuration = std::move(*decoded);
  }
  void operator()(std::vector<Entry>& entries, const LogIndex& previous) {
    const std::uint64_t count = decoder_.Varint();
    constexpr std::uint64_t kSmallest = 3;  // bytes of an entry
    const bool fits =
        count <= decoder_.rest().size() / kSmallest && previous.value <= ~std::uint64_t{0} - count;
    bad_ = bad_ || !fits;
    if (bad_) return;
    entries.reserve(count);
    LogIndex index = previous;
    for (std::uint64_t i = 0; i < count && decoder_.ok(); ++i) {
      index = index.Next();
      const std::uint8_t kind = decoder_.Fixed8();
      bad_ = bad_ || kind > static_cast<std::uint8_t>(EntryKind::kConfiguration);
      const Term term(decoder_.Varint());
      entries.push_back({.term = term,
                         .index = index,
                         .kind = static_cast<EntryKind>(kind),
                         .payload = Payload::Copy(decoder_.LengthPrefixed())});
    }
  }

 private:
  Decoder decoder_;
  bool bad_ = false;
};

template <class MessageLike>
void VisitHead(MessageLike& message, auto& visit) {
  visit(message.cluster);
  visit(message.from);
  visit(message.to);
  visit(message.term);
}

// The body that goes with the type. The one place where types and bodies are tied together.
template <class Kind>
struct TypeOfBody;
#define BEACH_MESSAGE(Kind)                                          \
  template <>                                                        \
  struct TypeOfBody<Kind> {                                          \
    static constexpr MessageType value = MessageType::k##Kind;       \
    static_assert(IsMessageType(static_cast<std::uint16_t>(value))); \
  }
BEACH_MESSAGE(Append);
BEACH_MESSAGE(AppendReply);
BEACH_MESSAGE(Heartbeat);
BEACH_MESSAGE(HeartbeatReply);
BEACH_MESSAGE(PreVote);
BEACH_MESSAGE(PreVoteReply);
BEACH_MESSAGE(RequestVote);
BEACH_MESSAGE(VoteReply);
BEACH_MESSAGE(InstallSnapshot);
BEACH_MESSAGE(InstallSnapshotReply);
BEACH_MESSAGE(TimeoutNow);
BEACH_MESSAGE(ReadForward);
BEACH_MESSAGE(ReadForwardReply);
BEACH_MESSAGE(ProposeForward);
BEACH_MESSAGE(ProposeForwardReply);
BEACH_MESSAGE(Fetch);
BEACH_MESSAGE(FetchReply);
#undef BEACH_MESSAGE

// Calls `call` with the index in Body of each kind, until one says that it was the one.
template <class Call>
bool ForEachKind(Call call) {
  return [&]<std::size_t... kKinds>(std::index_sequence<kKinds...>) {
    return (call(std::integral_constant<std::size_t, kKinds>()) || ...);
  }
  (std::make_index_sequence<std::variant_size_v<Body>>());
}

}  // namespace

std::uint64_t MessageBytesMax(std::uint16_t type, const Options& options) {
  BEACH_CHECK(IsMessageType(type));
  switch (static_cast<MessageType>(type)) {
    // One entry always fits, whatever the limit of all together.
    case MessageType::kAppend:
    case MessageType::kFetchReply:
      return kPlainMax +
             std::max(options.message_bytes_max, options.payload_bytes_max + kEntryOverhead);
    case MessageType::kProposeForward: return kPlainMax + options.payload_bytes_max;
    default: return kPlainMax;
  }
}

MessageType TypeOf(const Message& message) {
  MessageType type{};
  ForEachKind([&](auto kind) {
    if (message.body.index() != kind) return false;
    type = TypeOfBody<std::variant_alternative_t<kind, Body>>::value;
    return true;
  });
  return type;
}

void EncodeMessage(const Message& message, Bytes& target) {
  Writer writer(target);
  VisitHead(message, writer);
  ForEachKind([&](auto kind) {
    const auto* const body = std::get_if<kind>(&message.body);
    if (body == nullptr) return false;
    VisitFields(*body, writer);
    return true;
  });
}

Result<Message> DecodeMessage(std::uint16_t type, ByteView payload) {
  Message message;
  Reader reader(payload);
  VisitHead(message, reader);
  const bool known = ForEachKind([&](auto kind) {
    using Kind = std::variant_alternative_t<kind, Body>;
    if (type != static_cast<std::uint16_t>(TypeOfBody<Kind>::value)) return false;
    Kind body;
    VisitFields(body, reader);
    message.body = Body(std::in_place_index<kind>, std::move(body));
    return true;
  });
  if (known && reader.done()) return message;
  return Fail(ErrorCode::kCorruption, "no message of type " + std::to_string(type) + " in " +
                                          std::to_string(payload.size()) + " bytes");
}

}  // namespace beach::raft
