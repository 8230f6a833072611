// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/strong_id.h"

// What a client asks of the replicated state machine, as it stands in an entry of the log
// (raft::EntryKind::kNormal). docs/formats/command.md has it byte for byte. Who proposes it judges
// nothing: conditions, sessions and times are looked at where it is applied, by every node alike.

namespace beach::server {

// The index of the entry that opened it; 0: none. A request without a session is applied as often
// as it is in the log.
using SessionId = StrongId<struct SessionIdTag>;
// Of a request within its session, chosen by the client: a retry has the number of the first try.
using RequestNumber = StrongId<struct RequestNumberTag>;

// Rule 1, and what keeps one entry from holding up the others.
inline constexpr std::uint64_t kKeySizeMax = std::uint64_t{64} << 10;
inline constexpr std::uint64_t kValueSizeMax = std::uint64_t{4} << 20;
inline constexpr std::uint64_t kCommandSizeMax = std::uint64_t{16} << 20;  // encoded
inline constexpr std::uint64_t kConditionsMax = 1024;
inline constexpr std::uint64_t kOperationsMax = 65536;  // of one branch
inline constexpr std::uint64_t kReadsMax = 128;         // of one branch: those that say something
// Of all values that one command's computed writes leave: beyond it the command is invalid.
inline constexpr std::uint64_t kComputedSizeMax = std::uint64_t{8} << 20;
// Requests of a session that may be unanswered at once.
inline constexpr std::uint64_t kOutstandingMax = 64;

// Values are in logs: never renumbered.
enum class ConditionKind : std::uint8_t {
  kAbsent = 0,
  kPresent = 1,
  kEquals = 2,   // the key is there with exactly this value
  kDiffers = 3,  // it is not: absent, or with another value
};
struct Condition {
  ConditionKind kind = ConditionKind::kAbsent;
  ByteView key = {};
  ByteView value = {};  // of kEquals and kDiffers

  friend bool operator==(const Condition&, const Condition&) = default;
};

// Values are in logs: never renumbered.
enum class OperationKind : std::uint8_t {
  kDelete = 0,
  kPut = 1,
  kDeleteRange = 2,  // from `key`, included, to `value`, excluded; nothing where that is empty
  kMerge = 3,        // `merge` says what `value` does to what is there
  kPutUntil = 4,     // there while the database's time is before `expires_at_ms`
  kGet = 5,          // the value as of this place among the operations, in the answer
  kHas = 6,          // the same, with an empty value for whatever it is
  // What these write depends on what the key holds at their place; they say in the answer what they
  // did. A key that they leave with a value expires when it did, but where it is said.
  kSet = 7,    // `value`, under `flags`; said: an empty value, or absent where nothing was done
  kAddTo = 8,  // to a decimal number of 64 bits; absent is 0. Said: the sum; absent if the value is
               // no number; empty if the sum would be none. Then nothing was done
  kExtend = 9,   // `value` behind what is there; said: how long it is then, in decimal; absent, and
                 // nothing done, above kValueSizeMax
  kExpire = 10,  // says when, under `flags`; said: an empty value, or absent where nothing was done
  kExpiry = 11,  // a read: absent; empty for a value that does not expire; else when, in decimal
};
// Of kSet and kExpire. What has come, has come: then the key is deleted.
enum class ExpiryKind : std::uint8_t {
  kNever = 0,  // a kExpire of it is done where the value did expire
  kKeep = 1,   // of kSet: as that of the value before
  kAt = 2,     // `expires_at_ms`
  kIn = 3,     // so many milliseconds from the database's time on
};
// Of kSet.
inline constexpr std::uint8_t kIfAbsent = 1;
inline constexpr std::uint8_t kIfPresent = 2;
// Of kExpire: compared with when the value would expire now; never is later than any time.
inline constexpr std::uint8_t kIfNever = 1;
inline constexpr std::uint8_t kIfSometime = 2;
inline constexpr std::uint8_t kIfLater = 4;
inline constexpr std::uint8_t kIfSooner = 8;
// As the engine's merge operators (engine/merge_operator.h), by the same numbers.
enum class MergeKind : std::uint8_t { kAdd = 0, kAppend = 1, kMax = 2, kMin = 3 };
struct Operation {
  OperationKind kind = OperationKind::kDelete;
  ByteView key = {};
  ByteView value = {};  // of a put the value, of a range its end, of a merge the operand
  MergeKind merge = MergeKind::kAdd;
  std::uint64_t expires_at_ms = 0;  // milliseconds since 1970
  ExpiryKind expiry = ExpiryKind::kNever;
  std::uint8_t flags = 0;

  bool is_read() const {
    return kind == OperationKind::kGet || kind == OperationKind::kHas ||
           kind == OperationKind::kExpiry;
  }
  bool is_computed() const { return kind >= OperationKind::kSet && kind <= OperationKind::kExpire; }
  // It has a value in the answer.
  bool says() const { return is_read() || is_computed(); }
  friend bool operator==(const Operation&, const Operation&) = default;
};

// Values are in logs: never renumbered.
enum class CommandKind : std::uint8_t {
  kOpenSession = 0,
  kCloseSession = 1,
  kTransaction = 2,  // if all conditions hold `operations`, else `otherwise`, in order, as one
};

// Does not own the bytes that its views are of: they are the caller's, or the encoding's.
struct Command {
  CommandKind kind = CommandKind::kTransaction;
  // The proposer's wall clock. The database's time becomes the greatest that was applied, and what
  // expires goes by that alone.
  std::uint64_t proposed_at_ms = 0;
  SessionId session;
  RequestNumber request;
  // The client has the answers of all requests below: they are forgotten, and never applied again.
  // `request` is none of them, and less than kOutstandingMax above.
  RequestNumber answered_below;
  std::vector<Condition> conditions;
  std::vector<Operation> operations;
  std::vector<Operation> otherwise;

  friend bool operator==(const Command&, const Command&) = default;
};

// kInvalidArgument with the limit that it breaks, for those who make commands. Size of the encoding
// included.
Status CheckCommand(const Command& command);
std::uint64_t EncodedCommandSize(const Command& command);
// Appends it. REQUIRES: CheckCommand has nothing against it.
void EncodeCommand(const Command& command, Bytes& target);
// Views of the result are of `bytes`. kCorruption: they are no command that CheckCommand lets pass.
// Nothing is allocated that the bytes do not fill.
Result<Command> DecodeCommand(ByteView bytes);

// Sets the time of an encoded command in place: for who passes on what a client has encoded.
// REQUIRES: at least kCommandHeadSize bytes.
void StampCommand(char* encoded, std::uint64_t proposed_at_ms);
inline constexpr std::size_t kCommandHeadSize = 1 + sizeof(std::uint64_t);

}  // namespace beach::server
