// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_beyond.h"

#include <gtest/gtest.h>

#include "sim/run.h"
#include "sim/scenarios/engine_crash.h"

namespace beach::sim::scenarios::engine_crash {
namespace {

TEST(WrittenValues, TakesWhatWasEverWrittenToTheKeyAndNothingElse) {
  WrittenValues written;
  written.Issue({.id = oracle::BatchId(1),
                 .operations = {{.key = "a", .value = "1"}, {.key = "b", .value = std::nullopt}}});
  written.Issue({.id = oracle::BatchId(2), .operations = {{.key = "a", .value = "2"}}});
  EXPECT_FALSE(written.Judge({}));
  EXPECT_FALSE(written.Judge({{"a", "1"}}));
  EXPECT_FALSE(written.Judge({{"a", "2"}}));
  EXPECT_EQ(written.Judge({{"a", "3"}})->rule, "invented");
  EXPECT_EQ(written.Judge({{"a", ""}})->rule, "invented");
  EXPECT_EQ(written.Judge({{"a", "1"}, {"b", "1"}})->rule, "invented");
}

TEST(Beyond, EveryFaultOfTheAtlasStrikesInSomeRun) {
  std::map<std::string, std::uint64_t> strikes;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    RunOptions options;
    options.seed = seed;
    options.options = {{"beyond", 1}};
    const RunReport report = RunScenario(EngineCrash(Weather::kEverything), options);
    EXPECT_TRUE(report.verdict.ok()) << seed << ": " << report.verdict.message;
    for (const auto& [name, hits] : report.faults) strikes[name] += hits;
  }
  for (const KnownDiskFault& fault : KnownDiskFaults()) {
    if (fault.label != ContractLabel::kBeyond) continue;
    EXPECT_GT(strikes[fault.site.name], 0U) << fault.site.name;
  }
}

}  // namespace
}  // namespace beach::sim::scenarios::engine_crash
