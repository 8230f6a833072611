// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include "sim/kernel/test_scenario.h"
#include "sim/preempt/fixtures/fixtures.h"
#include "sim/preempt/watcher.h"

// The preemption build finds what it is for, each time within a stated number of seeds, and nothing
// in programs that are right. What it prints is the table of docs/preemption.md.

namespace beach::sim::preempt {
namespace {

using Program = void (*)(fixtures::Outcome&);

constexpr std::uint64_t kSeeds = 1000;

TestScenario ScenarioOf(Program program) {
  return TestScenario([program](Simulation& simulation) {
    const HostId host = simulation.AddHost("host");
    fixtures::Outcome outcome;
    const ProcessId process =
        simulation.Start(host, "program", [&](const env::Env&) { program(outcome); });
    simulation.Wait(process);
    if (outcome.got == outcome.expected) return;
    simulation.Fail("wrong-result", "got " + std::to_string(outcome.got) + " of " +
                                        std::to_string(outcome.expected));
  });
}

RunReport RunProgram(Program program, const RunOptions& options) {
  return RunScenario(ScenarioOf(program), options);
}

RunOptions Seed(std::uint64_t seed) {
  RunOptions options;
  options.seed = seed;
  return options;
}

// Signature to seeds.
using Verdicts = std::map<std::string, std::uint64_t>;

// The first seeds until one fails, or all; what the rest of them come to is printed.
struct Found {
  std::uint64_t first = kSeeds + 1;  // so many seeds until one failed
  Verdicts verdicts;
};

Found Sweep(const char* name, Program program) {
  Found found;
  std::uint64_t failed = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const RunReport report = RunProgram(program, Seed(seed));
    if (report.verdict.ok()) continue;
    if (failed++ == 0) found.first = seed + 1;
    ++found.verdicts[report.verdict.signature];
  }
  std::printf("%-22s %4llu of %llu seeds", name, static_cast<unsigned long long>(failed),
              static_cast<unsigned long long>(kSeeds));
  for (const auto& [signature, count] : found.verdicts) {
    std::printf(", %llu %s", static_cast<unsigned long long>(count), signature.c_str());
  }
  std::printf("\n");
  return found;
}

// All failures have a signature that begins so, and the first comes within so many seeds.
void ExpectFound(const char* name, Program program, const std::string& signature,
                 std::uint64_t within) {
  const Found found = Sweep(name, program);
  EXPECT_LE(found.first, within) << name;
  for (const auto& [seen, count] : found.verdicts)
    EXPECT_TRUE(seen.starts_with(signature)) << name << ": " << seen;
}

void ExpectClean(const char* name, Program program) {
  const Found found = Sweep(name, program);
  EXPECT_TRUE(found.verdicts.empty()) << name << ": " << found.verdicts.begin()->first;
}

TEST(Preempt, FindsALostUpdate) {
  ASSERT_TRUE(instrumented);
  ExpectFound("LoadThenStoreCounter", fixtures::LoadThenStoreCounter, "test/wrong-result", 20);
}

TEST(Preempt, FindsTheRaceOfAnUnlockedCounter) {
  ExpectFound("UnlockedCounter", fixtures::UnlockedCounter,
              "test/data-race a function in counter.cc", 1);
}

TEST(Preempt, FindsNothingInCountersThatAreRight) {
  ExpectClean("LockedCounter", fixtures::LockedCounter);
  ExpectClean("FetchAddCounter", fixtures::FetchAddCounter);
}

TEST(Preempt, FindsNodesThatAreLostByAPush) {
  ExpectFound("StoredPush", fixtures::StoredPush, "test/wrong-result", 20);
}

TEST(Preempt, FindsNodesThatAreSeenBeforeTheyAreFilled) {
  const std::string race = "test/data-race ";
  ExpectFound("EarlyPush", fixtures::EarlyPush, race, 5);
  ExpectFound("RelaxedPush", fixtures::RelaxedPush, race, 5);
}

TEST(Preempt, FindsCopiesOfWhatIsStillBeingCopied) {
  ExpectFound("CountedBeforeFilled", fixtures::CountedBeforeFilled, "test/data-race ", 5);
}

TEST(Preempt, FindsNothingInListsThatAreRight) {
  ExpectClean("CorrectPush", fixtures::CorrectPush);
  ExpectClean("CountedWhenFilled", fixtures::CountedWhenFilled);
}

TEST(Preempt, FindsAMissedWakeUp) {
  ExpectFound("LooksThenSleeps", fixtures::LooksThenSleeps, "test/deadlock", 100);
  ExpectClean("SaysThenLooks", fixtures::SaysThenLooks);
}

TEST(Preempt, FindsNothingInCopiesOfSharedPointers) {
  ExpectClean("SharedPointers", fixtures::SharedPointers);
}

TEST(Preempt, FindsASharedPointerThatIsReplacedWhileItIsCopied) {
  ExpectFound("SharedPointerReplaced", fixtures::SharedPointerReplaced, "test/data-race ", 1);
}

TEST(Preempt, FindsABlockThatIsDeletedWhileItMayBeRead) {
  ExpectFound("DeletedWhileRead", fixtures::DeletedWhileRead, "test/data-race ", 10);
}

TEST(Preempt, SameSeedSameHashWhereverTheMemoryIs) {
  for (const Program program : {fixtures::LoadThenStoreCounter, fixtures::EarlyPush,
                                fixtures::LooksThenSleeps, fixtures::SharedPointers}) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      const RunReport one = RunProgram(program, Seed(seed));
      RunOptions moved = Seed(seed);
      moved.address_salt = seed + 1;
      const RunReport two = RunProgram(program, moved);
      EXPECT_EQ(one.verdict.signature, two.verdict.signature) << seed;
      EXPECT_EQ(one.verdict.message, two.verdict.message) << seed;
      EXPECT_TRUE(one.hash == two.hash) << seed;
    }
  }
}

