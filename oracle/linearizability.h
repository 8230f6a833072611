// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "oracle/history.h"
#include "oracle/linear_search.h"
#include "oracle/violation.h"

namespace beach::oracle {

// What is known of a history after the check. kUndecided is no pass: the limits were reached in one
// part, and no other part is wrong.
struct LinearReport {
  LinearVerdict verdict = LinearVerdict::kLinearizable;
  std::uint64_t tried = 0;  // configurations, in all
  std::uint64_t parts = 0;  // keys that are touched together, judged by themselves
  std::optional<Violation> violation = {};
  // Of a violation: the operations that explain it, by index, in the order of their calls. They
  // cannot be ordered, whatever the others did and whenever; without any one of them they can, but
  // where the search for that would have taken too long.
  std::vector<std::size_t> culprits = {};
};

// Whether the operations can have taken effect in some order, each between its call and its return,
// on keys that were absent in the beginning (Herlihy and Wing, TOPLAS 1990). Linear in the
// length of the history as long as few operations on the same keys overlap and few outcomes are
// unknown; never beyond the limits.
// REQUIRES: FindMisuse(history) is nothing.
LinearReport CheckLinearizable(std::span<const ClientOperation> history,
                               const LinearLimits& limits = {});

}  // namespace beach::oracle
