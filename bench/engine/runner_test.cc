// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/runner.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "bench/engine/test_engine.h"

namespace beach::bench {
namespace {

class RunnerTest : public testing::Test {
 protected:
  RunnerTest() {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  ~RunnerTest() override { std::filesystem::remove_all(directory_); }

  Plan PlanOf(const std::string& workloads, std::uint64_t rounds) const {
    return {.workloads = *ParseWorkloads(workloads),
            .records = 1000,
            .rounds = rounds,
            .directory = directory_};
  }

  // "engine workload" of each cell, in the order in which they ran.
  CellRunner Recorder() {
    return [this](const Engine& engine, const Cell& cell, const auto&) -> Result<CellResult> {
      EXPECT_TRUE(std::filesystem::is_directory(cell.directory));
      cells_.push_back(engine.name() + " " + cell.workload->name);
      const std::string mark = cell.directory + "/mark";
      const bool found = std::filesystem::exists(mark);
      EXPECT_EQ(found, cell.workload->data == Data::kReads || cell.workload->data == Data::kChanges)
          << cells_.back();
      std::filesystem::create_directory(mark);
      return CellResult{.operations = cells_.size(), .wall_ns = 1};
    };
  }

  const std::string directory_ =
      (std::filesystem::temp_directory_path() / "beach_bench_runner_test").string();
  const MapEngine a_{"a"};
  const MapEngine b_{"b"};
  std::vector<std::string> cells_;
};

using Names = std::vector<std::string>;

TEST_F(RunnerTest, EnginesTakeTurnsInEachStepAndAnotherBeginsEachRound) {
  const auto series =
      RunPlan(PlanOf("fillseq,fillsync1", 2), {&a_, &b_}, Recorder(), [](const Position&) {});
  ASSERT_TRUE(series);
  EXPECT_EQ(cells_, (Names{"a fillseq", "b fillseq", "a fillsync1", "b fillsync1",  //
                           "b fillseq", "a fillseq", "b fillsync1", "a fillsync1"}));
  ASSERT_EQ(series->size(), 4U);
  EXPECT_EQ((*series)[0].engine, &a_);
  EXPECT_EQ((*series)[0].rounds[0].operations, 1U);
  EXPECT_EQ((*series)[0].rounds[1].operations, 6U);
  EXPECT_EQ((*series)[1].rounds[1].operations, 5U);
}

TEST_F(RunnerTest, WhatReadersNeedIsFilledOnceAndAgainAfterAChange) {
  const auto series =
      RunPlan(PlanOf("readrandom,readseq,overwrite", 2), {&a_}, Recorder(), [](const Position&) {});
  ASSERT_TRUE(series);
  EXPECT_EQ(cells_, (Names{"a fillrandom", "a readseq", "a readrandom", "a overwrite",  //
                           "a fillrandom", "a readseq", "a readrandom", "a overwrite"}));
  EXPECT_EQ(series->size(), 3U);  // fills that nobody asked for are not measured
}

TEST_F(RunnerTest, EachWhoChangesTheDataHasItUnchanged) {
  ASSERT_TRUE(RunPlan(PlanOf("mix-a,overwrite", 1), {&a_}, Recorder(), [](const Position&) {}));
  EXPECT_EQ(cells_, (Names{"a fillrandom", "a mix-a", "a fillrandom", "a overwrite"}));
}

TEST_F(RunnerTest, ReadersAloneKeepTheDataOverTheRounds) {
  ASSERT_TRUE(RunPlan(PlanOf("readrandom", 3), {&a_}, Recorder(), [](const Position&) {}));
  EXPECT_EQ(cells_, (Names{"a fillrandom", "a readrandom", "a readrandom", "a readrandom"}));
}

TEST_F(RunnerTest, NothingIsLeftBehind) {
  ASSERT_TRUE(
      RunPlan(PlanOf("fillrandom,fillseq", 1), {&a_, &b_}, Recorder(), [](const Position&) {}));
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST_F(RunnerTest, AnErrorNamesEngineAndWorkload) {
  const CellRunner fails = [](const Engine&, const Cell&, const auto&) -> Result<CellResult> {
    return Fail(ErrorCode::kCorruption, "a key that was put is absent");
  };
  const auto series = RunPlan(PlanOf("fillseq", 1), {&b_}, fails, [](const Position&) {});
  ASSERT_FALSE(series);
  EXPECT_EQ(series.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(series.error().message().rfind("b, fillseq: ", 0), 0U) << series.error().message();
}

TEST_F(RunnerTest, RunsInAProcessOfItsOwn) {
  const MapEngine dies("dies", {.dies = true});
  const auto series =
      RunPlan(PlanOf("fillseq", 1), {&dies}, RunCellInChild, [](const Position&) {});
  ASSERT_FALSE(series);
  EXPECT_NE(series.error().message().find("signal 6"), std::string::npos);
  const auto fine = RunPlan(PlanOf("fillseq", 1), {&a_}, RunCellInChild, [](const Position&) {});
  ASSERT_TRUE(fine);
  EXPECT_EQ(fine->front().rounds.front().operations, 1000U);
  EXPECT_GT(fine->front().rounds.front().peak_rss_bytes, 0U);
}

}  // namespace
}  // namespace beach::bench
