// SPDX-License-Identifier: Apache-2.0
#include "sim/lives.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/kernel/test_scenario.h"

namespace beach::sim {
namespace {

constexpr std::uint64_t kSeeds = 300;

RunOptions OfSeed(std::uint64_t seed, const artifacts::Artifact* replay = nullptr) {
  RunOptions options;
  options.seed = seed;
  options.replay = replay;
  return options;
}

// A file that lines are appended to, each synced before its writer is told, unless `hasty`.
struct Lines {
  bool hasty = false;
  std::uint64_t told = 0;

  void Live(Simulation& simulation, Life& life) {
    const env::Env& env = life.env();
    const Status ready = Prepare(*env.files);
    if (!ready) return life.Excuse("preparing", ready);
    const auto file = env.files->Open("lines", {.mode = env::OpenMode::kReadWrite});
    if (!file) return life.Excuse("opening", Fail(file.error()));
    const auto size = (*file)->Size();
    if (!size) return life.Excuse("asking for the size", Fail(size.error()));
    if (*size < told) simulation.Fail("lost", "a line is gone");
    life.RunClients([&](const Call&) -> Status {
      BEACH_TRY((*file)->Append("x"));
      if (!hasty) BEACH_TRY((*file)->SyncData());
      ++told;
      return {};
    });
  }

  static Status Prepare(env::FileSystem& files) {
    BEACH_TRY_ASSIGN(const bool exists, files.Exists("lines"));
    if (!exists) BEACH_TRY(files.Open("lines", {.mode = env::OpenMode::kCreate}));
    return files.SyncDirectory(".");
  }
};

RunReport RunLines(bool hasty, const RunOptions& options) {
  return RunBody(
      [hasty](Simulation& simulation) {
        Lines lines{.hasty = hasty};
        RunLives(simulation, {.clients = {{{"line", 1}}}, .faults = UsualFaults()},
                 [&](Life& life) { lines.Live(simulation, life); });
      },
      options);
}

TEST(Lives, ThatKeepTheirWordAreFineHoweverTheyEnd) {
  std::uint64_t kills = 0;
  std::uint64_t power_losses = 0;
  std::uint64_t failed_syncs = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const RunReport report = RunLines(false, OfSeed(seed));
    EXPECT_TRUE(report.verdict.ok())
        << seed << ": " << report.verdict.signature << " " << report.verdict.message;
    const auto count = [&](const char* fault) {
      const auto found = report.faults.find(fault);
      return found == report.faults.end() ? 0 : found->second;
    };
    kills += count("crash.kill");
    power_losses += count("crash.power_loss");
    failed_syncs += count("disk.eio.sync");
  }
  EXPECT_GT(kills, kSeeds / 10);
  EXPECT_GT(power_losses, kSeeds / 10);
  EXPECT_GT(failed_syncs, 0U);
}

TEST(Lives, ThatDoNotAreFoundAndReplay) {
  std::uint64_t found = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const RunOptions options = OfSeed(seed);
    const RunReport report = RunLines(true, options);
    if (report.verdict.ok()) continue;
    EXPECT_EQ(report.verdict.signature, "test/lost");
    ++found;
    const auto artifact = MakeArtifact(TestScenario({}), options, report);
    const RunReport replayed = RunLines(true, OfSeed(seed, &artifact));
    EXPECT_EQ(replayed.hash, report.hash);
    EXPECT_FALSE(replayed.diverged_at.has_value());
  }
  EXPECT_GT(found, kSeeds / 10);
}

TEST(Lives, GiveEachClientItsCallsAndTheLastNone) {
  std::uint64_t lasts = 0;
  std::uint64_t firsts = 0;
  std::uint64_t calls = 0;
  const RunReport report = RunBody([&](Simulation& simulation) {
    RunLives(simulation,
             {.clients = {{{"a", 1}}, {{"b", 1}, {"never", 0}}}, .lives_max = 1, .number_max = 9},
             [&](Life& life) {
               (life.last() ? lasts : firsts) += 1;
               life.RunClients([&](const Call& call) -> Status {
                 EXPECT_FALSE(life.last());
                 EXPECT_LE(call.number, 9U);
                 EXPECT_EQ(call.kind, call.client == 0 ? "a" : "b");
                 ++calls;
                 return {};
               });
             });
  });
  EXPECT_TRUE(report.verdict.ok());
  EXPECT_EQ(lasts, 1U);
  EXPECT_EQ(firsts, 1U);
  EXPECT_EQ(calls, report.operations);
}

TEST(Lives, AnErrorThatNoFaultExplainsEndsTheRun) {
  const auto run = [](const char* fault, std::uint64_t rate) {
    RunOptions options = OfSeed(1);
    options.options = {{fault, rate}, {"life0.end", 0}};
    return RunBody(
        [&](Simulation& simulation) {
          RunLives(simulation, {.clients = {{{"a", 1}}}, .lives_max = 1, .faults = UsualFaults()},
                   [&](Life& life) {
                     if (life.last()) return;
                     (void)life.env().files->Open("x", {.mode = env::OpenMode::kCreate});
                     life.RunClients([](const Call&) -> Status {
                       return Fail(ErrorCode::kIo, "it does not feel like it");
                     });
                   });
        },
        options);
  };
  EXPECT_EQ(run("fault.disk.eio.metadata", 0).verdict.signature, "test/unexplained-error");
  EXPECT_TRUE(run("fault.process.descriptors", 1'000'000).verdict.ok());
}

TEST(Lives, RefuseOperationsThatAreNotOfTheirClients) {
  const RunOptions options = OfSeed(3);
  const RunReport report = RunLines(false, options);
  const auto good = MakeArtifact(TestScenario({}), options, report);
  ASSERT_FALSE(good.operations.empty());
  const auto signature_with = [&](auto change) {
    artifacts::Artifact artifact = good;
    change(artifact.operations);
    return RunLines(false, OfSeed(3, &artifact)).verdict.signature;
  };
  using Operations = std::vector<artifacts::Operation>;
  EXPECT_EQ(signature_with([](Operations& all) { all[0].kind = "erase"; }), "test/bad-workload");
  EXPECT_EQ(signature_with([](Operations& all) { all[0].client = 1; }), "test/bad-workload");
  EXPECT_EQ(signature_with([](Operations& all) { all[0].id = 0; }), "test/bad-workload");
  EXPECT_EQ(signature_with([](Operations& all) { all.push_back(all[0]); }), "test/bad-workload");
  EXPECT_EQ(signature_with([](Operations& all) { all[0].arguments.clear(); }), "test/bad-workload");
  EXPECT_EQ(signature_with([](Operations& all) { all[0].arguments = {"12x"}; }),
            "test/bad-workload");
  EXPECT_EQ(signature_with([](Operations& all) { all[0].arguments = {"99999"}; }), "ok");
  EXPECT_EQ(signature_with([](Operations& all) { all[0].life = 99; }), "ok");
}

}  // namespace
}  // namespace beach::sim
