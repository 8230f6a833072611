// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "sim/run.h"

namespace beach::sim::sweep {

// All failures of one signature.
struct Failure {
  std::string scenario;  // of the first seed seen
  std::uint64_t seed = 0;
  std::string signature;
  std::string message;
  std::string artifact;  // path, or empty if none was written
  std::uint64_t count = 1;
};

// A seed that did not run the same way twice.
struct Mismatch {
  std::string scenario;
  std::uint64_t seed = 0;
  std::uint64_t event = 0;       // the first checkpoint that differs
  std::uint64_t same_until = 0;  // the last that does not
  std::string message;
};

struct ScenarioTotals {
  std::uint64_t seeds = 0;
  std::uint64_t failures = 0;
  std::uint64_t virtual_ns = 0;
  std::uint64_t cpu_ns = 0;
};

// What a sweep found; sums of reports are reports.
struct SweepReport {
  std::uint64_t seeds = 0;
  std::uint64_t seed_first = 0;
  std::uint64_t seed_last = 0;  // included; meaningless while seeds is 0
  std::uint64_t twice = 0;      // seeds run twice
  std::uint64_t virtual_ns = 0;
  std::uint64_t wall_ns = 0;
  std::uint64_t cpu_ns = 0;
  std::uint64_t events = 0;
  std::uint64_t operations = 0;
  bool interrupted = false;
  std::map<std::string, std::uint64_t> faults;
  std::map<std::string, std::uint64_t> sometimes;
  std::map<std::string, std::uint64_t> strikes;  // where armed crashes landed
  std::map<std::string, ScenarioTotals> scenarios;
  std::vector<Failure> failures;  // one of each kind, in the order found
  std::vector<Mismatch> mismatches;
  std::uint64_t failures_count() const;

  // Every known site with a count of zero.
  static SweepReport WithKnownSites();
  // Adds one run, its failure left out.
  void AddRun(const std::string& scenario, std::uint64_t seed, const RunReport& run,
              std::uint64_t cpu_ns);
  // Folds by signature; hangs of one scenario are alike, since where one is seen to hang is chance.
  // True when it is new.
  bool AddFailure(const Failure& failure);
  // Whether AddFailure would fold it.
  bool Knows(const Failure& failure) const;
  // Sums up; wall time is the longest, as of shards that ran side by side.
  void Merge(const SweepReport& other);
  // Nothing was found. Says something only when Complete.
  bool Clean() const { return failures.empty() && mismatches.empty(); }
  // It ran seeds, and all that it was to run.
  bool Complete() const { return seeds > 0 && !interrupted; }
};

// The JSON document of `beachsim sweep --json`.
std::string ToJson(const SweepReport& report);
// kCorruption names what is missing or malformed.
Result<SweepReport> SweepReportFromJson(const std::string& text);

// The text for people. `program` is how they call this program.
std::string Summary(const SweepReport& report, const std::string& program);
// One line, without its end.
std::string ProgressLine(const SweepReport& report, std::uint64_t done, std::uint64_t total,
                         std::size_t width);

}  // namespace beach::sim::sweep
