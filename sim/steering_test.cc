// SPDX-License-Identifier: Apache-2.0
#include "sim/steering.h"

#include <gtest/gtest.h>

#include "env/marks.h"
#include "env/threads.h"
#include "sim/kernel/test_scenario.h"

namespace beach::sim {
namespace {

constexpr Site kFault = "test.steered_fault";
constexpr Site kUnplanned = "test.unplanned_fault";
constexpr Site kChoice = "test.steered_choice";

// Two threads that count each other's steps, faults and choices between them; and a workload.
void Body(Simulation& simulation) {
  simulation.SetFault(kFault, 10'000);
  const auto& operations = simulation.Workload({{1, 0, 0, "one", {}}, {2, 0, 0, "two", {}}});
  for (const artifacts::Operation& operation : operations) {
    simulation.Trace("test", operation.kind);
  }
  std::string order;
  const auto run = [&](char name) {
    return [&, name] {
      for (int i = 0; i < 20; ++i) {
        order.push_back(name);
        env::current_virtual_os->Step();
      }
    };
  };
  env::Thread first("first", run('a'));
  env::Thread second("second", run('b'));
  first.Join();
  second.Join();
  simulation.Trace("test", order);
  for (int i = 0; i < 10; ++i) {
    const std::uint64_t fault = simulation.decisions().Fault(kFault, 3);
    const std::uint64_t none = simulation.decisions().Fault(kUnplanned, 3);
    const std::uint64_t choice = simulation.decisions().Choose(kChoice, 100);
    const bool rare = BEACH_BUGGIFY("test.steered_branch");
    simulation.Trace("test", std::to_string(fault) + " " + std::to_string(none) + " " +
                                 std::to_string(choice) + (rare ? " rare" : ""));
  }
}

class None : public Steering {
 public:
  virtual ~None() = default;
  std::uint64_t Delay(std::uint64_t drawn) override { return drawn; }
  std::uint64_t Fault(Site, std::uint64_t, std::uint64_t drawn) override { return drawn; }
  std::uint64_t Choice(Site, std::uint64_t, std::uint64_t drawn) override { return drawn; }
  bool Buggify(Site, bool drawn) override { return drawn; }
  void Workload(std::vector<artifacts::Operation>&) override {}
};

// Changes every third of each.
class Some final : public None {
 public:
  std::uint64_t Delay(std::uint64_t drawn) override { return Turn() ? kDelayMax : drawn; }
  std::uint64_t Fault(Site, std::uint64_t outcomes, std::uint64_t drawn) override {
    return Turn() ? outcomes : drawn;
  }
  std::uint64_t Choice(Site, std::uint64_t bound, std::uint64_t drawn) override {
    return Turn() ? bound - 1 : drawn;
  }
  bool Buggify(Site, bool drawn) override { return Turn() ? !drawn : drawn; }
  void Workload(std::vector<artifacts::Operation>& operations) override { operations.pop_back(); }

 private:
  bool Turn() { return ++calls_ % 3 == 0; }
  std::uint64_t calls_ = 0;
};

RunOptions Options(std::uint64_t seed) {
  RunOptions options;
  options.seed = seed;
  options.policy = Policy::kRandom;
  options.keep_trace = true;
  return options;
}

TEST(Steering, OneThatChangesNothingHasNoPartInARun) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const RunReport plain = RunBody(Body, Options(seed));
    None none;
    RunOptions options = Options(seed);
    options.steering = &none;
    const RunReport steered = RunBody(Body, options);
    EXPECT_EQ(steered.hash, plain.hash);
    EXPECT_EQ(steered.decisions, plain.decisions);
  }
}

TEST(Steering, ItsRunReplaysFromTheArtifactAlone) {
  std::uint64_t delays = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const TestScenario scenario(Body);
    const RunReport plain = RunScenario(scenario, Options(seed));
    Some some;
    RunOptions options = Options(seed);
    options.steering = &some;
    const RunReport steered = RunScenario(scenario, options);
    EXPECT_NE(steered.hash, plain.hash);
    EXPECT_EQ(steered.workload.size(), 1U);
    for (const artifacts::Decision& decision : steered.decisions) {
      EXPECT_NE(decision.site, kUnplanned.name);
      delays += decision.site == "sim.schedule.delay" ? 1 : 0;
    }
    const artifacts::Artifact artifact = MakeArtifact(scenario, options, steered);
    const auto read = artifacts::FromJson(artifacts::ToJson(artifact));
    ASSERT_TRUE(read.has_value());
    RunOptions again = Options(seed);
    again.replay = &*read;
    again.address_salt = seed + 1;
    const RunReport replayed = RunScenario(scenario, again);
    EXPECT_EQ(replayed.hash, steered.hash);
    EXPECT_EQ(replayed.trace, steered.trace);
    EXPECT_EQ(replayed.decisions, steered.decisions);
    EXPECT_EQ(replayed.decisions_followed, replayed.decisions_recorded);
    EXPECT_FALSE(replayed.diverged_at.has_value());
  }
  EXPECT_GT(delays, 20U);
}

TEST(Steering, ADelayThatIsTakenOutOfTheRecordingIsDrawnAgain) {
  const TestScenario scenario(Body);
  Some some;
  RunOptions options = Options(3);
  options.steering = &some;
  artifacts::Artifact artifact = MakeArtifact(scenario, options, RunScenario(scenario, options));
  std::erase_if(artifact.decisions, [](const artifacts::Decision& decision) {
    return decision.site == "sim.schedule.delay";
  });
  const auto order = [](const RunReport& report) {
    std::vector<std::string> texts;
    for (const artifacts::TraceEvent& event : report.trace) {
      if (event.kind == "test" && event.text.size() == 40) texts.push_back(event.text);
    }
    return texts;
  };
  RunOptions replay = Options(3);
  replay.replay = &artifact;
  const auto found = order(RunScenario(scenario, replay));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found, order(RunScenario(scenario, Options(3))));
}

}  // namespace
}  // namespace beach::sim
