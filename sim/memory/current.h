// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/memory/process_memory.h"

namespace beach::sim::memory {

extern constinit thread_local Owner* current_owner;

}  // namespace beach::sim::memory