TEST(Preempt, ARaceReplaysFromItsArtifact) {
  const TestScenario scenario = ScenarioOf(fixtures::EarlyPush);
  const RunOptions options = Seed(1);
  const RunReport report = RunScenario(scenario, options);
  ASSERT_FALSE(report.verdict.ok());
  const artifacts::Artifact artifact = MakeArtifact(scenario, options, report);
  EXPECT_GE(artifact.options.at("schedule.preempt_octaves"), 1U);
  RunOptions replay = Seed(artifact.seed);
  replay.replay = &artifact;
  const RunReport again = RunScenario(scenario, replay);
  EXPECT_EQ(again.verdict.signature, report.verdict.signature);
  EXPECT_EQ(again.verdict.message, report.verdict.message);
  EXPECT_FALSE(again.diverged_at.has_value());
  EXPECT_TRUE(again.hash == report.hash);
}

// Threads, lines and functions, no addresses.
TEST(Preempt, ARaceSaysWhoDidWhatWhere) {
  const RunReport report = RunProgram(fixtures::EarlyPush, Seed(1));
  EXPECT_NE(report.verdict.message.find("thread 'worker "), std::string::npos);
  EXPECT_NE(report.verdict.message.find("sim/preempt/fixtures/list.cc:"), std::string::npos)
      << report.verdict.message;
  EXPECT_EQ(report.verdict.message.find("0x"), std::string::npos) << report.verdict.message;
}

// The races alone, with no switch at an access.
TEST(Preempt, NoSwitchesWhereTheOptionSaysSo) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RunOptions options = Seed(seed);
    options.options["schedule.preempt_octaves"] = 0;
    EXPECT_TRUE(RunProgram(fixtures::LoadThenStoreCounter, options).verdict.ok()) << seed;
    EXPECT_FALSE(RunProgram(fixtures::UnlockedCounter, options).verdict.ok()) << seed;
  }
}

}  // namespace
}  // namespace beach::sim::preempt
