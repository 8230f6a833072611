// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/engine/command.h"

namespace beach::bench {

// Runs `engine` with the engines this binary was built with; prints the report, or on stderr what
// went wrong. Returns the exit code. REQUIRES: this process has one thread.
int RunEngine(const EngineArguments& arguments);

}  // namespace beach::bench
