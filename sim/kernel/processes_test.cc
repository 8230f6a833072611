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

// What a process's code may use to reach its gate: files and clock are all it knows.
SeamGate& GateOf(const env::Env& environment) { return dynamic_cast<Process&>(*environment.clock); }

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

// A recording that says nothing but what each armed strike of host "a" counts: an index of the
// kernel's table. All else is drawn.
artifacts::Artifact StrikesCount(std::uint64_t kind) {
  artifacts::Artifact fixed;
  for (std::uint64_t number = 1; number <= 8; ++number) {
    fixed.decisions.push_back({"crash.strike_at", "a", 0, "", number, kind});
  }
  return fixed;
}

constexpr std::uint64_t kAnyCall = 0;
constexpr std::uint64_t kMutatingCall = 2;
constexpr std::uint64_t kFailpoint = 4;
constexpr std::uint64_t kWriteInFlight = 6;
constexpr std::uint64_t kSyncInFlight = 7;
constexpr std::uint64_t kFewNames = 8;
constexpr std::uint64_t kTakingAway = 10;

// The n-th seam call is struck: so many calls began before, and none after.
TEST(Processes, StrikesHitInsideTheSeamCall) {
  int at_begin = 0;
  int at_end = 0;
  int in_flight = 0;
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    const artifacts::Artifact fixed = StrikesCount(kAnyCall);
    RunOptions options;
    options.seed = seed;
    options.replay = &fixed;
    int effects = 0;
    int returned = 0;
    const Strike strike = seed % 2 == 0 ? Strike::kKill : Strike::kPowerLoss;
    const RunReport report = RunBody(
        [&](Simulation& simulation) {
          const HostId host = simulation.AddHost("a");
          const ProcessId process = simulation.Start(host, "p", [&](const env::Env& environment) {
            SeamGate& gate = GateOf(environment);
            for (int i = 0; i < 10; ++i) {
              gate.Enter("test.call", 0);
              ++effects;
              gate.Leave("test.call");
              ++returned;
            }
            while (true) gate.Enter("files.sync.in_flight", 0);
          });
          simulation.ArmStrike(host, strike, 4);
          EXPECT_EQ(simulation.Wait(process),
                    strike == Strike::kKill ? ProcessEnd::kKilled : ProcessEnd::kPowerLost);
        },
        options);
    EXPECT_TRUE(report.verdict.ok()) << report.verdict.message;
    if (strike == Strike::kPowerLoss && returned == 10) {
      ++in_flight;
      continue;
    }
    EXPECT_EQ(returned, 3);
    EXPECT_TRUE(effects == 3 || effects == 4);
    (effects == 3 ? at_begin : at_end) += 1;
  }
  EXPECT_GT(at_begin, 5);
  EXPECT_GT(at_end, 5);
  EXPECT_GT(in_flight, 5);
}

// Where no write comes, a power loss that waits for one comes all the same.
TEST(Processes, APowerLossWaitsForAWriteNotForLong) {
  const artifacts::Artifact fixed = StrikesCount(kAnyCall);
  RunOptions options;
  options.replay = &fixed;
  for (options.seed = 0; options.seed < 20; ++options.seed) {
    int calls = 0;
    RunBody(
        [&calls](Simulation& simulation) {
          const HostId host = simulation.AddHost("a");
          simulation.ArmStrike(host, Strike::kPowerLoss, 4);
          const ProcessId process = simulation.Start(host, "p", [&calls](const env::Env& env) {
            for (;; ++calls) {
              GateOf(env).Enter("test.call", 0);
              GateOf(env).Leave("test.call");
            }
          });
          EXPECT_EQ(simulation.Wait(process), ProcessEnd::kPowerLost);
        },
        options);
    EXPECT_GE(calls, 3);
    EXPECT_LE(calls, 36);
  }
}

