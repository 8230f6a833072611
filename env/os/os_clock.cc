// SPDX-License-Identifier: Apache-2.0
#include "env/os/os_clock.h"

#include <cerrno>
#include <ctime>

#include "base/check.h"

namespace beach::env {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

std::uint64_t Now(clockid_t clock) {
  timespec now{};
  const int failure = ::clock_gettime(clock, &now);
  BEACH_CHECK_EQ(failure, 0);
  return static_cast<std::uint64_t>(now.tv_sec) * kSecond + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

std::uint64_t OsClock::MonotonicNow() { return Now(CLOCK_MONOTONIC); }

std::uint64_t OsClock::WallNow() { return Now(CLOCK_REALTIME); }

void OsClock::SleepUntil(std::uint64_t deadline_ns) {
  const timespec deadline{.tv_sec = static_cast<time_t>(deadline_ns / kSecond),
                          .tv_nsec = static_cast<long>(deadline_ns % kSecond)};
  int failure = EINTR;
  while (failure == EINTR) {
    failure = ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr);
  }
  BEACH_CHECK_EQ(failure, 0);
}

}  // namespace beach::env
