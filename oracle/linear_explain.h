// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "oracle/history.h"
#include "oracle/linear_search.h"
#include "oracle/violation.h"

namespace beach::oracle {

// Of a part that is not linearizable, all of whose operations are given, by index: few that explain
// it, in the order of their calls. The others are let loose, so what is left cannot be ordered
// whatever they did and whenever; it fails by itself all the more.
std::vector<std::size_t> FindCulprits(std::span<const ClientOperation> history,
                                      std::vector<std::size_t> part, const LinearLimits& limits);

// The rule that they break, and one sentence. `history` is all of it.
Violation Explain(std::span<const ClientOperation> history, std::span<const std::size_t> culprits,
                  const LinearLimits& limits);

}  // namespace beach::oracle
