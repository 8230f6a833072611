// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "env/conformance/case_loop.h"
#include "env/conformance/loop_cases.h"
#include "env/threads.h"

namespace beach::env::conformance {
namespace {

void PostedRunsOnceOnTheLoopsThread(Fixture& world) {
  CaseLoop loop(world);
  std::vector<std::uint64_t> ran_on;
  loop->Post([&] { ran_on.push_back(CurrentThreadId()); });
  EXPECT_TRUE(ran_on.empty());
  EXPECT_TRUE(loop.RunUntil([&] { return !ran_on.empty(); }));
  loop.RunFor(kMillisecond);
  EXPECT_EQ(ran_on, std::vector<std::uint64_t>{CurrentThreadId()});
}

void PostFromACallbackRunsAfterIt(Fixture& world) {
  CaseLoop loop(world);
  std::string order;
  loop->Post([&] {
    loop->Post([&] { order += 'c'; });
    order += 'a';
  });
  loop->Post([&] { order += 'b'; });
  EXPECT_TRUE(loop.RunUntil([&] { return order.size() == 3; }));
  EXPECT_EQ(order, "abc");
}

void PostsOfEachThreadKeepTheirOrder(Fixture& world) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kPosts = 200;
  CaseLoop loop(world);
  const std::uint64_t here = CurrentThreadId();
  std::vector<std::vector<std::size_t>> order(kThreads);
  std::size_t ran = 0;
  std::vector<Thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back("poster", [&, i] {
      for (std::size_t n = 0; n < kPosts; ++n) {
        loop->Post([&, i, n] {
          EXPECT_EQ(CurrentThreadId(), here);
          order[i].push_back(n);
          ++ran;
        });
      }
    });
  }
  EXPECT_TRUE(loop.RunUntil([&] { return ran == kThreads * kPosts; }));
  for (Thread& thread : threads) thread.Join();
  for (const auto& each : order) {
    ASSERT_EQ(each.size(), kPosts);
    for (std::size_t n = 0; n < kPosts; ++n) EXPECT_EQ(each[n], n);
  }
}

void PostWakesALoopThatSleeps(Fixture& world) {
  CaseLoop loop(world);
  Semaphore running(0);
  bool ran = false;
  loop->Post([&] { running.Release(); });
  Thread thread("poster", [&] {
    running.Acquire();
    loop->Post([&] {
      ran = true;
      loop->Stop();
    });
  });
  loop->Run();  // no timer is set: only the post can end it
  thread.Join();
  EXPECT_TRUE(ran);
}

void StopEndsRunAfterThePresentCallback(Fixture& world) {
  CaseLoop loop(world);
  std::string order;
  loop->Post([&] {
    order += 'a';
    loop->Stop();
    order += 'b';
  });
  loop->Post([&] {
    order += 'c';
    loop->Stop();
  });
  loop->Post([&] { order += 'd'; });
  loop->Run();
  EXPECT_EQ(order, "ab");
  loop->Run();
  EXPECT_EQ(order, "abc");
  EXPECT_TRUE(loop.RunUntil([&] { return order == "abcd"; }));
}

void StopBeforeRunEndsItAtOnce(Fixture& world) {
  CaseLoop loop(world);
  bool ran = false;
  loop->Post([&] { ran = true; });
  loop->Stop();
  loop->Stop();  // is one stop
  loop->Run();
  EXPECT_FALSE(ran);
  EXPECT_TRUE(loop.RunUntil([&] { return ran; }));
}

void StopOfATimerLeavesTheOthers(Fixture& world) {
  CaseLoop loop(world);
  int ran = 0;
  const std::uint64_t deadline = loop.Now();
  for (int i = 0; i < 3; ++i) {
    loop->At(deadline, [&] {
      ++ran;
      loop->Stop();
    });
  }
  for (int run = 1; run <= 3; ++run) {
    loop->Run();
    EXPECT_EQ(ran, run);
  }
}

