// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/log_map.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace beach::raft {
namespace {

using engine::LogPosition;
using engine::SegmentOrdinal;

LogPosition At(std::uint64_t segment, std::uint64_t offset = 4096) {
  return {SegmentOrdinal(segment), offset};
}

// A flight in the making.
class Flight {
 public:
  Flight& HardStateOf(std::uint64_t term, std::uint64_t vote) {
    AppendHardState(bytes_, {.term = Term(term), .vote = NodeId(vote)});
    return *this;
  }
  Flight& CutFrom(std::uint64_t index) {
    AppendCut(bytes_, LogIndex(index));
    return *this;
  }
  Flight& Entries(std::uint64_t first, std::uint64_t last, std::uint64_t term) {
    for (; first <= last; ++first) {
      AppendEntry(bytes_, {.term = Term(term),
                           .index = LogIndex(first),
                           .kind = EntryKind::kNormal,
                           .payload = Payload::Copy("x")});
    }
    return *this;
  }
  Flight& Base(std::uint64_t index, std::uint64_t term, bool keeps_suffix) {
    AppendBase(bytes_, LogIndex(index), Term(term), keeps_suffix);
    return *this;
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_{static_cast<char>(kRecordsVersion)};
};

// "3: 4x2 6x5": behind base 3, four entries of term 2 and six of term 5.
std::string Told(const LogMap& map) {
  std::string text = std::to_string(map.base().value) + ":";
  for (const StoredRun& run : map.Runs()) {
    text += " " + std::to_string(run.count) + "x" + std::to_string(run.term.value);
  }
  return text;
}

std::string Replayed(LogMap& map, const std::vector<Flight>& flights) {
  std::uint64_t segment = 1;
  for (const Flight& flight : flights) {
    const Status taken = map.Apply(flight.bytes(), At(segment++));
    if (!taken) return taken.error().message();
  }
  const Status whole = map.CheckWhole();
  return whole ? Told(map) : whole.error().message();
}

std::string Replayed(std::uint64_t base, std::uint64_t base_term,
                     const std::vector<Flight>& flights) {
  LogMap map{LogIndex(base), Term(base_term)};
  return Replayed(map, flights);
}

TEST(LogMap, ACutVoidsEntriesWhereverTheyStand) {
  LogMap map{LogIndex(0), Term(0)};
  const std::vector<Flight> flights{Flight().Entries(1, 5, 1), Flight().Entries(6, 9, 1),
                                    Flight().CutFrom(4).Entries(4, 4, 2)};
  EXPECT_EQ(Replayed(map, flights), "0: 3x1 1x2");
  EXPECT_EQ(map.Find(LogIndex(2)).at, At(1));
  EXPECT_EQ(map.Find(LogIndex(2)).last, LogIndex(3));
  EXPECT_EQ(map.Find(LogIndex(4)).at, At(3));
}

TEST(LogMap, OneFlightMayTakeBackWhatItBeganWith) {
  EXPECT_EQ(Replayed(0, 0, {Flight().Entries(1, 5, 1).CutFrom(2).Entries(2, 3, 3).CutFrom(9)}),
            "0: 1x1 2x3");
}

TEST(LogMap, TheLastHardStateCounts) {
  LogMap map{LogIndex(0), Term(0)};
  Replayed(map, {Flight().HardStateOf(3, 1), Flight().HardStateOf(4, 0).Entries(1, 1, 4)});
  EXPECT_EQ(map.hard_state(), (HardState{.term = Term(4), .vote = NodeId(0)}));
}

TEST(LogMap, ABaseKeepsWhatIsBehindItOrNothing) {
  EXPECT_EQ(Replayed(0, 0, {Flight().Entries(1, 9, 2), Flight().Base(6, 2, true)}), "6: 3x2");
  EXPECT_EQ(Replayed(0, 0, {Flight().Entries(1, 9, 2), Flight().Base(6, 3, false)}), "6:");
  EXPECT_EQ(
      Replayed(0, 0, {Flight().Entries(1, 9, 2), Flight().Base(20, 3, false).Entries(21, 22, 3)}),
      "20: 2x3");
}

// The register's base may be younger than all that is replayed.
TEST(LogMap, WhatABaseOfLaterHoldsIsPassedOver) {
  EXPECT_EQ(Replayed(6, 2, {Flight().Entries(3, 9, 2)}), "6: 3x2");
  EXPECT_EQ(Replayed(6, 3, {Flight().Entries(3, 9, 2).CutFrom(5).Entries(5, 7, 3)}), "6: 1x3");
  EXPECT_EQ(Replayed(30, 3, {Flight().Entries(3, 9, 2).Base(20, 3, false).Entries(21, 31, 3)}),
            "30: 1x3");
}

// The segments of entries 3 to 6 are gone: a cut further on had voided them.
TEST(LogMap, WhatIsCutLaterNeedsNoBegin) {
  EXPECT_EQ(Replayed(2, 1, {Flight().Entries(7, 9, 1), Flight().CutFrom(2).Entries(2, 4, 2)}),
            "2: 2x2");
}

TEST(LogMap, AnEntryThatIsMissingIsSeen) {
  EXPECT_EQ(Replayed(2, 1, {Flight().Entries(7, 9, 1)}),
            "entries are missing from the Raft log behind index 2");
  EXPECT_EQ(Replayed(0, 0, {Flight().Entries(1, 3, 1), Flight().Entries(5, 6, 1)}),
            "the Raft log has entry 5 where 4 had to follow");
  EXPECT_EQ(Replayed(0, 0, {Flight().Entries(1, 3, 5), Flight().Entries(4, 4, 4)}),
            "entries are missing from the Raft log behind index 3");
  EXPECT_EQ(Replayed(9, 1, {Flight().Entries(1, 7, 1)}),
            "entries are missing from the Raft log behind index 9");
}

TEST(LogMap, CompactingNeverLosesThePlaceOfAnEntry) {
  LogMap map{LogIndex(0), Term(0)};
  Replayed(map, {Flight().Entries(1, 3, 1), Flight().Entries(4, 6, 1), Flight().Entries(7, 7, 2)});
  for (std::uint64_t base = 1; base <= 7; ++base) {
    map.Compact(LogIndex(base));
    EXPECT_EQ(map.base(), LogIndex(base));
    if (base == 7) break;
    const std::uint64_t segment = base < 3 ? 1 : base < 6 ? 2 : 3;
    EXPECT_EQ(map.OldestSegment(), SegmentOrdinal(segment)) << base;
    EXPECT_EQ(map.Find(LogIndex(base + 1)).at, At(segment)) << base;
  }
  EXPECT_EQ(map.OldestSegment(), std::nullopt);
  EXPECT_EQ(map.base_term(), Term(2));
}

TEST(LogMap, WhatMovesIsFoundWhereItIs) {
  LogMap map{LogIndex(0), Term(0)};
  Replayed(map, {Flight().Entries(1, 3, 1), Flight().Entries(4, 6, 1), Flight().Entries(7, 7, 2)});
  map.Move(At(2), At(8));
  map.Move(At(3), At(8, 8192));
  EXPECT_EQ(map.Find(LogIndex(2)).at, At(1));
  EXPECT_EQ(map.Find(LogIndex(5)).at, At(8));
  EXPECT_EQ(map.Find(LogIndex(7)).at, At(8, 8192));
}

RC_GTEST_PROP(LogMap, GarbageIsNoHarm, (std::vector<std::string> garbage)) {
  LogMap map{LogIndex(5), Term(1)};
  std::uint64_t segment = 1;
  for (const std::string& bytes : garbage) {
    static_cast<void>(map.Apply(Bytes{static_cast<char>(kRecordsVersion)} + bytes, At(segment++)));
  }
  RC_ASSERT(map.base() <= map.last());
}

}  // namespace
}  // namespace beach::raft
