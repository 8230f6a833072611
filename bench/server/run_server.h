// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/server/command.h"

namespace beach::bench {

// Each measures, and prints; the exit code.
int RunServer(const ServerArguments& arguments);
int RunCluster(const ServerArguments& arguments);

}  // namespace beach::bench
