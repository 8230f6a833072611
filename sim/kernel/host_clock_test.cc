// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/host_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/random.h"

namespace beach::sim {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kDay = 86'400 * kSecond;

TEST(HostClock, IsTrueTimeAndAnOffsetByDefault) {
  const HostClock clock(5 * kSecond, 0);
  EXPECT_EQ(clock.Monotonic(0), 5 * kSecond);
  EXPECT_EQ(clock.Monotonic(7), 5 * kSecond + 7);
  EXPECT_EQ(clock.Wall(7), HostClock::kEpochNs + 7);
  EXPECT_EQ(clock.TrueTimeOf(5 * kSecond + 7), 7U);
  EXPECT_EQ(clock.TrueTimeOf(1), 0U);
}

TEST(HostClock, DriftsBothWays) {
  const HostClock fast(kSecond, 200);
  EXPECT_EQ(fast.Monotonic(10 * kSecond), 11 * kSecond + 2'000'000);
  EXPECT_EQ(fast.Wall(10 * kSecond), HostClock::kEpochNs + 10 * kSecond + 2'000'000);
  const HostClock slow(kSecond, -500'000);
  EXPECT_EQ(slow.Monotonic(10 * kSecond), 6 * kSecond);
  EXPECT_EQ(slow.TrueTimeOf(6 * kSecond), 10 * kSecond);
  EXPECT_EQ(slow.TrueTimeOf(6 * kSecond + 1), 10 * kSecond + 2);
}

TEST(HostClock, WallStepsLeaveTheMonotonicAlone) {
  HostClock clock(kSecond, 0);
  clock.StepWall(kSecond, -static_cast<std::int64_t>(30 * kDay));
  EXPECT_EQ(clock.Wall(2 * kSecond), HostClock::kEpochNs - 30 * kDay + 2 * kSecond);
  EXPECT_EQ(clock.Monotonic(2 * kSecond), 3 * kSecond);
  clock.StepWall(2 * kSecond, static_cast<std::int64_t>(60 * kDay));
  EXPECT_EQ(clock.Wall(2 * kSecond), HostClock::kEpochNs + 30 * kDay + 2 * kSecond);
  constexpr auto kCentury = static_cast<std::int64_t>(36'500 * kDay);
  clock.StepWall(3 * kSecond, -kCentury);
  EXPECT_EQ(clock.Wall(3 * kSecond), 0U);  // 1970
  EXPECT_EQ(clock.Wall(4 * kSecond), kSecond);
  clock.StepWall(4 * kSecond, kCentury);
  clock.StepWall(4 * kSecond, kCentury);
  EXPECT_EQ(clock.Wall(4 * kSecond), std::uint64_t{1} << 62);
}

TEST(HostClock, StandsStillAndGoesOnFromThere) {
  HostClock clock(kSecond, 0);
  clock.Stop(10, 100);
  EXPECT_EQ(clock.Monotonic(10), kSecond + 10);
  EXPECT_EQ(clock.Monotonic(110), kSecond + 10);
  EXPECT_EQ(clock.Monotonic(111), kSecond + 11);
  EXPECT_EQ(clock.Wall(111), HostClock::kEpochNs + 11);
  EXPECT_EQ(clock.TrueTimeOf(kSecond + 11), 111U);
}

TEST(HostClock, StandsStillAndCatchesUp) {
  HostClock clock(kSecond, 0);
  clock.Hang(10, 100);
  EXPECT_EQ(clock.Monotonic(109), kSecond + 10);
  EXPECT_EQ(clock.Wall(109), HostClock::kEpochNs + 10);
  EXPECT_EQ(clock.Monotonic(110), kSecond + 110);
  EXPECT_EQ(clock.TrueTimeOf(kSecond + 11), 110U);
  EXPECT_EQ(clock.TrueTimeOf(kSecond + 200), 200U);
  clock.HangWall(200, 50);
  EXPECT_EQ(clock.Wall(249), HostClock::kEpochNs + 200);
  EXPECT_EQ(clock.Monotonic(249), kSecond + 249);
  EXPECT_EQ(clock.Wall(250), HostClock::kEpochNs + 250);
}

// Whatever happens to it: the monotonic clock never goes back, and a deadline turned into true time
// is the first moment at which the clock has reached it.
TEST(HostClock, NeverGoesBackAndDeadlinesAreMet) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    RandomStream random(seed);
    const std::int64_t drift = static_cast<std::int64_t>(random.Between(0, 9'900'000)) - 900'000;
    HostClock clock(random.Below(kDay), random.Chance(1, 3) ? 0 : drift);
    std::uint64_t now = 0;
    std::uint64_t last = clock.Monotonic(0);
    for (int i = 0; i < 100; ++i) {
      now += random.Below(std::uint64_t{1} << random.Below(36));
      const std::uint64_t shown = clock.Monotonic(now);
      ASSERT_GE(shown, last);
      last = shown;
      const std::uint64_t length = random.Below(std::uint64_t{1} << random.Below(36));
      switch (random.Below(6)) {
        case 0: clock.Stop(now, length); break;
        case 1: clock.Hang(now, length); break;
        case 2: clock.HangWall(now, length); break;
        case 3: clock.StepWall(now, static_cast<std::int64_t>(length)); break;
        case 4: clock.StepWall(now, -static_cast<std::int64_t>(length)); break;
        default: break;
      }
      ASSERT_EQ(clock.Monotonic(now), shown);
      const std::uint64_t deadline = shown + 1 + random.Below(10 * kSecond);
      const std::uint64_t due = clock.TrueTimeOf(deadline);
      ASSERT_GT(due, now);
      ASSERT_GE(clock.Monotonic(due), deadline);
      ASSERT_LT(clock.Monotonic(due - 1), deadline);
    }
  }
}

TEST(HostClock, FarDeadlinesDoNotOverflow) {
  const HostClock slow(kDay, -900'000);
  constexpr std::uint64_t kFar = std::numeric_limits<std::uint64_t>::max() - 1;
  EXPECT_EQ(slow.TrueTimeOf(kFar), kFar);
}

}  // namespace
}  // namespace beach::sim
