// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "sim/sweep/death.h"
#include "sim/sweep/os_files.h"
#include "sim/sweep/os_worker.h"
#include "sim/sweep/shares.h"

namespace beach::sim::sweep {
namespace {

constexpr std::uint64_t kWaitMs = 100;
// An artifact shows how it ended; the rest is a replay away.
constexpr std::size_t kArtifactEventsMax = 1000;

// What a second run of a seed is compared with.
RunReport Fingerprint(const RunReport& report) {
  RunReport kept;
  kept.verdict = report.verdict;
  kept.hash = report.hash;
  kept.checkpoints = report.checkpoints;
  kept.events = report.events;
  return kept;
}

// One sweep under way.
class Sweep {
 public:
  Sweep(const SweepOptions& options, const Runner& runner)
      : options_(options),
        runner_(runner),
        pool_(options.pool, options.scenarios, runner.run),
        report_(SweepReport::WithKnownSites()),
        next_seed_(options.seeds.begin),
        shares_(options.scenarios.size()) {
    for (const Scenario* scenario : options.scenarios) report_.scenarios[scenario->name()];
  }

  Result<SweepReport> Run(const ProgressFunction& progress) {
    InterruptGuard interrupts;
    const std::uint64_t started_ns = OsMonotonicNs();
    for (;;) {
      const bool more = FillPool();
      if (!more && pool_.Idle()) break;
      BEACH_TRY_ASSIGN(const auto outcomes, pool_.Wait(kWaitMs, interrupts.descriptor()));
      report_.wall_ns = OsMonotonicNs() - started_ns;
      for (const JobOutcome& outcome : outcomes) {
        BEACH_TRY(Absorb(outcome));
        if (stopping_) break;
      }
      report_.interrupted = interrupts.Requested();
      if (progress) ReportProgress(progress);
      if (stopping_ || report_.interrupted) break;
    }
    report_.wall_ns = OsMonotonicNs() - started_ns;
    return std::move(report_);
  }

 private:
  // False when there are no more seeds to run.
  bool FillPool() {
    while (!pool_.Full()) {
      if (!again_.empty()) {
        pool_.Add(again_.front());
        again_.pop_front();
        continue;
      }
      while (next_seed_ < options_.seeds.end && !options_.shard.Takes(next_seed_)) ++next_seed_;
      if (next_seed_ >= options_.seeds.end || TimeOver()) return false;
      const std::uint64_t seed = next_seed_++;
      pool_.Add(
          {.scenario = ScenarioFor(seed), .seed = seed, .address_salt = 0, .fresh_process = false});
    }
    return true;
  }

  bool TimeOver() const {
    return options_.wall_ns_max.has_value() && report_.wall_ns >= *options_.wall_ns_max;
  }

  std::uint64_t ScenarioFor(std::uint64_t seed) {
    if (!options_.wall_ns_max) return DealtTo(seed, options_.scenarios.size());
    return shares_.Begin();
  }

  Status Absorb(const JobOutcome& outcome) {
    if (outcome.job.fresh_process) return AbsorbSecond(outcome), Status();
    const Job& job = outcome.job;
    const Scenario& scenario = *options_.scenarios[job.scenario];
    if (options_.wall_ns_max) shares_.End(job.scenario, outcome.wall_ns);
    report_.AddRun(scenario.name(), job.seed, outcome.report, outcome.cpu_ns);
    if (options_.on_run) options_.on_run(scenario.name(), job.seed, outcome.report);
    if (!outcome.report.verdict.ok()) BEACH_TRY(AbsorbFailure(scenario, outcome));
    if (RunTwice(job.seed, options_.twice_per_million) && !stopping_) {
      first_runs_.emplace(job.seed, Fingerprint(outcome.report));
      again_.push_back({.scenario = job.scenario,
                        .seed = job.seed,
                        .address_salt = Mix64(job.seed) | 1,
                        .fresh_process = true});
    }
    return {};
  }

