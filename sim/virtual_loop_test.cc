// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "base/check.h"
#include "env/threads.h"
#include "sim/kernel/test_scenario.h"

namespace beach::sim {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;

// A process with one loop on its first thread.
RunReport RunLoop(const std::function<void(env::Loop&, env::Clock&)>& body,
                  std::uint64_t seed = 1) {
  RunOptions options;
  options.seed = seed;
  RunReport report = RunBody(
      [&body](Simulation& simulation) {
        const HostId host = simulation.AddHost("a");
        const ProcessId process =
            simulation.Start(host, "loops", [&body](const env::Env& environment) {
              auto loop = environment.network->NewLoop();
              BEACH_CHECK(loop.has_value());
              body(**loop, *environment.clock);
            });
        simulation.Wait(process);
      },
      options);
  EXPECT_EQ(report.verdict.signature, "ok") << report.verdict.message;
  return report;
}

// Timers one after the other, as many as that, each of which calls `also`.
class Timers {
 public:
  Timers(env::Loop& loop, std::uint64_t now_ns, int count, std::function<void()> also)
      : loop_(loop), next_ns_(now_ns), left_(count), also_(std::move(also)) {
    Next();
  }

 private:
  void Next() {
    if (left_-- == 0) return loop_.Stop();
    next_ns_ += kMillisecond;
    loop_.At(next_ns_, [this] {
      if (also_) also_();
      Next();
    });
  }

  env::Loop& loop_;
  std::uint64_t next_ns_;
  int left_;
  const std::function<void()> also_;
};

std::uint64_t EventsOf(int timers, const std::function<void(env::Loop&)>& also) {
  const RunReport report = RunLoop([&](env::Loop& loop, env::Clock& clock) {
    const Timers chain(loop, clock.MonotonicNow(), timers, [&] {
      if (also) also(loop);
    });
    loop.Run();
  });
  return report.events;
}

// That it begins, and that it waits: it takes no lock and reads no clock.
TEST(VirtualLoop, ATurnIsTwoEvents) {
  EXPECT_EQ(EventsOf(300, nullptr) - EventsOf(100, nullptr), 2 * 200U);
}

// The post is one event, and there is no turn for it.
TEST(VirtualLoop, WhatACallbackPostsRunsInItsTurn) {
  const auto post = [](env::Loop& loop) { loop.Post([] {}); };
  EXPECT_EQ(EventsOf(300, post) - EventsOf(100, post), 3 * 200U);
}

TEST(VirtualLoop, WhoPostsAgainAndAgainKeepsNobodyWaiting) {
  int posts = 0;
  RunLoop([&posts](env::Loop& loop, env::Clock& clock) {
    const std::function<void()> again = [&] {
      ++posts;
      loop.Post(again);
    };
    loop.Post(again);
    loop.At(clock.MonotonicNow() + kMillisecond, [&loop] { loop.Stop(); });
    loop.Run();
  });
  EXPECT_GT(posts, 10);
}

// A post is a place where another thread may come first, as the lock is that a loop of Linux takes.
TEST(VirtualLoop, PostsOfTwoThreadsComeInBothOrders) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 1; seed <= 512; ++seed) {
    std::string order;
    RunLoop(
        [&order](env::Loop& loop, env::Clock&) {
          const auto post = [&](const char* what) {
            loop.Post([&order, &loop, what] {
              order += what;
              if (order.size() == 4) loop.Stop();
            });
          };
          env::Thread other("other", [&] {
            post("a");
            post("b");
          });
          post("1");
          post("2");
          loop.Run();
          other.Join();
        },
        seed);
    orders.insert(order);
  }
  EXPECT_EQ(orders, (std::set<std::string>{"12ab", "1a2b", "1ab2", "a12b", "a1b2", "ab12"}));
}

// What is posted while a turn goes on runs in it, or in the next one.
TEST(VirtualLoop, APostFallsBeforeAndBehindATurn) {
  std::set<bool> before;
  for (std::uint64_t seed = 1; seed <= 64; ++seed) {
    bool came_first = false;
    RunLoop(
        [&came_first](env::Loop& loop, env::Clock& clock) {
          bool posted = false;
          const std::uint64_t due = clock.MonotonicNow() + kMillisecond;
          env::Thread other("other", [&] {
            clock.SleepUntil(due);
            loop.Post([&] { posted = true; });
          });
          loop.At(due, [&] {
            came_first = posted;
            loop.Stop();
          });
          loop.Run();
          other.Join();
        },
        seed);
    before.insert(came_first);
  }
  EXPECT_EQ(before.size(), 2U);
}

// A loop that looks at its clock meets what a clock may meet.
TEST(VirtualLoop, ClocksGoWrongUnderLoopsThatOnlyWait) {
  const RunReport report = RunBody([](Simulation& simulation) {
    simulation.SetFault("clock.step", 500'000);
    const HostId host = simulation.AddHost("a");
    const ProcessId process = simulation.Start(host, "loops", [](const env::Env& environment) {
      auto loop = environment.network->NewLoop();
      BEACH_CHECK(loop.has_value());
      const Timers chain(**loop, environment.clock->MonotonicNow(), 100, nullptr);
      (*loop)->Run();
    });
    simulation.Wait(process);
  });
  EXPECT_EQ(report.verdict.signature, "ok") << report.verdict.message;
  const auto steps = report.faults.find("clock.step");
  ASSERT_NE(steps, report.faults.end());
  EXPECT_GT(steps->second, 20U);
}

}  // namespace
}  // namespace beach::sim
