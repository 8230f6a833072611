// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/error.h"
#include "bench/engine/cell.h"

namespace beach::bench {

// Whoever asks this process to end (SIGINT, SIGTERM) asks what runs in a child first, while one of
// these lives; what is asked between children the next one hears.
class SignalsForChild {
 public:
  SignalsForChild();
  ~SignalsForChild();
  SignalsForChild(const SignalsForChild&) = delete;
  SignalsForChild& operator=(const SignalsForChild&) = delete;
};

// Runs `work` in a forked process of its own, so that its memory, its caches and its end are its
// own. `watch` is told the progress some times a second. Errors: what the work returned; kIo when
// the process ended otherwise, was asked to, or was stopped after `limit_ns`. REQUIRES: this
// process has one thread.
Result<CellResult> RunInChild(const std::function<Result<CellResult>(Progress&)>& work,
                              const std::function<void(std::uint64_t)>& watch,
                              std::uint64_t limit_ns);

}  // namespace beach::bench
