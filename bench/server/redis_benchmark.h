// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "bench/server/server_system.h"

namespace beach::bench {

// redis-benchmark on one server: how the servers are driven that speak Redis' protocol.
class RedisBenchmark {
 public:
  RedisBenchmark(const ServerSettings& settings, std::uint64_t port, std::string output_path)
      : settings_(settings), port_(port), output_path_(std::move(output_path)) {}

  // Puts about every key, the drawn ones five times on average.
  Status PutKeys();
  // For about as long as the settings say: how many operations that takes is tried out before.
  Result<ServerSample> Measure(ServerWork work, std::uint64_t clients);

 private:
  Result<ServerSample> Run(const char* test, std::uint64_t clients, std::uint64_t operations,
                           std::uint64_t at_once);

  const ServerSettings& settings_;
  const std::uint64_t port_;
  const std::string output_path_;
};

// Of its output with --csv. kCorruption: it is not as it should be.
Result<ServerSample> ParseRedisBenchmark(const std::string& csv);

}  // namespace beach::bench
