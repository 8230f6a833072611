// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "base/error.h"
#include "env/env.h"
#include "server/load/load_plan.h"
#include "server/load/load_result.h"

namespace beach::server {

// How far a run is.
struct LoadProgress {
  bool loading = false;        // the records that it needs
  std::uint64_t done = 0;      // records, or operations
  std::uint64_t failed = 0;    // operations
  std::uint64_t since_ns = 0;  // the loading, or the run, began
};

// Has the plan done, with `loading` its records first; `told` on this thread, now and then. kIo:
// the cluster does not answer, or there are no more descriptors.
Result<LoadResult> RunLoad(const env::Env& env, const LoadPlan& plan, bool loading,
                           LoadState& state, const std::function<void(const LoadProgress&)>& told);

}  // namespace beach::server
