// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "env/conformance/fixture.h"

namespace beach::env::conformance {

// What env/clock.h promises: suite `<binding>Clock`.
void RegisterClockConformance(const std::string& binding, FixtureMaker maker);

}  // namespace beach::env::conformance
