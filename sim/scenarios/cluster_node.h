// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "env/env.h"
#include "sim/scenarios/cluster_judge.h"
#include "sim/scenarios/cluster_plan.h"

namespace beach::sim::scenarios::cluster {

// The process of a node: opens what its disk holds, listens, takes part and serves clients, until
// the judge stops it, or something fails.
void RunNode(Judge& judge, const Plan& plan, std::uint64_t place, const env::Env& env);

}  // namespace beach::sim::scenarios::cluster
