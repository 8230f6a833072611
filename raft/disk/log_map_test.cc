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

// The records of a flight in the making.
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
      AppendEntry(bytes_, EntryOf(first, term, EntryKind::kNormal));
    }
    return *this;
  }
  Flight& Base(std::uint64_t index, std::uint64_t term, bool keeps_suffix) {
    AppendBase(bytes_, LogIndex(index), Term(term), keeps_suffix);
    return *this;
  }
  Flight& Lost(std::uint64_t first, std::uint64_t last, std::uint64_t term) {
    for (; first <= last; ++first) AppendEntry(bytes_, EntryOf(first, term, EntryKind::kLost));
    return *this;
  }
  Flight& Fill(std::uint64_t index, std::uint64_t term) {
    AppendFill(bytes_, EntryOf(index, term, EntryKind::kNormal));
    return *this;
  }
  Bytes After(const LogHead& head) const { return HeadPayload(head) + bytes_; }

 private:
  static Entry EntryOf(std::uint64_t index, std::uint64_t term, EntryKind kind) {
    return {.term = Term(term),
            .index = LogIndex(index),
            .kind = kind,
            .payload = kind == EntryKind::kLost ? Payload() : Payload::Copy("x")};
  }

  Bytes bytes_;
};

// "3: 4x2 6x5": behind base 3, four entries of term 2 and six of term 5.
std::string Told(const LogMap& map) {
  std::string text = std::to_string(map.base().value) + ":";
  for (const StoredRun& run : map.Runs()) {
    text += " " + std::to_string(run.count) + "x" + std::to_string(run.term.value);
  }
  return text;
}

// Flights as a log writes them, replayed from the one behind those that are `gone`. A flight is in
// the segment of its number, from 1 on.
std::string Replayed(LogMap& map, const std::vector<Flight>& flights, std::size_t gone = 0) {
  LogMap writer{LogIndex(0), Term(0)};
  for (std::size_t i = 0; i < flights.size(); ++i) {
    const Bytes payload = flights[i].After(writer.Head());
    EXPECT_TRUE(writer.Apply(payload, At(i + 1)));
    if (i < gone) continue;
    const Status taken = map.Apply(payload, At(i + 1));
    if (!taken) return taken.error().message();
  }
  const Status whole = map.CheckWhole();
  return whole ? Told(map) : whole.error().message();
}

std::string Replayed(std::uint64_t base, std::uint64_t base_term,
                     const std::vector<Flight>& flights, std::size_t gone = 0) {
  LogMap map{LogIndex(base), Term(base_term)};
  return Replayed(map, flights, gone);
}

LogHead HeadOf(std::uint64_t base, std::uint64_t last, std::uint64_t before,
               std::vector<LogHead::Run> runs) {
  return {.hard_state = {},
          .base = LogIndex(base),
          .last = LogIndex(last),
          .before = Term(before),
          .runs = std::move(runs)};
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
  const Flight gone = Flight().Entries(1, 2, 2);
  EXPECT_EQ(Replayed(6, 2, {gone, Flight().Entries(3, 9, 2)}, 1), "6: 3x2");
  EXPECT_EQ(Replayed(6, 3, {gone, Flight().Entries(3, 9, 2).CutFrom(5).Entries(5, 7, 3)}, 1),
            "6: 1x3");
  EXPECT_EQ(
      Replayed(30, 3, {gone, Flight().Entries(3, 9, 2).Base(20, 3, false).Entries(21, 31, 3)}, 1),
      "30: 1x3");
}

// The segments of entries 3 to 6 are gone: a cut further on had voided them.
TEST(LogMap, WhatIsCutLaterNeedsNoBegin) {
  const Flight gone = Flight().Entries(1, 6, 1);
  EXPECT_EQ(
      Replayed(2, 2, {gone, Flight().Entries(7, 9, 1), Flight().CutFrom(2).Entries(2, 4, 2)}, 1),
      "2: 2x2");
}

TEST(LogMap, AnEntryThatIsMissingIsSeen) {
  const Flight gone = Flight().Entries(1, 6, 1);
  EXPECT_EQ(Replayed(2, 1, {gone, Flight().Entries(7, 9, 1)}, 1),
            "entries are missing from the Raft log behind index 2");
  EXPECT_EQ(Replayed(9, 1, {gone, Flight().Entries(7, 7, 1)}, 1),
            "entries are missing from the Raft log behind index 9");
  const auto then = [](const Bytes& payload) -> std::string {
    LogMap map{LogIndex(0), Term(0)};
    EXPECT_EQ(Replayed(map, {Flight().Entries(1, 3, 5)}), "0: 3x5");
    const Status taken = map.Apply(payload, At(2));
    return taken ? map.CheckWhole().error().message() : taken.error().message();
  };
  const LogHead head = HeadOf(0, 3, 0, {{LogIndex(1), Term(5)}});
  EXPECT_EQ(then(Flight().Entries(5, 6, 5).After(head)),
            "the Raft log has entry 5 where 4 had to follow");
  EXPECT_EQ(then(Flight().Entries(4, 4, 4).After(head)),
            "entries are missing from the Raft log behind index 3");
  EXPECT_EQ(then(Flight().After(HeadOf(0, 4, 0, {{LogIndex(1), Term(5)}}))),
            "the Raft log ends at entry 3 where it had to end at 4 of term 5");
  EXPECT_EQ(then(Flight().After(HeadOf(0, 3, 0, {{LogIndex(1), Term(4)}}))),
            "the Raft log ends at entry 3 where it had to end at 3 of term 4");
}

