// SPDX-License-Identifier: Apache-2.0
#include "server/command/command.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/coding.h"

namespace beach::server {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kTimeOffset = 1;  // behind the version
// Bytes of the shortest condition, and the shortest operation: a kind and an empty key.
constexpr std::uint64_t kShortest = 2;

bool HasValue(ConditionKind kind) {
  return kind == ConditionKind::kEquals || kind == ConditionKind::kDiffers;
}

bool HasValue(OperationKind kind) {
  return kind == OperationKind::kPut || kind == OperationKind::kPutUntil ||
         kind == OperationKind::kDeleteRange || kind == OperationKind::kMerge ||
         kind == OperationKind::kSet || kind == OperationKind::kAddTo ||
         kind == OperationKind::kExtend;
}

bool HasExpiry(OperationKind kind) {
  return kind == OperationKind::kSet || kind == OperationKind::kExpire;
}
bool HasTime(ExpiryKind kind) { return kind == ExpiryKind::kAt || kind == ExpiryKind::kIn; }

std::unexpected<Error> Invalid(const char* what) { return Fail(ErrorCode::kInvalidArgument, what); }

Status CheckOperation(const Operation& operation) {
  if (operation.key.size() > kKeySizeMax) return Invalid("a key of more than 64 KiB");
  switch (operation.kind) {
    case OperationKind::kDeleteRange:
      if (operation.value.size() > kKeySizeMax) return Invalid("a key of more than 64 KiB");
      if (operation.value < operation.key) return Invalid("a range that ends before it begins");
      return {};
    case OperationKind::kSet:
      if (operation.flags > (kIfAbsent | kIfPresent)) return Invalid("flags that are none");
      break;
    case OperationKind::kExpire:
      if (operation.expiry == ExpiryKind::kKeep) return Invalid("an expiry as it is");
      if (operation.flags > (kIfNever | kIfSometime | kIfLater | kIfSooner)) {
        return Invalid("flags that are none");
      }
      break;
    case OperationKind::kAddTo:
      if (operation.value.size() != sizeof(std::uint64_t)) {
        return Invalid("an addend that is not 8 bytes");
      }
      break;
    case OperationKind::kMerge:
      if (operation.merge == MergeKind::kAdd && operation.value.size() != sizeof(std::uint64_t)) {
        return Invalid("an addend that is not 8 bytes");
      }
      break;
    default: break;
  }
  if (operation.value.size() > kValueSizeMax) return Invalid("a value of more than 4 MiB");
  return {};
}

Status CheckOperations(const std::vector<Operation>& operations) {
  if (operations.size() > kOperationsMax) return Invalid("more than 65536 operations");
  std::uint64_t reads = 0;
  for (const Operation& operation : operations) {
    BEACH_TRY(CheckOperation(operation));
    reads += operation.says() ? 1 : 0;
  }
  if (reads > kReadsMax) return Invalid("more than 128 reads");
  return {};
}

// Of numbers alone: who says what, in which session.
Status CheckHead(const Command& command) {
  if (command.answered_below > command.request) {
    return Invalid("a request below those that are answered");
  }
  if (command.request.value - command.answered_below.value >= kOutstandingMax) {
    return Invalid("more than 64 requests that are not answered");
  }
  const bool numbered = command.request != RequestNumber{};
  switch (command.kind) {
    case CommandKind::kOpenSession:
      if (command.session != SessionId{} || numbered) return Invalid("an open within a session");
      break;
    case CommandKind::kCloseSession:
      if (command.session == SessionId{} || numbered) return Invalid("a close of no session");
      break;
    case CommandKind::kTransaction:
      if (command.session == SessionId{} && numbered) return Invalid("a number without a session");
      return {};
  }
  const bool empty =
      command.conditions.empty() && command.operations.empty() && command.otherwise.empty();
  return empty ? Status{} : Invalid("operations beside a session's open or close");
}

// All but its size.
Status CheckParts(const Command& command) {
  BEACH_TRY(CheckHead(command));
  if (command.conditions.size() > kConditionsMax) return Invalid("more than 1024 conditions");
  for (const Condition& condition : command.conditions) {
    if (condition.key.size() > kKeySizeMax) return Invalid("a key of more than 64 KiB");
    if (condition.value.size() > kValueSizeMax) return Invalid("a value of more than 4 MiB");
  }
  BEACH_TRY(CheckOperations(command.operations));
  return CheckOperations(command.otherwise);
}

std::uint64_t VarintSize(std::uint64_t value) {
  std::uint64_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}
std::uint64_t PrefixedSize(ByteView bytes) { return VarintSize(bytes.size()) + bytes.size(); }

std::uint64_t SizeOf(const std::vector<Operation>& operations) {
  std::uint64_t size = VarintSize(operations.size());
  for (const Operation& operation : operations) {
    size += 1 + PrefixedSize(operation.key);
    if (HasValue(operation.kind)) size += PrefixedSize(operation.value);
    if (operation.kind == OperationKind::kMerge) size += 1;
    if (operation.kind == OperationKind::kPutUntil) size += sizeof(std::uint64_t);
    if (HasExpiry(operation.kind)) size += 2;
    if (HasExpiry(operation.kind) && HasTime(operation.expiry)) size += sizeof(std::uint64_t);
  }
  return size;
}

void Encode(const std::vector<Condition>& conditions, Encoder& encoder) {
  encoder.Varint(conditions.size());
  for (const Condition& condition : conditions) {
    encoder.Fixed8(static_cast<std::uint8_t>(condition.kind));
    encoder.LengthPrefixed(condition.key);
    if (HasValue(condition.kind)) encoder.LengthPrefixed(condition.value);
  }
}

void Encode(const std::vector<Operation>& operations, Encoder& encoder) {
  encoder.Varint(operations.size());
  for (const Operation& operation : operations) {
    encoder.Fixed8(static_cast<std::uint8_t>(operation.kind));
    encoder.LengthPrefixed(operation.key);
    if (operation.kind == OperationKind::kMerge) {
      encoder.Fixed8(static_cast<std::uint8_t>(operation.merge));
    }
    if (operation.kind == OperationKind::kPutUntil) encoder.Fixed64(operation.expires_at_ms);
    if (HasExpiry(operation.kind)) {
      encoder.Fixed8(operation.flags);
      encoder.Fixed8(static_cast<std::uint8_t>(operation.expiry));
      if (HasTime(operation.expiry)) encoder.Fixed64(operation.expires_at_ms);
    }
    if (HasValue(operation.kind)) encoder.LengthPrefixed(operation.value);
  }
}

// Takes the parts off hostile bytes; whether they make sense is CheckParts' to say.
class Reader {
 public:
  explicit Reader(ByteView bytes) : decoder_(bytes) {}

