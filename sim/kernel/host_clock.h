// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace beach::sim {

// The two clocks of a host as functions of true time, and how they may be wrong. Times are
// nanoseconds.
//
// The monotonic clock runs too fast or too slow by some parts per million, stands still at times,
// and never goes back. The wall clock shows what the monotonic one says since the start of the run
// plus what it was stepped by, and can stand still alone. Times given are never before those given
// earlier.
class HostClock {
 public:
  // 2026-01-01 UTC, when every run begins.
  static constexpr std::uint64_t kEpochNs = 1'767'225'600'000'000'000;
  // A clock runs at a tenth of true time at least.
  static constexpr std::int64_t kDriftMinPpm = -900'000;
  static constexpr std::int64_t kDriftMaxPpm = 9'000'000;

  HostClock() = default;
  // Ahead of true time by the offset when it begins. REQUIRES: the drift within its bounds.
  HostClock(std::uint64_t offset_ns, std::int64_t drift_ppm);

  std::uint64_t Monotonic(std::uint64_t now) const {
    if (true_as_is_) [[likely]]
      return now + offset_ns_;
    return WrongMonotonic(now);
  }
  std::uint64_t Wall(std::uint64_t now) const;
  // The first true time at which Monotonic gives `reading` or more, as the clock runs now; the last
  // one there is when that is too far away.
  std::uint64_t TrueTimeOf(std::uint64_t reading) const;

  // The wall clock goes back or ahead, to no time before 1970 or after 2116.
  void StepWall(std::uint64_t now, std::int64_t by_ns);
  // Both stand still from now on, and then go on from there.
  void Stop(std::uint64_t now, std::uint64_t for_ns);
  // The monotonic one stands still, and then shows what it would without; the wall clock with it.
  void Hang(std::uint64_t now, std::uint64_t for_ns);
  // The wall clock alone does.
  void HangWall(std::uint64_t now, std::uint64_t for_ns);

 private:
  static constexpr std::uint64_t kWallMaxNs = std::uint64_t{1} << 62;

  std::uint64_t WrongMonotonic(std::uint64_t now) const;
  std::uint64_t Scaled(std::uint64_t true_ns) const;

  std::uint64_t offset_ns_ = 0;
  bool true_as_is_ = true;  // but for the offset
  std::uint64_t rate_ppm_ = 1'000'000;
  // It shows base_ until from_, and runs from then on; until hold_until_ it shows held_ instead.
  std::uint64_t from_ = 0;
  std::uint64_t base_ = 0;
  std::uint64_t hold_until_ = 0;
  std::uint64_t held_ = 0;
  std::int64_t wall_step_ns_ = 0;
  std::uint64_t wall_hold_until_ = 0;
  std::uint64_t wall_held_ = 0;
};

}  // namespace beach::sim
