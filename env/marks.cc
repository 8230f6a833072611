// SPDX-License-Identifier: Apache-2.0
#include "env/marks.h"

#include <string>

namespace beach::env {

constinit std::atomic<FailpointHook> failpoint_hook{nullptr};

Status InjectedFault(Site site) {
  return Fail(ErrorCode::kIo, "failed by failpoint " + std::string(site.name));
}

}  // namespace beach::env
