// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/recorder.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "sim/kernel/follower.h"

namespace beach::sim {
namespace {

Identity Somebody() { return {.host = "a", .thread = "main", .hash = 7}; }

TEST(Recorder, CheckpointsStayFewAndOnAGrid) {
  Recorder recorder(false);
  for (std::uint64_t i = 0; i < 5'000'000; ++i) recorder.Count(1, 2, i);
  const auto checkpoints = recorder.Checkpoints();
  EXPECT_LE(checkpoints.size(), 270U);
  EXPECT_GE(checkpoints.size(), 120U);
  EXPECT_EQ(checkpoints.back().event, 5'000'000U);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(checkpoints[i].event, std::uint64_t{16} << i);
  for (std::size_t i = 6; i + 3 < checkpoints.size(); ++i) {
    EXPECT_EQ(checkpoints[i].event, checkpoints[6].event * (i - 5));
  }
}

TEST(Recorder, ShortRunsHaveCheckpointsTooAndOneNearTheEnd) {
  Recorder recorder(false);
  for (std::uint64_t i = 0; i < 900; ++i) recorder.Count(1, 2, i);
  std::vector<std::uint64_t> events;
  for (const auto& checkpoint : recorder.Checkpoints()) events.push_back(checkpoint.event);
  EXPECT_EQ(events, (std::vector<std::uint64_t>{16, 32, 64, 128, 256, 512, 832, 896, 900}));
}

// A recording of `events` events with `odd` of them different from the rest.
artifacts::Artifact Record(std::uint64_t events, std::uint64_t odd, Follower* follower = nullptr) {
  const Identity who = Somebody();
  Recorder recorder(false);
  if (follower != nullptr) recorder.Follow(follower);
  for (std::uint64_t i = 1; i <= events; ++i) {
    recorder.Count(1, 2, i == odd ? 0 : 1);
    recorder.Note(i, who, "io", "write", i);
  }
  artifacts::Artifact artifact;
  artifact.checkpoints = recorder.Checkpoints();
  artifact.last_events = recorder.Trace();
  artifact.hash = recorder.hash();
  artifact.verdict = {.signature = "test/rule", .message = "", .virtual_ns = 0, .event = events};
  return artifact;
}

std::optional<std::uint64_t> Divergence(const artifacts::Artifact& recorded, std::uint64_t events,
                                        std::uint64_t odd, bool same_end = true) {
  Follower follower(&recorded, nullptr);
  const artifacts::Artifact now = Record(events, odd, &follower);
  RunReport report;
  report.events = events;
  report.hash = now.hash;
  report.verdict.signature = same_end ? "test/rule" : "ok";
  return follower.Finish(report);
}

TEST(Follower, TheFirstDifferenceIsBetweenTwoCheckpoints) {
  const artifacts::Artifact recorded = Record(10'000, 0);
  EXPECT_EQ(Divergence(recorded, 10'000, 0), std::nullopt);
  EXPECT_EQ(Divergence(recorded, 10'000, 5'000), 5 * 1024U);
  EXPECT_EQ(Divergence(recorded, 10'000, 20), 32U);
  EXPECT_EQ(Divergence(recorded, 10'000, 9'900), 9'920U);
}

TEST(Follower, ARunThatEndsElsewhereDiffers) {
  const artifacts::Artifact recorded = Record(10'000, 0);
  EXPECT_EQ(Divergence(recorded, 3'000, 0), 3'000U);
  EXPECT_EQ(Divergence(recorded, 3'000, 0, false), 3'000U);
  EXPECT_EQ(Divergence(recorded, 12'000, 0), 10'000U);
  EXPECT_EQ(Divergence(recorded, 12'000, 0, false), std::nullopt);  // repaired
}

// A dead run leaves no checkpoint, and the events are all there is.
TEST(Follower, RecordedEventsAreCompared) {
  artifacts::Artifact recorded = Record(600, 0);
  recorded.checkpoints.clear();
  EXPECT_EQ(Divergence(recorded, 600, 0), std::nullopt);
  EXPECT_EQ(Divergence(recorded, 900, 0, false), std::nullopt);
  EXPECT_EQ(Divergence(recorded, 300, 0, false), 300U);
  const std::uint64_t first = recorded.last_events.front().event;
  ++recorded.last_events.front().virtual_ns;
  EXPECT_EQ(Divergence(recorded, 900, 0, false), first);
  --recorded.last_events.front().virtual_ns;
  recorded.last_events[7].text += "?";
  EXPECT_EQ(Divergence(recorded, 900, 0, false), first + 7);
  recorded.last_events[7].kind = "verdict";  // compared only as far as the verdict
  recorded.last_events.resize(8);
  EXPECT_EQ(Divergence(recorded, 900, 0, false), std::nullopt);
}

TEST(Follower, OptionsThatNobodyAskedForAreADivergence) {
  artifacts::Artifact recorded = Record(100, 0);
  recorded.options["knob"] = 3;
  EXPECT_EQ(Divergence(recorded, 200, 0, false), 100U);
}

TEST(Follower, CheckpointsInAnyOrderDoNoHarm) {
  artifacts::Artifact recorded = Record(1'000, 0);
  recorded.checkpoints.insert(recorded.checkpoints.begin() + 2, {0, {}});
  recorded.checkpoints.insert(recorded.checkpoints.begin() + 3, {5, {}});
  EXPECT_EQ(Divergence(recorded, 1'000, 0), std::nullopt);
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
