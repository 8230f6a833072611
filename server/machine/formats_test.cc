// SPDX-License-Identifier: Apache-2.0
// What the machine writes into tables and marks, and docs/formats/machine.md.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/random.h"
#include "server/command/testing/page_example.h"
#include "server/machine/key_space.h"
#include "server/machine/place.h"
#include "server/machine/session_rows.h"

namespace beach::server {
namespace {

Bytes Example(std::size_t n) { return testing::PageExample(n, "machine.md"); }

raft::Configuration Members() {
  raft::Configuration members;
  members.voters = {raft::NodeId(1), raft::NodeId(2)};
  return members;
}

RC_GTEST_PROP(Formats, RowsAreReadAsTheyWereWritten, (std::uint64_t seed)) {
  RandomStream stream(seed);
  const auto some = [&] {
    const std::uint64_t value = stream.Next();
    return value >> stream.Below(64);
  };
  const Bytes answer(1 + stream.Below(100), 'a');
  SessionRow row{.index = some(), .used_at_ms = some(), .answer = answer};
  row.request = RequestNumber(some());
  row.answered_below = RequestNumber(some());
  const Bytes value = EncodeSessionRow(row);
  const auto read = ParseSessionRow(value);
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->index == row.index && read->used_at_ms == row.used_at_ms);
  RC_ASSERT(read->request == row.request && read->answered_below == row.answered_below);
  RC_ASSERT(read->answer == answer);
  for (std::size_t size = 0; size <= value.size() - answer.size(); ++size) {
    RC_ASSERT(!ParseSessionRow(ByteView(value).substr(0, size)));
  }
  const SessionId session(1 + some() / 2);
  const std::uint8_t slot = static_cast<std::uint8_t>(stream.Below(kOpenSlot + 1));
  const Bytes key = SessionRowKey(session, slot);
  const auto place = ParseSessionRowKey(key);
  RC_ASSERT(place.has_value());
  RC_ASSERT(place->session == session && place->slot == slot);
  RC_ASSERT(key < SessionRowKey(session.Next(), 0));
  RC_ASSERT(SessionRows().Contains(key));
  RC_ASSERT(!StoredRange("", std::nullopt).Contains(key));
}

TEST(Formats, KeysThatAreNoRowsAreDamage) {
  const Bytes key = SessionRowKey(SessionId(1), kOpenSlot);
  ASSERT_TRUE(ParseSessionRowKey(key));
  EXPECT_FALSE(ParseSessionRowKey(key + "x"));
  EXPECT_FALSE(ParseSessionRowKey(ByteView(key).substr(0, key.size() - 1)));
  Bytes slot = key;
  slot.back() = static_cast<char>(kOpenSlot + 1);
  EXPECT_FALSE(ParseSessionRowKey(slot));
  Bytes none = key;
  none[9] = 0;  // session 0
  EXPECT_FALSE(ParseSessionRowKey(none));
  Bytes other = key;
  other[1] = 't';
  EXPECT_FALSE(ParseSessionRowKey(other));
}

TEST(Formats, PlacesAreReadAsTheyWereWritten) {
  const Place place{
      .index = raft::LogIndex(9), .term = raft::Term(2), .time_ms = 256, .digest = 258};
  const engine::LogMark mark =
      EncodePlace(place, MakePlaceConfiguration(raft::LogIndex(4), Members()));
  const auto found = DecodePlace(mark);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->place.index, place.index);
  EXPECT_EQ(found->place.term, place.term);
  EXPECT_EQ(found->place.time_ms, place.time_ms);
  EXPECT_EQ(found->place.digest, place.digest);
  EXPECT_EQ(found->configuration.index, raft::LogIndex(4));
  EXPECT_EQ(found->configuration.configuration, Members());
  EXPECT_EQ(found->meta().configuration, Members());
  for (std::size_t size = 0; size < mark.state.size(); ++size) {
    const auto part = DecodePlace({.index = 9, .state = mark.state.substr(0, size)});
    ASSERT_FALSE(part.has_value());
    EXPECT_EQ(part.error().code(), ErrorCode::kCorruption);
  }
  EXPECT_FALSE(DecodePlace({.index = 9, .state = mark.state + "x"}).has_value());
  EXPECT_FALSE(DecodePlace({.index = 3, .state = mark.state}).has_value());
  Bytes version = mark.state;
  version[0] = 2;
  EXPECT_FALSE(DecodePlace({.index = 9, .state = version}).has_value());
}

TEST(Formats, AreWhatTheirPageSays) {
  EXPECT_EQ(Printable(Example(0)), Printable(SessionRowKey(SessionId(300), 7)));
  SessionRow row{.index = 310, .used_at_ms = 256, .answer = "answer"};
  row.request = RequestNumber(71);
  row.answered_below = RequestNumber(70);
  EXPECT_EQ(SlotOf(row.request), 7);
  EXPECT_EQ(Printable(Example(1)), Printable(EncodeSessionRow(row)));
  const Place place{
      .index = raft::LogIndex(9), .term = raft::Term(2), .time_ms = 256, .digest = 258};
  const engine::LogMark mark =
      EncodePlace(place, MakePlaceConfiguration(raft::LogIndex(4), Members()));
  EXPECT_EQ(Printable(Example(2)), Printable(mark.state));
}

}  // namespace
}  // namespace beach::server
