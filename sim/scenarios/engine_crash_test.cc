// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>

#include "artifacts/artifact.h"
#include "sim/run.h"
#include "sim/scenarios/registry.h"

namespace beach::sim::scenarios {
namespace {

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kSeeds = 12;  // each takes many times as long
#else
constexpr std::uint64_t kSeeds = 50;
#endif

using engine_crash::Focus;
using engine_crash::Weather;

struct Kind {
  Weather weather;
  Focus focus;
};

class InWeather : public testing::TestWithParam<Kind> {};

// BEACH_SEED is the first seed, BEACH_SEEDS how many.
TEST_P(InWeather, FreshSeedsFindNothing) {
  const std::uint64_t first = FromEnvironment("BEACH_SEED", 1);
  const std::uint64_t count = FromEnvironment("BEACH_SEEDS", kSeeds);
  const EngineCrash scenario(GetParam().weather, GetParam().focus);
  std::uint64_t operations = 0;
  std::uint64_t strikes = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunScenario(scenario, options);
    EXPECT_TRUE(report.verdict.ok())
        << "seed " << seed << ": " << report.verdict.signature << ": " << report.verdict.message;
    operations += report.operations;
    for (const auto& [name, hits] : report.faults) strikes += hits;
  }
  EXPECT_GT(operations, 0U);
  EXPECT_GT(strikes, 0U);
}

TEST_P(InWeather, EqualSeedsHaveEqualHashesWhereverMemoryLies) {
  const EngineCrash scenario(GetParam().weather, GetParam().focus);
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunScenario(scenario, options);
    options.address_salt = 99;
    const RunReport again = RunScenario(scenario, options);
    EXPECT_EQ(report.hash, again.hash) << seed;
    EXPECT_EQ(report.events, again.events) << seed;
  }
}

TEST_P(InWeather, ReplaysFromItsArtifact) {
  const EngineCrash scenario(GetParam().weather, GetParam().focus);
  RunOptions options;
  options.seed = 3;
  const RunReport report = RunScenario(scenario, options);
  const Result<artifacts::Artifact> artifact =
      artifacts::FromJson(artifacts::ToJson(MakeArtifact(scenario, options, report)));
  ASSERT_TRUE(artifact.has_value());
  options.replay = &*artifact;
  const RunReport replayed = RunScenario(scenario, options);
  EXPECT_EQ(replayed.hash, report.hash);
  EXPECT_EQ(replayed.diverged_at, std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(All, InWeather,
                         testing::Values(Kind{Weather::kErrors, Focus::kWrites},
                                         Kind{Weather::kEverything, Focus::kWrites},
                                         Kind{Weather::kErrors, Focus::kReaders},
                                         Kind{Weather::kErrors, Focus::kCompaction}));

// Else a sweep of it would say nothing of compaction.
TEST(EngineCompaction, ReachesWhatItIsAbout) {
  const EngineCrash scenario(Weather::kErrors, Focus::kCompaction);
  constexpr std::uint64_t kRuns = 60;  // as many in every build: few of them prove little
  std::map<std::string, std::uint64_t> reached;
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
    RunOptions options;
    options.seed = seed;
    for (const auto& [name, hits] : RunScenario(scenario, options).sometimes) {
      reached[name] += hits > 0 ? 1 : 0;
    }
  }
  for (const char* const name :
       {"compaction.moved", "compaction.two_at_once", "compaction.range_deleted",
        "compaction.tombstone_dropped", "compaction.version_kept"}) {
    EXPECT_GE(reached[name], kRuns / 6) << name;
  }
}

TEST(EngineCrash, RefusesAWorkloadThatIsNotItsOwn) {
  const EngineCrash scenario;
  RunOptions options;
  const RunReport report = RunScenario(scenario, options);
  artifacts::Artifact artifact = MakeArtifact(scenario, options, report);
  artifact.operations.push_back(
      {.id = 1, .life = 0, .client = 0, .kind = "dance", .arguments = {}});
  options.replay = &artifact;
  EXPECT_EQ(RunScenario(scenario, options).verdict.signature, "engine-crash/bad-workload");
}

TEST(EngineCrash, RefusesABatchThatNoSegmentTakes) {
  const EngineCrash scenario;
  RunOptions options;
  artifacts::Artifact artifact = MakeArtifact(scenario, options, RunScenario(scenario, options));
  artifact.options = {{"clients", 1}, {"lives", 1}, {"wal_segment_size", 65536}};
  artifact.decisions.clear();
  artifact.operations = {{.id = 1,
                          .life = 0,
                          .client = 0,
                          .kind = "batch",
                          .arguments = {"sync", "put", "a", "16000", "put", "b", "17000"}}};
  options.replay = &artifact;
  EXPECT_EQ(RunScenario(scenario, options).verdict.signature, "engine-crash/bad-workload");
}

TEST(EngineCrash, RefusesOptionsThatNoDatabaseTakes) {
  for (const char* const name :
       {"memtable_size", "wal_segment_size", "frozen_memtables_max", "lives", "clients"}) {
    RunOptions options;
    options.options[name] = name[0] == 'l' || name[0] == 'c' ? 1'000'000'000 : 0;
    const RunReport report = RunScenario(EngineCrash(), options);
    EXPECT_EQ(report.verdict.signature, "engine-crash/bad-options") << name;
  }
}

// What a shrinker makes of an artifact: a run of its own kind, never a dead worker.
TEST(EngineCrash, TakesAnyNumberForWhatIsNotTheDatabases) {
  RunOptions options;
  options.seed = 5;
  const RunReport report = RunScenario(EngineCrash(), options);
  for (const auto& [name, value] : report.options) {
    for (const std::uint64_t other : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 20}) {
      if (name.starts_with("wal_") || name.starts_with("host.") || name == "keys") continue;
      RunOptions changed = options;
      changed.options = {{"lives", 1}, {"operations_per_client", 1}, {name, other}};
      const artifacts::Verdict verdict = RunScenario(EngineCrash(), changed).verdict;
      EXPECT_TRUE(verdict.ok() || verdict.signature == "engine-crash/bad-options")
          << name << " = " << other << ": " << verdict.message;
    }
  }
}

TEST(MakeScenarios, NamesAreSortedAndUnique) {
  const auto scenarios = MakeScenarios();
  ASSERT_FALSE(scenarios.empty());
  for (std::size_t i = 1; i < scenarios.size(); ++i) {
    EXPECT_LT(scenarios[i - 1]->name(), scenarios[i]->name());
  }
}

}  // namespace
}  // namespace beach::sim::scenarios
