// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"

namespace beach::bench {

enum class ServerWork : std::uint8_t { kPut, kGet };

// What one measurement gave.
struct ServerSample {
  double ops_per_s = 0;
  double p50_us = 0;
  double p99_us = 0;
};

struct ServerSettings {
  std::uint64_t keys = 10'000;
  std::uint64_t value_bytes = 100;
  std::uint64_t seconds = 2;  // of a measurement, about
};

// Servers that run, and how they are driven. Stopped when it goes.
class ServerSystem {
 public:
  virtual ~ServerSystem() = default;
  virtual const char* name() const = 0;
  // Starts the servers on files in `directory`, which is there, and puts the keys.
  virtual Status Start(const std::string& directory) = 0;
  virtual Result<ServerSample> Measure(ServerWork work, std::uint64_t clients) = 0;
  virtual std::string what() const = 0;  // version and durability, once it was started
};

// One node, and a server of Redis that has each write on disk before it answers. redis-benchmark
// drives both.
std::unique_ptr<ServerSystem> NewBeachNode(const ServerSettings& settings);
std::unique_ptr<ServerSystem> NewRedis(const ServerSettings& settings);

// Three nodes on this machine, every write on the disks of two when it is answered; clients are
// spread over all of them (bench/server/drive.h).
std::unique_ptr<ServerSystem> NewBeachCluster(const ServerSettings& settings);
std::unique_ptr<ServerSystem> NewEtcd(const ServerSettings& settings);

// The program `beachdb`, which lies beside this one.
std::string BeachDbPath();

}  // namespace beach::bench
