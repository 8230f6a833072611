// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/check.h"
#include "env/threads.h"
#include "sim/kernel/host_clock.h"
#include "sim/kernel/test_scenario.h"
#include "sim/system_scope.h"

namespace beach::sim {
namespace {

using env::Mutex;
using env::MutexLock;
using env::Thread;

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000'000'000;

// Reads both clocks, sleeps, waits with deadlines and writes to a file, in three threads. What must
// hold of the monotonic clock is checked here.
void UseClocks(const env::Env& environment) {
  const auto use = [&environment](const std::string& name) {
    auto file = environment.files->Open(name, {.mode = env::OpenMode::kCreate});
    BEACH_CHECK(file.has_value());
    Mutex mutex;
    env::CondVar never;
    std::uint64_t last = 0;
    for (int i = 0; i < 20; ++i) {
      const std::uint64_t now = environment.clock->MonotonicNow();
      BEACH_CHECK_GE(now, last);
      static_cast<void>(environment.clock->WallNow());
      environment.clock->SleepUntil(now + kMillisecond);
      const std::uint64_t after = environment.clock->MonotonicNow();
      BEACH_CHECK_GE(after, now + kMillisecond);
      BEACH_CHECK((*file)->Append("something").has_value());
      const MutexLock lock(mutex);
      while (never.WaitUntil(mutex, after + kMillisecond)) {
      }
      last = environment.clock->MonotonicNow();
      BEACH_CHECK_GE(last, after + kMillisecond);
    }
    BEACH_CHECK((*file)->Sync().has_value());
  };
  std::vector<Thread> threads;
  for (const char* name : {"one", "two", "three"}) threads.emplace_back(name, [=] { use(name); });
  for (Thread& thread : threads) thread.Join();
}

void OneHost(Simulation& simulation) {
  const HostId host = simulation.AddHost("a", {.clock_drift_max_ppm = 500, .slow_cpu_max = 50});
  const ProcessId process = simulation.Start(host, "p", UseClocks);
  BEACH_CHECK(simulation.Wait(process) == ProcessEnd::kExited);
}

// Runs with one fault at a high rate; every run must be equal when made again, and when replayed.
// Returns how often it struck.
std::uint64_t RunWith(std::vector<Site> sites, std::uint64_t runs) {
  std::uint64_t struck = 0;
  for (std::uint64_t seed = 0; seed < runs; ++seed) {
    RunOptions options;
    options.seed = seed;
    const TestScenario scenario([&sites](Simulation& simulation) {
      for (const Site site : sites) simulation.SetFault(site, 30'000);
      OneHost(simulation);
    });
    const RunReport report = RunScenario(scenario, options);
    EXPECT_EQ(report.verdict.signature, "ok") << report.verdict.message;
    for (const auto& [name, count] : report.faults) struck += count;
    options.address_salt = 7;
    EXPECT_EQ(RunScenario(scenario, options).hash, report.hash);
    const artifacts::Artifact artifact = MakeArtifact(scenario, options, report);
    options.replay = &artifact;
    const RunReport replayed = RunScenario(scenario, options);
    EXPECT_EQ(replayed.hash, report.hash);
    EXPECT_EQ(replayed.diverged_at, std::nullopt);
  }
  return struck;
}

TEST(HostFaults, NothingStrikesUnasked) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunBody(OneHost, options);
    EXPECT_TRUE(report.verdict.ok());
    EXPECT_TRUE(report.faults.empty());
    EXPECT_LT(report.virtual_ns, kSecond);
  }
}

TEST(HostFaults, TheMonotonicClockHoldsUnderEveryFault) {
  EXPECT_GT(RunWith({"clock.step"}, 20), 20U);
  EXPECT_GT(RunWith({"clock.freeze"}, 20), 20U);
  EXPECT_GT(RunWith({"host.pause"}, 20), 20U);
  EXPECT_GT(RunWith({"thread.stall"}, 20), 20U);
  EXPECT_GT(RunWith({"clock.step", "clock.freeze", "host.pause", "thread.stall"}, 20), 100U);
}

TEST(HostFaults, ClocksDriftAsTheOptionSays) {
  RunOptions options;
  options.options = {{"host.a.clock_rate_ppm", 2'000'000}, {"host.a.clock_offset", 77 * kSecond}};
  const RunReport report = RunBody(
      [](Simulation& simulation) {
        const HostId host = simulation.AddHost("a");
        simulation.Wait(simulation.Start(host, "p", [&simulation](const env::Env& environment) {
          const std::uint64_t before = environment.clock->MonotonicNow();
          BEACH_CHECK_GE(before, 77 * kSecond);
          BEACH_CHECK_LT(before, 77 * kSecond + kMillisecond);
          environment.clock->SleepUntil(before + 2 * kSecond);
          BEACH_CHECK_LT(simulation.Now(), kSecond + kMillisecond);  // twice as fast
          const std::uint64_t wall = environment.clock->WallNow();
          BEACH_CHECK_GE(wall, HostClock::kEpochNs + 2 * kSecond - kMillisecond);
        }));
      },
      options);
  EXPECT_TRUE(report.verdict.ok()) << report.verdict.message;
}

TEST(HostFaults, WallClocksStepFarAndMonotonicOnesDoNot) {
  std::uint64_t back = 0;
  std::uint64_t ahead = 0;
  std::uint64_t far = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunBody(
        [&](Simulation& simulation) {
          const HostId host = simulation.AddHost("a");
          simulation.SetFault("clock.step", 200'000);
          simulation.Wait(simulation.Start(host, "p", [&](const env::Env& environment) {
            std::uint64_t wall = environment.clock->WallNow();
            for (int i = 0; i < 20; ++i) {
              const std::uint64_t now = environment.clock->WallNow();
              const std::uint64_t by = now > wall ? now - wall : wall - now;
              if (now < wall) ++back;
              if (now > wall + kMillisecond) ++ahead;
              if (by > (std::uint64_t{1} << 31) * kMillisecond) ++far;
              wall = now;
            }
          }));
        },
        options);
    EXPECT_LT(report.virtual_ns, kSecond);
  }
  EXPECT_GT(back, 50U);
  EXPECT_GT(ahead, 50U);
  EXPECT_GT(far, 20U);
}

// Another host's threads, and the devices, go on while one stands still.
TEST(HostFaults, APauseStopsAllThreadsOfOneHost) {
  std::uint64_t longest = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    std::vector<std::uint64_t> times;  // at which threads of the paused host ran
    RunOptions options;
    options.seed = seed;
    std::uint64_t paused_at = 0;
    const RunReport report = RunBody(
        [&](Simulation& simulation) {
          const HostId host = simulation.AddHost("a");
          const HostId other = simulation.AddHost("b");
          const auto tick = [&](const env::Env& environment) {
            Thread busy("busy", [&] {
              for (int i = 0; i < 2'000; ++i) {
                env::current_virtual_os->Step();
                const SystemScope system;
                times.push_back(simulation.Now());
              }
            });
            for (int i = 0; i < 20; ++i) {
              const std::uint64_t now = environment.clock->MonotonicNow();
              environment.clock->SleepUntil(now + 10'000);
              const SystemScope system;
              times.push_back(simulation.Now());
            }
            busy.Join();
          };
          const ProcessId ticks = simulation.Start(host, "ticks", tick);
          simulation.SleepFor(20'000);
          const ProcessId pauser =
              simulation.Start(host, "pauser", [&](const env::Env& environment) {
                simulation.SetFault("host.pause", 1'000'000);
                paused_at = simulation.Now();
                BEACH_CHECK(environment.files->Exists("x").has_value());
                simulation.SetFault("host.pause", 0);
              });
          simulation.Wait(simulation.Start(other, "other", UseClocks));
          simulation.Wait(pauser);
          simulation.Wait(ticks);
        },
        options);
    ASSERT_EQ(report.verdict.signature, "ok") << report.verdict.message;
    const auto choice = std::ranges::find_if(report.decisions, [](const artifacts::Decision& made) {
      return made.site == "host.pause_log2";
    });
    ASSERT_NE(choice, report.decisions.end());
    const std::uint64_t length = std::uint64_t{1} << (20 + choice->value);
    longest = std::max(longest, length);
    for (const std::uint64_t time : times) {
      // The pausing call begins some steps after paused_at, and ends its pause exactly.
      EXPECT_FALSE(time > paused_at + 100'000 && time < paused_at + length) << seed;
    }
  }
  EXPECT_GT(longest, 30 * kSecond);
}

TEST(HostFaults, AKilledOrStartedProcessOfAPausedHostFits) {
  const RunReport report = RunBody([](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    simulation.SetFault("host.pause", 1'000'000);
    const auto look = [](const env::Env& environment) {
      BEACH_CHECK(environment.files->Exists("x").has_value());
    };
    const ProcessId first = simulation.Start(host, "p", look);
    simulation.SleepFor(500'000);  // it is paused, for a millisecond at least
    simulation.SetFault("host.pause", 0);
    std::uint64_t began = 0;
    const ProcessId second =
        simulation.Start(host, "q", [&](const env::Env&) { began = simulation.Now(); });
    simulation.Kill(first);
    EXPECT_EQ(simulation.Wait(first), ProcessEnd::kKilled);
    EXPECT_EQ(simulation.Wait(second), ProcessEnd::kExited);
    EXPECT_GT(began, 1'000'000U);

    simulation.SetFault("host.pause", 1'000'000);
    const ProcessId third = simulation.Start(host, "p", look);
    simulation.SleepFor(500'000);
    simulation.SetFault("host.pause", 0);
    simulation.PowerLoss(host);
    EXPECT_EQ(simulation.Wait(third), ProcessEnd::kPowerLost);
    const std::uint64_t before = simulation.Now();
    EXPECT_EQ(simulation.Wait(simulation.Start(host, "p", look)), ProcessEnd::kExited);
    EXPECT_LT(simulation.Now(), before + 1'000'000);  // a machine that starts is awake
  });
  EXPECT_EQ(report.verdict.signature, "ok") << report.verdict.message;
}

TEST(HostFaults, SlowProcessorsMakeCallsDear) {
  const auto taken = [](std::uint64_t factor) {
    RunOptions options;
    options.options["host.a.slow_cpu"] = factor;
    return RunBody(OneHost, options).virtual_ns;
  };
  EXPECT_GT(taken(1000), taken(1) * 10);
}

TEST(HostFaults, MachinesDifferWhereTheScenarioAsks) {
  std::map<std::string, std::map<bool, int>> drawn;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunBody(
        [](Simulation& simulation) {
          simulation.AddHost("plain");
          simulation.AddHost("wild", {.clock_drift_max_ppm = 900'000, .slow_cpu_max = 100});
        },
        options);
    EXPECT_EQ(report.options.at("host.plain.clock_rate_ppm"), 1'000'000U);
    EXPECT_EQ(report.options.at("host.plain.slow_cpu"), 1U);
    const std::uint64_t rate = report.options.at("host.wild.clock_rate_ppm");
    const std::uint64_t slow = report.options.at("host.wild.slow_cpu");
    EXPECT_GE(rate, 100'000U);
    EXPECT_LE(rate, 1'900'000U);
    EXPECT_LE(slow, 100U);
    ++drawn["drifts"][rate != 1'000'000];
    ++drawn["slow"][slow != 1];
  }
  EXPECT_NEAR(drawn["drifts"][true], 100, 35);
  EXPECT_NEAR(drawn["slow"][true], 50, 25);
}

}  // namespace
}  // namespace beach::sim
