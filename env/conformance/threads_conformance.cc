// SPDX-License-Identifier: Apache-2.0
#include "env/conformance/threads_conformance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "env/threads.h"

namespace beach::env::conformance {
namespace {

constexpr int kThreads = 4;

void JoinWaitsForTheBody(Fixture&) {
  bool ran = false;
  Thread thread("body", [&] { ran = true; });
  EXPECT_TRUE(thread.joinable());
  thread.Join();
  EXPECT_FALSE(thread.joinable());
  EXPECT_TRUE(ran);
}

void ThreadsMoveAndNest(Fixture&) {
  int depth = 0;
  Thread outer("outer", [&] {
    ++depth;
    Thread inner("inner", [&] { ++depth; });
    Thread moved = std::move(inner);
    EXPECT_FALSE(inner.joinable());
    moved.Join();
  });
  Thread target;
  EXPECT_FALSE(target.joinable());
  target = std::move(outer);
  EXPECT_TRUE(target.joinable());
  target.Join();
  EXPECT_EQ(depth, 2);
}

void NamesMayBeLongAndEqual(Fixture&) {
  int ran = 0;
  Mutex mutex;
  const auto body = [&] {
    const MutexLock lock(mutex);
    ++ran;
  };
  Thread first("fifteen-letters", body);
  Thread second("fifteen-letters", body);
  first.Join();
  second.Join();
  EXPECT_EQ(ran, 2);
}

void ThreadIdsDifferAndStay(Fixture&) {
  std::vector<std::uint64_t> ids{CurrentThreadId()};
  Mutex mutex;
  Semaphore recorded(0);
  Semaphore released(0);
  std::vector<Thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back("id", [&] {
      const std::uint64_t id = CurrentThreadId();
      {
        const MutexLock lock(mutex);
        ids.push_back(id);
      }
      recorded.Release();
      released.Acquire();  // all are alive at once: no id may be used again
      EXPECT_EQ(CurrentThreadId(), id);
    });
  }
  for (int i = 0; i < kThreads; ++i) recorded.Acquire();
  for (int i = 0; i < kThreads; ++i) released.Release();
  for (Thread& thread : threads) thread.Join();
  EXPECT_EQ(CurrentThreadId(), ids.front());
  std::sort(ids.begin(), ids.end());
  EXPECT_NE(ids.front(), 0U);
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
}

void MutexExcludes(Fixture& world) {
  constexpr int kRounds = 200;
  Mutex mutex;
  int inside = 0;
  int entered = 0;
  std::vector<Thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back("locker", [&] {
      for (int round = 0; round < kRounds; ++round) {
        const MutexLock lock(mutex);
        mutex.AssertHeld();
        EXPECT_EQ(++inside, 1);
        static_cast<void>(world.clock().MonotonicNow());  // a seam call: others may run here
        ++entered;
        EXPECT_EQ(--inside, 0);
      }
    });
  }
  for (Thread& thread : threads) thread.Join();
  EXPECT_EQ(entered, kThreads * kRounds);
}

void MutexUnlockLetsOthersIn(Fixture&) {
  Mutex mutex;
  bool changed = false;
  const MutexLock lock(mutex);
  Thread thread("other", [&] {
    const MutexLock inner(mutex);
    changed = true;
  });
  EXPECT_FALSE(changed);
  {
    const MutexUnlock unlock(mutex);
    thread.Join();
  }
  mutex.AssertHeld();
  EXPECT_TRUE(changed);
}

void WaitGivesTheMutexUp(Fixture&) {
  Mutex mutex;
  CondVar changed;
  bool ready = false;
  mutex.Lock();
  Thread thread("notifier", [&] {
    const MutexLock lock(mutex);  // enters only while the other waits
    ready = true;
    changed.NotifyOne();
  });
  while (!ready) changed.Wait(mutex);
  mutex.AssertHeld();
  mutex.Unlock();
  thread.Join();
}

void WaitEndsAtItsDeadline(Fixture& world) {
  Mutex mutex;
  CondVar never;
  const MutexLock lock(mutex);
  const std::uint64_t deadline = world.clock().MonotonicNow() + 1'000'000;
  while (never.WaitUntil(mutex, deadline)) {
  }
  mutex.AssertHeld();
  EXPECT_GE(world.clock().MonotonicNow(), deadline);
}

