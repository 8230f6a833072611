// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/host_clock.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace beach::sim {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kMillion = 1'000'000;
// One below what stands for no deadline.
constexpr std::uint64_t kLastTime = std::numeric_limits<std::uint64_t>::max() - 1;

std::uint64_t Sum(std::uint64_t a, std::uint64_t b) {
  return a > kLastTime - b ? kLastTime : a + b;
}

}  // namespace

HostClock::HostClock(std::uint64_t offset_ns, std::int64_t drift_ppm)
    : offset_ns_(offset_ns), true_as_is_(drift_ppm == 0), base_(offset_ns) {
  BEACH_CHECK(drift_ppm >= kDriftMinPpm && drift_ppm <= kDriftMaxPpm);
  rate_ppm_ = static_cast<std::uint64_t>(static_cast<std::int64_t>(kMillion) + drift_ppm);
}

std::uint64_t HostClock::Scaled(std::uint64_t true_ns) const {
  return static_cast<std::uint64_t>(static_cast<Wide>(true_ns) * rate_ppm_ / kMillion);
}

std::uint64_t HostClock::WrongMonotonic(std::uint64_t now) const {
  if (now < hold_until_) return held_;
  return now <= from_ ? base_ : base_ + Scaled(now - from_);
}

std::uint64_t HostClock::Wall(std::uint64_t now) const {
  if (now < wall_hold_until_) return wall_held_;
  const std::uint64_t since = Monotonic(now) - offset_ns_;
  return kEpochNs + since + static_cast<std::uint64_t>(wall_step_ns_);  // modulo 2^64
}

std::uint64_t HostClock::TrueTimeOf(std::uint64_t reading) const {
  if (true_as_is_) return reading - std::min(reading, offset_ns_);
  if (hold_until_ > 0 && reading <= held_) return 0;  // long past
  if (reading <= base_) return hold_until_;
  const Wide ahead = static_cast<Wide>(reading - base_) * kMillion;
  const Wide true_ns = (ahead + rate_ppm_ - 1) / rate_ppm_;
  if (true_ns > kLastTime) return kLastTime;
  return std::max(Sum(from_, static_cast<std::uint64_t>(true_ns)), hold_until_);
}

void HostClock::StepWall(std::uint64_t now, std::int64_t by_ns) {
  const std::uint64_t shown = Wall(now);
  wall_hold_until_ = 0;
  const std::uint64_t running = Wall(now);
  const std::uint64_t magnitude = static_cast<std::uint64_t>(by_ns < 0 ? -by_ns : by_ns);
  const std::uint64_t to = by_ns < 0 ? shown - std::min(shown, magnitude)
                                     : std::min(shown + magnitude, std::max(shown, kWallMaxNs));
  wall_step_ns_ += static_cast<std::int64_t>(to - running);
}

void HostClock::Stop(std::uint64_t now, std::uint64_t for_ns) {
  base_ = Monotonic(now);
  from_ = std::max(Sum(now, for_ns), from_);
  hold_until_ = 0;
  true_as_is_ = false;
}

void HostClock::Hang(std::uint64_t now, std::uint64_t for_ns) {
  held_ = Monotonic(now);
  hold_until_ = std::max(Sum(now, for_ns), hold_until_);
  true_as_is_ = false;
}

void HostClock::HangWall(std::uint64_t now, std::uint64_t for_ns) {
  wall_held_ = Wall(now);
  wall_hold_until_ = std::max(Sum(now, for_ns), wall_hold_until_);
}

}  // namespace beach::sim
