// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "artifacts/artifact.h"

namespace beach::sim::shrink {

// A decision is named by who made it: which life of a host, and for what happens to the machine
// which power cut or strike it is. With a process or a crash gone, those behind it have other
// numbers. What was taken away is not known here: these are the ways in which the rest may have
// moved. The first is none at all. `lives_max`: most processes that are gone.
std::vector<std::vector<artifacts::Decision>> Realigned(
    const std::vector<artifacts::Decision>& decisions, std::uint64_t lives_max);

}  // namespace beach::sim::shrink
