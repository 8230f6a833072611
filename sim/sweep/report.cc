// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/report.h"

#include <algorithm>

#include "sim/sweep/death.h"
#include "sim/sweep/sites.h"

namespace beach::sim::sweep {
namespace {

void AddCounts(std::map<std::string, std::uint64_t>& sums,
               const std::map<std::string, std::uint64_t>& more) {
  for (const auto& [name, count] : more) sums[name] += count;
}

// SameSignature alone would take the hangs of two scenarios for one.
bool AreAlike(const Failure& a, const Failure& b) {
  if (a.signature == b.signature) return true;
  return a.scenario == b.scenario && SameSignature(a.signature, b.signature);
}

}  // namespace

SweepReport SweepReport::WithKnownSites() {
  SweepReport report;
  for (const KnownSite& site : KnownSites()) {
    if (site.kind == "sometimes") report.sometimes[std::string(site.name)] = 0;
    if (site.kind == "failpoint") report.strikes[std::string(site.name)] = 0;
    if (site.kind == "fault" || site.kind == "buggify") report.faults[std::string(site.name)] = 0;
  }
  return report;
}

std::uint64_t SweepReport::failures_count() const {
  std::uint64_t count = 0;
  for (const Failure& failure : failures) count += failure.count;
  return count;
}

void SweepReport::AddRun(const std::string& scenario, std::uint64_t seed, const RunReport& run,
                         std::uint64_t run_cpu_ns) {
  seed_first = seeds == 0 ? seed : std::min(seed_first, seed);
  seed_last = seeds == 0 ? seed : std::max(seed_last, seed);
  ++seeds;
  virtual_ns += run.virtual_ns;
  cpu_ns += run_cpu_ns;
  events += run.events;
  operations += run.operations;
  AddCounts(faults, run.faults);
  AddCounts(sometimes, run.sometimes);
  AddCounts(strikes, run.strikes);
  ScenarioTotals& totals = scenarios[scenario];
  ++totals.seeds;
  totals.failures += run.verdict.ok() ? 0 : 1;
  totals.virtual_ns += run.virtual_ns;
  totals.cpu_ns += run_cpu_ns;
}

bool SweepReport::AddFailure(const Failure& failure) {
  const auto same = std::ranges::find_if(
      failures, [&](const Failure& known) { return AreAlike(known, failure); });
  if (same == failures.end()) {
    failures.push_back(failure);
    return true;
  }
  same->count += failure.count;
  return false;
}

bool SweepReport::Knows(const Failure& failure) const {
  return std::ranges::any_of(failures,
                             [&](const Failure& known) { return AreAlike(known, failure); });
}

void SweepReport::Merge(const SweepReport& other) {
  if (other.seeds > 0) {
    seed_first = seeds == 0 ? other.seed_first : std::min(seed_first, other.seed_first);
    seed_last = seeds == 0 ? other.seed_last : std::max(seed_last, other.seed_last);
  }
  seeds += other.seeds;
  twice += other.twice;
  virtual_ns += other.virtual_ns;
  wall_ns = std::max(wall_ns, other.wall_ns);
  cpu_ns += other.cpu_ns;
  events += other.events;
  operations += other.operations;
  interrupted = interrupted || other.interrupted;
  AddCounts(faults, other.faults);
  AddCounts(sometimes, other.sometimes);
  AddCounts(strikes, other.strikes);
  for (const auto& [name, more] : other.scenarios) {
    ScenarioTotals& totals = scenarios[name];
    totals.seeds += more.seeds;
    totals.failures += more.failures;
    totals.virtual_ns += more.virtual_ns;
    totals.cpu_ns += more.cpu_ns;
  }
  for (const Failure& failure : other.failures) AddFailure(failure);
  mismatches.insert(mismatches.end(), other.mismatches.begin(), other.mismatches.end());
}

}  // namespace beach::sim::sweep
