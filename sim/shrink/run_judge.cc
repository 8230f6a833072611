// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink/run_judge.h"

#include <map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "sim/sweep/death.h"

namespace beach::sim::shrink {
namespace {

constexpr std::uint64_t kWaitMs = 100;

// Kills and power cuts are counted by the run, and stand in the trace of one that dies.
constexpr const char* kCrashes[] = {"crash.kill", "crash.power_loss"};

bool IsFault(const artifacts::TraceEvent& event) {
  return event.kind == "fault" || event.kind == "buggify";
}

std::string FirstWord(const std::string& text) { return text.substr(0, text.find(' ')); }

std::uint64_t CrashesOf(const sweep::JobOutcome& outcome) {
  std::uint64_t crashes = 0;
  for (const char* const crash : kCrashes) {
    if (outcome.crashed) {
      for (const artifacts::TraceEvent& event : outcome.report.trace) {
        crashes += IsFault(event) && FirstWord(event.text) == crash ? 1 : 0;
      }
    } else if (const auto found = outcome.report.faults.find(crash);
               found != outcome.report.faults.end()) {
      crashes += found->second;
    }
  }
  return crashes;
}

}  // namespace

Wanted WantedOf(const sweep::JobOutcome& outcome) {
  Wanted wanted;
  wanted.signature = outcome.report.verdict.signature;
  wanted.dies = outcome.crashed;
  std::set<std::string> struck;
  for (const auto& [name, count] : outcome.report.faults) {
    if (count > 0) struck.insert(name);
  }
  for (const artifacts::TraceEvent& event : outcome.report.trace) {
    if (IsFault(event)) struck.insert(FirstWord(event.text));
  }
  for (const artifacts::Decision& decision : outcome.report.decisions) {
    if (struck.contains(decision.site)) wanted.fault_sites.insert(decision.site);
  }
  return wanted;
}

Measured MeasuredOf(const sweep::JobOutcome& outcome, const std::string& policy,
                    const Wanted& wanted) {
  Measured measured;
  measured.recorded = {.seed = outcome.job.seed,
                       .policy = policy,
                       .options = outcome.report.options,
                       .operations = outcome.report.workload,
                       .decisions = outcome.report.decisions};
  measured.faults = CrashesOf(outcome);
  for (const artifacts::Decision& decision : outcome.report.decisions) {
    measured.faults += wanted.fault_sites.contains(decision.site) ? 1 : 0;
  }
  measured.events = outcome.report.events;
  return measured;
}

RunOptions RunOptionsOf(const artifacts::Artifact& recording) {
  const auto policy = ParsePolicy(recording.policy);
  BEACH_CHECK(policy.has_value());
  RunOptions run;
  run.seed = recording.seed;
  run.policy = *policy;
  run.replay = &recording;
  return run;
}

RunJudge::RunJudge(const Scenario& scenario, const sweep::RunFunction& run, Wanted wanted,
                   sweep::WorkerLimits limits, std::size_t jobs, std::function<bool()> stopped)
    : scenario_(scenario),
      run_(run),
      wanted_(std::move(wanted)),
      limits_(limits),
      jobs_(jobs),
      stopped_(std::move(stopped)) {}

// A job's seed is the index of its candidate: workers are forked when all candidates are there.
Result<std::optional<Judge::Found>> RunJudge::FirstFailing(std::span<const Candidate> candidates,
                                                           const Cost& below) {
  const sweep::RunFunction follow = [&](const Scenario& scenario, const RunOptions& options) {
    const artifacts::Artifact recording = ToFollow(candidates[options.seed], scenario.name());
    RunOptions run = RunOptionsOf(recording);
    run.observer = options.observer;
    run.observe_steps = options.observe_steps;
    run.keep_trace = options.keep_trace;
    return run_(scenario, run);
  };
  sweep::PoolOptions options;
  options.workers = std::min(jobs_, candidates.size());
  options.limits = limits_;
  options.symbolizer = &symbolizer_;
  options.record_steps = wanted_.dies;
  options.run.keep_trace = wanted_.dies;
  const std::vector<const Scenario*> scenarios = {&scenario_};
  sweep::WorkerPool pool(options, scenarios, follow);

  std::map<std::uint64_t, sweep::JobOutcome> outcomes;
  std::uint64_t sent = 0;
  for (std::uint64_t next = 0; next < candidates.size();) {
    if (stopped_()) return std::nullopt;
    while (sent < candidates.size() && !pool.Full()) pool.Add({.scenario = 0, .seed = sent++});
    BEACH_TRY_ASSIGN(auto arrived, pool.Wait(kWaitMs));
    for (sweep::JobOutcome& outcome : arrived) {
      const std::uint64_t index = outcome.job.seed;
      outcomes.emplace(index, std::move(outcome));
    }
    for (auto found = outcomes.find(next); found != outcomes.end(); found = outcomes.find(++next)) {
      if (auto measured = Accept(found->second, candidates[next], below)) {
        return Found{.index = next, .measured = std::move(*measured)};
      }
    }
  }
  return std::nullopt;
}

std::optional<Measured> RunJudge::Accept(const sweep::JobOutcome& outcome,
                                         const Candidate& candidate, const Cost& below) const {
  if (outcome.crashed != wanted_.dies) return std::nullopt;
  if (!sweep::SameSignature(outcome.report.verdict.signature, wanted_.signature)) {
    return std::nullopt;
  }
  Measured measured = MeasuredOf(outcome, candidate.policy, wanted_);
  measured.recorded.seed = candidate.seed;
  if (CostOf(measured) >= below) return std::nullopt;
  return measured;
}

}  // namespace beach::sim::shrink
