// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/cell.h"

#include <gtest/gtest.h>

#include "bench/engine/test_engine.h"

namespace beach::bench {
namespace {

constexpr std::uint64_t kRecords = 1000;

const Workload* Named(const std::string& name) { return ParseWorkloads(name)->front(); }

Result<CellResult> RunOn(const Engine& engine, const std::string& workload,
                         std::uint64_t threads = 1) {
  const Workload* const chosen = Named(workload);
  if (chosen->threads != 0) threads = chosen->threads;
  const Cell cell{.workload = chosen,
                  .threads = threads,
                  .records = kRecords,
                  .operations = OperationsOf({.workload = chosen, .threads = threads}, kRecords),
                  .settings = {},
                  .directory = chosen->data == Data::kOwn ? workload : "data"};
  Progress progress = 0;
  Result<CellResult> result = RunCell(engine, cell, progress);
  if (result) {
    EXPECT_EQ(progress, result->operations);
  }
  return result;
}

void ExpectWrong(const Result<CellResult>& result, const std::string& words) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kCorruption);
  EXPECT_NE(result.error().message().find(words), std::string::npos) << result.error().message();
}

// An engine that reads other than it writes: it is filled well.
class FilledWell {
 public:
  explicit FilledWell(Faults faults) : engine_("map", faults) {
    EXPECT_TRUE(RunOn(engine_, "fillrandom"));
  }
  const Engine& engine() const { return engine_; }

 private:
  MapEngine engine_;
};

TEST(RunCell, EveryWorkloadPassesOnASoundEngineAndCountsItsOperations) {
  const MapEngine engine("map");
  for (const Workload& workload : AllWorkloads()) {
    if (workload.data == Data::kReads) {
      ASSERT_TRUE(RunOn(engine, "fillrandom"));
    }
    const auto result = RunOn(engine, workload.name, 3);
    ASSERT_TRUE(result) << workload.name << ": " << result.error().ToString();
    EXPECT_GE(result->operations, kRecords / workload.operations_per) << workload.name;
    EXPECT_GT(result->wall_ns, 0U);
    EXPECT_LE(result->p50_ns, result->p99_ns);
    const bool puts = workload.data != Data::kReads;
    EXPECT_EQ(result->user_bytes > 0 || workload.action == Action::kReadWhileWriting, puts)
        << workload.name;
  }
}

TEST(RunCell, FillsPutEachRecordOnceBySeveralThreadsToo) {
  const MapEngine engine("map");
  const auto result = RunOn(engine, "fillsync16");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->operations, 25U);
  EXPECT_EQ(result->user_bytes, 25U * 116);
}

TEST(RunCell, MixAPutsLargeValuesInNineteenOfTwenty) {
  const MapEngine engine("map");
  ASSERT_TRUE(RunOn(engine, "fillrandom"));
  const auto result = RunOn(engine, "mix-a");
  ASSERT_TRUE(result);
  const std::uint64_t puts = result->user_bytes / (16 + 256);
  EXPECT_EQ(result->user_bytes % (16 + 256), 0U);
  EXPECT_GT(puts, 900U);
  EXPECT_LT(puts, 990U);
}

TEST(RunCell, GetsThatAllMissFail) {
  const FilledWell filled({.gets_miss = true});
  for (const char* workload : {"readrandom", "readwhilewriting", "mix-a", "mix-b", "mix-c"}) {
    ExpectWrong(RunOn(filled.engine(), workload), "absent");
  }
}

TEST(RunCell, AnAbsentKeyThatIsFoundFails) {
  const FilledWell filled({.gets_find = true});
  ExpectWrong(RunOn(filled.engine(), "readmissing"), "never put");
  ExpectWrong(RunOn(filled.engine(), "readrandom"), "another value");
}

TEST(RunCell, AScanThatLeavesOutARecordFailsWhereverItIs) {
  for (const std::uint64_t place : {std::uint64_t{0}, std::uint64_t{500}, kRecords - 1}) {
    const MapEngine engine("map", {.scan_misses = place});
    ExpectWrong(RunOn(engine, "fillrandom"), "scan that checks");
  }
}

TEST(RunCell, ValuesThatAreCutFail) {
  const MapEngine engine("map", {.values_are_others = true});
  ExpectWrong(RunOn(engine, "fillseq"), "another value");
}

TEST(RunCell, PutsThatAreLostFail) {
  const MapEngine engine("map", {.loses_puts_after = kRecords - 1});
  ExpectWrong(RunOn(engine, "fillseq"), "999 records of 1000");
}

TEST(RunCell, OutOfTimeIsNoErrorAndWhatWasPutIsChecked) {
  Workload quick = *Named("fillsync16");
  quick.time_ns_max = 30'000'000;
  const Cell cell{.workload = &quick, .threads = 16, .operations = 1'000'000, .directory = "own"};
  Progress progress = 0;
  const auto result = RunCell(MapEngine("map"), cell, progress);
  ASSERT_TRUE(result) << result.error().ToString();
  EXPECT_GT(result->operations, 0U);
  EXPECT_LT(result->operations, 1'000'000U);
  EXPECT_EQ(result->user_bytes, result->operations * 116);
  ExpectWrong(RunCell(MapEngine("map", {.loses_puts_after = 5}), cell, progress), "5 records of");
}

TEST(RunCell, AnErrorOfTheEngineIsReturnedAsItIs) {
  const MapEngine engine("map", {.fails_puts_after = 10});
  const auto result = RunOn(engine, "fillseq");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kIo);
  EXPECT_EQ(result.error().message(), "the disk is gone");
}

}  // namespace
}  // namespace beach::bench
