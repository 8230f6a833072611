// SPDX-License-Identifier: Apache-2.0
#include "env/marks.h"

namespace beach::env {

constinit std::atomic<FailpointHook> failpoint_hook{nullptr};

}  // namespace beach::env
