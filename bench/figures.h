// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/run.h"
#include "sim/scenario.h"

namespace beach::bench {

// The two clocks a measurement reads, in nanoseconds since any moment.
struct Clocks {
  std::function<std::uint64_t()> processor_ns;  // spent by this process
  std::function<std::uint64_t()> wall_ns;
};

using Runner = std::function<sim::RunReport(const sim::Scenario&, const sim::RunOptions&)>;

// What some seeds did, added up, and what they took.
struct Sums {
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;
  std::uint64_t operations = 0;
  std::uint64_t crashes = 0;  // kills and power losses
  std::uint64_t virtual_ns = 0;
  std::uint64_t processor_ns = 0;
  std::uint64_t wall_ns = 0;

  void Add(const Sums& other);
};

// Of several rounds: the one in the middle, and how far apart they lie.
struct Spread {
  double median = 0;
  double least = 0;
  double most = 0;
};
// REQUIRES: at least one value.
Spread SpreadOf(std::vector<double> values);

struct Failure {
  std::uint64_t seed = 0;
  std::string signature;
};

// One scenario, measured. Rates are per second of processor time, medians of the rounds.
struct Figures {
  std::string scenario;
  Sums sums;  // of all rounds
  std::uint64_t rounds = 0;
  Spread seeds_per_s;
  Spread events_per_s;
  Spread operations_per_s;
  Spread virtual_s_per_s;
  Spread seeds_per_wall_s;
  std::vector<Failure> failures;
};

struct Plan {
  std::uint64_t first_seed = 0;  // each run takes the next one
  std::uint64_t rounds = 5;      // REQUIRES: at least 1
  std::uint64_t wall_ns = 0;     // of all rounds; a round begins no seed when its share is over
  std::uint64_t warm_up_wall_ns = 0;                  // before the first, not measured
  std::map<std::string, std::uint64_t> options = {};  // of each run, set by hand
};

// Runs seeds of the scenario one after the other, in this process and on this thread. A round runs
// one seed at least. `progress` is told after each seed.
Figures Measure(const sim::Scenario& scenario, const Plan& plan, const Runner& runner,
                const Clocks& clocks, const std::function<void(const Sums&)>& progress);

std::string AsText(const std::vector<Figures>& all);
// {"scenarios": [{"name", "virtual_s_per_s", "events_per_s", "seeds_per_s", ...}, ...]}
std::string AsJson(const std::vector<Figures>& all);

}  // namespace beach::bench
