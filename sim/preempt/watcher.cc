// SPDX-License-Identifier: Apache-2.0
#include "sim/preempt/watcher.h"

namespace beach::sim::preempt {

constinit thread_local Watcher* current_watcher = nullptr;
constinit bool instrumented = false;
constinit NamePlaces name_places = nullptr;

}  // namespace beach::sim::preempt
