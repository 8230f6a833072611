// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/error.h"
#include "env/env.h"
#include "server/load/load_plan.h"
#include "server/load/records.h"

namespace beach::server {

// Puts `count` records, many at once, on this thread; with none it asks how the cluster is. Told
// after each of its steps: how many are there. kIo: why not all of them are, or that state.stop
// came before.
Status LoadRecords(const env::Env& env, const LoadPlan& plan, std::uint64_t count,
                   const Values& values, const LoadState& state,
                   const std::function<void(std::uint64_t)>& told);

}  // namespace beach::server
