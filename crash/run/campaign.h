// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "artifacts/artifact.h"
#include "crash/plan/plan.h"
#include "crash/run/run.h"

namespace beach::crash {

// The artifact of a run: its plan, what happened, its verdict.
artifacts::Artifact MakeArtifact(const Plan& plan, const RunReport& report);

// The same from a file, and the plan in it. kRefused: it is none of ours.
Result<Plan> ReadPlan(const std::string& path, artifacts::Artifact& artifact);

// What many runs came to.
struct Totals {
  std::uint64_t runs = 0;
  RunReport sum;                        // verdict: the first that is not "ok"
  std::string artifact;                 // of that
  std::string data = {};                // where the databases of that are kept
  std::uint64_t replayed = 0;           // how often it failed the same way, run again,
  std::uint64_t replays = 0;            // of so many times
  std::uint64_t missed = 0;             // armed passages that a run did not come to
  std::vector<std::string> never = {};  // failpoints that never struck, of those asked for

  void Add(const RunReport& report);
};

// Told after each run: how many are done, of how many.
using Progress = std::function<void(const Totals& totals, std::uint64_t all)>;
// Whether to go on.
using GoOn = std::function<bool()>;

struct Campaign {
  PlanRequest request;        // of the first run; the seeds of the others follow it
  std::uint64_t cycles = 10;  // in all
  std::uint64_t cycles_per_run = 10;
  std::string program;
  std::string workspace;  // each run has a folder of its own in it, gone when it was fine
  std::string artifacts;  // where each run's is written: crash-SEED.json
};

// Runs until something is found or all cycles are done. What is found is run again REPLAYS times.
Result<Totals> RunCampaign(const Campaign& campaign, const Progress& progress, const GoOn& go_on);

// Every failpoint, times every passage of it in a short workload: while it works, and while it
// recovers from a kill. Stops at the first finding.
Result<Totals> RunExhaustively(const Campaign& campaign, const Progress& progress,
                               const GoOn& go_on);

}  // namespace beach::crash
