// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/server/command.h"

namespace beach::bench {

// Measures, and prints; the exit code.
int RunServer(const ServerArguments& arguments);

}  // namespace beach::bench
