// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "sim/run.h"

namespace beach::sim::sweep {

// Where two runs part that should be the same, with what stood around it.
struct Difference {
  // What one of the two did there.
  struct Side {
    std::optional<CloseUpEvent> event;         // nothing: it had ended
    std::vector<artifacts::TraceEvent> lines;  // of that event and a few after it
  };
  std::uint64_t event = 0;  // the first that differs
  // They parted there each time; else at different events in different runs of the same kind.
  bool steady = true;
  std::vector<artifacts::TraceEvent> before;  // the last lines that both have
  Side first;
  Side second;
};

// Makes the run once more with that close-up. Each call is a process of its own.
using RunCloseUp = std::function<Result<RunReport>(EventRange)>;

// Compares `first` and `second`, which have been made, by their checkpoints, then event by event
// between those. Nothing when they are the same.
Result<std::optional<Difference>> FindDifference(const RunReport& first, const RunReport& second,
                                                 const RunCloseUp& run_first,
                                                 const RunCloseUp& run_second);

// For a person to read.
std::string Describe(const Difference& difference);

}  // namespace beach::sim::sweep
