// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "env/env.h"
#include "sim/scenarios/cluster_judge.h"
#include "sim/scenarios/cluster_plan.h"
#include "sim/scenarios/cluster_workload.h"

namespace beach::sim::scenarios::cluster {

// The process of a client that speaks as those of Redis do: one command, or one transaction, after
// the other, to whichever node answers. It asks nothing twice: what is not answered in time, or
// answered "UNKNOWN", may be done, now or later.
void RunRespClient(Judge& judge, const Plan& plan, std::uint64_t number,
                   const std::vector<Work>& works, const env::Env& env);

}  // namespace beach::sim::scenarios::cluster
