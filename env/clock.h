// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace beach::env {

// The two clocks of a host, in nanoseconds. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Never goes back; its zero means nothing. For deadlines and durations.
  virtual std::uint64_t MonotonicNow() = 0;
  // Since 1970-01-01 UTC; may step in either direction. For people, and for nothing else.
  virtual std::uint64_t WallNow() = 0;
  // Returns once MonotonicNow() >= deadline_ns.
  virtual void SleepUntil(std::uint64_t deadline_ns) = 0;
};

}  // namespace beach::env
