// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/record.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace beach::raft {
namespace {

LogHead ExampleHead() {
  return {
      .hard_state = {.term = Term(9), .vote = NodeId(4)},
      .base = LogIndex(3),
      .last = LogIndex(400),
      .before = Term(2),
      .runs = {{.first = LogIndex(4), .term = Term(2)}, {.first = LogIndex(300), .term = Term(8)}}};
}

// A payload up to what follows its head.
Bytes Start() { return HeadPayload(ExampleHead()); }

Entry EntryOf(std::uint64_t index, std::uint64_t term, EntryKind kind, ByteView payload) {
  return {.term = Term(term),
          .index = LogIndex(index),
          .kind = kind,
          .payload = Payload::Copy(payload)};
}

TEST(RaftRecord, WhatIsWrittenIsReadInItsOrder) {
  Bytes bytes = Start();
  AppendHardState(bytes, {.term = Term(7), .vote = NodeId(~std::uint64_t{0})});
  AppendCut(bytes, LogIndex(300));
  AppendEntry(bytes, EntryOf(300, 7, EntryKind::kConfiguration, "abc"));
  AppendBase(bytes, LogIndex(0), Term(0), /*keeps_suffix=*/true);
  AppendEntry(bytes, EntryOf(301, 7, EntryKind::kLost, ""));
  AppendFill(bytes, EntryOf(301, 7, EntryKind::kNoOp, "de"));
  RecordReader reader(bytes);
  Record record;
  ASSERT_TRUE(reader.Next(record));
  EXPECT_EQ(record.kind, RecordKind::kHead);
  EXPECT_EQ(record.head, ExampleHead());
  ASSERT_TRUE(reader.Next(record));
  EXPECT_EQ(record.kind, RecordKind::kHardState);
  EXPECT_EQ(record.hard_state, (HardState{.term = Term(7), .vote = NodeId(~std::uint64_t{0})}));
  ASSERT_TRUE(reader.Next(record));
  EXPECT_EQ(record.kind, RecordKind::kCut);
  EXPECT_EQ(record.index, LogIndex(300));
  ASSERT_TRUE(reader.Next(record));
  EXPECT_EQ(record.kind, RecordKind::kEntry);
  EXPECT_EQ(record.entry_kind, EntryKind::kConfiguration);
  EXPECT_EQ(record.index, LogIndex(300));
  EXPECT_EQ(record.term, Term(7));
  EXPECT_EQ(record.payload, "abc");
  ASSERT_TRUE(reader.Next(record));
  EXPECT_EQ(record.kind, RecordKind::kBase);
  EXPECT_TRUE(record.keeps_suffix);
  ASSERT_TRUE(reader.Next(record));
  EXPECT_EQ(record.kind, RecordKind::kEntry);
  EXPECT_EQ(record.entry_kind, EntryKind::kLost);
  ASSERT_TRUE(reader.Next(record));
  EXPECT_EQ(record.kind, RecordKind::kFill);
  EXPECT_EQ(record.entry_kind, EntryKind::kNoOp);
  EXPECT_EQ(record.index, LogIndex(301));
  EXPECT_EQ(record.payload, "de");
  EXPECT_FALSE(reader.Next(record));
  EXPECT_TRUE(reader.ok());
}

RC_GTEST_PROP(RaftRecord, EntriesComeBack, (std::vector<std::string> payloads)) {
  Bytes bytes = Start();
  std::uint64_t index = *rc::gen::inRange<std::uint64_t>(1, kLogIndexMax.value - 1'000);
  const std::uint64_t first = index;
  for (const std::string& payload : payloads) {
    AppendEntry(
        bytes, EntryOf(index++, *rc::gen::arbitrary<std::uint64_t>(), EntryKind::kNormal, payload));
  }
  RecordReader reader(bytes);
  Record record;
  RC_ASSERT(reader.Next(record));
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    RC_ASSERT(reader.Next(record));
    RC_ASSERT(record.index == LogIndex(first + i));
    RC_ASSERT(record.payload == payloads[i]);
  }
  RC_ASSERT(!reader.Next(record));
  RC_ASSERT(reader.ok());
}

// Each first part of a payload is records and then, unless it ends between two, an error.
TEST(RaftRecord, CutShortItIsAnErrorOrEndsBetweenRecords) {
  Bytes bytes = Start();
  std::vector<std::size_t> ends{bytes.size()};
  AppendHardState(bytes, {.term = Term(1'000), .vote = NodeId(2)});
  ends.push_back(bytes.size());
  AppendEntry(bytes, EntryOf(200, 1'000, EntryKind::kNoOp, "payload"));
  ends.push_back(bytes.size());
  AppendBase(bytes, LogIndex(5), Term(1), false);
  ends.push_back(bytes.size());
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    RecordReader reader(ByteView(bytes).substr(0, length));
    Record record;
    while (reader.Next(record)) {
    }
    const bool between = std::find(ends.begin(), ends.end(), length) != ends.end();
    EXPECT_EQ(reader.ok(), between) << length;
  }
}

TEST(RaftRecord, ImpossibleOnesAreErrors) {
  const auto is_refused = [](Bytes bytes) {
    RecordReader reader(bytes);
    Record record;
    while (reader.Next(record)) {
    }
    return !reader.ok();
  };
  EXPECT_TRUE(is_refused(""));
  EXPECT_FALSE(is_refused(Start()));
  EXPECT_TRUE(is_refused('\x01' + Start().substr(1)));                   // another version
  EXPECT_TRUE(is_refused(Start().substr(0, 1)));                         // no head
  EXPECT_TRUE(is_refused(Start() + Start().substr(1)));                  // two of them
  EXPECT_TRUE(is_refused(Start() + '\x07'));                             // another kind
  EXPECT_TRUE(is_refused(Start() + Bytes("\x02\x00", 2)));               // a cut from nowhere
  EXPECT_TRUE(is_refused(Start() + Bytes("\x03\x00\x00\x01\x00", 5)));   // entry 0
  EXPECT_TRUE(is_refused(Start() + Bytes("\x03\x04\x01\x01\x00", 5)));   // a kind of entry
  EXPECT_TRUE(is_refused(Start() + Bytes("\x03\x03\x01\x01\x01x", 6)));  // lost, and there
  EXPECT_TRUE(is_refused(Start() + Bytes("\x06\x03\x01\x01\x00", 5)));   // filled with nothing
  EXPECT_TRUE(is_refused(Start() + Bytes("\x04\x02\x01\x01", 4)));       // neither kept nor void
  Bytes high = Start();
  Encoder(high).Fixed8(static_cast<std::uint8_t>(RecordKind::kCut));
  Encoder(high).Varint(kLogIndexMax.value + 1);
  EXPECT_TRUE(is_refused(high));
  Bytes longer = Start() + Bytes("\x03\x00\x01\x01", 4);  // a length that nothing fills
  Encoder(longer).Varint(~std::uint64_t{0});
  EXPECT_TRUE(is_refused(longer));
}

TEST(RaftRecord, OnlyAPossibleHeadIsOne) {
  const auto is_head = [](void (*change)(LogHead&)) {
    LogHead head = ExampleHead();
    change(head);
    return IsPossible(head);
  };
  EXPECT_TRUE(is_head([](LogHead&) {}));
  EXPECT_TRUE(is_head([](LogHead& head) { head = {}; }));
  EXPECT_FALSE(is_head([](LogHead& head) { head.last = LogIndex(299); }));
  EXPECT_FALSE(is_head([](LogHead& head) { head.last = kLogIndexMax.Next(); }));
  EXPECT_FALSE(is_head([](LogHead& head) { head.base = LogIndex(4); }));
  EXPECT_FALSE(is_head([](LogHead& head) { head.base = LogIndex(2); }));  // runs enough, and a gap
  EXPECT_FALSE(is_head([](LogHead& head) { head.before = Term(3); }));
  EXPECT_FALSE(is_head([](LogHead& head) { head.runs[1].term = Term(2); }));
  EXPECT_FALSE(is_head([](LogHead& head) { head.runs[1].first = LogIndex(4); }));
  EXPECT_FALSE(is_head([](LogHead& head) { head.runs.clear(); }));
  EXPECT_FALSE(is_head([](LogHead& head) {
    while (head.runs.size() <= kHeadRunsMax) {
      head.runs.push_back({head.runs.back().first.Next(), head.runs.back().term.Next()});
    }
  }));
}

TEST(RaftRecord, AHeadKnowsTheTermsThatItTellsOf) {
  const LogHead head = ExampleHead();
  EXPECT_EQ(head.TermAt(LogIndex(2)), std::nullopt);
  EXPECT_EQ(head.TermAt(LogIndex(3)), Term(2));
  EXPECT_EQ(head.TermAt(LogIndex(299)), Term(2));
  EXPECT_EQ(head.TermAt(LogIndex(300)), Term(8));
  EXPECT_EQ(head.TermAt(LogIndex(400)), Term(8));
  EXPECT_EQ(head.TermAt(LogIndex(401)), std::nullopt);
}

TEST(RaftRecord, AHeadIsNeverLargerThanIsReckonedWith) {
  const std::uint64_t high = ~std::uint64_t{0};
  LogHead head{.hard_state = {.term = Term(high), .vote = NodeId(high)},
               .base = kLogIndexMax - 9,
               .last = kLogIndexMax,
               .before = Term(high - 9),
               .runs = {}};
  for (std::uint64_t i = 0; i < kHeadRunsMax; ++i) {
    head.runs.push_back({.first = head.base + (i + 2), .term = Term(high - 8 + i)});
  }
  const Bytes payload = HeadPayload(head);
  EXPECT_LE(payload.size(), 1 + kHeadRecordMax);
  EXPECT_GT(payload.size() + 2 * (2 + kHeadRunsMax), kHeadRecordMax);
  RecordReader reader(payload);
  Record record;
  ASSERT_TRUE(reader.Next(record));
  EXPECT_EQ(record.head, head);
}

RC_GTEST_PROP(RaftRecord, GarbageIsNoHarm, (std::string garbage)) {
  const Bytes bytes = Start() + garbage;
  RecordReader reader(bytes);
  Record record;
  std::size_t count = 0;
  while (reader.Next(record)) ++count;
  RC_ASSERT(count <= 1 + garbage.size());
}

}  // namespace
}  // namespace beach::raft
