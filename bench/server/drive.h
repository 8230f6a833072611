// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/server/exchange.h"
#include "bench/server/server_system.h"

namespace beach::bench {

// Who drives servers that no program of others drives alike: connections spread evenly over
// `addresses`, each of which asks for the next when it has its reply, on one thread.
struct DriveTarget {
  std::vector<std::string> addresses;
  const Exchange* exchange = nullptr;
};

// Puts every key, many at once.
Status DrivePuts(const DriveTarget& target, const ServerSettings& settings);
// For so long, after a while that does not count; keys are drawn evenly. kIo: a connection broke;
// kCorruption: as of the exchange.
Result<ServerSample> Drive(const DriveTarget& target, const ServerSettings& settings,
                           ServerWork work, std::uint64_t clients);

}  // namespace beach::bench
