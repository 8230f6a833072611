// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "sim/shrink/judge.h"
#include "sim/sweep/os_symbolize.h"
#include "sim/sweep/pool.h"
#include "sim/sweep/runner.h"

namespace beach::sim::shrink {

// What is wanted of each run, as the failure that is made smaller showed it.
struct Wanted {
  std::string signature;
  bool dies = false;                  // it kills its worker
  std::set<std::string> fault_sites;  // the sites whose decisions are faults
};

// What a run that was told to keep its whole trace shows of itself.
Wanted WantedOf(const sweep::JobOutcome& outcome);
Measured MeasuredOf(const sweep::JobOutcome& outcome, const std::string& policy,
                    const Wanted& wanted);

// Runs candidates in worker processes.
class RunJudge final : public Judge {
 public:
  // Scenario and function are borrowed. `stopped` is asked often.
  RunJudge(const Scenario& scenario, const sweep::RunFunction& run, Wanted wanted,
           sweep::WorkerLimits limits, std::size_t jobs, std::function<bool()> stopped);

  Result<std::optional<Found>> FirstFailing(std::span<const Candidate> candidates,
                                            const Cost& below) override;
  bool Stopped() override { return stopped_(); }

  const Wanted& wanted() const { return wanted_; }

 private:
  std::optional<Measured> Accept(const sweep::JobOutcome& outcome, const Candidate& candidate,
                                 const Cost& below) const;

  const Scenario& scenario_;
  const sweep::RunFunction& run_;
  const Wanted wanted_;
  const sweep::WorkerLimits limits_;
  const std::size_t jobs_;
  const std::function<bool()> stopped_;
  sweep::OsSymbolizer symbolizer_;
};

// The options under which a candidate is run: it is followed as a recording. `recording` is
// ToFollow of the candidate, and borrowed. REQUIRES: a policy that there is.
RunOptions RunOptionsOf(const artifacts::Artifact& recording);

}  // namespace beach::sim::shrink
