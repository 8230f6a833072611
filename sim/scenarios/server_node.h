// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "env/env.h"
#include "sim/scenarios/cluster_judge.h"
#include "sim/scenarios/cluster_plan.h"

namespace beach::sim::scenarios::cluster {

// The process of a node of scenario `server`: the server whole, as `beachdb serve` runs it, until
// the judge stops it, or something fails.
void RunServer(Judge& judge, const Plan& plan, std::uint64_t place, const env::Env& env);

// "n0:6379", of nodes from 0: for Redis clients.
std::string RespAddressOf(std::uint64_t place);

}  // namespace beach::sim::scenarios::cluster
