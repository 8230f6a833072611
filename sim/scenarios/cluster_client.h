// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "env/env.h"
#include "sim/scenarios/cluster_judge.h"
#include "sim/scenarios/cluster_plan.h"
#include "sim/scenarios/cluster_workload.h"

namespace beach::sim::scenarios::cluster {

// The process of a client: does its works one by one, over the network, and tells the judge what it
// asked for and was told; then, once nothing goes wrong any more, a last one that must be answered.
void RunClient(Judge& judge, const Plan& plan, std::uint64_t client, const std::vector<Work>& works,
               const env::Env& env);

}  // namespace beach::sim::scenarios::cluster
