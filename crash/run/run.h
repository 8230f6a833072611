// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "artifacts/artifact.h"
#include "base/error.h"
#include "crash/plan/plan.h"

namespace beach::crash {

// Where and with what a plan is run.
struct Place {
  std::string program;    // whose `worker` command is killed
  std::string workspace;  // a directory that is empty or not there; left as it is at the end
  std::function<bool()> go_on = [] { return true; };  // asked now and then, by the one who runs
  std::uint64_t patience_ns = 120'000'000'000;        // for an answer, before it counts as a hang
};

struct RunReport {
  artifacts::Verdict verdict;  // signature "ok", or "crash/RULE"
  bool interrupted = false;    // it was not to go on: no verdict
  std::uint64_t lives = 0;
  std::uint64_t kills = 0;              // by our hand or at a failpoint
  std::uint64_t kills_in_recovery = 0;  // of those, before the open was answered
  std::uint64_t power_cuts = 0;
  std::uint64_t operations = 0;  // issued
  std::uint64_t acknowledged = 0;
  std::map<std::string, std::uint64_t> struck;  // failpoints, to how often
  std::vector<artifacts::TraceEvent> events;    // what happened; of the engine, the newest
};

// Runs it. An error: the harness itself could not go on; what is wrong with the database is in the
// verdict. One thread.
Result<RunReport> RunPlan(const Plan& plan, const Place& place);

// How often each failpoint is passed, by name.
using Passages = std::map<std::string, std::uint64_t>;

// The same run with nothing armed; how often each failpoint was passed in each life, its closing
// included.
struct CountedRun {
  RunReport report;
  std::vector<Passages> lives;
};
Result<CountedRun> CountPassages(const Plan& plan, const Place& place);

}  // namespace beach::crash