  bool done() const { return decoder_.done() && !bad_; }

  void Read(Command& command) {
    Expect(decoder_.Fixed8() == kVersion);
    command.proposed_at_ms = decoder_.Fixed64();
    command.kind = Enumerator(CommandKind::kTransaction);
    command.session.value = decoder_.Varint();
    command.answered_below.value = decoder_.Varint();
    // Beyond the greatest number it wraps round, to below those that are answered.
    command.request.value = command.answered_below.value + decoder_.Fixed8();
    if (bad_ || command.kind != CommandKind::kTransaction) return;
    Read(command.conditions);
    Read(command.operations);
    Read(command.otherwise);
  }

 private:
  void Expect(bool holds) { bad_ = bad_ || !holds || !decoder_.ok(); }

  // One of those up to `last`.
  template <class Kind>
  Kind Enumerator(Kind last) {
    const std::uint8_t value = decoder_.Fixed8();
    Expect(value <= static_cast<std::uint8_t>(last));
    return bad_ ? Kind{} : static_cast<Kind>(value);
  }

  // Of as many as the bytes can hold, at most.
  std::uint64_t Count(std::uint64_t count_max) {
    const std::uint64_t count = decoder_.Varint();
    Expect(count <= std::min(count_max, decoder_.rest().size() / kShortest));
    return bad_ ? 0 : count;
  }

