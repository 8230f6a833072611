// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "env/conformance/fixture.h"

namespace beach::env::conformance {

// Everything env/loop.h promises while nothing crashes and the network is whole: suites
// `<binding>Posts`, `Timers`, `Listeners`, `Connecting`, `Streams`, `Closing`, `Destroying`,
// `LoopWrites` and `TwoLoops`. REQUIRES: the fixture's env() has a network, and Host() a name.
void RegisterLoopConformance(const std::string& binding, FixtureMaker maker);

}  // namespace beach::env::conformance
