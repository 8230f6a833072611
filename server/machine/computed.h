// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "server/command/command.h"

namespace beach::server {

// What a key holds, as of some place in a list of operations.
struct KeyState {
  std::optional<Bytes> value = {};
  std::uint64_t expires_at_ms = 0;  // 0: never; of no value: 0
};

// What an operation that is computed says, and leaves of its key.
struct Computed {
  std::optional<Bytes> said = {};
  std::optional<KeyState> left = {};  // nothing: it is as it was
};

// A function of its arguments alone. REQUIRES: the operation is computed, and passed CheckCommand;
// the state has not expired at that time.
Computed Compute(const Operation& operation, KeyState state, std::uint64_t time_ms);

}  // namespace beach::server
