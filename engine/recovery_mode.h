// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace beach::engine {

// What a recovery does where the log is damaged (rule 13).
enum class RecoveryMode : std::uint8_t {
  // A torn end, which a crash leaves, is cut; damage to what was durable refuses the open.
  kTornTail,
  // A torn end refuses the open too: for a database that was closed.
  kAbsolute,
  // The log ends at the first damage, and what was behind it is lost. Never by accident.
  kPointInTime,
};

}  // namespace beach::engine
