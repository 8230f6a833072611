// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/pct.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "env/threads.h"
#include "sim/kernel/test_scenario.h"

namespace beach::sim {
namespace {

using env::Thread;

// More steps than any of the programs below makes.
constexpr std::uint64_t kLength = 8;

void Step() { env::current_virtual_os->Step(); }

// Depth 1: the second thread must not come before the first.
void WrongOrder(Simulation& simulation) {
  bool ready = false;
  bool seen = false;
  Thread user("user", [&] { seen = ready; });
  Thread maker("maker", [&] { ready = true; });
  user.Join();
  maker.Join();
  if (seen) simulation.Fail("order", "the user came second");
}

// Depth 2: one thread is interrupted between its read and its write.
void LostUpdate(Simulation& simulation) {
  int number = 0;
  const auto add = [&number] {
    const int read = number;
    Step();
    number = read + 1;
  };
  Thread first("first", add);
  Thread second("second", add);
  first.Join();
  second.Join();
  if (number != 2) simulation.Fail("lost-update", "number is " + std::to_string(number));
}

// Depth 3: each of the two is interrupted in the middle, one after the other.
void TwoInterrupted(Simulation& simulation) {
  bool first_within = false;
  bool second_within = false;
  bool met = false;
  Thread first("first", [&] {
    first_within = true;
    Step();
    met = second_within;
    first_within = false;
  });
  Thread second("second", [&] {
    if (!first_within) return;
    second_within = true;
    Step();
    second_within = false;
  });
  first.Join();
  second.Join();
  if (met) simulation.Fail("met", "both were within");
}

std::uint64_t Found(void (*program)(Simulation&), std::uint64_t depth, std::uint64_t runs) {
  std::uint64_t found = 0;
  RunOptions options;
  options.policy = Policy::kPct;
  options.options = {{"schedule.pct_depth", depth}, {"schedule.pct_length", kLength}};
  for (options.seed = 0; options.seed < runs; ++options.seed) {
    if (!RunBody(program, options).verdict.ok()) ++found;
  }
  return found;
}

// What the paper guarantees for n threads (with the harness three) and k steps, less four standard
// deviations.
double Guaranteed(std::uint64_t depth, std::uint64_t runs) {
  const auto k = static_cast<double>(kLength);
  const double mean = static_cast<double>(runs) / (3 * std::pow(k, static_cast<double>(depth) - 1));
  return mean - 4 * std::sqrt(mean);
}

TEST(Pct, DepthOneFindsAnOrderAndNothingDeeper) {
  const std::uint64_t found = Found(WrongOrder, 1, 300);
  EXPECT_GT(static_cast<double>(found), Guaranteed(1, 300));
  EXPECT_LT(found, 300U);
  EXPECT_EQ(Found(LostUpdate, 1, 300), 0U);
  EXPECT_EQ(Found(TwoInterrupted, 1, 300), 0U);
}

TEST(Pct, DepthTwoFindsOneInterruption) {
  constexpr std::uint64_t kRuns = 1200;
  const auto found = static_cast<double>(Found(LostUpdate, 2, kRuns));
  EXPECT_GT(found, Guaranteed(2, kRuns));
  // Whoever goes first, one of the steps is in the middle of it: one change point in kLength.
  const double mean = static_cast<double>(kRuns) / static_cast<double>(kLength);
  EXPECT_NEAR(found, mean, 4 * std::sqrt(mean));
  EXPECT_EQ(Found(TwoInterrupted, 2, kRuns), 0U);
}

TEST(Pct, DepthThreeFindsTwoInterruptions) {
  constexpr std::uint64_t kRuns = 6000;
  const auto found = static_cast<double>(Found(TwoInterrupted, 3, kRuns));
  EXPECT_GT(found, Guaranteed(3, kRuns));
  EXPECT_GT(Guaranteed(3, kRuns), 5);
  // The step of each of the two must be the change point meant for it, and the first be the first,
  // as it is in four of the six orders of three threads.
  const double mean = static_cast<double>(kRuns) * 4 / 6 / static_cast<double>(kLength * kLength);
  EXPECT_NEAR(found, mean, 4 * std::sqrt(mean));
}

TEST(Pct, ChangePointsLowerBelowAllAndEachOtherOncePerWindow) {
  int ascending = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    PctSchedule schedule;
    schedule.Begin(seed, 4, 1'000);
    for (int window = 0; window < 3; ++window) {
      std::vector<std::uint64_t> lowered;
      for (int step = 1; step <= 1'000; ++step) {
        Identity identity;
        identity.schedule_key = seed;
        SimThread thread;
        const std::uint64_t initial = schedule.Initial(identity);
        thread.priority = initial;
        const bool ends = schedule.PassStep() && schedule.Change(thread);
        EXPECT_EQ(ends, step == 1'000);
        if (thread.priority == initial) continue;
        EXPECT_GT(thread.priority, initial);
        for (const std::uint64_t other : lowered) EXPECT_NE(thread.priority, other);
        lowered.push_back(thread.priority);
      }
      if (lowered.size() < 3) continue;  // two at one step
      EXPECT_EQ(lowered.size(), 3U);
      if (lowered[0] < lowered[1]) ++ascending;
      EXPECT_GT(schedule.Last(), std::ranges::max(lowered));
    }
  }
  EXPECT_NEAR(ascending, 300, 80);  // of 600: which comes first says nothing about how low
}

TEST(Pct, PrioritiesAreAFunctionOfSeedAndIdentity) {
  // A thread more changes nothing about who of the others is preferred.
  const auto order = [](std::uint64_t seed, bool more) {
    std::vector<std::string> names;
    RunOptions options;
    options.seed = seed;
    options.policy = Policy::kPct;
    options.options = {{"schedule.pct_depth", 1}, {"schedule.pct_length", 1000}};
    RunBody(
        [&](Simulation& simulation) {
          bool open = false;
          env::Mutex mutex;
          env::CondVar opened;
          std::vector<Thread> threads;
          for (const char* name : {"a", "b", "other", "c"}) {
            if (name == std::string("other") && !more) continue;
            threads.emplace_back(name, [&, name] {
              const env::MutexLock lock(mutex);
              while (!open) opened.Wait(mutex);
              if (name != std::string("other")) names.emplace_back(name);
            });
          }
          simulation.SleepFor(1'000'000);
          {
            const env::MutexLock lock(mutex);
            open = true;
            opened.NotifyAll();
          }
          for (Thread& thread : threads) thread.Join();
        },
        options);
    return names;
  };
  std::map<std::vector<std::string>, int> seen;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const std::vector<std::string> names = order(seed, false);
    EXPECT_EQ(order(seed, true), names);
    ++seen[names];
  }
  EXPECT_EQ(seen.size(), 6U);
}

TEST(Pct, SpinnersGoBehindTheOthers) {
  RunOptions options;
  options.policy = Policy::kPct;
  options.events_max = 100'000;
  for (options.seed = 0; options.seed < 50; ++options.seed) {
    const RunReport report = RunBody(
        [](Simulation&) {
          int done = 0;
          std::vector<Thread> threads;
          for (int i = 0; i < 3; ++i) {
            threads.emplace_back("spinner", [&] {
              while (done == 0) Step();
            });
          }
          threads.emplace_back("setter", [&] { done = 1; });
          for (Thread& thread : threads) thread.Join();
        },
        options);
    EXPECT_EQ(report.verdict.signature, "ok") << options.seed;
  }
}

// Two that wake each other all the time leave the third its turn in some window.
TEST(Pct, NobodyStarvesForEver) {
  RunOptions options;
  options.policy = Policy::kPct;
  options.options = {{"schedule.pct_length", 64}};
  options.events_max = 300'000;
  for (options.seed = 0; options.seed < 50; ++options.seed) {
    const RunReport report = RunBody(
        [](Simulation&) {
          bool done = false;
          int turn = 0;
          env::Mutex mutex;
          env::CondVar changed;
          std::vector<Thread> threads;
          for (int mine = 0; mine < 2; ++mine) {
            threads.emplace_back("player", [&, mine] {
              const env::MutexLock lock(mutex);
              while (!done) {
                while (turn != mine && !done) changed.Wait(mutex);
                turn = 1 - mine;
                changed.NotifyAll();
              }
            });
          }
          threads.emplace_back("ender", [&] {
            Step();
            done = true;
            changed.NotifyAll();
          });
          for (Thread& thread : threads) thread.Join();
        },
        options);
    EXPECT_EQ(report.verdict.signature, "ok") << options.seed;
  }
}

TEST(Pct, TheOptionForcesAPolicy) {
  const auto events = [](Policy policy, std::map<std::string, std::uint64_t> knobs) {
    RunOptions options;
    options.policy = policy;
    options.options = std::move(knobs);
    return RunBody(TwoInterrupted, options).events;
  };
  std::map<std::string, std::uint64_t> pct = {{"schedule.pct_depth", 2},
                                              {"schedule.pct_length", 9}};
  const std::uint64_t forced = events(Policy::kPct, pct);
  pct["schedule.policy"] = 1;
  EXPECT_EQ(events(Policy::kMixed, pct), forced + 1);  // the option itself is an event
  EXPECT_EQ(events(Policy::kMixed, {{"schedule.policy", 2}}),
            events(Policy::kFewestSwitches, {}) + 1);
  EXPECT_EQ(events(Policy::kMixed, {{"schedule.policy", 0}}), events(Policy::kRandom, {}));
}

TEST(Pct, AQuarterOfTheRunsUseIt) {
  const TestScenario scenario(LostUpdate);
  int pct = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunScenario(scenario, options);
    EXPECT_EQ(RunScenario(scenario, options).hash, report.hash);
    artifacts::Artifact artifact = MakeArtifact(scenario, options, report);
    EXPECT_EQ(artifact.policy, "mixed");
    options.replay = &artifact;
    EXPECT_EQ(RunScenario(scenario, options).hash, report.hash);
    if (report.options.at("schedule.policy") == 0) {
      EXPECT_FALSE(report.options.contains("schedule.pct_depth"));
      // One recorded before there was a choice.
      artifact.policy = "random";
      artifact.options.clear();
      EXPECT_EQ(RunScenario(scenario, options).hash, report.hash);
      options.replay = nullptr;
      options.policy = Policy::kRandom;
      EXPECT_EQ(RunScenario(scenario, options).hash, report.hash);
      continue;
    }
    ++pct;
    EXPECT_EQ(report.options.at("schedule.policy"), 1U);
    EXPECT_GE(report.options.at("schedule.pct_depth"), 1U);
    EXPECT_LE(report.options.at("schedule.pct_depth"), 5U);
    EXPECT_GE(report.options.at("schedule.pct_length"), 64U);
  }
  EXPECT_NEAR(pct, 50, 25);
}

}  // namespace
}  // namespace beach::sim
