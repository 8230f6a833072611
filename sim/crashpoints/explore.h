// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "sim/run.h"
#include "sim/scenario.h"

namespace beach::sim::crashpoints {

struct ExploreOptions {
  std::uint64_t cuts_max = 8;      // at each point; all of them where there are no more
  std::uint64_t jobs = 1;          // children at once
  std::uint64_t cpu_seconds = 20;  // of each
  // Of a hundred children, so many have the power fail a second time, in their recovery.
  std::uint64_t second_percent = 25;
};

// One failure; more with its signature are counted only.
struct Failure {
  std::string signature;
  std::string message;
  std::uint64_t count = 1;
  std::uint64_t point = 0;  // from 1
  std::uint64_t event = 0;
  std::string call;               // the I/O at which the power failed
  std::vector<std::string> lost;  // operations that had to be lost for it,
  std::vector<std::string> kept;  // and to be kept: the ordering that was assumed, not enforced
  bool second = false;            // it took a second crash, in the recovery
  std::string artifact_json;      // empty when the child died
};

struct Exploration {
  artifacts::Verdict verdict;  // of the run itself, without a crash point
  std::uint64_t points = 0;    // I/Os
  std::uint64_t cuts = 0;      // crashes that were tried
  std::uint64_t second = 0;    // of them with a second one in the recovery
  std::vector<Failure> failures;
};

// Runs the scenario once, with a crash at every I/O of every host. The OS process has one thread,
// and is forked at each point. `progress` is told the counts so far.
Result<Exploration> Explore(const Scenario& scenario, const RunOptions& run,
                            const ExploreOptions& options,
                            const std::function<void(const Exploration&)>& progress);

}  // namespace beach::sim::crashpoints
