// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/soak/command.h"

namespace beach::bench {

// Runs `soak` on this machine; prints what it sees and finds. Returns the exit code.
int RunSoakCommand(const SoakArguments& arguments);

}  // namespace beach::bench
