// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/sweep/os_files.h"
#include "sim/sweep/sites.h"
#include "sim/sweep/testing/fakes.h"

namespace beach::sim::sweep {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class SweepTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "sweep_test_" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  SweepOptions Options(const std::string& glob, std::uint64_t seeds) {
    SweepOptions options;
    for (const auto& scenario : scenarios_) {
      if (GlobMatches(glob, scenario->name())) options.scenarios.push_back(scenario.get());
    }
    options.seeds = {.begin = 0, .end = seeds};
    options.artifacts_folder = folder_;
    options.pool.workers = 2;
    options.pool.limits.cpu_ms = 200;
    options.keep_going = true;
    return options;
  }

  SweepReport Sweep(const SweepOptions& options) {
    auto report = RunSweep(options, runner_, nullptr);
    EXPECT_TRUE(report.has_value()) << report.error().ToString();
    return report ? *report : SweepReport();
  }

  artifacts::Artifact ReadArtifact(const std::string& path) {
    const auto text = OsReadFile(path);
    EXPECT_TRUE(text.has_value()) << path;
    auto artifact = artifacts::FromJson(text.value_or(""));
    EXPECT_TRUE(artifact.has_value()) << artifact.error().ToString();
    return artifact.value_or(artifacts::Artifact());
  }

  std::vector<std::unique_ptr<Scenario>> scenarios_ = fakes::MakeScenarios();
  Runner runner_ = fakes::MakeRunner();
  std::string folder_;
};

TEST_F(SweepTest, CleanSeedsAddUp) {
  const SweepReport report = Sweep(Options("fake-clean", 40));
  EXPECT_TRUE(report.Clean());
  EXPECT_EQ(report.seeds, 40U);
  EXPECT_EQ(report.seed_first, 0U);
  EXPECT_EQ(report.seed_last, 39U);
  EXPECT_EQ(report.virtual_ns, 80'000'000'000U);
  EXPECT_EQ(report.events, 4000U);
  EXPECT_EQ(report.operations, 400U);
  EXPECT_EQ(report.faults.at("fake.fault"), 20U);
  EXPECT_EQ(report.sometimes.at("fake.even"), 20U);
  EXPECT_EQ(report.twice, 0U);
}

TEST_F(SweepTest, FailuresOfOneSignatureAreFolded) {
  const SweepReport report = Sweep(Options("fake-verdict", 100));
  ASSERT_EQ(report.failures.size(), 2U);
  for (const Failure& failure : report.failures) {
    EXPECT_EQ(failure.count, 10U);
    EXPECT_EQ(failure.artifact,
              folder_ + "/fake-verdict-" + std::to_string(failure.seed) + ".json");
    const artifacts::Artifact artifact = ReadArtifact(failure.artifact);
    EXPECT_EQ(artifact.seed, failure.seed);
    EXPECT_EQ(artifact.verdict.signature, failure.signature);
    EXPECT_EQ(artifact.operations.size(), 1U);
    EXPECT_EQ(artifact.decisions.size(), 1U);
    EXPECT_EQ(artifact.last_events.size(), 1U);
  }
  EXPECT_EQ(report.seeds, 100U);
}

TEST_F(SweepTest, StopsAtTheFirstFailureUnlessToldToGoOn) {
  SweepOptions options = Options("fake-verdict", 1'000'000);
  options.keep_going = false;
  const SweepReport report = Sweep(options);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].count, 1U);
  EXPECT_LT(report.seeds, 1000U);
}

TEST_F(SweepTest, FailedCheckIsAFindingWithFramesAndMessage) {
  const SweepReport report = Sweep(Options("fake-abort", 20));
  ASSERT_EQ(report.failures.size(), 1U);
  const Failure& failure = report.failures[0];
  EXPECT_THAT(failure.signature, StartsWith("abort: sim::fakes::CheckSmall < sim::fakes::Abort"));
  EXPECT_THAT(failure.message, HasSubstr("fakes.cc"));
  EXPECT_THAT(failure.message, HasSubstr("check failed: seed % 10 != 3U (left 3, right 3)"));
  EXPECT_EQ(failure.count, 2U);
  EXPECT_EQ(report.seeds, 20U);
  EXPECT_THAT(ReadArtifact(failure.artifact).stack, HasSubstr("fakes.cc"));
}

