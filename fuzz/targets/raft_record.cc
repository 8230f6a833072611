// SPDX-License-Identifier: Apache-2.0
// Payloads of flights of a Raft log, and what they come to. An input is flights one behind another:
//
//   flags (1): its head is jumped to, as behind damage
//   length (2), payload
//
// Records that are read, written again, are the same, in no more bytes. A map that has taken
// flights can be asked for all it has, and one that is told of its head comes to the same; whatever
// a head claims, neither takes more time or memory than there are bytes.
#include <optional>

#include "base/check.h"
#include "base/coding.h"
#include "fuzz/targets/targets.h"
#include "raft/disk/log_map.h"
#include "raft/disk/record.h"

namespace beach::fuzz {
namespace {

using namespace raft;  // NOLINT: the whole file is about it

Entry EntryOf(const Record& record) {
  return {.term = record.term,
          .index = record.index,
          .kind = record.entry_kind,
          .payload = Payload::Copy(record.payload)};
}

void AppendRecord(Bytes& target, const Record& record) {
  switch (record.kind) {
    case RecordKind::kHardState: return AppendHardState(target, record.hard_state);
    case RecordKind::kCut: return AppendCut(target, record.index);
    case RecordKind::kEntry: return AppendEntry(target, EntryOf(record));
    case RecordKind::kBase:
      return AppendBase(target, record.index, record.term, record.keeps_suffix);
    case RecordKind::kHead: return AppendHead(target, record.head);
    case RecordKind::kFill: return AppendFill(target, EntryOf(record));
  }
  BEACH_CHECK(false);
}

// Nothing where the payload is none of records. It may end before bytes that are none: those before
// it were given.
std::optional<Bytes> WrittenAgain(ByteView payload) {
  RecordReader reader(payload);
  Record record;
  Bytes again{static_cast<char>(kRecordsVersion)};
  while (reader.Next(record)) {
    BEACH_CHECK(record.index <= kLogIndexMax);
    if (!record.payload.empty()) {
      BEACH_CHECK(record.payload.data() >= payload.data());
      const char* const end = record.payload.data() + record.payload.size();
      BEACH_CHECK(end <= payload.data() + payload.size());
    }
    AppendRecord(again, record);
    BEACH_CHECK_LE(again.size(), payload.size());
  }
  if (!reader.ok()) return std::nullopt;
  return again;
}

void CheckRecords(ByteView payload) {
  const auto again = WrittenAgain(payload);
  if (!again) return;
  const auto third = WrittenAgain(*again);
  BEACH_CHECK(third == again);
}

bool SameRuns(const std::vector<StoredRun>& one, const std::vector<StoredRun>& other) {
  if (one.size() != other.size()) return false;
  for (std::size_t i = 0; i < one.size(); ++i) {
    if (one[i].term != other[i].term || one[i].count != other[i].count) return false;
  }
  return true;
}

// The base of a map that is told of a head alone is where the head's terms begin.
void CheckHead(const LogMap& map, std::size_t runs_max) {
  const LogHead head = map.Head(runs_max);
  BEACH_CHECK(IsPossible(head, runs_max));
  LogMap other(map.base(), map.base_term());
  other.Jump(head);
  LogHead told = head;
  told.base = head.before_index();
  BEACH_CHECK(other.Head(runs_max) == told);
  BEACH_CHECK_EQ(other.lacks_terms(), told.base > head.base);
  if (told.base == head.base) BEACH_CHECK(SameRuns(other.Runs(), map.Runs()));
}

void CheckMap(const LogMap& map, std::size_t flights) {
  BEACH_CHECK(map.last() >= map.base());
  BEACH_CHECK(map.TermAt(map.base()) == map.base_term());
  BEACH_CHECK(map.TermAt(map.last()).has_value());
  BEACH_CHECK_LE(map.lost(), CountBetween(map.base(), map.last()));
  std::uint64_t count = 0;
  for (const StoredRun& run : map.Runs()) count += run.count;
  BEACH_CHECK_EQ(count, CountBetween(map.base(), map.last()));
  CheckHead(map, kHeadRunsMax);
  CheckHead(map, std::size_t{1} << 16);
  for (LogIndex index = map.base().Next(); index <= map.last();) {
    const LogMap::Stretch stretch = map.Find(index);
    BEACH_CHECK(stretch.first == index);
    BEACH_CHECK(stretch.last >= index);
    BEACH_CHECK(stretch.last <= map.last());
    BEACH_CHECK_LE(stretch.at.segment.value, flights);
    index = stretch.last.Next();
  }
  const auto oldest = map.OldestSegment();
  BEACH_CHECK_EQ(oldest.has_value(), map.last() > map.base());
}

void Jump(LogMap& map, ByteView payload) {
  RecordReader reader(payload);
  Record record;
  if (reader.Next(record)) map.Jump(record.head);
}

void Run(ByteView input) {
  Decoder decoder(input);
  LogMap map({}, {});
  bool goes_on = true;
  for (std::uint64_t flight = 1; decoder.ok() && !decoder.done(); ++flight) {
    const bool jumps = decoder.Fixed8() % 2 == 1;
    const ByteView payload = decoder.Raw(decoder.Fixed16());
    if (!decoder.ok()) return;
    CheckRecords(payload);
    // Behind what it has not taken, nothing but a head says what the map is.
    if (!goes_on && !jumps) continue;
    if (jumps) {
      Jump(map, payload);
      CheckMap(map, flight);
    }
    const Status taken = map.Apply(payload, {engine::SegmentOrdinal(flight), 0});
    goes_on = taken.has_value();
    if (!taken) {
      const ErrorCode code = taken.error().code();
      BEACH_CHECK(code == ErrorCode::kCorruption || code == ErrorCode::kRefused);
    }
    CheckMap(map, flight);
    const Status whole = map.CheckWhole();
    if (!whole) BEACH_CHECK(whole.error().code() == ErrorCode::kCorruption);
  }
}

}  // namespace

const Target raft_record_target = {
    .name = "raft_record", .run = Run, .seal = nullptr, .size_max = 8192};

}  // namespace beach::fuzz
