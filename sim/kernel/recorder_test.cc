// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/recorder.h"

#include <gtest/gtest.h>

namespace beach::sim {
namespace {

Identity Somebody() { return {.host = "a", .thread = "main", .hash = 7}; }

TEST(Recorder, CheckpointsStayFewAndOnAGrid) {
  Recorder recorder(false);
  for (std::uint64_t i = 0; i < 5'000'000; ++i) recorder.Count(1, 2, i);
  const auto checkpoints = recorder.Checkpoints();
  EXPECT_LE(checkpoints.size(), 257U);
  EXPECT_GE(checkpoints.size(), 120U);
  EXPECT_EQ(checkpoints.back().event, 5'000'000U);
  for (std::size_t i = 0; i + 1 < checkpoints.size(); ++i) {
    EXPECT_EQ(checkpoints[i].event, checkpoints[0].event * (i + 1));
  }
}

TEST(Recorder, TheFirstDifferenceIsBetweenTwoCheckpoints) {
  Recorder recorded(false);
  Recorder now(false);
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    recorded.Count(1, 2, i);
    now.Count(1, 2, i == 5'000 ? 0 : i);
  }
  EXPECT_EQ(FirstDifference(recorded.Checkpoints(), recorded.Checkpoints()), std::nullopt);
  EXPECT_EQ(FirstDifference(recorded.Checkpoints(), now.Checkpoints()), 5 * 1024U);
}

TEST(Recorder, ARunThatEndsElsewhereDiffers) {
  Recorder recorded(false);
  Recorder now(false);
  for (std::uint64_t i = 1; i <= 10'000; ++i) recorded.Count(1, 2, i);
  for (std::uint64_t i = 1; i <= 3'000; ++i) now.Count(1, 2, i);
  EXPECT_EQ(FirstDifference(recorded.Checkpoints(), now.Checkpoints()), 3 * 1024U);
  EXPECT_EQ(FirstDifference(now.Checkpoints(), recorded.Checkpoints()), 3'000U);
}

TEST(Recorder, EveryPartOfAnEventIsInTheHash) {
  const auto hash_of = [](std::uint64_t number, const char* text) {
    Recorder recorder(false);
    const Identity who = Somebody();
    const env::EventField fields[] = {{"n", number}, {"t", 0, text}};
    recorder.Event(0, who, "test.event", fields);
    return recorder.hash();
  };
  EXPECT_EQ(hash_of(1, "x"), hash_of(1, "x"));
  EXPECT_NE(hash_of(1, "x"), hash_of(2, "x"));
  EXPECT_NE(hash_of(1, "x"), hash_of(1, "y"));
}

TEST(Recorder, TraceKeepsTheLastOrAll) {
  const Identity who = Somebody();
  Recorder last(false);
  Recorder all(true);
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    for (Recorder* const recorder : {&last, &all}) {
      recorder->Count(who.hash, 1, i);
      recorder->Note(i * 10, who, "io", "file.read", i);
    }
  }
  EXPECT_EQ(all.Trace().size(), 1000U);
  const auto trace = last.Trace();
  ASSERT_EQ(trace.size(), 256U);
  const artifacts::TraceEvent expected{1000, 10'000, "a", "main", "io", "file.read 1000"};
  EXPECT_EQ(trace.back(), expected);
  EXPECT_EQ(trace.front().event, 745U);
}

TEST(Recorder, FieldsBecomeWords) {
  const Identity who = Somebody();
  Recorder recorder(false);
  const env::EventField fields[] = {{"why", 0, "full"}, {"bytes", 7}};
  recorder.Event(5, who, "flush.began", fields);
  EXPECT_EQ(recorder.Trace().back().text, "flush.began bytes=7 why=full");
}

}  // namespace
}  // namespace beach::sim
