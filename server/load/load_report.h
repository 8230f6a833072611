// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/load/load_plan.h"
#include "server/load/load_result.h"

namespace beach::server {

// For people: some lines.
std::string LoadAsText(const LoadPlan& plan, const LoadResult& result);
// One JSON document (docs/load.md).
std::string LoadAsJson(const LoadPlan& plan, const LoadResult& result);

}  // namespace beach::server
