// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/strong_id.h"

namespace beach::sim {

using HostId = StrongId<struct HostIdTag, std::uint32_t>;
// Never reused within a run; 0 is the harness (the scenario's own code, on no host).
using ProcessId = StrongId<struct ProcessIdTag, std::uint32_t>;

}  // namespace beach::sim
