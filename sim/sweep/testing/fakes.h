// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "sim/sweep/runner.h"

// Stand-ins for the simulation, one for each way in which a run can end. What a fake does depends
// on the last digit of the seed.

namespace beach::sim::fakes {

// fake-clean      always fine
// fake-verdict    an oracle objects to seeds that end in 7, another to those that end in 8
// fake-abort      a failed check on 3, in two places: seeds below 100 and others
// fake-segfault   a bad pointer on 4
// fake-overflow   the stack overflows on 4
// fake-hang       an endless loop on 5
// fake-exit       exit() on 6
// fake-silent     waits without using the processor on 5
// fake-salted     its hash depends on addresses on 9
// fake-large      40 operations; an oracle objects on 7 if there is number 13, and a fault
// fake-large-abort  the same, a failed check
// fake-memory     keeps 8 MiB a seed
std::vector<std::unique_ptr<Scenario>> MakeScenarios();

sweep::Runner MakeRunner();

}  // namespace beach::sim::fakes
