// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "server/load/workload.h"
#include "server/protocol/request.h"

namespace beach::server {

inline constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

// What a run is to do.
struct LoadPlan {
  std::vector<std::string> addresses;
  std::string user = "default";
  std::string token;  // empty: the clients say nothing of who they are
  const Workload* workload = nullptr;
  Distribution distribution = Distribution::kUniform;
  Consistency consistency = Consistency::kLinearizable;
  std::uint64_t clients = 16;  // each with connections and a session of its own
  std::uint64_t threads = 1;   // at most as many as clients
  std::uint64_t seconds = 10;
  std::uint64_t warmup_seconds = 1;  // before, and not counted
  std::uint64_t rate = 0;            // operations a second; 0: each client asks when it has a reply
  std::uint64_t records = 10'000;
  std::uint64_t value_bytes = 1000;
  std::uint64_t deadline_ns = 10 * kNsPerSecond;  // of each operation
  std::uint64_t seed = 1;
};

// When a run is what, on the monotonic clock.
struct LoadTimes {
  std::uint64_t begin_ns = 0;
  std::uint64_t counted_from_ns = 0;
  std::uint64_t end_ns = 0;
};

// What goes on meanwhile: read and written by any thread.
struct LoadState {
  std::atomic<std::uint64_t> done = 0;    // operations, counted or not
  std::atomic<std::uint64_t> failed = 0;  // others
  std::atomic<bool> stop = false;         // ends the run before its time
};

}  // namespace beach::server