void WaitWithAPastDeadlineEnds(Fixture& world) {
  Mutex mutex;
  CondVar never;
  const MutexLock lock(mutex);
  while (never.WaitUntil(mutex, world.clock().MonotonicNow())) {
  }
  while (never.WaitUntil(mutex, 0)) {
  }
  mutex.AssertHeld();
}

void NotifyEndsAWaitWithADeadline(Fixture& world) {
  constexpr std::uint64_t kHour = 3'600'000'000'000;
  Mutex mutex;
  CondVar changed;
  bool ready = false;
  Thread thread("notifier", [&] {
    const MutexLock lock(mutex);
    ready = true;
    changed.NotifyAll();
  });
  {
    const MutexLock lock(mutex);
    const std::uint64_t deadline = world.clock().MonotonicNow() + kHour;
    while (!ready) EXPECT_TRUE(changed.WaitUntil(mutex, deadline));
  }
  thread.Join();
}

// Waiters take tickets: NotifyOne after one ticket, NotifyAll after the rest.
void NotifyOneWakesOneAndNotifyAllTheRest(Fixture&) {
  Mutex mutex;
  CondVar tickets_changed;
  CondVar progress;
  int waiting = 0;
  int tickets = 0;
  int served = 0;
  std::vector<Thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back("waiter", [&] {
      const MutexLock lock(mutex);
      ++waiting;
      progress.NotifyOne();
      while (tickets == 0) tickets_changed.Wait(mutex);
      --tickets;
      ++served;
      progress.NotifyOne();
    });
  }
  {
    const MutexLock lock(mutex);
    while (waiting < kThreads) progress.Wait(mutex);
    tickets = 1;
    tickets_changed.NotifyOne();
    while (served < 1) progress.Wait(mutex);
    EXPECT_EQ(tickets, 0);
    tickets = kThreads - 1;
    tickets_changed.NotifyAll();
    while (served < kThreads) progress.Wait(mutex);
    EXPECT_EQ(tickets, 0);
  }
  for (Thread& thread : threads) thread.Join();
}

void CondVarsOfOneMutexAreApart(Fixture&) {
  Mutex mutex;
  CondVar ping;
  CondVar pong;
  int turn = 0;
  Thread thread("pong", [&] {
    const MutexLock lock(mutex);
    for (int round = 0; round < 50; ++round) {
      while (turn % 2 == 0) ping.Wait(mutex);
      ++turn;
      pong.NotifyOne();
    }
  });
  {
    const MutexLock lock(mutex);
    for (int round = 0; round < 50; ++round) {
      ++turn;
      ping.NotifyOne();
      while (turn % 2 == 1) pong.Wait(mutex);
    }
  }
  thread.Join();
  EXPECT_EQ(turn, 100);
}

void SemaphoreCountsItsReleases(Fixture&) {
  Semaphore items(2);
  items.Acquire();
  items.Acquire();
  int released = 0;
  Thread thread("releaser", [&] {
    for (int i = 0; i < 10; ++i) {
      ++released;
      items.Release();
    }
  });
  for (int i = 0; i < 10; ++i) items.Acquire();
  EXPECT_EQ(released, 10);  // the tenth acquisition is after the tenth release
  thread.Join();
}

constexpr Case kCases[] = {
    {"JoinWaitsForTheBody", JoinWaitsForTheBody},
    {"ThreadsMoveAndNest", ThreadsMoveAndNest},
    {"NamesMayBeLongAndEqual", NamesMayBeLongAndEqual},
    {"ThreadIdsDifferAndStay", ThreadIdsDifferAndStay},
    {"MutexExcludes", MutexExcludes},
    {"MutexUnlockLetsOthersIn", MutexUnlockLetsOthersIn},
    {"WaitGivesTheMutexUp", WaitGivesTheMutexUp},
    {"WaitEndsAtItsDeadline", WaitEndsAtItsDeadline},
    {"WaitWithAPastDeadlineEnds", WaitWithAPastDeadlineEnds},
    {"NotifyEndsAWaitWithADeadline", NotifyEndsAWaitWithADeadline},
    {"NotifyOneWakesOneAndNotifyAllTheRest", NotifyOneWakesOneAndNotifyAllTheRest},
    {"CondVarsOfOneMutexAreApart", CondVarsOfOneMutexAreApart},
    {"SemaphoreCountsItsReleases", SemaphoreCountsItsReleases},
};

}  // namespace

void RegisterThreadConformance(const std::string& binding, FixtureMaker maker) {
  RegisterCases(binding + "Threads", kCases, std::move(maker));
}

}  // namespace beach::env::conformance