TEST(LogMap, ItsHeadTellsOfTheNewestRuns) {
  LogMap map{LogIndex(0), Term(0)};
  EXPECT_EQ(map.Head(), LogHead());
  Replayed(map, {Flight().HardStateOf(9, 2).Entries(1, 3, 2).Entries(4, 4, 5)});
  LogHead head = HeadOf(0, 4, 0, {{LogIndex(1), Term(2)}, {LogIndex(4), Term(5)}});
  head.hard_state = {.term = Term(9), .vote = NodeId(2)};
  EXPECT_EQ(map.Head(), head);
  map.Compact(LogIndex(2));
  head.base = LogIndex(2);
  head.before = Term(2);
  head.runs[0].first = LogIndex(3);
  EXPECT_EQ(map.Head(), head);
  LogMap many{LogIndex(7), Term(1)};
  for (std::uint64_t i = 8; i < 20; ++i) {
    ASSERT_TRUE(many.Apply(Flight().Entries(i, i, i).After(many.Head()), At(1)));
  }
  EXPECT_EQ(many.Head().runs.size(), kHeadRunsMax);
  EXPECT_EQ(many.Head().before_index(), LogIndex(11));
  EXPECT_EQ(many.Head().before, Term(11));
}

// What was there, and the head behind what is damaged.
std::string Jumped(const std::vector<Flight>& flights, const LogHead& head) {
  LogMap map{LogIndex(0), Term(0)};
  Replayed(map, flights);
  map.Jump(head);
  EXPECT_TRUE(map.CheckWhole());
  EXPECT_EQ(map.last(), std::max(head.last, map.base()));
  return Told(map) + (map.lacks_terms() ? " ?" : "");
}

TEST(LogMap, BehindDamageTheLogIsWhatTheHeadSays) {
  const std::vector<Flight> flights{Flight().Entries(1, 5, 1), Flight().Entries(6, 9, 3)};
  const auto runs = [](std::uint64_t first) {
    std::vector<LogHead::Run> all;
    for (; all.size() < kHeadRunsMax; ++first) all.push_back({LogIndex(first), Term(first)});
    return all;
  };
  const auto newest = [&](std::uint64_t first, std::uint64_t before) {
    return HeadOf(0, first + 9, before, runs(first));
  };
  // It goes on, or back, or another way.
  EXPECT_EQ(Jumped(flights, HeadOf(0, 12, 0, {{LogIndex(1), Term(1)}, {LogIndex(6), Term(3)}})),
            "0: 5x1 7x3");
  EXPECT_EQ(Jumped(flights, HeadOf(0, 3, 0, {{LogIndex(1), Term(1)}})), "0: 3x1");
  EXPECT_EQ(Jumped(flights, HeadOf(0, 8, 0, {{LogIndex(1), Term(1)}, {LogIndex(5), Term(4)}})),
            "0: 4x1 4x4");
  EXPECT_EQ(Jumped(flights, newest(9, 3)), "0: 5x1 3x3 1x9 1x10 1x11 1x12 1x13 1x14 1x15 3x16");
  // All of it is known but what is below.
  EXPECT_EQ(Jumped(flights, newest(9, 2)), "8: 1x9 1x10 1x11 1x12 1x13 1x14 1x15 3x16 ?");
  EXPECT_EQ(Jumped(flights, newest(20, 3)).back(), '?');
  // A snapshot has come between.
  EXPECT_EQ(Jumped(flights, HeadOf(20, 21, 4, {{LogIndex(21), Term(5)}})), "20: 1x5");
}

// A right checksum is no promise: here a head may be a lie.
TEST(LogMap, AsManyEntriesAsThereCanBeAreTakenAtOnce) {
  const std::string all = std::to_string(kLogIndexMax.value);
  LogMap map{LogIndex(0), Term(0)};
  map.Jump(HeadOf(0, kLogIndexMax.value, 0, {{LogIndex(1), Term(1)}}));
  EXPECT_EQ(Told(map), "0: " + all + "x1");
  map.Jump(HeadOf(0, kLogIndexMax.value, 0, {{LogIndex(1), Term(1)}, {LogIndex(3), Term(2)}}));
  EXPECT_EQ(Told(map), "0: 2x1 " + std::to_string(kLogIndexMax.value - 2) + "x2");
}

