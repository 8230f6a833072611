// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "artifacts/artifact.h"
#include "sim/run.h"
#include "sim/scenario.h"

// What every scenario is held to, by whole runs of it.

namespace beach::sim::scenarios::testing {

#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kSanitized = true;  // each run takes many times as long
#else
inline constexpr bool kSanitized = false;
#endif

inline RunReport RunSeed(const Scenario& scenario, std::uint64_t seed) {
  RunOptions options;
  options.seed = seed;
  return RunScenario(scenario, options);
}

struct Totals {
  std::uint64_t operations = 0;
  std::map<std::string, std::uint64_t> faults;
};

// Finds nothing in seeds from `first` on, and says what they did.
inline Totals ExpectClean(const Scenario& scenario, std::uint64_t first, std::uint64_t count) {
  Totals totals;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const RunReport report = RunSeed(scenario, seed);
    EXPECT_TRUE(report.verdict.ok())
        << "seed " << seed << ": " << report.verdict.signature << ": " << report.verdict.message;
    totals.operations += report.operations;
    for (const auto& [name, times] : report.faults) totals.faults[name] += times;
  }
  return totals;
}

// Equal seeds have equal hashes, wherever memory lies.
inline void ExpectEqualHashes(const Scenario& scenario, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunScenario(scenario, options);
    options.address_salt = 99;
    const RunReport again = RunScenario(scenario, options);
    EXPECT_EQ(again.hash, report.hash) << seed;
    EXPECT_EQ(again.events, report.events) << seed;
  }
}

// A run is made again from its artifact, written and read.
inline void ExpectReplays(const Scenario& scenario, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunScenario(scenario, options);
    const Result<artifacts::Artifact> artifact =
        artifacts::FromJson(artifacts::ToJson(MakeArtifact(scenario, options, report)));
    ASSERT_TRUE(artifact.has_value());
    options.replay = &*artifact;
    const RunReport replayed = RunScenario(scenario, options);
    EXPECT_EQ(replayed.hash, report.hash) << seed;
    EXPECT_EQ(replayed.diverged_at, std::nullopt) << seed;
  }
}

}  // namespace beach::sim::scenarios::testing