  Status AbsorbFailure(const Scenario& scenario, const JobOutcome& outcome) {
    Failure failure;
    failure.scenario = scenario.name();
    failure.seed = outcome.job.seed;
    failure.signature = outcome.report.verdict.signature;
    failure.message = outcome.report.verdict.message;
    const bool known = report_.Knows(failure);
    if (!known && !options_.artifacts_folder.empty()) {
      failure.artifact = options_.artifacts_folder + "/" + scenario.name() + "-" +
                         std::to_string(outcome.job.seed) + ".json";
      RunOptions run = options_.pool.run;
      run.seed = outcome.job.seed;
      JobOutcome recorded = outcome;
      if (outcome.crashed) {
        BEACH_TRY_ASSIGN(recorded, RecordCrash(scenario, run, options_.pool.limits, runner_.run,
                                               std::move(recorded)));
        failure.message = recorded.report.verdict.message;
      }
      const artifacts::Artifact artifact =
          ArtifactOf(scenario, run, recorded, runner_.make_artifact);
      BEACH_TRY(OsWriteFile(failure.artifact, artifacts::ToJson(artifact)));
    }
    report_.AddFailure(failure);
    if (!options_.keep_going) stopping_ = true;
    return {};
  }

  void AbsorbSecond(const JobOutcome& outcome) {
    const auto first = first_runs_.find(outcome.job.seed);
    BEACH_CHECK(first != first_runs_.end());
    ++report_.twice;
    const auto mismatch = Compare(options_.scenarios[outcome.job.scenario]->name(),
                                  outcome.job.seed, first->second, outcome.report);
    first_runs_.erase(first);
    if (!mismatch) return;
    report_.mismatches.push_back(*mismatch);
    if (!options_.keep_going) stopping_ = true;
  }

  void ReportProgress(const ProgressFunction& progress) const {
    if (options_.wall_ns_max) return progress(report_, report_.wall_ns, *options_.wall_ns_max);
    const std::uint64_t total = (options_.seeds.end - options_.seeds.begin) / options_.shard.count;
    progress(report_, report_.seeds, total);
  }

