// SPDX-License-Identifier: Apache-2.0
// What the manifest says of somebody else's log, and of tables under a number of their own.
#include <gtest/gtest.h>

#include "engine/internal_key.h"
#include "engine/manifest/file_names.h"
#include "engine/manifest/state.h"

namespace beach::engine {
namespace {

ManifestState ExternalState() {
  ManifestState state;
  state.database = {.high = 1, .low = 2};
  state.next_file = FileNumber(20);
  state.last_sequence = SequenceNumber(50);
  state.log_mark = LogMark{.index = 5, .state = "five"};
  return state;
}

bool Applies(ManifestState& state, const ManifestEdit& edit) {
  ManifestState next = state;
  const Status applied = next.Apply(edit);
  if (applied) state = next;
  return applied.has_value();
}

TEST(ManifestLogMarkTest, TheMarkGoesUpAloneAndIsInTheSnapshot) {
  ManifestState state = ExternalState();
  const auto mark = [&state](std::uint64_t index, const char* text) {
    ManifestEdit edit;
    edit.log_mark = LogMark{.index = index, .state = text};
    return Applies(state, edit);
  };
  EXPECT_FALSE(mark(4, "four"));
  EXPECT_TRUE(mark(9, "nine"));
  EXPECT_FALSE(mark(8, "eight"));
  EXPECT_EQ(state.log_mark, (LogMark{.index = 9, .state = "nine"}));
  ManifestEdit other;
  other.last_sequence = SequenceNumber(51);
  EXPECT_TRUE(Applies(state, other));
  EXPECT_EQ(state.log_mark->index, 9U);
  ManifestState again;
  for (const ManifestEdit& edit : state.Snapshot()) ASSERT_TRUE(again.Apply(edit));
  EXPECT_EQ(again, state);
}

TEST(ManifestLogMarkTest, ADatabaseWithALogOfItsOwnWritesNone) {
  const ManifestState state;
  EXPECT_FALSE(state.Snapshot().front().log_mark);
  const Bytes plain = EncodeManifestEdit(state.Snapshot().front());
  EXPECT_EQ(plain.find('\x0f'), Bytes::npos);
}

TEST(ManifestLogMarkTest, NoSegmentIsBesideIt) {
  ManifestState state = ExternalState();
  ManifestEdit edit;
  edit.segments_added = {{SegmentOrdinal(1), FileNumber(3), 65536, wal::Segment::kOpenEnd}};
  edit.replay_from = LogPosition{SegmentOrdinal(1), 4096};
  edit.durable = edit.replay_from;
  EXPECT_FALSE(Applies(state, edit));
  state.log_mark.reset();
  EXPECT_TRUE(Applies(state, edit));
}

TEST(ManifestLogMarkTest, AStateBeyondItsBoundIsDamage) {
  ManifestEdit edit;
  edit.log_mark = LogMark{.index = 1, .state = Bytes(kLogMarkStateMax, 's')};
  EXPECT_TRUE(DecodeManifestEdit(EncodeManifestEdit(edit)));
  edit.log_mark->state.push_back('s');
  const auto decoded = DecodeManifestEdit(EncodeManifestEdit(edit));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code(), ErrorCode::kCorruption);
}

TEST(ManifestLogMarkTest, ATableBearsAnotherNumberOnlyWhereAnotherDatabaseGaveIt) {
  TableInfo table{.file = FileNumber(7),
                  .size_bytes = 1000,
                  .entries = 3,
                  .smallest = {},
                  .largest = {},
                  .sequence_min = SequenceNumber(1),
                  .sequence_max = SequenceNumber(3),
                  .level = 2,
                  .origin = DatabaseId{.high = 3, .low = 4},
                  .origin_file = FileNumber(900)};
  AppendInternalKey(table.smallest, {.user_key = "a", .sequence = SequenceNumber(3)});
  AppendInternalKey(table.largest, {.user_key = "b", .sequence = SequenceNumber(1)});
  ManifestEdit edit;
  edit.tables_added = {table};
  EXPECT_EQ(DecodeManifestEdit(EncodeManifestEdit(edit))->tables_added, edit.tables_added);
  ManifestState state = ExternalState();
  EXPECT_TRUE(Applies(state, edit));  // 900 is above what this one has given
  state = ExternalState();
  edit.tables_added[0].origin_file = FileNumber(0);
  EXPECT_FALSE(Applies(state, edit));
  edit.tables_added[0].origin_file = kFileNumberMax;
  EXPECT_TRUE(Applies(state, edit));
  state = ExternalState();
  edit.tables_added[0].origin_file = kFileNumberMax.Next();
  EXPECT_FALSE(Applies(state, edit));
}

}  // namespace
}  // namespace beach::engine