// The register's base is from the time of a snapshot that came later still.
TEST(LogMap, AHeadFromBeforeTheBaseIsPassedOver) {
  LogMap map{LogIndex(30), Term(4)};
  map.Jump(HeadOf(0, 35, 0, {{LogIndex(1), Term(3)}}));
  EXPECT_FALSE(map.CheckWhole());
  ASSERT_TRUE(map.Apply(Flight()
                            .Base(30, 4, false)
                            .Entries(31, 32, 5)
                            .After(HeadOf(0, 35, 0, {{LogIndex(1), Term(3)}})),
                        At(2)));
  EXPECT_TRUE(map.CheckWhole());
  EXPECT_EQ(Told(map), "30: 2x5");
}

// "1-3@1 4@2? 5-7@1": where the entries stand, and which are lost.
std::string Places(const LogMap& map) {
  std::string text;
  for (LogIndex index = map.base().Next(); index <= map.last();) {
    const LogMap::Stretch stretch = map.Find(index);
    text += (text.empty() ? "" : " ") + std::to_string(index.value) + "-" +
            std::to_string(stretch.last.value) + "@" + std::to_string(stretch.at.segment.value);
    index = stretch.last.Next();
  }
  return text + " lost " + std::to_string(map.lost());
}

TEST(LogMap, AFillPutsAnEntryWhereItStands) {
  LogMap map{LogIndex(0), Term(0)};
  const std::vector<Flight> flights{Flight().Entries(1, 2, 1).Lost(3, 8, 1).Entries(9, 9, 1)};
  EXPECT_EQ(Replayed(map, flights), "0: 9x1");
  EXPECT_EQ(Places(map), "1-2@1 3-8@1 9-9@1 lost 6");
  const auto fill = [&map](const Flight& flight, std::uint64_t segment) {
    EXPECT_TRUE(map.Apply(flight.After(map.Head()), At(segment)));
    return Places(map);
  };
  EXPECT_EQ(fill(Flight().Fill(5, 1), 2), "1-2@1 3-4@1 5-5@2 6-8@1 9-9@1 lost 5");
  EXPECT_EQ(fill(Flight().Fill(6, 1).Fill(7, 1), 2), "1-2@1 3-4@1 5-7@2 8-8@1 9-9@1 lost 3");
  EXPECT_EQ(fill(Flight().Fill(3, 1).Fill(4, 1), 3), "1-2@1 3-4@3 5-7@2 8-8@1 9-9@1 lost 1");
  EXPECT_EQ(fill(Flight().Fill(8, 1), 4), "1-2@1 3-4@3 5-7@2 8-8@4 9-9@1 lost 0");
  EXPECT_EQ(map.OldestSegment(), SegmentOrdinal(1));
  // A segment that moves takes what was filled with it, and what had been lost there.
  map.Move(At(3), At(7));
  EXPECT_EQ(Places(map), "1-2@1 3-4@7 5-7@2 8-8@4 9-9@1 lost 0");
  map.Compact(LogIndex(6));
  EXPECT_EQ(Places(map), "7-7@2 8-8@4 9-9@1 lost 0");
  EXPECT_EQ(map.OldestSegment(), SegmentOrdinal(1));
  map.Compact(LogIndex(8));
  EXPECT_EQ(Places(map), "9-9@1 lost 0");
}

TEST(LogMap, AFillOfWhatIsNotLostIsPassedOver) {
  LogMap map{LogIndex(0), Term(0)};
  const std::vector<Flight> flights{Flight().Entries(1, 3, 1).Lost(4, 8, 1),
                                    Flight().CutFrom(7).Entries(7, 7, 2).Lost(8, 8, 2)};
  EXPECT_EQ(Replayed(map, flights), "0: 6x1 2x2");
  map.Compact(LogIndex(4));
  const std::string before = Places(map);
  EXPECT_EQ(before, "5-6@1 7-7@2 8-8@2 lost 3");
  const Flight fills = Flight().Fill(3, 1).Fill(4, 1).Fill(7, 2).Fill(8, 1).Fill(9, 2);
  ASSERT_TRUE(map.Apply(fills.After(map.Head()), At(3)));
  EXPECT_EQ(Places(map), before);
  ASSERT_TRUE(map.CheckWhole());
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
  map.Compact(LogIndex(3));
  EXPECT_EQ(map.OldestSegment(), SegmentOrdinal(8));
}

RC_GTEST_PROP(LogMap, GarbageIsNoHarm, (std::vector<std::string> garbage)) {
  LogMap map{LogIndex(5), Term(1)};
  std::uint64_t segment = 1;
  for (const std::string& bytes : garbage) {
    static_cast<void>(map.Apply(HeadPayload(map.Head()) + bytes, At(segment++)));
  }
  RC_ASSERT(map.base() <= map.last());
}

}  // namespace
}  // namespace beach::raft