// What the dead run was is in its artifact: knobs, workload, the faults that struck, its last
// events.
TEST_F(SweepTest, ArtifactsOfCrashesAreComplete) {
  for (const char* name : {"fake-abort", "fake-segfault", "fake-hang", "fake-exit"}) {
    SweepOptions options = Options(name, 10);
    options.pool.run.options["a.knob"] = 12;
    const SweepReport report = Sweep(options);
    ASSERT_EQ(report.failures.size(), 1U) << name;
    const artifacts::Artifact artifact = ReadArtifact(report.failures[0].artifact);
    EXPECT_EQ(artifact.scenario, name);
    EXPECT_EQ(artifact.seed, report.failures[0].seed);
    EXPECT_EQ(artifact.verdict.signature, report.failures[0].signature);
    EXPECT_EQ(artifact.verdict.virtual_ns, 1'500'000'000U);
    const std::map<std::string, std::uint64_t> knobs = {{"a.knob", 12}, {"fake.knob", 3}};
    EXPECT_EQ(artifact.options, knobs) << name;
    ASSERT_EQ(artifact.operations.size(), 1U) << name;
    EXPECT_EQ(artifact.operations[0].kind, "put");
    ASSERT_EQ(artifact.decisions.size(), 1U) << name;
    EXPECT_EQ(artifact.decisions[0].site, "fake.fault");
    ASSERT_EQ(artifact.last_events.size(), 1U) << name;
    ASSERT_EQ(artifact.checkpoints.size(), 1U) << name;
    EXPECT_EQ(artifact.checkpoints[0].event, 40U);
  }
}

TEST_F(SweepTest, ACrashThatDoesNotHappenAgainSaysSoAndKeepsWhatIsKnown) {
  const SweepReport report = Sweep(Options("fake-fickle", 10));
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(report.failures[0].signature, StartsWith("abort: sim::fakes::CheckSmall"));
  EXPECT_THAT(report.failures[0].message, HasSubstr("a second run of the seed ended 'ok'"));
  const artifacts::Artifact artifact = ReadArtifact(report.failures[0].artifact);
  EXPECT_EQ(artifact.operations.size(), 1U);
  EXPECT_EQ(artifact.options.size(), 1U);
  EXPECT_TRUE(artifact.decisions.empty());
}

TEST_F(SweepTest, DifferentPlacesAreDifferentFindings) {
  const SweepReport report = Sweep(Options("fake-abort", 120));
  EXPECT_EQ(report.failures.size(), 2U);
  EXPECT_EQ(report.failures_count(), 12U);
}

TEST_F(SweepTest, SegfaultIsAFinding) {
  const SweepReport report = Sweep(Options("fake-segfault", 20));
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(report.failures[0].signature,
              StartsWith("segfault: sim::fakes::ReadFrom < sim::fakes::Segfault"));
  EXPECT_EQ(report.failures[0].count, 2U);
}

TEST_F(SweepTest, StackOverflowIsAFinding) {
  const SweepReport report = Sweep(Options("fake-overflow", 10));
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(report.failures[0].signature, HasSubstr(": sim::fakes::Deeper"));
}

TEST_F(SweepTest, HangIsAFindingWhereItHangs) {
  const SweepReport report = Sweep(Options("fake-hang", 20));
  ASSERT_EQ(report.failures.size(), 1U);
  // How deep the samples agree is chance; that they agree on the caller is not.
  EXPECT_THAT(report.failures[0].signature, StartsWith("hang: "));
  EXPECT_THAT(report.failures[0].signature, HasSubstr("sim::fakes::Hang"));
  EXPECT_EQ(report.failures[0].count, 2U);
}

TEST_F(SweepTest, WaitingWithoutTheProcessorIsAHangToo) {
  SweepOptions options = Options("fake-silent", 6);
  options.pool.limits.cpu_ms = 20;
  const SweepReport report = Sweep(options);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(report.failures[0].signature, StartsWith("hang: sim::fakes::Silent"));
}

TEST_F(SweepTest, ExitInTheMiddleOfARunIsAFinding) {
  const SweepReport report = Sweep(Options("fake-exit", 10));
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].signature, "exit: status 9");
  EXPECT_EQ(report.seeds, 10U);
}

