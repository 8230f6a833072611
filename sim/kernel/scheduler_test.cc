// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "env/threads.h"
#include "sim/kernel/recorder.h"
#include "sim/kernel/test_scenario.h"

namespace beach::sim {
namespace {

using env::CondVar;
using env::Mutex;
using env::MutexLock;
using env::Thread;

// Four threads of a process that fight for a lock, wait for each other and for time.
void BusyWorld(Simulation& simulation) {
  const HostId host = simulation.AddHost("a");
  const ProcessId process = simulation.Start(host, "p", [](const env::Env& environment) {
    Mutex mutex;
    CondVar changed;
    std::uint64_t turns = 0;
    std::vector<Thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back("worker", [&] {
        for (int k = 0; k < 50; ++k) {
          const MutexLock lock(mutex);
          ++turns;
          changed.NotifyOne();
          const std::uint64_t deadline = environment.clock->MonotonicNow() + 1'000;
          changed.WaitUntil(mutex, deadline);
        }
      });
    }
    for (Thread& thread : threads) thread.Join();
    environment.events->Record("test.turns", {{"turns", turns}});
  });
  simulation.Wait(process);
}

TEST(Scheduler, SameSeedSameHashWhereverTheMemoryIs) {
  RunOptions options;
  options.seed = 42;
  const RunReport first = RunBody(BusyWorld, options);
  EXPECT_EQ(first.verdict.signature, "ok");
  EXPECT_GT(first.events, 400U);
  for (std::uint64_t salt = 1; salt < 5; ++salt) {
    options.address_salt = salt;
    const RunReport again = RunBody(BusyWorld, options);
    EXPECT_EQ(again.hash, first.hash);
    EXPECT_EQ(again.checkpoints, first.checkpoints);
  }
  options.keep_trace = true;
  EXPECT_EQ(RunBody(BusyWorld, options).hash, first.hash);
  options.seed = 43;
  EXPECT_NE(RunBody(BusyWorld, options).hash, first.hash);
}

// Two threads add to a number without a lock, with a possible switch between read and write.
void LostUpdate(Simulation& simulation) {
  int number = 0;
  const auto add = [&number] {
    const int read = number;
    env::current_virtual_os->Step();
    number = read + 1;
  };
  Thread first("first", add);
  Thread second("second", add);
  first.Join();
  second.Join();
  if (number != 2) simulation.Fail("lost-update", "number is " + std::to_string(number));
}

TEST(Scheduler, ARaceIsFoundByRandomSchedules) {
  int found = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunBody(LostUpdate, options);
    if (!report.verdict.ok()) {
      EXPECT_EQ(report.verdict.signature, "test/lost-update");
      ++found;
    }
  }
  EXPECT_GT(found, 10);
  EXPECT_LT(found, 90);
  RunOptions fewest;
  fewest.policy = Policy::kFewestSwitches;
  EXPECT_TRUE(RunBody(LostUpdate, fewest).verdict.ok());
}

// So many possible switches more before a seam call move no draw behind it.
TEST(Scheduler, StepsAreCountedFromTheLastSeamCall) {
  struct Unused final : RunEnd {
    void End(const std::string&, std::string) override { std::abort(); }
  };
  struct Context {
    Scheduler* scheduler;
    int yields;
    std::vector<std::uint64_t> steps;
  };
  std::vector<std::vector<std::uint64_t>> found;
  for (const int yields : {0, 1, 50}) {
    Recorder recorder(false);
    Unused end;
    Scheduler scheduler(1, Policy::kRandom, 1'000'000, recorder, end);
    Context context{&scheduler, yields, {}};
    const auto entry = [](void* argument) {
      Context& mine = *static_cast<Context*>(argument);
      for (int call = 0; call < 3; ++call) {
        for (int i = 0; i < mine.yields; ++i) mine.scheduler->Yield();
        mine.scheduler->BeginSeamCall();
        mine.scheduler->Yield();
        mine.steps.push_back(mine.scheduler->identity().steps);
      }
      mine.scheduler->LeaveToRunner();
    };
    scheduler.Spawn("a", 1, "t", nullptr, nullptr, entry, &context);
    scheduler.Run();
    scheduler.FreeLastStack();
    found.push_back(context.steps);
  }
  EXPECT_EQ(found[0].size(), 3U);
  EXPECT_NE(found[0][0], found[0][1]);
  EXPECT_EQ(found[1], found[0]);
  EXPECT_EQ(found[2], found[0]);
}

TEST(Scheduler, FewestSwitchesStillLetsSpinnersEnd) {
  RunOptions options;
  options.policy = Policy::kFewestSwitches;
  const RunReport report = RunBody(
      [](Simulation&) {
        bool done = false;
        Thread spinner("spinner", [&] {
          while (!done) env::current_virtual_os->Step();
        });
        Thread setter("setter", [&] { done = true; });
        spinner.Join();
        setter.Join();
      },
      options);
  EXPECT_EQ(report.verdict.signature, "ok");
}

TEST(Scheduler, DeadlockIsAVerdictThatNamesThreads) {
  const RunReport report = RunBody([](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    const ProcessId process = simulation.Start(host, "p", [](const env::Env&) {
      Mutex mutex;
      mutex.Lock();
      Thread blocked("blocked", [&] { mutex.Lock(); });
      blocked.Join();
    });
    simulation.Wait(process);
  });
  EXPECT_EQ(report.verdict.signature, "test/deadlock");
  EXPECT_NE(report.verdict.message.find("'blocked' on a waits for a lock"), std::string::npos);
  EXPECT_NE(report.verdict.message.find("'harness' waits for the end of a process"),
            std::string::npos);
}

