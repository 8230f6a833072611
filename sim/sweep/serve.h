// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/sweep/pool.h"

namespace beach::sim::sweep {

// A worker's answer to a job (wire.h). Of a run with a close-up, only that stretch is brought back
// of the trace, and the stack of its last event is looked up.
Bytes ServeJob(const PoolOptions& options, const std::vector<const Scenario*>& scenarios,
               const RunFunction& run, ByteView request, const OsWorker::Tell& tell);

}  // namespace beach::sim::sweep
