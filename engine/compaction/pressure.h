// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "engine/options.h"
#include "engine/version.h"

namespace beach::engine {

inline constexpr std::uint64_t kPressureStop = 1000;

// Shorter waits of writers are put together: a timer is no finer.
inline constexpr std::uint64_t kThrottleMinNs = 200'000;

// How far compaction is behind the writers.
struct Pressure {
  std::uint64_t level = 0;  // 0: writers go at full speed; kPressureStop: they wait
  const char* reason = "";  // "level0_count" or "debt"
  std::uint64_t level0_count = 0;
  std::uint64_t debt_bytes = 0;
};

// Pure.
Pressure PressureOf(const Version& version, const Options& options);
// What a writer waits for so many bytes, in nanoseconds: nothing at 0, 1 µs for each byte at the
// end, and at most 100 ms.
std::uint64_t DelayFor(std::uint64_t pressure, std::uint64_t bytes);

}  // namespace beach::engine
