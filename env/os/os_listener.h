// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "env/loop.h"
#include "env/os/loop_core.h"

namespace beach::env {

// Binds and listens, at the first address of a name that can be had. A name is looked up at once:
// a server waits for that when it starts, and for nothing afterwards.
Result<std::unique_ptr<Listener>> NewOsListener(LoopCore& core, const std::string& address,
                                                const ConnectionOptions& options,
                                                Loop::OnConnection on_connection);

}  // namespace beach::env
