// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink/shrink.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "sim/shrink/run_judge.h"
#include "sim/sweep/death.h"
#include "sim/sweep/sweep.h"

namespace beach::sim::shrink {
namespace {

Size SizeOf(const Measured& measured) {
  return {.operations = measured.recorded.operations.size(),
          .faults = measured.faults,
          .events = measured.events};
}

// A candidate that takes much longer than what it was made from hangs; one that hangs is not to be
// waited for as patiently as the first time.
sweep::WorkerLimits LimitsAfter(const sweep::JobOutcome& first, sweep::WorkerLimits limits) {
  constexpr std::uint64_t kLeastMs = 1000;
  constexpr std::uint64_t kTimes = 10;
  const bool hangs = sweep::SameSignature(first.report.verdict.signature, "hang");
  const std::uint64_t took_ms = hangs ? 0 : first.wall_ns / 1'000'000;
  limits.cpu_ms = std::min(limits.cpu_ms, kLeastMs + kTimes * took_ms);
  return limits;
}

// Runs the recording of the smaller failure, makes its artifact, and sees that this replays.
Status Record(const Scenario& scenario, const Measured& best, const sweep::Runner& runner,
              const sweep::WorkerLimits& limits, ShrinkResult& result) {
  const artifacts::Artifact recording = ToFollow(best.recorded, scenario.name());
  const RunOptions run = RunOptionsOf(recording);
  BEACH_TRY_ASSIGN(const sweep::JobOutcome outcome,
                   sweep::RunContained(scenario, run, limits, runner.run));
  result.artifact = sweep::ArtifactOf(scenario, run, outcome, runner.make_artifact);

  RunOptions again = RunOptionsOf(*result.artifact);
  again.options = result.artifact->options;
  const std::uint64_t started_ns = sweep::OsMonotonicNs();
  BEACH_TRY_ASSIGN(const sweep::JobOutcome replay,
                   sweep::RunContained(scenario, again, limits, runner.run));
  result.replay_ns = sweep::OsMonotonicNs() - started_ns;
  const artifacts::Verdict& verdict = replay.report.verdict;
  result.faithful = sweep::SameSignature(verdict.signature, result.signature) &&
                    sweep::SameSignature(result.artifact->verdict.signature, result.signature) &&
                    !replay.report.diverged_at;
  return {};
}

}  // namespace

Result<ShrinkResult> Shrink(const Scenario& scenario, const artifacts::Artifact& artifact,
                            const sweep::Runner& runner, const ShrinkOptions& options) {
  BEACH_CHECK_GT(options.jobs, 0U);
  RunOptions run = RunOptionsOf(artifact);
  run.options = artifact.options;
  run.keep_trace = true;
  if (!sweep::HasRecording(artifact)) run.replay = nullptr;
  BEACH_TRY_ASSIGN(const sweep::JobOutcome first,
                   sweep::RunContained(scenario, run, options.limits, runner.run));
  ShrinkResult result;
  result.signature = first.report.verdict.signature;
  if (first.report.verdict.ok() ||
      !sweep::SameSignature(result.signature, artifact.verdict.signature)) {
    return result;
  }
  const Wanted wanted = WantedOf(first);
  Measured start = MeasuredOf(first, artifact.policy, wanted);
  result.before = SizeOf(start);

  const sweep::WorkerLimits limits = LimitsAfter(first, options.limits);
  RunJudge judge(scenario, runner.run, wanted, limits, options.jobs, options.stopped);
  Shrinker shrinker(std::move(start), wanted.fault_sites, judge, options.progress);
  BEACH_TRY_ASSIGN(const Shrunk shrunk, shrinker.Run());
  result.after = SizeOf(shrunk.best);
  result.candidates = shrunk.tried;
  result.complete = shrunk.complete;
  BEACH_TRY(Record(scenario, shrunk.best, runner, limits, result));
  return result;
}

}  // namespace beach::sim::shrink
