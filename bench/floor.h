// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "sim/scenario.h"

namespace beach::bench {

// Scenarios that do nothing: what they cost is what any run pays for an event or a switch.
//   floor-clock   one thread reads the clock; an operation is a read: one event, no switch
//   floor-turns   two threads pass a turn to each other; an operation is a turn passed
std::vector<std::unique_ptr<sim::Scenario>> MakeFloors();

}  // namespace beach::bench
