// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/sweep/pool.h"
#include "sim/sweep/report.h"
#include "sim/sweep/runner.h"
#include "sim/sweep/seeds.h"

namespace beach::sim::sweep {

// Told of each seed's first run, in the order in which they end.
using RunListener =
    std::function<void(const std::string& scenario, std::uint64_t seed, const RunReport& report)>;

struct SweepOptions {
  std::vector<const Scenario*> scenarios;  // borrowed; at least one
  SeedRange seeds;
  Shard shard;
  // Stops then. With a time limit the next seed goes to the scenario that had the least time
  // so far, dead runs included; without, a seed's scenario depends on the seed alone.
  std::optional<std::uint64_t> wall_ns_max;
  std::uint64_t twice_per_million = 0;
  bool keep_going = false;
  std::string artifacts_folder;  // empty for no artifacts
  RunListener on_run;            // may be empty
  PoolOptions pool;
};

// Called now and then while the sweep runs; `done` of `total` are seeds or nanoseconds.
using ProgressFunction =
    std::function<void(const SweepReport&, std::uint64_t done, std::uint64_t total)>;

// Runs until the seeds or the time are used up, the first failure (unless keep_going), or Ctrl-C.
// Failing seeds are in the report; an error means that the sweep itself could not go on.
Result<SweepReport> RunSweep(const SweepOptions& options, const Runner& runner,
                             const ProgressFunction& progress);

// One seed in a worker of its own. If that dies, the run is made once more to record its steps.
Result<JobOutcome> RunContained(const Scenario& scenario, const RunOptions& run,
                                const WorkerLimits& limits, const RunFunction& function);

// The same run, made once, with its steps recorded and shown to `spectator` as far as it comes.
Result<JobOutcome> RunWatched(const Scenario& scenario, const RunOptions& run,
                              const WorkerLimits& limits, const RunFunction& function,
                              Spectator& spectator);

// One seed in a process that is started anew, as `options.fresh_command` says.
Result<JobOutcome> RunFresh(const Scenario& scenario, std::uint64_t seed,
                            std::uint64_t address_salt, const PoolOptions& options,
                            const RunFunction& function);

// Runs a job that has killed its worker again, and adds the decisions and last events that the
// second run told before it died the same way. If it does not die so, the message says so.
Result<JobOutcome> RecordCrash(const Scenario& scenario, const RunOptions& run,
                               const WorkerLimits& limits, const RunFunction& function,
                               JobOutcome crash);

// Whether there is anything to follow. A run that killed its worker, and did not when its steps
// were to be recorded, left no decisions. Following those would mean a run without faults: there is
// only the seed and the options, which gives the same run as long as the code is the same.
bool HasRecording(const artifacts::Artifact& artifact);

// What a crashed replay tells of how far it followed its recording: completes decisions_recorded,
// decisions_followed and diverged_at of a report that holds the steps of the dead run.
void JudgeCrash(const artifacts::Artifact& recorded, RunReport& told);

// The artifact of an outcome. That of a crash has the stack, but no hash.
artifacts::Artifact ArtifactOf(const Scenario& scenario, RunOptions run, const JobOutcome& outcome,
                               const ArtifactFunction& make_artifact);

// "first differs at event 120", or nothing when both runs are the same.
std::optional<Mismatch> Compare(const std::string& scenario, std::uint64_t seed,
                                const RunReport& first, const RunReport& second);

}  // namespace beach::sim::sweep