  void Read(std::vector<Condition>& conditions) {
    const std::uint64_t count = Count(kConditionsMax);
    conditions.reserve(count);
    for (std::uint64_t i = 0; i < count && !bad_; ++i) {
      Condition& condition = conditions.emplace_back();
      condition.kind = Enumerator(ConditionKind::kDiffers);
      condition.key = decoder_.LengthPrefixed();
      if (HasValue(condition.kind)) condition.value = decoder_.LengthPrefixed();
    }
  }

  void Read(std::vector<Operation>& operations) {
    const std::uint64_t count = Count(kOperationsMax);
    operations.reserve(count);
    for (std::uint64_t i = 0; i < count && !bad_; ++i) {
      Operation& operation = operations.emplace_back();
      operation.kind = Enumerator(OperationKind::kExpiry);
      operation.key = decoder_.LengthPrefixed();
      if (operation.kind == OperationKind::kMerge) operation.merge = Enumerator(MergeKind::kMin);
      if (operation.kind == OperationKind::kPutUntil) operation.expires_at_ms = decoder_.Fixed64();
      if (HasExpiry(operation.kind)) {
        operation.flags = decoder_.Fixed8();
        operation.expiry = Enumerator(ExpiryKind::kIn);
        if (HasTime(operation.expiry)) operation.expires_at_ms = decoder_.Fixed64();
      }
      if (HasValue(operation.kind)) operation.value = decoder_.LengthPrefixed();
    }
  }

  Decoder decoder_;
  bool bad_ = false;
};

}  // namespace

std::uint64_t EncodedCommandSize(const Command& command) {
  std::uint64_t size = kCommandHeadSize + 1 + VarintSize(command.session.value) +
                       VarintSize(command.answered_below.value) + 1;
  if (command.kind != CommandKind::kTransaction) return size;
  size += VarintSize(command.conditions.size());
  for (const Condition& condition : command.conditions) {
    size += 1 + PrefixedSize(condition.key);
    if (HasValue(condition.kind)) size += PrefixedSize(condition.value);
  }
  return size + SizeOf(command.operations) + SizeOf(command.otherwise);
}

Status CheckCommand(const Command& command) {
  BEACH_TRY(CheckParts(command));
  if (EncodedCommandSize(command) > kCommandSizeMax) return Invalid("more than 16 MiB");
  return {};
}

void EncodeCommand(const Command& command, Bytes& target) {
  const std::size_t begin = target.size();
  const std::uint64_t size = EncodedCommandSize(command);
  BEACH_CHECK_LE(size, kCommandSizeMax);
  target.reserve(begin + size);
  Encoder encoder(target);
  encoder.Fixed8(kVersion);
  encoder.Fixed64(command.proposed_at_ms);
  encoder.Fixed8(static_cast<std::uint8_t>(command.kind));
  encoder.Varint(command.session.value);
  encoder.Varint(command.answered_below.value);
  const std::uint64_t ahead = command.request.value - command.answered_below.value;
  BEACH_CHECK_LT(ahead, kOutstandingMax);
  encoder.Fixed8(static_cast<std::uint8_t>(ahead));
  if (command.kind == CommandKind::kTransaction) {
    Encode(command.conditions, encoder);
    Encode(command.operations, encoder);
    Encode(command.otherwise, encoder);
  }
  BEACH_CHECK_EQ(target.size() - begin, size);
}

Result<Command> DecodeCommand(ByteView bytes) {
  Command command;
  Reader reader(bytes);
  const char* what = "bytes that are none";
  if (bytes.size() <= kCommandSizeMax) {
    reader.Read(command);
    const Status sound = CheckParts(command);
    if (reader.done() && sound) return command;
    if (reader.done()) return Fail(ErrorCode::kCorruption, "command: " + sound.error().message());
  } else {
    what = "more than 16 MiB";
  }
  return Fail(ErrorCode::kCorruption, std::string("command: ") + what);
}

void StampCommand(char* encoded, std::uint64_t proposed_at_ms) {
  StoreFixed(encoded + kTimeOffset, proposed_at_ms);
}

}  // namespace beach::server
