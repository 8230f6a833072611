// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/coding.h"
#include "raft/types.h"

// The payload of a flight of the log: a version, then records, in the order in which they count.
// Byte for byte in docs/formats/raft_log.md, which a test holds to this file.

namespace beach::raft {

inline constexpr std::uint8_t kRecordsVersion = 1;

// Values are on disk: never renumbered.
enum class RecordKind : std::uint8_t {
  kHardState = 1,
  kCut = 2,  // entries from an index on are void
  kEntry = 3,
  kBase = 4,  // a snapshot holds all up to an index; what was behind it stays, or is void
};

// No index is above it: arithmetic on what a decoder gives cannot overflow.
inline constexpr LogIndex kLogIndexMax{std::uint64_t{1} << 62};

struct Record {
  RecordKind kind{};
  HardState hard_state;       // of kHardState
  LogIndex index;             // of the others
  Term term;                  // of kEntry and kBase
  EntryKind entry_kind{};     // of kEntry
  ByteView payload;           // the same; borrowed from what was decoded
  bool keeps_suffix = false;  // of kBase
};

// Each appends one record. REQUIRES: no index above kLogIndexMax; a cut and an entry have one.
void AppendHardState(Bytes& target, HardState state);
void AppendCut(Bytes& target, LogIndex from);
void AppendEntry(Bytes& target, const Entry& entry);
void AppendBase(Bytes& target, LogIndex index, Term term, bool keeps_suffix);

// What an entry needs at most beside its payload, and a hard state in all.
inline constexpr std::uint64_t kEntryRecordHeadMax = 1 + 1 + 10 + 10 + 10;
inline constexpr std::uint64_t kHardStateRecordMax = 1 + 10 + 10;

// Takes records off hostile bytes.
class RecordReader {
 public:
  explicit RecordReader(ByteView payload);

  // False at the end, and where no record of ours follows: then ok() is false for good.
  bool Next(Record& record);
  bool ok() const { return ok_; }

 private:
  bool Decode(Record& record);

  Decoder decoder_;
  bool ok_ = true;
};

}  // namespace beach::raft