TEST(Processes, StrikesHitFailpointsAndCanBeDisarmed) {
  const artifacts::Artifact fixed = StrikesCount(kAnyCall);
  RunOptions options;
  options.replay = &fixed;
  const auto body = [](Simulation& simulation) {
    const HostId host = simulation.AddHost("a");
    int passed = 0;
    const auto pass = [&passed](const env::Env&) {
      for (int i = 0; i < 5; ++i) {
        BEACH_FAILPOINT("test.failpoint");
        ++passed;
      }
    };
    simulation.ArmStrike(host, Strike::kKill, 3);
    EXPECT_EQ(simulation.Wait(simulation.Start(host, "p", pass)), ProcessEnd::kKilled);
    EXPECT_EQ(passed, 2);
    simulation.ArmStrike(host, Strike::kKill, 3);
    simulation.ArmStrike(host, Strike::kKill, 0);
    EXPECT_EQ(simulation.Wait(simulation.Start(host, "p", pass)), ProcessEnd::kExited);
    EXPECT_EQ(passed, 7);
  };
  const RunReport report = RunBody(body, options);
  EXPECT_TRUE(report.verdict.ok());
  EXPECT_EQ(report.strikes.at("test.failpoint"), 1U);
}

// One process that reads, passes a failpoint, and writes directly, syncs and submits, each time.
RunReport StruckAt(std::uint64_t kind, std::uint64_t calls, std::uint64_t seed, ProcessEnd& end) {
  const artifacts::Artifact fixed = StrikesCount(kind);
  RunOptions options;
  options.seed = seed;
  options.replay = &fixed;
  options.options["host.a.direct"] = 1;
  return RunBody(
      [&](Simulation& simulation) {
        const HostId host = simulation.AddHost("a");
        simulation.ArmStrike(host, Strike::kPowerLoss, calls);
        end = simulation.Wait(simulation.Start(host, "p", [](const env::Env& env) {
          auto file = env.files->Open("f", {env::OpenMode::kCreate, false});
          BEACH_CHECK(file.has_value());
          for (int i = 0; i < 10; ++i) {
            char byte = 0;
            for (int j = 0; j < 8; ++j) BEACH_CHECK((*file)->ReadAt(0, &byte, 1).has_value());
            BEACH_FAILPOINT("test.passed");
            auto pending = (*file)->SubmitWrite(0, "x");
            BEACH_CHECK(pending.has_value());
            BEACH_CHECK((*pending)->Wait().has_value());
            BEACH_CHECK((*file)->SyncData().has_value());
          }
        }));
      },
      options);
}

TEST(Processes, StrikesLandOnTheKindOfCallThatWasDrawn) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    ProcessEnd end = ProcessEnd::kExited;
    const RunReport failpoint = StruckAt(kFailpoint, 1 + seed, seed, end);
    EXPECT_EQ(end, ProcessEnd::kPowerLost);
    EXPECT_EQ(failpoint.strikes.at("test.passed"), 1U);
    const RunReport write = StruckAt(kWriteInFlight, 1 + seed, seed, end);
    EXPECT_EQ(end, ProcessEnd::kPowerLost);
    EXPECT_EQ(write.strikes.at("disk.write_in_flight"), 1U);
    const RunReport sync = StruckAt(kSyncInFlight, 1 + seed, seed, end);
    EXPECT_EQ(end, ProcessEnd::kPowerLost);
    EXPECT_EQ(sync.strikes.at("files.sync.in_flight"), 1U);
    const RunReport mutating = StruckAt(kMutatingCall, 1 + seed, seed, end);
    EXPECT_EQ(end, ProcessEnd::kPowerLost);
    EXPECT_EQ(mutating.strikes.count("files.read"), 0U);
    // It takes nothing away, and with no such call left, nothing strikes.
    EXPECT_TRUE(StruckAt(kTakingAway, 1, seed, end).strikes.empty());
    EXPECT_EQ(end, ProcessEnd::kExited);
    EXPECT_TRUE(StruckAt(kFailpoint, 1000, seed, end).strikes.empty());
    EXPECT_EQ(end, ProcessEnd::kExited);
  }
}

