// SPDX-License-Identifier: Apache-2.0
// What the manifest says of the database's time.
#include <gtest/gtest.h>

#include "engine/manifest/state.h"

namespace beach::engine {
namespace {

TEST(ManifestStateTest, TheTimeNeverGoesBackAndIsNotThereBeforeItWasAdvanced) {
  ManifestState state;
  state.database = {.high = 1, .low = 2};
  state.last_sequence = SequenceNumber(50);
  EXPECT_FALSE(state.Snapshot().front().time);
  EXPECT_EQ(state.LastWithoutLog(), SequenceNumber(0));
  const auto apply = [&state](std::uint64_t sequence, std::uint64_t time) {
    ManifestState next = state;
    ManifestEdit edit;
    edit.last_sequence = SequenceNumber(60);
    edit.time = TimeMark{SequenceNumber(sequence), time};
    const Status applied = next.Apply(edit);
    if (applied) state = next;
    return applied.has_value();
  };
  EXPECT_TRUE(apply(55, 7));
  EXPECT_EQ(state.LastWithoutLog(), SequenceNumber(55));
  EXPECT_FALSE(apply(54, 7));
  EXPECT_FALSE(apply(56, 6));
  EXPECT_FALSE(apply(61, 8));  // above the last
  EXPECT_TRUE(apply(55, 7));
  ManifestState again;
  for (const ManifestEdit& edit : state.Snapshot()) ASSERT_TRUE(again.Apply(edit));
  EXPECT_EQ(again, state);
}

}  // namespace
}  // namespace beach::engine
