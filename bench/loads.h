// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/scenario.h"

namespace beach::bench {

// What `sim` measures: a scenario, and what its runs do not draw but are given.
struct Load {
  std::string name;
  std::shared_ptr<const sim::Scenario> scenario;  // other loads may be made of it
  std::map<std::string, std::uint64_t> options = {};
};

// Each scenario as it draws itself, under its own name.
std::vector<Load> AsLoads(std::vector<std::unique_ptr<sim::Scenario>> scenarios);

// Those that there are, and `cluster-load` behind them: the runs of `cluster` that have three nodes
// and four busy clients.
std::vector<Load> MakeLoads();

}  // namespace beach::bench
