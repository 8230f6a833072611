// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/memory/process_memory.h"

namespace beach::sim::memory {

extern constinit thread_local Owner* current_owner;
extern constinit thread_local std::uint64_t stir;

}  // namespace beach::sim::memory
