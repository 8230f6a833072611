// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "env/env.h"
#include "message.h"

namespace mirrored_log {

// Asks the node at `address`, and waits for kDone or kNotNow. kIo: it could not be asked, or did
// not answer within `patience_ns`; what was asked for may be done, or yet be done.
beach::Result<Message> Call(const beach::env::Env& env, const std::string& address,
                            const Message& request, std::uint64_t patience_ns);

}  // namespace mirrored_log
