// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "bench/engine/test_engine.h"

namespace beach::bench {
namespace {

class ReportTest : public testing::Test {
 protected:
  static CellResult Result(std::uint64_t operations_per_s) {
    return {.operations = operations_per_s,
            .wall_ns = 1'000'000'000,
            .p50_ns = 1500,
            .p99_ns = 9000,
            .disk_bytes = 3 << 20,
            .user_bytes = 1000,
            .written_bytes = 3050,
            .peak_rss_bytes = 5 << 20};
  }
  Series SeriesOf(const Engine& engine, const char* workload, std::vector<std::uint64_t> rates) {
    Series series{.step = {.workload = ParseWorkloads(workload)->front(), .threads = 1},
                  .engine = &engine,
                  .rounds = {}};
    for (const std::uint64_t rate : rates) series.rounds.push_back(Result(rate));
    return series;
  }
  Context ContextOf() const {
    return {.plan = {.records = 1000, .rounds = 3}, .engines = {&ours_, &rocks_}};
  }

  const MapEngine ours_{"beachdb"};
  const MapEngine rocks_{"rocksdb"};
  const MapEngine lmdb_{"lmdb"};
};

TEST_F(ReportTest, TakesTheMedianOfRoundsAndTheirEnds) {
  const Row row = MakeRows({SeriesOf(ours_, "fillseq", {300, 100, 200})}).front();
  EXPECT_DOUBLE_EQ(row.ops_per_s, 200);
  EXPECT_DOUBLE_EQ(row.ops_per_s_least, 100);
  EXPECT_DOUBLE_EQ(row.ops_per_s_most, 300);
  EXPECT_DOUBLE_EQ(row.p50_us, 1.5);
  EXPECT_DOUBLE_EQ(row.p99_us, 9);
  EXPECT_DOUBLE_EQ(*row.write_amp, 3.05);
  EXPECT_TRUE(row.ratio.empty());
  EXPECT_DOUBLE_EQ(MakeRows({SeriesOf(ours_, "fillseq", {100, 200})}).front().ops_per_s, 150);
}

// A machine that slows down for all in a round leaves its ratio as it is. The ratio of the medians
// would be 0.25 here.
TEST_F(ReportTest, RatiosAreOfTheSameRound) {
  const auto rows = MakeRows({SeriesOf(ours_, "fillseq", {100, 10, 1000}),
                              SeriesOf(rocks_, "fillseq", {400, 20, 500}),
                              SeriesOf(lmdb_, "fillseq", {100, 5, 125})});
  EXPECT_DOUBLE_EQ(rows[0].ratio.at("rocksdb"), 0.5);
  EXPECT_DOUBLE_EQ(rows[0].ratio.at("lmdb"), 2);
  EXPECT_EQ(rows[1].ratio.size(), 1U);  // to the other peer: neither to itself nor to ours
  EXPECT_DOUBLE_EQ(rows[1].ratio.at("lmdb"), 4);
}

TEST_F(ReportTest, ComparesTheSameStepAlone) {
  Series two_threads = SeriesOf(rocks_, "readrandom", {100});
  two_threads.step.threads = 2;
  const auto rows =
      MakeRows({SeriesOf(ours_, "readrandom", {100}), two_threads, SeriesOf(rocks_, "mix-b", {1})});
  EXPECT_TRUE(rows[0].ratio.empty());
}

TEST_F(ReportTest, NothingWrittenIsNoAmplification) {
  Series read = SeriesOf(ours_, "readrandom", {100});
  read.rounds.front().user_bytes = 0;
  EXPECT_FALSE(MakeRows({read}).front().write_amp);
  Series in_memory = SeriesOf(ours_, "fillseq", {100});
  in_memory.rounds.front().written_bytes = 0;
  EXPECT_FALSE(MakeRows({in_memory}).front().write_amp);
}

TEST_F(ReportTest, JsonRowsHaveExactlyTheFieldsThatScriptsReadAndMore) {
  Series mix = SeriesOf(ours_, "mix-c", {10});
  mix.rounds.front().misses_counted = 4;
  mix.rounds.front().blocks_counted = 3;
  Series peer = SeriesOf(rocks_, "mix-c", {20});
  const std::string text = AsJson(ContextOf(), MakeRows({mix, peer}));
  const auto json = nlohmann::json::parse(text);
  ASSERT_EQ(json["rows"].size(), 2U);
  std::set<std::string> fields;
  for (const auto& item : json["rows"][0].items()) fields.insert(item.key());
  EXPECT_EQ(fields,
            (std::set<std::string>{"workload", "engine", "threads", "ops_per_s", "p50_us", "p99_us",
                                   "disk_bytes", "write_amp", "peak_rss_bytes", "ratio"}));
  EXPECT_EQ(json["rows"][0]["engine"], "beachdb");
  EXPECT_EQ(json["rows"][0]["ratio"]["rocksdb"], 0.5);
  EXPECT_EQ(json["details"][0]["blocks_per_miss"], 0.75);
  EXPECT_TRUE(json["details"][1]["blocks_per_miss"].is_null());
  EXPECT_EQ(json["engines"][1]["build"], "of a test");
  EXPECT_EQ(json["settings"]["n"], 1000);
}

TEST_F(ReportTest, TextHasBuildsRatesAndRatios) {
  const std::string text = AsText(ContextOf(), MakeRows({SeriesOf(ours_, "fillseq", {1'250'000}),
                                                         SeriesOf(rocks_, "fillseq", {250'000})}));
  for (const char* words : {"1000 records", "medians of 3 rounds", "rocksdb: of a test", "1.25M",
                            "250k", "rocksdb 5.00", "3.05"}) {
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
  }
}

}  // namespace
}  // namespace beach::bench
