// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/check.h"
#include "env/threads.h"
#include "sim/disk/disk.h"
#include "sim/kernel/test_scenario.h"
#include "sim/memory/process_memory.h"
#include "sim/system_scope.h"

namespace beach::sim {
namespace {

using env::Thread;

struct CountsDestruction {
  explicit CountsDestruction(int& counter) : counter_(counter) {}
  ~CountsDestruction() { ++counter_; }
  int& counter_;
};

// An allocation that no compiler leaves out.
void Allocate(std::size_t size) { ::operator delete(::operator new(size)); }

// Seam calls with allocations between them.
void Work(const env::Env& environment) {
  for (int i = 0; i < 3'000; ++i) {
    BEACH_CHECK(environment.files->Exists("x").has_value());
    for (int k = 0; k < 20; ++k) Allocate(100);
  }
}

struct Outcome {
  ProcessEnd end = ProcessEnd::kExited;
  RunReport report;
};

Outcome RunProcess(std::function<void(const env::Env&)> main, const RunOptions& options,
                   std::uint64_t rate = 0) {
  Outcome outcome;
  outcome.report = RunBody(
      [&](Simulation& simulation) {
        if (rate > 0) simulation.SetFault("memory.exhausted", rate);
        const HostId host = simulation.AddHost("a");
        const ProcessId process = simulation.Start(host, "p", main);
        outcome.end = simulation.Wait(process);
      },
      options);
  EXPECT_EQ(outcome.report.verdict.signature, "ok") << outcome.report.verdict.message;
  return outcome;
}

RunOptions WithLimit(std::uint64_t bytes) {
  RunOptions options;
  options.options["host.a.memory_max"] = bytes;
  return options;
}

TEST(Budget, RefusesBeyondTheLimitAndOnceWhenTold) {
  memory::Owner* const owner = memory::Open(1);
  memory::SetLimit(owner, 1000, nullptr);
  memory::Owner* const former = memory::Exchange(owner);
  void* const most = memory::Allocate(900, 16);
  void* const more = memory::Allocate(101, 16);
  void* const rest = memory::Allocate(100, 16);
  memory::Release(most);
  memory::RefuseAfter(owner, 2);
  void* const first = memory::Allocate(1, 16);
  void* const second = memory::Allocate(1, 16);
  void* const third = memory::Allocate(1, 16);
  void* const fourth = memory::Allocate(1, 16);
  memory::Exchange(former);
  EXPECT_NE(most, nullptr);
  EXPECT_EQ(more, nullptr);
  EXPECT_NE(rest, nullptr);
  EXPECT_NE(first, nullptr);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(third, nullptr);
  EXPECT_NE(fourth, nullptr);
  EXPECT_EQ(memory::Refusals(owner), 2U);
  EXPECT_EQ(memory::LiveBytes(owner), 103U);  // as asked for, in every build
  memory::Drop(owner);
}

TEST(HostMemory, AProcessThatCatchesItLives) {
  int caught = 0;
  const Outcome outcome = RunProcess(
      [&caught](const env::Env&) {
        try {
          Allocate(300'000);
        } catch (const std::bad_alloc&) {
          ++caught;
        }
        BEACH_CHECK(::operator new(300'000, std::nothrow) == nullptr);
        Allocate(1000);
      },
      WithLimit(200'000));
  EXPECT_EQ(outcome.end, ProcessEnd::kExited);
  EXPECT_EQ(caught, 1);
  EXPECT_EQ(outcome.report.faults.at("memory.limit"), 2U);
}

// As after kill -9: nothing unwinds, the page cache stays, and the machine goes on.
TEST(HostMemory, AProcessThatDoesNotCatchItEnds) {
  int destroyed = 0;
  int after = 0;
  for (const bool in_thread : {false, true}) {
    const RunReport report = RunBody(
        [&](Simulation& simulation) {
          const HostId host = simulation.AddHost("a");
          const ProcessId process = simulation.Start(host, "p", [&](const env::Env& environment) {
            const CountsDestruction object(destroyed);
            auto file = environment.files->Open("f", {.mode = env::OpenMode::kCreate});
            BEACH_CHECK((*file)->Append("kept").has_value());
            Thread other("other", [&] {
              const CountsDestruction mine(destroyed);
              environment.clock->SleepUntil(environment.clock->MonotonicNow() + 1'000'000);
              ++after;
            });
            if (!in_thread) Allocate(300'000);
            Thread thrower("thrower", [&] {
              const CountsDestruction mine(destroyed);
              Allocate(300'000);
              ++after;
            });
            thrower.Join();
            other.Join();
          });
          EXPECT_EQ(simulation.Wait(process), ProcessEnd::kOutOfMemory);
          simulation.SleepFor(10'000'000);
          EXPECT_EQ(*simulation.disk(host).Inspect("f"), "kept");
          const ProcessId next = simulation.Start(host, "p", [](const env::Env& environment) {
            BEACH_CHECK(environment.files->Exists("f").value());
          });
          EXPECT_EQ(simulation.Wait(next), ProcessEnd::kExited);
        },
        WithLimit(200'000));
    EXPECT_EQ(report.verdict.signature, "ok") << report.verdict.message;
  }
  EXPECT_EQ(destroyed, 0);
  EXPECT_EQ(after, 0);
}

void MayNotThrow() noexcept { Allocate(300'000); }

TEST(HostMemory, OneThatReachesTerminateEndsTheProcessToo) {
  const auto main = [](const env::Env&) { MayNotThrow(); };
  EXPECT_EQ(RunProcess(main, WithLimit(200'000)).end, ProcessEnd::kOutOfMemory);
}

TEST(HostMemoryDeathTest, WhatIsNoWantOfMemoryStaysAFinding) {
  // Nothing was refused.
  EXPECT_DEATH(RunProcess([](const env::Env&) { throw std::bad_alloc(); }, {}), "");
  // Something was, and then something else went wrong.
  const auto other = [](const env::Env&) {
    try {
      Allocate(300'000);
    } catch (const std::bad_alloc&) {
    }
    throw std::runtime_error("another");
  };
  EXPECT_DEATH(RunProcess(other, WithLimit(200'000)), "another");
  const auto check = [](const env::Env&) {
    try {
      Allocate(300'000);
    } catch (const std::bad_alloc&) {
      BEACH_CHECK(std::string("no").empty());
    }
  };
  EXPECT_DEATH(RunProcess(check, WithLimit(200'000)), "check failed");
  // A harness has no process to end.
  EXPECT_DEATH(RunBody([](Simulation&) { throw std::bad_alloc(); }), "");
}

TEST(HostMemory, TheDrawnFaultStrikesSomewhereAndRepeats) {
  std::map<std::uint64_t, int> died_at;  // events, in coarse steps
  int died = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    RunOptions options;
    options.seed = seed;
    const Outcome outcome = RunProcess(Work, options, 500'000);
    const bool out_of_memory = outcome.end == ProcessEnd::kOutOfMemory;
    EXPECT_EQ(outcome.report.faults.contains("memory.exhausted"), out_of_memory);
    died += out_of_memory ? 1 : 0;
    if (out_of_memory) ++died_at[outcome.report.events / 100];
    options.address_salt = 9;
    EXPECT_EQ(RunProcess(Work, options, 500'000).report.hash, outcome.report.hash);
    const artifacts::Artifact artifact =
        MakeArtifact(TestScenario([](Simulation&) {}), options, outcome.report);
    options.replay = &artifact;
    const Outcome again = RunProcess(Work, options, 500'000);
    EXPECT_EQ(again.end, outcome.end);
    EXPECT_EQ(again.report.hash, outcome.report.hash);
    EXPECT_EQ(again.report.diverged_at, std::nullopt);
    // Off: never.
    RunOptions calm;
    calm.seed = seed;
    EXPECT_EQ(RunProcess(Work, calm).end, ProcessEnd::kExited);
  }
  EXPECT_GT(died, 10);
  EXPECT_LT(died, 40);
  EXPECT_GT(died_at.size(), 5U);
}

TEST(HostMemory, LimitsAreDrawnWhereTheScenarioAsks) {
  int limited = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunBody(
        [](Simulation& simulation) {
          simulation.AddHost("plain");
          simulation.AddHost("small",
                             {.small_memory_max_bytes = 2000, .small_memory_min_bytes = 100});
        },
        options);
    EXPECT_EQ(report.options.at("host.plain.memory_max"), 0U);
    const std::uint64_t max = report.options.at("host.small.memory_max");
    EXPECT_TRUE(max == 0 || (max >= 100 && max <= 2000)) << max;
    limited += max == 0 ? 0 : 1;
  }
  EXPECT_NEAR(limited, 50, 25);
}

TEST(HostDescriptors, OpensFailWhereTheFaultStrikes) {
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunBody(
        [&](Simulation& simulation) {
          simulation.SetFault("process.descriptors", 200'000);
          const HostId host = simulation.AddHost("a");
          const ProcessId process = simulation.Start(host, "p", [&](const env::Env& environment) {
            for (int i = 0; i < 5; ++i) {
              const std::string name = "f" + std::to_string(i);
              const auto file = environment.files->Open(name, {.mode = env::OpenMode::kCreate});
              const auto lock = environment.files->Lock("lock");
              if (!file) {
                BEACH_CHECK_EQ(file.error().os_error(), EMFILE);
                BEACH_CHECK(!environment.files->Exists(name).value());
              }
              if (!lock) BEACH_CHECK_EQ(lock.error().os_error(), EMFILE);
              refused += (file ? 0 : 1) + (lock ? 0 : 1);
            }
          });
          EXPECT_EQ(simulation.Wait(process), ProcessEnd::kExited);
        },
        options);
    EXPECT_TRUE(report.verdict.ok()) << report.verdict.message;
  }
  EXPECT_NEAR(refused, 100, 40);
}

}  // namespace
}  // namespace beach::sim
