// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sim/crash_points.h"

namespace beach::sim::crashpoints {

// The cuts to try where `pending` operations are not synced: every subset when there are no more of
// them than `most`, else everything, nothing, and drawn ones of every kind. `key` decides which.
// REQUIRES: most >= 2.
std::vector<PowerCut> ChooseCuts(std::uint64_t pending, std::uint64_t most, std::uint64_t key);

// Subsets of up to 32 pending operations, as bits: the lost ones.
struct Ordering {
  std::uint64_t lost = 0;  // a failure needs them lost,
  std::uint64_t kept = 0;  // and these kept; the rest does not matter
};

// The ordering that a failure hangs on. `fails` says whether the subset that is lost makes the same
// failure. REQUIRES: fails(lost).
Ordering FindOrdering(std::uint64_t pending, std::uint64_t lost,
                      const std::function<bool(std::uint64_t)>& fails);

}  // namespace beach::sim::crashpoints