  const SweepOptions& options_;
  const Runner& runner_;
  WorkerPool pool_;
  SweepReport report_;
  std::uint64_t next_seed_;
  std::deque<Job> again_;
  std::map<std::uint64_t, RunReport> first_runs_;  // by seed, until the second run is in
  Shares shares_;  // of the time that runs take; for a sweep with a time limit
  bool stopping_ = false;
};

Result<JobOutcome> RunAlone(const Scenario& scenario, const RunOptions& run,
                            const WorkerLimits& limits, const RunFunction& function,
                            bool record_steps) {
  PoolOptions options;
  options.limits = limits;
  options.run = run;
  options.full_reports = true;
  options.record_steps = record_steps;
  return RunFresh(scenario, run.seed, run.address_salt, options, function);
}

}  // namespace

Result<JobOutcome> RunFresh(const Scenario& scenario, std::uint64_t seed,
                            std::uint64_t address_salt, const PoolOptions& options,
                            const RunFunction& function) {
  const std::vector<const Scenario*> scenarios = {&scenario};
  WorkerPool pool(options, scenarios, function);
  pool.Add({.scenario = 0, .seed = seed, .address_salt = address_salt, .fresh_process = true});
  for (;;) {
    BEACH_TRY_ASSIGN(std::vector<JobOutcome> outcomes, pool.Wait(kWaitMs));
    if (!outcomes.empty()) return std::move(outcomes.front());
  }
}

Result<SweepReport> RunSweep(const SweepOptions& options, const Runner& runner,
                             const ProgressFunction& progress) {
  BEACH_CHECK(!options.scenarios.empty());
  BEACH_CHECK_GT(options.shard.count, options.shard.index);
  if (!options.artifacts_folder.empty()) BEACH_TRY(OsMakeFolder(options.artifacts_folder));
  Sweep sweep(options, runner);
  return sweep.Run(progress);
}

Result<JobOutcome> RunContained(const Scenario& scenario, const RunOptions& run,
                                const WorkerLimits& limits, const RunFunction& function) {
  BEACH_TRY_ASSIGN(JobOutcome outcome, RunAlone(scenario, run, limits, function, false));
  if (!outcome.crashed) return outcome;
  BEACH_TRY_ASSIGN(outcome, RecordCrash(scenario, run, limits, function, std::move(outcome)));
  if (run.replay != nullptr) JudgeCrash(*run.replay, outcome.report);
  return outcome;
}

Result<JobOutcome> RunWatched(const Scenario& scenario, const RunOptions& run,
                              const WorkerLimits& limits, const RunFunction& function,
                              Spectator& spectator) {
  PoolOptions options;
  options.limits = limits;
  options.limits.cpu_ms *= 2;  // showing takes its time
  options.run = run;
  options.full_reports = true;
  options.record_steps = true;
  options.spectator = &spectator;
  BEACH_TRY_ASSIGN(JobOutcome outcome,
                   RunFresh(scenario, run.seed, run.address_salt, options, function));
  if (outcome.crashed && run.replay != nullptr) JudgeCrash(*run.replay, outcome.report);
  return outcome;
}

bool HasRecording(const artifacts::Artifact& artifact) {
  return !artifact.decisions.empty() || !artifact.checkpoints.empty() ||
         !artifact.last_events.empty();
}

void JudgeCrash(const artifacts::Artifact& recorded, RunReport& told) {
  const std::uint64_t end = std::min(told.events, recorded.verdict.event);
  const auto diverged = [&told](std::uint64_t event) {
    told.diverged_at = std::min(told.diverged_at.value_or(event), event);
  };
  told.decisions_recorded = recorded.decisions.size();
  told.decisions_followed = 0;
  std::set<std::tuple<std::string, std::string, std::uint64_t, std::string, std::uint64_t>> asked;
  for (const artifacts::Decision& made : told.decisions) {
    asked.emplace(made.site, made.host, made.life, made.thread, made.use);
  }
  for (const artifacts::Decision& wanted : recorded.decisions) {
    const bool found =
        asked.contains({wanted.site, wanted.host, wanted.life, wanted.thread, wanted.use});
    told.decisions_followed += found ? 1 : 0;
  }
  if (told.decisions_followed < told.decisions_recorded) diverged(end);
  for (const auto& [name, value] : recorded.options) {
    if (!told.options.contains(name)) diverged(end);
  }
  // The worker compared each event that it came to; it may have died before the last recorded one.
  const auto& lines = recorded.last_events;
  const auto last = std::find_if(lines.rbegin(), lines.rend(),
                                 [](const auto& line) { return line.kind != "verdict"; });
  if (last != lines.rend() && last->event > told.events) diverged(end);
}

Result<JobOutcome> RecordCrash(const Scenario& scenario, const RunOptions& run,
                               const WorkerLimits& limits, const RunFunction& function,
                               JobOutcome crash) {
  BEACH_CHECK(crash.crashed);
  WorkerLimits patient = limits;
  patient.cpu_ms *= 2;  // recording takes its time
  BEACH_TRY_ASSIGN(JobOutcome again, RunAlone(scenario, run, patient, function, true));
  const std::string& first = crash.report.verdict.signature;
  const std::string& second = again.report.verdict.signature;
  if (!again.crashed || !SameSignature(first, second)) {
    crash.report.verdict.message += fmt::format(" (a second run of the seed ended '{}')", second);
    return crash;
  }
  again.report.verdict.signature = crash.report.verdict.signature;
  again.report.verdict.message = crash.report.verdict.message;
  crash.report = std::move(again.report);
  return crash;
}

artifacts::Artifact ArtifactOf(const Scenario& scenario, RunOptions run, const JobOutcome& outcome,
                               const ArtifactFunction& make_artifact) {
  run.seed = outcome.job.seed;
  RunReport report = outcome.report;
  if (outcome.crashed && report.options.empty()) report.options = run.options;
  if (report.trace.size() > kArtifactEventsMax) {
    report.trace.erase(report.trace.begin(), report.trace.end() - kArtifactEventsMax);
  }
  artifacts::Artifact artifact = make_artifact(scenario, run, report);
  artifact.stack = outcome.stack;
  return artifact;
}

std::optional<Mismatch> Compare(const std::string& scenario, std::uint64_t seed,
                                const RunReport& first, const RunReport& second) {
  const bool same_end = SameSignature(first.verdict.signature, second.verdict.signature);
  if (same_end && first.hash == second.hash) return std::nullopt;
  Mismatch mismatch = {.scenario = scenario,
                       .seed = seed,
                       .event = std::min(first.events, second.events),
                       .same_until = 0,
                       .message = ""};
  auto other = second.checkpoints.begin();
  for (const artifacts::Checkpoint& checkpoint : first.checkpoints) {
    while (other != second.checkpoints.end() && other->event < checkpoint.event) ++other;
    if (other == second.checkpoints.end()) break;
    if (other->event != checkpoint.event) continue;
    if (other->hash != checkpoint.hash) {
      mismatch.event = checkpoint.event;
      break;
    }
    mismatch.same_until = checkpoint.event;
  }
  if (!same_end) {
    mismatch.message = "the first run ended '" + first.verdict.signature + "', the second '" +
                       second.verdict.signature + "'";
    return mismatch;
  }
  mismatch.message = "hashes " + first.hash.ToString() + " and " + second.hash.ToString() +
                     ": equal at event " + std::to_string(mismatch.same_until) +
                     ", different at event " + std::to_string(mismatch.event);
  return mismatch;
}

}  // namespace beach::sim::sweep
