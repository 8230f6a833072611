// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "crash/plan/plan.h"

namespace beach::crash {

// Whether a run of the plan fails in the way that is wanted; an error ends the shrinking.
using StillFails = std::function<Result<bool>(const Plan& plan)>;

// Makes a failing plan small: fewer lives, deaths and operations, one client, rest between steps;
// whatever of that leaves it failing. Asks again and again, until nothing more can go or `go_on`
// says no. One thread.
Result<Plan> Shrink(Plan plan, const StillFails& still_fails, const std::function<bool()>& go_on);

// Of all lives.
std::uint64_t CountOperations(const Plan& plan);

}  // namespace beach::crash
