// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/coding.h"
#include "base/error.h"
#include "raft/types.h"

// The payload of a flight of the log: a version, then records, in the order in which they count.
// Byte for byte in docs/formats/raft_log.md, which a test holds to this file.

namespace beach::raft {

inline constexpr std::uint8_t kRecordsVersion = 2;

// Values are on disk: never renumbered.
enum class RecordKind : std::uint8_t {
  kHardState = 1,
  kCut = 2,  // entries from an index on are void
  kEntry = 3,
  kBase = 4,  // a snapshot holds all up to an index; what was behind it stays, or is void
  kHead = 5,  // what the log is before the records that follow; the first of each payload
  kFill = 6,  // the bytes of an entry that is there as a lost one
};

// What a log is at one place: its hard state, and index and term of its entries, the newest runs of
// terms alone. It is what survives of the records before it when they are damaged, because an entry
// is named by index and term: whatever else has that name is a copy of it.
struct LogHead {
  struct Run {
    LogIndex first;
    Term term;
    friend bool operator==(const Run&, const Run&) = default;
  };
  HardState hard_state;
  LogIndex base;  // not above the last
  LogIndex last;
  Term before;            // of the entry at before_index()
  std::vector<Run> runs;  // each of one term, up to the next or to the last; terms rise

  // Below it the terms are not said, and above the base there may be entries.
  LogIndex before_index() const { return runs.empty() ? last : runs.front().first - 1; }
  Term last_term() const { return runs.empty() ? before : runs.back().term; }
  // Nothing where it is not said.
  std::optional<Term> TermAt(LogIndex index) const;
  friend bool operator==(const LogHead&, const LogHead&) = default;
};
inline constexpr std::size_t kHeadRunsMax = 8;
// What is appended with one flight begins fewer runs than a head tells of: so the head behind it
// reaches down to what was there before, and all its terms are known without it.
inline constexpr std::size_t kFlightRunsMax = kHeadRunsMax - 1;

struct Record {
  RecordKind kind{};
  HardState hard_state;       // of kHardState
  LogIndex index;             // of the others, but for kHead
  Term term;                  // of kEntry, kFill and kBase
  EntryKind entry_kind{};     // of kEntry and kFill
  ByteView payload;           // the same; borrowed from what was decoded
  bool keeps_suffix = false;  // of kBase
  LogHead head;               // of kHead
};

// Each appends one record. REQUIRES: no index above kLogIndexMax; a cut and an entry have one.
void AppendHardState(Bytes& target, HardState state);
void AppendCut(Bytes& target, LogIndex from);
void AppendEntry(Bytes& target, const Entry& entry);
void AppendBase(Bytes& target, LogIndex index, Term term, bool keeps_suffix);
// REQUIRES: an entry that is not lost.
void AppendFill(Bytes& target, const Entry& entry);
// REQUIRES: a possible one.
void AppendHead(Bytes& target, const LogHead& head);

// Whether a log may be like this. Else nothing is to be computed of it.
bool IsPossible(const LogHead& head, std::size_t runs_max = kHeadRunsMax);

// The fields of a head, also where they are no record and may be more. REQUIRES: a possible one.
void EncodeHead(Encoder& encoder, const LogHead& head, std::size_t runs_max);
// False where these are no fields of a possible one.
bool DecodeHead(Decoder& decoder, LogHead& head, std::size_t runs_max);

// The payload of an item that says what the log is, and no more.
Bytes HeadPayload(const LogHead& head);

// What an entry needs at most beside its payload; what a hard state and a head need in all.
inline constexpr std::uint64_t kEntryRecordHeadMax = 1 + 1 + 10 + 10 + 10;
inline constexpr std::uint64_t kHardStateRecordMax = 1 + 10 + 10;
inline constexpr std::uint64_t kHeadRecordMax = 1 + 5 * 10 + 1 + kHeadRunsMax * (10 + 10);

// kRefused, without path: its checksum is right, and another release wrote it, which may have meant
// anything. That is no damage.
Status CheckRecordsVersion(ByteView payload);

// Takes records off hostile bytes.
class RecordReader {
 public:
  explicit RecordReader(ByteView payload);

  // False at the end, and where no record of ours follows: then ok() is false for good. The first
  // is a head, and no other.
  bool Next(Record& record);
  bool ok() const { return ok_; }

 private:
  bool Decode(Record& record);
  bool DecodeEntry(Record& record);

  Decoder decoder_;
  bool ok_ = true;
  bool begun_ = false;
};

}  // namespace beach::raft
