// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "env/clock.h"

namespace beach::env {

// CLOCK_MONOTONIC, which env::CondVar deadlines are on too, and CLOCK_REALTIME.
class OsClock final : public Clock {
 public:
  std::uint64_t MonotonicNow() override;
  std::uint64_t WallNow() override;
  void SleepUntil(std::uint64_t deadline_ns) override;
};

}  // namespace beach::env
