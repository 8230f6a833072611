// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "env/env.h"

// A log on two machines. An item is acknowledged once both have it durably: it survives the loss of
// either, and of the power of both. While the two cannot talk, nothing is appended, and both may
// still be read.
//
// Epochs say who leads: node `epoch % 2`. An epoch begins when a client asks its node to lead; and
// nothing is appended in it before the other node has it in its own file. What must hold, always:
//
//   1. one of the two logs is the beginning of the other, or they are equal;
//   2. what a follower has is in both;
//   3. what is acknowledged is in both, and is never cut off.
//
// The leader writes an item to its own file first, and sends it then (1, 2). A follower cuts off
// what its leader does not have, once, as the epoch begins: that was in one file alone, by 1 (3).

namespace mirrored_log {

struct NodeOptions {
  std::uint64_t self = 0;  // 0 or 1
  std::string directory;   // exists
  std::string listen;      // addresses, "host:port"
  std::string other;
};

// Serves until it fails. Then it may be called again, in a new process or this one.
beach::Error Serve(const beach::env::Env& env, const NodeOptions& options);

}  // namespace mirrored_log
