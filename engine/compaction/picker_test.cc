// SPDX-License-Identifier: Apache-2.0
#include "engine/compaction/picker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/compaction/pressure.h"
#include "engine/compaction/test_tables.h"

namespace beach::engine {
namespace {

using testing::MakeVersion;
using testing::TableShape;

Options SmallLevels() {
  Options options;
  options.level0_compact_count = 3;
  options.level_size_base = 1000;
  options.level_size_ratio = 10;
  options.table_size = 100;
  return options;
}

// "size 0>6: 3,2,1 + 10 [a..m]", "move ..." or "nothing".
std::string Say(const std::optional<CompactionJob>& job) {
  if (!job) return "nothing";
  const auto list = [](const std::vector<TablePointer>& tables) {
    std::string text;
    for (const TablePointer& table : tables) {
      text += (text.empty() ? "" : ",") + std::to_string(table->info.file.value);
    }
    return text;
  };
  std::string text = job->IsMove() ? "move" : CompactionReasonName(job->reason);
  text += " " + std::to_string(job->input_level) + ">" + std::to_string(job->output_level);
  text += ": " + list(job->inputs);
  if (!job->overlapped.empty()) text += " + " + list(job->overlapped);
  return text + " [" + job->smallest + ".." + job->largest + "]";
}

std::string Pick(const std::vector<TableShape>& shapes, const Options& options = SmallLevels(),
                 const std::set<FileNumber>& aside = {},
                 SequenceNumber first_boundary = kMaxSequence) {
  const Version version = MakeVersion(shapes);
  PickerInput input{.version = version, .options = options};
  input.aside = aside;
  input.first_boundary = first_boundary;
  return Say(PickCompaction(input));
}

TableShape Newer(std::uint64_t file, const char* smallest, const char* largest,
                 std::uint64_t sequence) {
  return {.level = 0,
          .file = file,
          .smallest = smallest,
          .largest = largest,
          .sequence_min = sequence,
          .sequence_max = sequence};
}
TableShape Below(std::uint32_t level, std::uint64_t file, const char* smallest, const char* largest,
                 std::uint64_t size = 100) {
  return {.level = level, .file = file, .smallest = smallest, .largest = largest, .size = size};
}

CompactionJob JobOf(std::uint32_t input, std::uint32_t output, const char* smallest,
                    const char* largest) {
  CompactionJob job;
  job.input_level = input;
  job.output_level = output;
  job.smallest = smallest;
  job.largest = largest;
  return job;
}

TEST(Picker, NothingIsDueBelowTheLimits) {
  EXPECT_EQ(Pick({}), "nothing");
  EXPECT_EQ(Pick({Newer(1, "a", "z", 10), Newer(2, "a", "z", 20)}), "nothing");
  EXPECT_EQ(Pick({Below(6, 1, "a", "z", 1'000'000)}), "nothing");
}

TEST(Picker, Level0GoesToTheLastLevelWhileThatIsSmall) {
  EXPECT_EQ(Pick({Newer(1, "a", "m", 10), Newer(2, "b", "z", 20), Newer(3, "a", "c", 30)}),
            "move 0>6: 1 [a..m]");
  EXPECT_EQ(Pick({Newer(1, "a", "m", 10), Newer(2, "b", "z", 20), Newer(3, "a", "c", 30),
                  Below(6, 4, "c", "d"), Below(6, 5, "zz", "zzz")}),
            "size 0>6: 3,2,1 + 4 [a..z]");
}

TEST(Picker, TheAgeOfDataDecidesInLevel0NotTheFileNumber) {
  EXPECT_EQ(Pick({Newer(9, "a", "m", 10), Newer(2, "b", "z", 20), Newer(3, "a", "c", 30),
                  Below(6, 4, "c", "d")}),
            "size 0>6: 3,2,9 + 4 [a..z]");
}

TEST(Picker, ATableThatSharesOnlyABoundaryKeyIsTaken) {
  EXPECT_EQ(Pick({Newer(1, "f", "k", 10), Newer(2, "g", "h", 20), Newer(3, "g", "h", 30),
                  Below(6, 4, "a", "f"), Below(6, 5, "k", "z"), Below(6, 6, "zz", "zzz")}),
            "size 0>6: 3,2,1 + 4,5 [a..z]");
  EXPECT_EQ(
      Pick({Below(5, 1, "f", "k", 5000), Below(6, 4, "a", "f", 9000), Below(6, 5, "k", "z", 9000)}),
      "size 5>6: 1 + 4,5 [a..z]");
}

TEST(Picker, TargetsFollowFromTheGreatestLevel) {
  const Options options = SmallLevels();
  const LevelTargets none = TargetsOf(MakeVersion({}), options);
  EXPECT_EQ(none.base, 6U);
  const LevelTargets two = TargetsOf(MakeVersion({Below(6, 1, "a", "z", 50'000)}), options);
  EXPECT_EQ(two.base, 4U);
  EXPECT_EQ(two.bytes[6], 50'000U);
  EXPECT_EQ(two.bytes[5], 5'000U);
  EXPECT_EQ(two.bytes[4], 500U);
  EXPECT_EQ(two.bytes[3], 0U);
  const LevelTargets all = TargetsOf(MakeVersion({Below(6, 1, "a", "z", 1ULL << 50)}), options);
  EXPECT_EQ(all.base, 1U);
  // What is above the base is never jumped over.
  const LevelTargets above =
      TargetsOf(MakeVersion({Below(2, 1, "a", "z", 10), Below(6, 2, "a", "z", 50'000)}), options);
  EXPECT_EQ(above.base, 2U);
}

TEST(Picker, OfALevelThatIsTooLargeTheCheapestTableGoesDown) {
  EXPECT_EQ(Pick({Below(5, 1, "a", "c", 6'000), Below(5, 2, "d", "e", 6'000),
                  Below(6, 3, "a", "b", 50'000), Below(6, 4, "d", "f", 30'000)}),
            "size 5>6: 2 + 4 [d..f]");
  EXPECT_EQ(Pick({Below(5, 1, "a", "c", 6'000), Below(5, 2, "g", "h", 6'000),
                  Below(6, 3, "a", "b", 50'000), Below(6, 4, "i", "j", 30'000)}),
            "move 5>6: 2 [g..h]");
}

TEST(Picker, JobsNeverMeet) {
  const std::vector<TableShape> shapes = {
      Newer(1, "a", "z", 10),        Newer(2, "a", "z", 20),        Newer(3, "a", "z", 30),
      Below(5, 4, "a", "c", 9'000),  Below(5, 5, "d", "e", 9'000),  Below(5, 6, "f", "m", 900),
      Below(6, 7, "b", "c", 50'000), Below(6, 8, "d", "e", 50'000), Below(6, 9, "g", "z", 5'000)};
  const Version version = MakeVersion(shapes);
  const Options options = SmallLevels();
  std::vector<CompactionJob> jobs;
  jobs.reserve(10);
  while (true) {
    PickerInput input{.version = version, .options = options};
    for (const CompactionJob& job : jobs) input.running.push_back(&job);
    auto job = PickCompaction(input);
    if (!job) break;
    for (const CompactionJob& other : jobs) EXPECT_FALSE(Conflicts(*job, other));
    jobs.push_back(*std::move(job));
    ASSERT_LT(jobs.size(), 9U);
  }
  EXPECT_GE(jobs.size(), 2U);
}

TEST(Picker, TwoJobsOfOneRangeInOneLevelConflict) {
  CompactionJob upper = JobOf(4, 5, "a", "f");
  CompactionJob lower = JobOf(5, 6, "f", "k");
  EXPECT_TRUE(Conflicts(upper, lower));
  lower.smallest = "g";
  EXPECT_FALSE(Conflicts(upper, lower));
  lower.input_level = lower.output_level = 6;
  lower.smallest = "a";
  EXPECT_FALSE(Conflicts(upper, lower));
  // Level 0 is one range.
  CompactionJob top = JobOf(0, 4, "x", "y");
  CompactionJob other = JobOf(0, 3, "a", "b");
  EXPECT_TRUE(Conflicts(top, other));
}

// A newer table must not go below an older one that stays.
TEST(Picker, ATablePutAsideKeepsAllThatAreNewer) {
  const std::vector<TableShape> shapes = {Newer(1, "a", "m", 10), Newer(2, "b", "z", 20),
                                          Newer(3, "a", "c", 30), Below(6, 4, "c", "d")};
  EXPECT_EQ(Pick(shapes, SmallLevels(), {FileNumber(2)}), "size 0>6: 1 + 4 [a..m]");
  EXPECT_EQ(Pick(shapes, SmallLevels(), {FileNumber(1)}), "nothing");
  EXPECT_EQ(Pick(shapes, SmallLevels(), {FileNumber(4)}), "nothing");
}

TEST(Picker, TombstonesCallWhenNothingElseDoes) {
  TableShape dense = Below(5, 1, "a", "c");
  dense.deletes = 5;
  const TableShape newest = Newer(9, "a", "z", 90);
  EXPECT_EQ(Pick({dense, newest, Below(6, 2, "c", "d", 10'000)}), "deletes 5>6: 1 + 2 [a..d]");
  dense.level = 6;
  EXPECT_EQ(Pick({dense, newest}), "deletes 6>6: 1 [a..c]");
  // Somebody may still need them, or recovery: nothing is gained.
  dense.sequence_max = 50;
  EXPECT_EQ(Pick({dense, newest}, SmallLevels(), {}, SequenceNumber(49)), "nothing");
  EXPECT_EQ(Pick({dense}), "nothing");
  dense.deletes = 4;
  EXPECT_EQ(Pick({dense, newest}), "nothing");
  TableShape newer = Newer(3, "a", "z", 10);
  newer.deletes = 10;
  EXPECT_EQ(Pick({newer, newest, Below(6, 2, "c", "d")}), "deletes 0>6: 3 + 2 [a..z]");
}

TEST(Picker, WhatHasExpiredCallsAsTombstonesDoFromItsTimeOn) {
  const auto pick = [](std::uint64_t level, std::uint64_t sequence_max, std::uint64_t time,
                       SequenceNumber first_boundary = kMaxSequence) {
    TableShape shape = Below(static_cast<std::uint32_t>(level), 1, "a", "c");
    shape.sequence_max = sequence_max;
    auto table = std::make_shared<Table>(*testing::MakeTable(shape));
    table->expiring = {.entries = 8, .times = {10, 10, 20, 30, 40, 50, 60, 70, 80}};
    const Version version =
        MakeVersion({Newer(9, "a", "z", 90), Below(6, 2, "x", "y")}).With({}, {table});
    const Options options = SmallLevels();
    EXPECT_EQ(NextExpiry(version, options, 0), 50U);
    EXPECT_EQ(NextExpiry(version, options, 49), 50U);
    EXPECT_EQ(NextExpiry(version, options, 50), std::nullopt);  // it has enough
    EXPECT_EQ(NextExpiry(version, options, 80), std::nullopt);
    EXPECT_EQ(HasDenseTable(version, options, time), time >= 50);
    PickerInput input{.version = version, .options = options};
    input.first_boundary = first_boundary;
    input.time = time;
    return Say(PickCompaction(input));
  };
  // Half of ten are gone when five of eight are.
  EXPECT_EQ(pick(6, 5, 49), "nothing");
  EXPECT_EQ(pick(6, 5, 50), "expired 6>6: 1 [a..c]");
  EXPECT_EQ(pick(6, 5, 50, SequenceNumber(4)), "nothing");
  // Also with the newest operation of all: the rest of it goes.
  EXPECT_EQ(pick(6, 900, 50), "expired 6>6: 1 [a..c]");
}

TEST(Picker, ReadsCallForAllOfLevel0WhenTheyHaveMergedWhatItCosts) {
  const auto pick = [](std::uint64_t merged, std::uint64_t worth,
                       const std::vector<TableShape>& shapes) {
    const Version version = MakeVersion(shapes);
    Options options = SmallLevels();
    options.compaction_read_worth = worth;
    PickerInput input{.version = version, .options = options};
    input.merged = merged;
    return Say(PickCompaction(input));
  };
  const std::vector<TableShape> two = {Newer(2, "a", "z", 20), Newer(1, "b", "y", 10)};
  EXPECT_EQ(pick(20, 10, two), "nothing");
  EXPECT_EQ(pick(21, 10, two), "reads 0>6: 2,1 [a..z]");
  EXPECT_EQ(pick(1'000'000, 0, two), "nothing");
  EXPECT_EQ(pick(~std::uint64_t{0}, kGiB, two), "reads 0>6: 2,1 [a..z]");
  const TableShape lone = Newer(2, "a", "z", 20);
  EXPECT_EQ(pick(1'000'000, 10, {lone}), "nothing");
  EXPECT_EQ(pick(20, 10, {lone, Below(6, 1, "c", "d")}), "nothing");
  EXPECT_EQ(pick(21, 10, {lone, Below(6, 1, "c", "d")}), "reads 0>6: 2 + 1 [a..z]");
}

TEST(Picker, RunsOfLikeSizeAreMerged) {
  Options options = SmallLevels();
  options.compaction_style = CompactionStyle::kSizeTiered;
  const auto run = [](std::uint64_t file, std::uint64_t sequence, std::uint64_t size) {
    TableShape shape = Newer(file, "a", "z", sequence);
    shape.size = size;
    return shape;
  };
  EXPECT_EQ(Pick({run(1, 10, 5'000), run(2, 20, 100), run(3, 30, 110)}, options),
            "runs 0>0: 3,2 [a..z]");
  EXPECT_EQ(Pick({run(1, 10, 100), run(2, 20, 100), run(3, 30, 110), Below(6, 4, "a", "b", 600)},
                 options),
            "runs 0>6: 3,2,1 + 4 [a..z]");
  EXPECT_EQ(Pick({run(1, 10, 100), run(2, 20, 100), run(3, 30, 110), Below(6, 4, "a", "b", 6000)},
                 options),
            "runs 0>0: 3,2,1 [a..z]");
  options.compaction_style = CompactionStyle::kManual;
  EXPECT_EQ(Pick({run(1, 10, 100), run(2, 20, 100), run(3, 30, 110)}, options), "nothing");
}

TEST(Picker, ByHandATableAfterTheOther) {
  const Version version =
      MakeVersion({Newer(1, "a", "c", 10), Newer(2, "x", "z", 20), Below(5, 3, "a", "b"),
                   Below(5, 4, "d", "e"), Below(6, 5, "e", "f")});
  const Options options = SmallLevels();
  const PickerInput input{.version = version, .options = options};
  bool meets = false;
  const auto pick = [&](std::uint32_t level, const char* begin, const char* end) {
    return Say(PickFromLevel(input, level, Bytes(begin), Bytes(end), meets));
  };
  EXPECT_EQ(pick(0, "y", "y"), "manual 0>5: 2,1 + 3,4 [a..z]");
  EXPECT_EQ(pick(0, "m", "n"), "nothing");
  EXPECT_EQ(pick(5, "c", "z"), "manual 5>6: 4 + 5 [d..f]");
  EXPECT_EQ(pick(6, "a", "z"), "manual 6>6: 5 [e..f]");
  EXPECT_FALSE(meets);
}

TEST(Pressure, RisesFromTheFirstLimitToTheSecond) {
  Options options = SmallLevels();
  options.level0_slow_count = 4;
  options.level0_stop_count = 8;
  std::vector<TableShape> shapes;
  std::vector<std::uint64_t> levels;
  for (std::uint64_t i = 1; i <= 9; ++i) {
    shapes.push_back(Newer(i, "a", "z", i));
    levels.push_back(PressureOf(MakeVersion(shapes), options).level);
  }
  EXPECT_EQ(levels, (std::vector<std::uint64_t>{0, 0, 0, 0, 250, 500, 750, 1000, 1000}));
  const Pressure pressure = PressureOf(MakeVersion(shapes), options);
  EXPECT_STREQ(pressure.reason, "level0_count");
  EXPECT_EQ(pressure.debt_bytes, 900U);
  options.compaction_debt_slow = 100;
  options.compaction_debt_stop = 800;
  options.level0_stop_count = 100;
  EXPECT_STREQ(PressureOf(MakeVersion(shapes), options).reason, "debt");
}

TEST(Pressure, DelaysGrowWithItAndAreBounded) {
  EXPECT_EQ(DelayFor(0, 1 << 20), 0U);
  EXPECT_EQ(DelayFor(100, 1000), 10'000U);
  EXPECT_EQ(DelayFor(1000, 1000), 1'000'000U);
  EXPECT_EQ(DelayFor(1000, 1 << 30), 100'000'000U);
}

}  // namespace
}  // namespace beach::engine
