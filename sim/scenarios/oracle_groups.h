// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/groups.h"

namespace beach::sim::scenarios {

// What the scenarios demand: every rule of theirs and of oracle/ is in one group. Not among them
// are complaints about what a run was given (bad-workload, bad-options).
std::vector<Group> OracleGroups();

}  // namespace beach::sim::scenarios
