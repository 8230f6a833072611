// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "env/loop.h"
#include "env/os/posix_files.h"

namespace beach::env {

// TCP on this machine. Costs nothing until a loop is made; `async_writes` says how loops write.
std::unique_ptr<Network> NewOsNetwork(AsyncWrites async_writes = AsyncWrites::kRing);

}  // namespace beach::env
