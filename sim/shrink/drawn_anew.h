// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "sim/shrink/candidate.h"

namespace beach::sim::shrink {

// Under other seeds, so many: with the choices that were recorded, with new ones, and with these
// and faults that strike earlier, as there may be fewer calls to strike.
std::vector<Candidate> DrawnAnew(Candidate candidate, const std::set<std::string>& fault_sites,
                                 std::uint64_t seeds);

}  // namespace beach::sim::shrink
