// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "sim/scenario.h"

namespace beach::sim::scenarios {

// One of each scenario there is, in the order of their names.
std::vector<std::unique_ptr<sim::Scenario>> MakeScenarios();

}  // namespace beach::sim::scenarios
