// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/check.h"
#include "env/marks.h"
#include "env/threads.h"
#include "sim/disk/disk.h"
#include "sim/kernel/process.h"
#include "sim/kernel/test_scenario.h"
#include "sim/system_scope.h"

namespace beach::sim {
namespace {

using env::Mutex;
using env::Thread;

struct CountsDestruction {
  explicit CountsDestruction(int& counter) : counter_(counter) {}
  ~CountsDestruction() { ++counter_; }
  int& counter_;
};

TEST(Processes, ExitIsOrderly) {
  int destroyed = 0;
  const RunReport report = RunBody([&destroyed](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    const ProcessId process = simulation.Start(host, "p", [&destroyed](const env::Env&) {
      const CountsDestruction object(destroyed);
      const auto memory = std::make_unique<std::vector<int>>(1000);
      Thread thread("worker", [] {});
      thread.Join();
    });
    EXPECT_EQ(simulation.Wait(process), ProcessEnd::kExited);
    EXPECT_EQ(simulation.Wait(process), ProcessEnd::kExited);
    simulation.Kill(process);  // too late
    EXPECT_EQ(simulation.Wait(process), ProcessEnd::kExited);
  });
  EXPECT_TRUE(report.verdict.ok());
  EXPECT_EQ(destroyed, 1);
  EXPECT_TRUE(report.faults.empty());
}

TEST(Processes, KillRunsNoDestructorAndNothingAfter) {
  int destroyed = 0;
  int woken = 0;
  const RunReport report = RunBody([&](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    for (int life = 0; life < 50; ++life) {
      const ProcessId process = simulation.Start(host, "p", [&](const env::Env& environment) {
        const CountsDestruction object(destroyed);
        std::vector<std::string> memory(100, std::string(1000, 'x'));
        Thread worker("worker", [&] {
          const CountsDestruction another(destroyed);
          environment.clock->SleepUntil(environment.clock->MonotonicNow() + 1'000'000'000);
          ++woken;
        });
        worker.Join();
        ++woken;
      });
      simulation.SleepFor(5'000'000);
      simulation.Kill(process);
      EXPECT_EQ(simulation.Wait(process), ProcessEnd::kKilled);
    }
    simulation.SleepFor(2'000'000'000);
  });
  EXPECT_TRUE(report.verdict.ok());
  EXPECT_EQ(destroyed, 0);
  EXPECT_EQ(woken, 0);
  EXPECT_EQ(report.faults.at("crash.kill"), 50U);
}

TEST(Processes, PowerLossTakesAllProcessesOfTheHost) {
  const RunReport report = RunBody([](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    const HostId other = simulation.AddHost("b");
    const auto sleep = [](const env::Env& environment) {
      environment.clock->SleepUntil(environment.clock->MonotonicNow() + 50'000'000);
    };
    const ProcessId first = simulation.Start(host, "p", sleep);
    const ProcessId second = simulation.Start(host, "q", sleep);
    const ProcessId third = simulation.Start(other, "p", sleep);
    simulation.SleepFor(10'000'000);
    simulation.PowerLoss(host);
    EXPECT_EQ(simulation.Wait(first), ProcessEnd::kPowerLost);
    EXPECT_EQ(simulation.Wait(second), ProcessEnd::kPowerLost);
    EXPECT_EQ(simulation.Wait(third), ProcessEnd::kExited);
  });
  EXPECT_TRUE(report.verdict.ok()) << report.verdict.message;
  EXPECT_EQ(report.faults.at("crash.power_loss"), 1U);
}

TEST(Processes, FsyncProfilesAndDiskSpeedsAreOptionsWhereAskedFor) {
  std::set<std::uint64_t> profiles;
  std::set<std::uint64_t> speeds;
  RunOptions options;
  const auto run = [&options] {
    return RunBody(
        [](Simulation& simulation) {
          simulation.AddHost("a", {.draw_fsync_profile = true, .draw_disk_speed = true});
        },
        options);
  };
  for (options.seed = 0; options.seed < 60; ++options.seed) {
    const RunReport report = run();
    profiles.insert(report.options.at("host.a.fsync_profile"));
    speeds.insert(report.options.at("host.a.disk_speed"));
  }
  EXPECT_EQ(profiles, (std::set<std::uint64_t>{0, 1, 2, 3}));
  EXPECT_EQ(speeds, (std::set<std::uint64_t>{1, 3, 10, 100, 300, 1000, 4000}));
  options.options = {{"host.a.fsync_profile", 2}, {"host.a.disk_speed", 700}};
  EXPECT_EQ(run().options.at("host.a.fsync_profile"), 2U);
}

// Faults of the disk that a run plans strike, are recorded, and strike again on a replay; what is
// not planned leaves no trace in the hash.
TEST(Processes, PlannedDiskFaultsStrikeAndReplay) {
  RunOptions options;
  options.seed = 3;
  std::uint64_t rate = 0;
  const auto body = [&rate](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    for (const Site site : {Site("disk.bit_rot"), Site("disk.short_write"), Site("disk.stall")}) {
      simulation.SetFault(site, rate);
    }
    simulation.Wait(simulation.Start(host, "p", [](const env::Env& env) {
      const auto file = env.files->Open("f", {env::OpenMode::kCreate, false});
      static_cast<void>((*file)->WriteAt(0, Bytes(4096, 'x')));
      static_cast<void>((*file)->Sync());
      char bytes[512];
      for (int i = 0; i < 20; ++i) static_cast<void>((*file)->ReadAt(0, bytes, sizeof bytes));
    }));
    simulation.Trace("test", std::to_string(simulation.disk(host).Damages().size()));
  };
  const RunReport none = RunBody(body, options);
  EXPECT_FALSE(none.faults.contains("disk.bit_rot"));
  rate = 300'000;
  const RunReport recorded = RunBody(body, options);
  EXPECT_GT(recorded.faults.at("disk.bit_rot"), 0U);
  EXPECT_GT(recorded.faults.at("disk.stall"), 0U);
  EXPECT_GT(recorded.virtual_ns, none.virtual_ns);
  artifacts::Artifact artifact;
  artifact.options = recorded.options;
  artifact.decisions = recorded.decisions;
  artifact.verdict = recorded.verdict;
  options.replay = &artifact;
  const RunReport replayed = RunBody(body, options);
  EXPECT_EQ(replayed.faults, recorded.faults);
  EXPECT_EQ(replayed.hash, recorded.hash);
}

// What is drawn for a disk stands among the options, which set it when given.
TEST(Processes, DisksDifferFromRunToRunAndAreOptions) {
  std::map<std::string, std::map<std::uint64_t, int>> seen;
  RunOptions options;
  const auto run = [&options] {
    return RunBody(
        [](Simulation& simulation) {
          const HostId host = simulation.AddHost(
              "a", {.small_disk_max_bytes = 16 << 10, .small_disk_min_bytes = 8 << 10});
          simulation.AddHost("plenty");
          const std::uint64_t capacity = simulation.disk(host).capacity();
          simulation.Trace("test", std::to_string(capacity));
          simulation.Wait(simulation.Start(host, "p", [&](const env::Env& env) {
            const auto direct = env.files->Open("f", {env::OpenMode::kCreate, true});
            const std::string found = direct ? "direct" : direct.error().ToString();
            const SystemScope system;
            simulation.Trace("test", found);
          }));
        },
        options);
  };
  for (options.seed = 0; options.seed < 200; ++options.seed) {
    const RunReport report = run();
    const std::uint64_t capacity = report.options.at("host.a.capacity");
    EXPECT_TRUE(capacity == 1 << 30 || (capacity >= 8 << 10 && capacity <= 16 << 10)) << capacity;
    EXPECT_EQ(report.options.at("host.plenty.capacity"), 1U << 30);
    ++seen["small"][capacity < 1 << 30 ? 1 : 0];
    for (const char* name : {"direct", "torn_percent"}) {
      ++seen[name][report.options.at(std::string("host.a.") + name)];
    }
  }
  EXPECT_NEAR(seen["small"][1], 50, 25);
  EXPECT_NEAR(seen["direct"][0], 50, 25);
  ASSERT_EQ(seen["torn_percent"].size(), 4U);
  for (const std::uint64_t percent : {0U, 25U, 50U, 100U}) {
    EXPECT_NEAR(seen["torn_percent"][percent], 50, 25) << percent;
  }

  EXPECT_FALSE(run().options.contains("host.a.fsync_profile"));
  options.options = {{"host.a.capacity", 5000}, {"host.a.direct", 0}, {"host.a.torn_percent", 7}};
  const RunReport set = run();
  std::string said;
  for (const artifacts::TraceEvent& event : set.trace) {
    if (event.kind == "test") said += event.text;
  }
  EXPECT_NE(said.find("5000"), std::string::npos) << said;
  EXPECT_NE(said.find("unsupported"), std::string::npos) << said;
}

TEST(Processes, AFullDiskIsAFaultThatEndsWhenSpaceComesBack) {
  const RunReport report = RunBody([](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    simulation.SetCapacity(host, 4096);
    bool refused = false;
    bool taken = false;
    simulation.Wait(simulation.Start(host, "p", [&](const env::Env& env) {
      const auto file = env.files->Open("f", {env::OpenMode::kCreate, false});
      const Status large = (*file)->Append(std::string(8192, 'x'));
      refused = !large && large.error().code() == ErrorCode::kNoSpace;
      {
        const SystemScope system;
        simulation.SetCapacity(host, 1 << 20);
      }
      taken = (*file)->Append(std::string(8192, 'x')).has_value();
    }));
    EXPECT_TRUE(refused);
    EXPECT_TRUE(taken);
    EXPECT_EQ(simulation.FaultCount("disk.full"), 1U);
  });
  EXPECT_TRUE(report.verdict.ok()) << report.verdict.message;
  EXPECT_EQ(report.faults.at("disk.full"), 1U);
}

TEST(Processes, ThreadsLeftAtExitAreAVerdict) {
  const RunReport report = RunBody([](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    const ProcessId process = simulation.Start(host, "p", [](const env::Env&) {
      auto* const mutex = new Mutex;
      new Thread("forgotten", [mutex] {
        mutex->Lock();
        mutex->Lock();
      });
    });
    simulation.Wait(process);
  });
  EXPECT_EQ(report.verdict.signature, "test/threads-left");
  EXPECT_NE(report.verdict.message.find("'forgotten'"), std::string::npos);
}

TEST(Processes, ArtifactsOfAnotherSeedAreToldApart) {
  RunOptions options;
  options.seed = 3;
  const auto body = [](Simulation& simulation) {
    simulation.Wait(simulation.Start(simulation.AddHost("a"), "p", [](const env::Env& env) {
      static_cast<void>(env.files->Exists("f"));
    }));
    if (simulation.Option("broken", 1) != 0) simulation.Fail("rule", "it is broken");
  };
  const artifacts::Artifact artifact =
      MakeArtifact(TestScenario(nullptr), options, RunBody(body, options));
  ASSERT_LT(artifact.verdict.event, 1024U);
  options.replay = &artifact;
  EXPECT_EQ(RunBody(body, options).diverged_at, std::nullopt);
  options.options["broken"] = 0;
  options.seed = 4;
  const RunReport other = RunBody(body, options);
  EXPECT_TRUE(other.verdict.ok());
  EXPECT_TRUE(other.diverged_at.has_value());
}

TEST(Processes, FailLeavesFromInsideAProcess) {
  int after = 0;
  const RunReport report = RunBody([&after](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    const ProcessId process = simulation.Start(host, "p", [&](const env::Env&) {
      const std::string rule = std::string("a-rule-with-a-name-too-long-for-the-string-itself");
      simulation.Fail(rule, "expected 1, found 2");
    });
    simulation.Wait(process);
    ++after;
  });
  EXPECT_EQ(report.verdict.signature, "test/a-rule-with-a-name-too-long-for-the-string-itself");
  EXPECT_EQ(report.verdict.message, "expected 1, found 2");
  EXPECT_EQ(after, 0);
  EXPECT_EQ(report.trace.back().kind, "verdict");
}

class KeepsEvents final : public env::EventSink {
 public:
  void Record(Site event, std::span<const env::EventField> fields) override {
    events.push_back(std::string(event.name) + " " + std::to_string(fields[0].number));
  }
  std::vector<std::string> events;
};

TEST(Processes, EventsReachTheSinkInTheSimulationsMemory) {
  KeepsEvents sink;
  const RunReport report = RunBody([&sink](Simulation& simulation) {
    simulation.SetEventSink(&sink);
    const HostId host = simulation.AddHost("a");
    const ProcessId process = simulation.Start(host, "p", [](const env::Env& environment) {
      environment.events->Record("test.something_that_happened", {{"number", 7}});
    });
    simulation.Wait(process);
  });
  EXPECT_TRUE(report.verdict.ok());
  EXPECT_EQ(sink.events, std::vector<std::string>{"test.something_that_happened 7"});
}

TEST(Processes, OptionsAndWorkloadComeBackOnReplay) {
  std::uint64_t option = 0;
  std::vector<artifacts::Operation> workload;
  const TestScenario scenario([&](Simulation& simulation) {
    const std::uint64_t drawn = simulation.Stream("test.stream").Below(1'000'000);
    option = simulation.Option("knob", drawn);
    artifacts::Operation operation;
    operation.kind = "put";
    operation.id = drawn;
    workload = simulation.Workload({operation});
    simulation.CountOperation();
  });
  RunOptions options;
  options.seed = 5;
  const RunReport report = RunScenario(scenario, options);
  EXPECT_EQ(report.operations, 1U);
  EXPECT_EQ(report.options.at("knob"), option);
  artifacts::Artifact artifact = MakeArtifact(scenario, options, report);
  EXPECT_EQ(artifact.policy, "mixed");
  EXPECT_FALSE(artifact.build_id.empty());
  artifact.options["knob"] = 77;
  artifact.operations[0].kind = "delete";
  options.replay = &artifact;
  RunScenario(scenario, options);
  EXPECT_EQ(option, 77U);
  EXPECT_EQ(workload, artifact.operations);
  options.options["knob"] = 78;
  RunScenario(scenario, options);
  EXPECT_EQ(option, 78U);
}

TEST(Run, PolicyNamesParse) {
  for (const Policy policy :
       {Policy::kRandom, Policy::kPct, Policy::kFewestSwitches, Policy::kMixed}) {
    EXPECT_EQ(ParsePolicy(PolicyName(policy)), policy);
  }
  EXPECT_EQ(ParsePolicy("sideways"), std::nullopt);
}

}  // namespace
}  // namespace beach::sim
