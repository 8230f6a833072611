// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/error.h"
#include "bench/engine/cell.h"

namespace beach::bench {

// Runs `work` in a forked process of its own, so that its memory, its caches and its end are its
// own. `watch` is told the progress some times a second and at the end. Errors: what the work
// returned; kIo when the process ended otherwise: killed after `limit_ns`, or because this one,
// with HeldSignals, was asked to end. REQUIRES: this process has one thread.
Result<CellResult> RunInChild(const std::function<Result<CellResult>(Progress&)>& work,
                              const std::function<void(std::uint64_t)>& watch,
                              std::uint64_t limit_ns);

}  // namespace beach::bench