TEST(Scheduler, EndlessRunsHitTheEventLimit) {
  RunOptions options;
  options.events_max = 10'000;
  const RunReport report = RunBody(
      [](Simulation&) {
        for (;;) env::current_virtual_os->Step();
      },
      options);
  EXPECT_EQ(report.verdict.signature, "test/event-limit");
  EXPECT_EQ(report.verdict.event, 10'001U);
}

TEST(Scheduler, EventsWithoutTimeAreALivelock) {
  const RunReport report = RunBody([](Simulation& simulation) {
    for (;;) simulation.decisions().Draw("test.draw");
  });
  EXPECT_EQ(report.verdict.signature, "test/livelock");
}

TEST(Scheduler, TimersFireInOrderAndNeverEarly) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    RunOptions options;
    options.seed = seed;
    std::vector<std::uint64_t> order;
    const RunReport report = RunBody(
        [&order](Simulation& simulation) {
          std::vector<Thread> threads;
          for (const std::uint64_t delay : {5U, 1U, 4U, 2U, 3U}) {
            threads.emplace_back("sleeper", [&simulation, &order, delay] {
              simulation.SleepFor(delay * 1'000'000);
              EXPECT_GE(simulation.Now(), delay * 1'000'000);
              order.push_back(delay);
            });
          }
          for (Thread& thread : threads) thread.Join();
          EXPECT_LT(simulation.Now(), 6'000'000U);
        },
        options);
    EXPECT_TRUE(report.verdict.ok());
    EXPECT_EQ(order, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
  }
}

TEST(Scheduler, ConditionsTimeOutOnTheHostsClock) {
  const RunReport report = RunBody([](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    const ProcessId process = simulation.Start(host, "p", [](const env::Env& environment) {
      Mutex mutex;
      CondVar condition;
      const MutexLock lock(mutex);
      const std::uint64_t deadline = environment.clock->MonotonicNow() + 7'000'000;
      BEACH_CHECK(!condition.WaitUntil(mutex, deadline));
      const std::uint64_t now = environment.clock->MonotonicNow();
      BEACH_CHECK_GE(now, deadline);
      BEACH_CHECK_LT(now, deadline + 1'000'000);
    });
    simulation.Wait(process);
    EXPECT_GE(simulation.Now(), 7'000'000U);
    EXPECT_LT(simulation.Now(), 8'000'000U);
  });
  EXPECT_TRUE(report.verdict.ok());
}

TEST(Scheduler, ANotifiedWaiterDoesNotTimeOut) {
  const RunReport report = RunBody([](Simulation& simulation) {
    Mutex mutex;
    CondVar condition;
    bool set = false;
    Thread waiter("waiter", [&] {
      const MutexLock lock(mutex);
      while (!set) EXPECT_TRUE(condition.WaitUntil(mutex, 1'000'000'000));
    });
    simulation.SleepFor(1'000'000);
    {
      const MutexLock lock(mutex);
      set = true;
      condition.NotifyAll();
    }
    waiter.Join();
    EXPECT_LT(simulation.Now(), 2'000'000U);
  });
  EXPECT_TRUE(report.verdict.ok());
}

TEST(Scheduler, LiveThreadNamesAreUnique) {
  RunOptions options;
  options.keep_trace = true;
  const RunReport report = RunBody(
      [](Simulation& simulation) {
        std::vector<Thread> threads;
        for (int i = 0; i < 3; ++i) {
          threads.emplace_back("twin", [&simulation] {
            simulation.SleepFor(1'000);
            simulation.Trace("test", "here");
          });
        }
        for (Thread& thread : threads) thread.Join();
        Thread later("twin", [&simulation] { simulation.Trace("test", "later"); });
        later.Join();
      },
      options);
  std::vector<std::string> names;
  for (const artifacts::TraceEvent& event : report.trace) {
    if (event.kind == "test") names.push_back(event.thread);
  }
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"twin", "twin", "twin#2", "twin#3"}));
}

TEST(Scheduler, ThreadsLeftByTheScenarioAreAVerdict) {
  [[maybe_unused]] static Thread*
      left;  // never joined, so never destroyed: known to the leak checker
  const RunReport report = RunBody([](Simulation&) {
    left = new Thread("left", [] {
      Mutex mutex;
      mutex.Lock();
      mutex.Lock();
    });
  });
  EXPECT_EQ(report.verdict.signature, "test/threads-left");
}

TEST(SchedulerDeathTest, AnExceptionThatEscapesAThreadStops) {
  EXPECT_DEATH(RunBody([](Simulation&) {
                 Thread thrower("thrower", [] { throw 1; });
                 thrower.Join();
               }),
               "");
}

// Run by hand: BEACH_MEASURE=1 prints what a step costs.
TEST(Scheduler, StepsAreCheap) {
  constexpr std::uint64_t kSteps = 200'000;
  RunOptions options;
  std::uint64_t events = 0;
  const auto body = [](Simulation&) {
    std::vector<Thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back("stepper", [] {
        for (std::uint64_t k = 0; k < kSteps; ++k) env::current_virtual_os->Step();
      });
    }
    for (Thread& thread : threads) thread.Join();
  };
  const char* const measure = std::getenv("BEACH_MEASURE");
  if (measure == nullptr) options.events_max = 100'000;
  const auto begin = std::chrono::steady_clock::now();
  events = RunBody(body, options).events;
  EXPECT_GE(events, 100'000U);
  if (measure == nullptr) return;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::printf("%.1f million events a second, %llu events\n",
              static_cast<double>(events) / seconds.count() / 1e6,
              static_cast<unsigned long long>(events));
}

}  // namespace
}  // namespace beach::sim