// A failpoint that is passed once is struck as often as one that is passed all the time.
TEST(Processes, AStrikeAtFewNamesMeetsRareOnes) {
  std::map<std::string, std::uint64_t> struck;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const artifacts::Artifact fixed = StrikesCount(kFewNames);
    RunOptions options;
    options.seed = seed;
    options.replay = &fixed;
    const RunReport report = RunBody(
        [&](Simulation& simulation) {
          const HostId host = simulation.AddHost("a");
          simulation.ArmStrike(host, Strike::kKill, 1);
          simulation.Wait(simulation.Start(host, "p", [](const env::Env&) {
            for (int i = 0; i < 100; ++i) BEACH_FAILPOINT("test.often");
            BEACH_FAILPOINT("test.once");
          }));
        },
        options);
    for (const auto& [where, count] : report.strikes) struck[where] += count;
  }
  EXPECT_GT(struck["test.often"], 10U);
  EXPECT_GT(struck["test.once"], 10U);
  EXPECT_LT(struck["test.often"] + struck["test.once"], 100U);
}

// The n/256+1st removal, rename or truncation, before or after its effect.
TEST(Processes, AStrikeMeetsWhatIsTakenAway) {
  std::map<std::string, std::uint64_t> struck;
  std::uint64_t left = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const artifacts::Artifact fixed = StrikesCount(kTakingAway);
    RunOptions options;
    options.seed = seed;
    options.replay = &fixed;
    const RunReport report = RunBody(
        [&](Simulation& simulation) {
          const HostId host = simulation.AddHost("a");
          simulation.ArmStrike(host, Strike::kKill, 256);
          simulation.Wait(simulation.Start(host, "p", [](const env::Env& env) {
            for (const char* const name : {"a", "b", "c"}) {
              static_cast<void>(env.files->Open(name, {.mode = env::OpenMode::kCreate}));
            }
            static_cast<void>(env.files->Rename("a", "d"));
            static_cast<void>(env.files->Remove("b"));
            static_cast<void>(env.files->Remove("c"));
          }));
          simulation.Wait(simulation.Start(host, "q", [&left](const env::Env& env) {
            const bool stays = *env.files->Exists("b");
            const SystemScope system;
            left += stays ? 1 : 0;
          }));
        },
        options);
    for (const auto& [where, count] : report.strikes) struck[where] += count;
  }
  EXPECT_EQ(struck, (std::map<std::string, std::uint64_t>{{"files.remove", 20}}));
  EXPECT_GT(left, 0U);
  EXPECT_LT(left, 20U);
}

// Whichever kind is drawn, the record of it says so, and gives the same run again.
TEST(Processes, TheKindOfAStrikeIsRecordedAndReplayed) {
  std::map<std::uint64_t, int> seen;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    RunOptions options;
    options.seed = seed;
    const auto body = [](Simulation& simulation) {
      const HostId host = simulation.AddHost("a");
      simulation.ArmStrike(host, Strike::kKill, 2);
      simulation.Wait(simulation.Start(host, "p", [](const env::Env& env) {
        for (int i = 0; i < 5; ++i) {
          BEACH_FAILPOINT("test.kinds");
          static_cast<void>(env.files->Exists("f"));
        }
      }));
    };
    const RunReport report = RunBody(body, options);
    for (const artifacts::Decision& decision : report.decisions) {
      if (decision.site == "crash.strike_at") ++seen[decision.value];
    }
    const artifacts::Artifact artifact = MakeArtifact(TestScenario(nullptr), options, report);
    options.replay = &artifact;
    const RunReport again = RunBody(body, options);
    EXPECT_EQ(again.hash, report.hash);
    EXPECT_EQ(again.diverged_at, std::nullopt);
  }
  EXPECT_EQ(seen.size(), 11U);
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
