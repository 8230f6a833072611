// SPDX-License-Identifier: Apache-2.0
#include "bench/figures.h"

#include <algorithm>

#include "base/check.h"

namespace beach::bench {
namespace {

constexpr double kSecond = 1e9;

double PerSecond(std::uint64_t count, std::uint64_t ns) {
  return ns == 0 ? 0 : static_cast<double>(count) * kSecond / static_cast<double>(ns);
}

std::uint64_t FaultsOf(const sim::RunReport& report, const char* name) {
  const auto found = report.faults.find(name);
  return found == report.faults.end() ? 0 : found->second;
}

// What there is to say of rounds, one value each.
Spread Over(const std::vector<Sums>& rounds, double (*value)(const Sums&)) {
  std::vector<double> values;
  values.reserve(rounds.size());
  for (const Sums& round : rounds) values.push_back(value(round));
  return SpreadOf(std::move(values));
}

class Meter {
 public:
  Meter(const sim::Scenario& scenario, const Plan& plan, const Runner& runner, const Clocks& clocks,
        const std::function<void(const Sums&)>& progress)
      : scenario_(scenario),
        runner_(runner),
        clocks_(clocks),
        progress_(progress),
        options_(plan.options),
        next_seed_(plan.first_seed) {}

  // Seeds until the time is over, one at least.
  Sums Round(std::uint64_t wall_ns) {
    Sums sums;
    const std::uint64_t wall_begin = clocks_.wall_ns();
    const std::uint64_t processor_begin = clocks_.processor_ns();
    do {
      RunOne(sums);
      sums.processor_ns = clocks_.processor_ns() - processor_begin;
      sums.wall_ns = clocks_.wall_ns() - wall_begin;
      progress_(sums);
    } while (sums.wall_ns < wall_ns);
    return sums;
  }

  std::vector<Failure> TakeFailures() { return std::move(failures_); }

 private:
  void RunOne(Sums& sums) {
    sim::RunOptions options;
    options.seed = next_seed_++;
    options.options = options_;
    const sim::RunReport report = runner_(scenario_, options);
    if (!report.verdict.ok()) failures_.push_back({options.seed, report.verdict.signature});
    ++sums.seeds;
    sums.events += report.events;
    sums.operations += report.operations;
    sums.crashes += FaultsOf(report, "crash.kill") + FaultsOf(report, "crash.power_loss");
    sums.virtual_ns += report.virtual_ns;
  }

  const sim::Scenario& scenario_;
  const Runner& runner_;
  const Clocks& clocks_;
  const std::function<void(const Sums&)>& progress_;
  const std::map<std::string, std::uint64_t>& options_;
  std::uint64_t next_seed_;
  std::vector<Failure> failures_;
};

}  // namespace

void Sums::Add(const Sums& other) {
  seeds += other.seeds;
  events += other.events;
  operations += other.operations;
  crashes += other.crashes;
  virtual_ns += other.virtual_ns;
  processor_ns += other.processor_ns;
  wall_ns += other.wall_ns;
}

Spread SpreadOf(std::vector<double> values) {
  BEACH_CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const bool odd = values.size() % 2 == 1;
  const double median = odd ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {.median = median, .least = values.front(), .most = values.back()};
}

Figures Measure(const sim::Scenario& scenario, const Plan& plan, const Runner& runner,
                const Clocks& clocks, const std::function<void(const Sums&)>& progress) {
  BEACH_CHECK_GE(plan.rounds, 1U);
  Meter meter(scenario, plan, runner, clocks, progress);
  if (plan.warm_up_wall_ns > 0) meter.Round(plan.warm_up_wall_ns);
  std::vector<Sums> rounds;
  Figures figures;
  for (std::uint64_t i = 0; i < plan.rounds; ++i) {
    rounds.push_back(meter.Round(plan.wall_ns / plan.rounds));
    figures.sums.Add(rounds.back());
  }
  figures.scenario = scenario.name();
  figures.rounds = plan.rounds;
  figures.seeds_per_s =
      Over(rounds, [](const Sums& sums) { return PerSecond(sums.seeds, sums.processor_ns); });
  figures.events_per_s =
      Over(rounds, [](const Sums& sums) { return PerSecond(sums.events, sums.processor_ns); });
  figures.operations_per_s =
      Over(rounds, [](const Sums& sums) { return PerSecond(sums.operations, sums.processor_ns); });
  figures.virtual_s_per_s = Over(rounds, [](const Sums& sums) {
    return PerSecond(sums.virtual_ns, sums.processor_ns) / kSecond;
  });
  figures.seeds_per_wall_s =
      Over(rounds, [](const Sums& sums) { return PerSecond(sums.seeds, sums.wall_ns); });
  figures.failures = meter.TakeFailures();
  return figures;
}

}  // namespace beach::bench
