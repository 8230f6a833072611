// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "env/conformance/case_loop.h"
#include "env/conformance/loop_cases.h"

namespace beach::env::conformance {
namespace {

void NeverEarlyAndInOrderOfDeadlines(Fixture& world) {
  CaseLoop loop(world);
  std::vector<int> order;
  const std::uint64_t begin = loop.Now();
  for (const int step : {5, 1, 4, 2, 3}) {
    const std::uint64_t deadline = begin + static_cast<std::uint64_t>(step) * kMillisecond;
    EXPECT_NE(loop->At(deadline,
                       [&, step, deadline] {
                         EXPECT_GE(loop.Now(), deadline);
                         order.push_back(step);
                       }),
              0U);
  }
  EXPECT_TRUE(loop.RunUntil([&] { return order.size() == 5; }));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4, 5}));
}

void EqualDeadlinesInOrderOfTheCalls(Fixture& world) {
  CaseLoop loop(world);
  std::vector<int> order;
  const std::uint64_t deadline = loop.Now() + kMillisecond;
  for (int i = 0; i < 50; ++i) loop->At(deadline, [&, i] { order.push_back(i); });
  EXPECT_TRUE(loop.RunUntil([&] { return order.size() == 50; }));
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

void PastDeadlineRunsButNotInsideTheCall(Fixture& world) {
  CaseLoop loop(world);
  int ran = 0;
  loop->At(0, [&] { ++ran; });
  EXPECT_EQ(ran, 0);
  loop->Post([&] {
    const int before = ran;
    loop->At(loop.Now() - 1, [&] { ++ran; });
    loop->At(1, [&] { ++ran; });
    EXPECT_EQ(ran, before);
  });
  EXPECT_TRUE(loop.RunUntil([&] { return ran == 3; }));
}

void CancelledTimerNeverRuns(Fixture& world) {
  CaseLoop loop(world);
  int ran = 0;
  const std::uint64_t deadline = loop.Now() + kMillisecond;
  const Loop::TimerId first = loop->At(deadline, [&] { ran += 1; });
  loop->At(deadline, [&] { ran += 10; });
  const Loop::TimerId due = loop->At(0, [&] { ran += 100; });
  loop->Cancel(first);
  loop->Cancel(due);
  loop->Cancel(first);
  loop.RunFor(3 * kMillisecond);
  EXPECT_EQ(ran, 10);
}

void CancellingOneThatHasRunDoesNothing(Fixture& world) {
  CaseLoop loop(world);
  int ran = 0;
  Loop::TimerId own = 0;
  own = loop->At(0, [&] {
    loop->Cancel(own);  // itself
    ++ran;
  });
  EXPECT_TRUE(loop.RunUntil([&] { return ran == 1; }));
  // What came after it is not touched.
  loop->At(loop.Now(), [&] { ++ran; });
  loop->Cancel(own);
  EXPECT_TRUE(loop.RunUntil([&] { return ran == 2; }));
}

void TimerCancelsOneThatIsDueAsWell(Fixture& world) {
  CaseLoop loop(world);
  std::string order;
  const std::uint64_t deadline = loop.Now() + kMillisecond;
  Loop::TimerId second = 0;
  loop->At(deadline, [&] {
    order += 'a';
    loop->Cancel(second);
  });
  second = loop->At(deadline, [&] { order += 'b'; });
  loop->At(deadline, [&] { order += 'c'; });
  loop.RunFor(3 * kMillisecond);
  EXPECT_EQ(order, "ac");
}

void TimerSetsTheNext(Fixture& world) {
  CaseLoop loop(world);
  int ran = 0;
  std::uint64_t deadline = loop.Now();
  std::function<void()> step = [&] {
    EXPECT_GE(loop.Now(), deadline);
    if (++ran == 20) return;
    deadline += kMillisecond / 10;
    loop->At(deadline, step);
  };
  loop->At(deadline, step);
  EXPECT_TRUE(loop.RunUntil([&] { return ran == 20; }));
}

void EarlierTimerSetLaterRunsFirst(Fixture& world) {
  CaseLoop loop(world);
  std::string order;
  const std::uint64_t begin = loop.Now();
  loop->At(begin + 3'600 * kSecond, [&] { order += 'b'; });
  loop->At(begin + kMillisecond, [&] { loop->At(loop.Now() + 1, [&] { order += 'a'; }); });
  EXPECT_TRUE(loop.RunUntil([&] { return !order.empty(); }));
  EXPECT_EQ(order, "a");
}

void TimersThatAreAlwaysDueLetOthersRun(Fixture& world) {
  CaseLoop loop(world);
  bool other = false;
  bool posted = false;
  std::function<void()> again = [&] {
    if (!other || !posted) loop->At(0, again);
  };
  loop->At(0, again);
  loop->At(loop.Now() + kMillisecond / 20, [&] { other = true; });
  loop->Post([&] { posted = true; });
  EXPECT_TRUE(loop.RunUntil([&] { return other && posted; }));
}

void FarDeadlinesAreKept(Fixture& world) {
  CaseLoop loop(world);
  constexpr std::uint64_t kCentury = 36'500 * (24 * 3'600 * kSecond);
  bool far = false;
  bool near = false;
  loop->At(~std::uint64_t{0}, [&] { far = true; });
  loop->At(loop.Now() + kCentury, [&] { far = true; });
  loop->At(loop.Now() + kMillisecond, [&] { near = true; });
  EXPECT_TRUE(loop.RunUntil([&] { return near; }));
  EXPECT_FALSE(far);
}

// A third of them is cancelled: half at once, half by one of the others.
void ManyTimers(Fixture& world) {
  constexpr std::size_t kTimers = 3'000;
  CaseLoop loop(world);
  RandomStream random(7);
  const std::uint64_t begin = loop.Now();
  std::vector<std::uint64_t> deadlines;
  std::vector<Loop::TimerId> timers;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < kTimers; ++i) {
    // From a small range, so that many are equal.
    deadlines.push_back(begin + 2 * kMillisecond + random.Below(100) * (kMillisecond / 20));
    timers.push_back(loop->At(deadlines[i], [&, i] {
      EXPECT_GE(loop.Now(), deadlines[i]);
      order.push_back(i);
    }));
  }
  std::vector<Loop::TimerId> sorted = timers;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(std::adjacent_find(sorted.begin(), sorted.end()), sorted.end());
  for (std::size_t i = 0; i < kTimers; i += 6) loop->Cancel(timers[i]);
  loop->At(0, [&] {
    for (std::size_t i = 3; i < kTimers; i += 6) loop->Cancel(timers[i]);
  });
  loop.RunFor(10 * kMillisecond);
  ASSERT_EQ(order.size(), kTimers - kTimers / 3);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return deadlines[a] != deadlines[b] ? deadlines[a] < deadlines[b] : a < b;
  }));
  for (const std::size_t i : order) EXPECT_NE(i % 3, 0U);
}

constexpr Case kCases[] = {
    {"NeverEarlyAndInOrderOfDeadlines", NeverEarlyAndInOrderOfDeadlines},
    {"EqualDeadlinesInOrderOfTheCalls", EqualDeadlinesInOrderOfTheCalls},
    {"PastDeadlineRunsButNotInsideTheCall", PastDeadlineRunsButNotInsideTheCall},
    {"CancelledTimerNeverRuns", CancelledTimerNeverRuns},
    {"CancellingOneThatHasRunDoesNothing", CancellingOneThatHasRunDoesNothing},
    {"TimerCancelsOneThatIsDueAsWell", TimerCancelsOneThatIsDueAsWell},
    {"TimerSetsTheNext", TimerSetsTheNext},
    {"EarlierTimerSetLaterRunsFirst", EarlierTimerSetLaterRunsFirst},
    {"TimersThatAreAlwaysDueLetOthersRun", TimersThatAreAlwaysDueLetOthersRun},
    {"FarDeadlinesAreKept", FarDeadlinesAreKept},
    {"ManyTimers", ManyTimers},
};

}  // namespace

std::span<const Case> TimerCases() { return kCases; }

}  // namespace beach::env::conformance
