// SPDX-License-Identifier: Apache-2.0
#include "bench/loads.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "sim/scenarios/registry.h"

namespace beach::bench {
namespace {

// Heartbeats are a fifth of 500 ms apart. Four clients that pause for 1 to 120 ms ask for more than
// fifty operations a virtual second, and mostly still do when the last blow falls. The rest, faults
// among it, is each seed's own.
std::map<std::string, std::uint64_t> BusyCluster() {
  return {{"nodes", 3},          {"clients", 4},    {"operations", 1'024},
          {"pause_max_ms", 120}, {"heartbeats", 5}, {"election_timeout_ms", 500}};
}

}  // namespace

std::vector<Load> AsLoads(std::vector<std::unique_ptr<sim::Scenario>> scenarios) {
  std::vector<Load> loads;
  for (auto& scenario : scenarios) {
    std::string name = scenario->name();
    loads.push_back({.name = std::move(name), .scenario = std::move(scenario)});
  }
  return loads;
}

std::vector<Load> MakeLoads() {
  std::vector<Load> loads = AsLoads(sim::scenarios::MakeScenarios());
  const auto cluster = std::ranges::find(loads, "cluster", &Load::name);
  BEACH_CHECK(cluster != loads.end());
  loads.push_back(
      {.name = "cluster-load", .scenario = cluster->scenario, .options = BusyCluster()});
  return loads;
}

}  // namespace beach::bench