TEST_F(SweepTest, SecondRunsFindWhatDependsOnAddresses) {
  SweepOptions options = Options("fake-salted", 40);
  options.twice_per_million = 1'000'000;
  const SweepReport report = Sweep(options);
  EXPECT_TRUE(report.failures.empty());
  EXPECT_EQ(report.twice, 40U);
  ASSERT_EQ(report.mismatches.size(), 4U);
  EXPECT_EQ(report.mismatches[0].event, 80U);
  EXPECT_THAT(report.mismatches[0].message, HasSubstr("equal at event 40, different at event 80"));
  EXPECT_FALSE(report.Clean());
}

TEST_F(SweepTest, OnlyTheShareAskedForRunsTwice) {
  SweepOptions options = Options("fake-clean", 100);
  options.twice_per_million = 100'000;
  const SweepReport report = Sweep(options);
  EXPECT_GT(report.twice, 1U);
  EXPECT_LT(report.twice, 30U);
  EXPECT_TRUE(report.mismatches.empty());
}

TEST_F(SweepTest, LargeWorkersRetireWithoutLosingSeeds) {
  SweepOptions options = Options("fake-memory", 40);
  options.pool.limits.memory_growth_bytes = 32 << 20;
  const SweepReport report = Sweep(options);
  EXPECT_TRUE(report.Clean());
  EXPECT_EQ(report.seeds, 40U);
}

TEST_F(SweepTest, ShardsPartitionTheSeedsAndMergeAddsUp) {
  SweepOptions whole_options = Options("fake-*", 30);
  std::erase_if(whole_options.scenarios, [](const Scenario* scenario) {
    return scenario->name() != "fake-clean" && scenario->name() != "fake-verdict";
  });
  const SweepReport whole = Sweep(whole_options);
  SweepReport sum;
  for (std::uint64_t index = 0; index < 3; ++index) {
    SweepOptions options = whole_options;
    options.shard = {.index = index, .count = 3};
    const SweepReport shard = Sweep(options);
    EXPECT_EQ(shard.seeds, 10U);
    const auto read = SweepReportFromJson(ToJson(shard));
    ASSERT_TRUE(read.has_value()) << read.error().ToString();
    sum.Merge(*read);
  }
  EXPECT_EQ(sum.seeds, whole.seeds);
  EXPECT_EQ(sum.events, whole.events);
  EXPECT_EQ(sum.virtual_ns, whole.virtual_ns);
  EXPECT_EQ(sum.faults, whole.faults);
  EXPECT_EQ(sum.sometimes, whole.sometimes);
  EXPECT_EQ(sum.failures_count(), whole.failures_count());
  for (const auto& [name, totals] : whole.scenarios) {
    EXPECT_EQ(sum.scenarios.at(name).seeds, totals.seeds) << name;
  }
}

TEST_F(SweepTest, TimeIsSharedFairlyBetweenScenarios) {
  SweepOptions options = Options("fake-*", ~std::uint64_t{0});
  std::erase_if(options.scenarios, [](const Scenario* scenario) {
    return scenario->name() != "fake-clean" && scenario->name() != "fake-salted";
  });
  options.wall_ns_max = 300'000'000;
  const SweepReport report = Sweep(options);
  EXPECT_GT(report.scenarios.at("fake-clean").seeds, 0U);
  EXPECT_GT(report.scenarios.at("fake-salted").seeds, 0U);
  EXPECT_GE(report.wall_ns, 300'000'000U);
}

