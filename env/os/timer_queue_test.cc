// SPDX-License-Identifier: Apache-2.0
#include "env/os/timer_queue.h"

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/random.h"

namespace beach::env {
namespace {

constexpr std::uint64_t kAny = ~std::uint64_t{0};

TEST(TimerQueue, RandomCallsAgreeWithASortedMap) {
  RandomStream random(11);
  TimerQueue queue;
  std::map<std::pair<std::uint64_t, std::uint64_t>, TimerQueue::Id> model;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ran;
  std::vector<TimerQueue::Id> gone;
  for (std::uint64_t step = 0; step < 20'000; ++step) {
    const std::uint64_t what = random.Below(10);
    if (what < 5 || model.empty()) {
      const std::uint64_t deadline = random.Below(50);
      const std::pair<std::uint64_t, std::uint64_t> key(deadline, queue.next_sequence());
      model[key] = queue.Add(deadline, [&ran, key] { ran.push_back(key); });
      EXPECT_NE(model[key], 0U);
    } else if (what < 8) {
      const auto victim =
          std::next(model.begin(), static_cast<std::ptrdiff_t>(random.Below(model.size())));
      EXPECT_NE(queue.Remove(victim->second), nullptr);
      gone.push_back(victim->second);
      model.erase(victim);
    } else {
      std::function<void()> work;
      const std::uint64_t now = random.Below(60);
      ASSERT_EQ(queue.TakeDue(now, kAny, &work), model.begin()->first.first <= now);
      if (work == nullptr) continue;
      work();
      ASSERT_EQ(ran.back(), model.begin()->first);
      gone.push_back(model.begin()->second);
      model.erase(model.begin());
    }
    if (!gone.empty()) {
      EXPECT_EQ(queue.Remove(gone[random.Below(gone.size())]), nullptr);
    }
    ASSERT_EQ(queue.empty(), model.empty());
    ASSERT_EQ(queue.next_deadline(),
              model.empty() ? TimerQueue::kNever : model.begin()->first.first);
  }
}

TEST(TimerQueue, TakesOnlyWhatCameBefore) {
  TimerQueue queue;
  queue.Add(5, [] {});
  const std::uint64_t end = queue.next_sequence();
  queue.Add(1, [] {});
  std::function<void()> work;
  EXPECT_FALSE(queue.TakeDue(10, end, &work));  // the newer one is first, and waits
  EXPECT_TRUE(queue.TakeDue(10, queue.next_sequence(), &work));
  EXPECT_TRUE(queue.TakeDue(10, end, &work));
}

TEST(TimerQueue, RemovedWorkMayRemoveOthers) {
  TimerQueue queue;
  const TimerQueue::Id other = queue.Add(1, [] {});
  struct Owner {
    ~Owner() { EXPECT_NE(queue->Remove(timer), nullptr); }
    TimerQueue* queue;
    TimerQueue::Id timer;
  };
  auto owner = std::make_shared<Owner>(&queue, other);
  const TimerQueue::Id first = queue.Add(1, [owner = std::move(owner)] {});
  EXPECT_NE(queue.Remove(first), nullptr);
  EXPECT_TRUE(queue.empty());
}

TEST(TimerQueue, UnknownIdsAreNobodys) {
  TimerQueue queue;
  for (const TimerQueue::Id id : {TimerQueue::Id{0}, TimerQueue::Id{1}, ~TimerQueue::Id{0}}) {
    EXPECT_EQ(queue.Remove(id), nullptr);
  }
}

}  // namespace
}  // namespace beach::env