void StopOfAConnectionLeavesTheOthers(Fixture& world) {
  constexpr std::size_t kConnections = 10;
  CaseLoop loop(world);
  std::vector<std::unique_ptr<Connection>> servers;
  const auto listener = ListenSomewhere(*loop, world.Host(), [&](std::unique_ptr<Connection> made) {
    servers.push_back(std::move(made));
    return Connection::Callbacks{};
  });
  ASSERT_TRUE(listener.has_value());
  std::size_t calls = 0;
  Connection::Callbacks callbacks;
  callbacks.on_bytes = [&](ByteView) {
    ++calls;
    loop->Stop();
  };
  std::vector<std::unique_ptr<Connection>> clients;
  for (std::size_t i = 0; i < kConnections; ++i) {
    clients.push_back(loop->Connect((*listener)->address(), {}, callbacks));
  }
  EXPECT_TRUE(loop.RunUntil([&] { return servers.size() == kConnections; }));
  for (const auto& server : servers) EXPECT_TRUE(server->Send("x"));
  for (std::size_t run = 1; run <= kConnections; ++run) {
    loop->Run();
    EXPECT_EQ(calls, run);
  }
}

void WhatIsLeftIsDroppedUncalled(Fixture& world) {
  CaseLoop loop(world);
  const auto kept = std::make_shared<int>(0);
  const auto touch = [kept] { ++*kept; };
  for (int i = 0; i < 3; ++i) loop->Post(touch);
  loop->At(0, touch);
  loop->At(loop.Now() + kSecond, touch);
  const std::uint64_t cancelled = loop->At(loop.Now() + kSecond, touch);
  EXPECT_GT(kept.use_count(), 2);
  loop->Cancel(cancelled);
  loop.Destroy();
  EXPECT_EQ(*kept, 0);
  EXPECT_EQ(kept.use_count(), 2);  // this one's, and that of `touch`
}

void RanCallbacksAreLetGo(Fixture& world) {
  CaseLoop loop(world);
  const auto kept = std::make_shared<int>(0);
  loop->Post([kept] { ++*kept; });
  loop->At(0, [kept] { ++*kept; });
  EXPECT_TRUE(loop.RunUntil([&] { return *kept == 2; }));
  loop.RunFor(kMillisecond);
  EXPECT_EQ(kept.use_count(), 1);
}

void LoopMadeHereRunsElsewhere(Fixture& world) {
  CaseLoop loop(world);
  std::uint64_t ran_on = 0;
  loop->Post([&] {
    ran_on = CurrentThreadId();
    loop->Stop();
  });
  std::uint64_t other = 0;
  Thread thread("runner", [&] {
    other = CurrentThreadId();
    loop->Run();
  });
  thread.Join();
  EXPECT_NE(other, 0U);
  EXPECT_EQ(ran_on, other);
}

constexpr Case kCases[] = {
    {"PostedRunsOnceOnTheLoopsThread", PostedRunsOnceOnTheLoopsThread},
    {"PostFromACallbackRunsAfterIt", PostFromACallbackRunsAfterIt},
    {"PostsOfEachThreadKeepTheirOrder", PostsOfEachThreadKeepTheirOrder},
    {"PostWakesALoopThatSleeps", PostWakesALoopThatSleeps},
    {"StopEndsRunAfterThePresentCallback", StopEndsRunAfterThePresentCallback},
    {"StopBeforeRunEndsItAtOnce", StopBeforeRunEndsItAtOnce},
    {"StopOfATimerLeavesTheOthers", StopOfATimerLeavesTheOthers},
    {"StopOfAConnectionLeavesTheOthers", StopOfAConnectionLeavesTheOthers},
    {"WhatIsLeftIsDroppedUncalled", WhatIsLeftIsDroppedUncalled},
    {"RanCallbacksAreLetGo", RanCallbacksAreLetGo},
    {"LoopMadeHereRunsElsewhere", LoopMadeHereRunsElsewhere},
};

}  // namespace

std::span<const Case> PostCases() { return kCases; }

}  // namespace beach::env::conformance
