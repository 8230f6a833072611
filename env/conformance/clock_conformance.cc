// SPDX-License-Identifier: Apache-2.0
#include "env/conformance/clock_conformance.h"

#include <gtest/gtest.h>

#include <vector>

#include "env/threads.h"

namespace beach::env::conformance {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;

void MonotonicNeverGoesBack(Fixture& world) {
  std::uint64_t last = world.clock().MonotonicNow();
  for (int i = 0; i < 1'000; ++i) {
    const std::uint64_t now = world.clock().MonotonicNow();
    ASSERT_GE(now, last);
    last = now;
  }
}

void MonotonicAgreesBetweenThreads(Fixture& world) {
  const std::uint64_t before = world.clock().MonotonicNow();
  std::uint64_t inside = 0;
  Thread thread("reader", [&] { inside = world.clock().MonotonicNow(); });
  thread.Join();
  EXPECT_GE(inside, before);
  EXPECT_GE(world.clock().MonotonicNow(), inside);
}

void MonotonicAdvancesWhilePolled(Fixture& world) {
  const std::uint64_t start = world.clock().MonotonicNow();
  while (world.clock().MonotonicNow() == start) {
  }
}

void SleepIsNeverEarly(Fixture& world) {
  std::uint64_t deadline = world.clock().MonotonicNow();
  for (int i = 0; i < 3; ++i) {
    deadline += kMillisecond;
    world.clock().SleepUntil(deadline);
    EXPECT_GE(world.clock().MonotonicNow(), deadline);
  }
}

void SleepUntilThePastReturns(Fixture& world) {
  world.clock().SleepUntil(0);
  world.clock().SleepUntil(world.clock().MonotonicNow());
}

void SleepersWakeAtTheirOwnDeadlines(Fixture& world) {
  const std::uint64_t start = world.clock().MonotonicNow();
  std::vector<Thread> threads;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const std::uint64_t deadline = start + (4 - i) * kMillisecond;
    threads.emplace_back("sleeper", [&clock = world.clock(), deadline] {
      clock.SleepUntil(deadline);
      EXPECT_GE(clock.MonotonicNow(), deadline);
    });
  }
  for (Thread& thread : threads) thread.Join();
}

void WallTimeIsKnown(Fixture& world) { EXPECT_GT(world.clock().WallNow(), 0U); }

constexpr Case kCases[] = {
    {"MonotonicNeverGoesBack", MonotonicNeverGoesBack},
    {"MonotonicAgreesBetweenThreads", MonotonicAgreesBetweenThreads},
    {"MonotonicAdvancesWhilePolled", MonotonicAdvancesWhilePolled},
    {"SleepIsNeverEarly", SleepIsNeverEarly},
    {"SleepUntilThePastReturns", SleepUntilThePastReturns},
    {"SleepersWakeAtTheirOwnDeadlines", SleepersWakeAtTheirOwnDeadlines},
    {"WallTimeIsKnown", WallTimeIsKnown},
};

}  // namespace

void RegisterClockConformance(const std::string& binding, FixtureMaker maker) {
  RegisterCases(binding + "Clock", kCases, std::move(maker));
}

}  // namespace beach::env::conformance
