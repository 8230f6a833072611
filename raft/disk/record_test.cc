// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/record.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace beach::raft {
namespace {

Bytes Start() { return Bytes{static_cast<char>(kRecordsVersion)}; }

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
  RecordReader reader(bytes);
  Record record;
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
  EXPECT_TRUE(is_refused("\x02"));                                      // another version
  EXPECT_TRUE(is_refused(Start() + '\x05'));                            // another kind
  EXPECT_TRUE(is_refused(Start() + Bytes("\x02\x00", 2)));              // a cut from nowhere
  EXPECT_TRUE(is_refused(Start() + Bytes("\x03\x00\x00\x01\x00", 5)));  // entry 0
  EXPECT_TRUE(is_refused(Start() + Bytes("\x03\x03\x01\x01\x00", 5)));  // a kind of entry
  EXPECT_TRUE(is_refused(Start() + Bytes("\x04\x02\x01\x01", 4)));      // neither kept nor void
  Bytes high = Start();
  Encoder(high).Fixed8(static_cast<std::uint8_t>(RecordKind::kCut));
  Encoder(high).Varint(kLogIndexMax.value + 1);
  EXPECT_TRUE(is_refused(high));
  Bytes longer = Start() + Bytes("\x03\x00\x01\x01", 4);  // a length that nothing fills
  Encoder(longer).Varint(~std::uint64_t{0});
  EXPECT_TRUE(is_refused(longer));
}

RC_GTEST_PROP(RaftRecord, GarbageIsNoHarm, (std::string garbage)) {
  const Bytes bytes = Start() + garbage;
  RecordReader reader(bytes);
  Record record;
  std::size_t count = 0;
  while (reader.Next(record)) ++count;
  RC_ASSERT(count <= garbage.size());
}

}  // namespace
}  // namespace beach::raft