TEST_F(SweepTest, ArtifactFolderThatCannotBeMadeIsAnError) {
  SweepOptions options = Options("fake-clean", 10);
  options.artifacts_folder = "/proc/no-such/folder";
  EXPECT_FALSE(RunSweep(options, runner_, nullptr).has_value());
}

TEST_F(SweepTest, JsonHasTheFieldsThatScriptsRelyOn) {
  SweepOptions options = Options("fake-verdict", 10);
  const nlohmann::json json = nlohmann::json::parse(ToJson(Sweep(options)));
  EXPECT_EQ(json.at("seeds"), 10);
  EXPECT_EQ(json.at("nondeterministic"), 0);
  EXPECT_EQ(json.at("virtual_seconds"), 20.0);
  EXPECT_TRUE(json.at("wall_seconds").is_number());
  EXPECT_EQ(json.at("events"), 1000);
  EXPECT_EQ(json.at("operations"), 100);
  EXPECT_EQ(json.at("faults").at("fake.fault"), 5);
  EXPECT_EQ(json.at("sometimes").at("fake.even"), 5);
  ASSERT_EQ(json.at("failures").size(), 2U);
  for (const char* field : {"scenario", "seed", "signature", "artifact"}) {
    EXPECT_TRUE(json.at("failures")[0].contains(field)) << field;
  }
}

TEST_F(SweepTest, SummaryNamesFailuresCommandsAndWhatWasNeverReached) {
  SweepReport report = Sweep(Options("fake-verdict", 10));
  report.sometimes["fake.unreached"] = 0;
  report.faults["fake.dormant"] = 0;
  const std::string text = Summary(report, "beachsim");
  EXPECT_THAT(text, HasSubstr("FAILED  fake-verdict/lost write"));
  EXPECT_THAT(text, HasSubstr("expected 1, found 7"));
  EXPECT_THAT(text, HasSubstr("beachsim replay " + folder_ + "/fake-verdict-7.json\n"));
  EXPECT_THAT(text, HasSubstr("fake-verdict-7.json --timeline"));
  EXPECT_THAT(text, testing::ContainsRegex("fake.unreached +NEVER"));
  EXPECT_THAT(text, testing::ContainsRegex("fake.fault +5"));
  EXPECT_THAT(text, testing::ContainsRegex("fake.dormant +NEVER"));
}

// What never struck, and what was never reached, is there by name: in the text as in the JSON.
TEST_F(SweepTest, EveryKnownFaultAndStateIsCountedZerosIncluded) {
  SweepOptions options = Options("fake-clean", 2);
  const SweepReport report = Sweep(options);
  const nlohmann::json json = nlohmann::json::parse(ToJson(report));
  const std::string text = Summary(report, "beachsim");
  for (const char* fault : {"crash.kill", "crash.power_loss", "disk.eio.read", "disk.eio.sync",
                            "disk.eio.sync_directory", "disk.eio.write", "disk.full",
                            "disk.no_space", "disk.torn_sector", "wal.direct_refused"}) {
    EXPECT_TRUE(json.at("faults").contains(fault)) << fault;
    EXPECT_THAT(text, testing::ContainsRegex(std::string(fault) + " +NEVER"));
  }
  EXPECT_FALSE(json.at("sometimes").empty());
  EXPECT_FALSE(json.at("strikes").empty());
  for (const KnownSite& site : KnownSites()) {
    if (site.kind == "failpoint") {
      EXPECT_EQ(json.at("strikes").at(std::string(site.name)), 0) << site.name;
    }
    if (site.kind != "sometimes") continue;
    EXPECT_EQ(json.at("sometimes").at(std::string(site.name)), 0);
    EXPECT_THAT(text, HasSubstr("  " + std::string(site.name) + " "));
  }
}

TEST(ReportJson, RefusesWhatIsNotAReport) {
  for (const char* text : {"", "{", "[]", "{\"seeds\": -1}", "{\"seeds\": 1}", "null"}) {
    EXPECT_FALSE(SweepReportFromJson(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace beach::sim::sweep
