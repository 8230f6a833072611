// SPDX-License-Identifier: Apache-2.0
//
// The log in several lives on a virtual machine: random work, power losses and kills at any seam
// call, also inside of an open, and in some lives a disk that fails. After each, what is found is
// all that was acknowledged and then some first part of the rest.
//
// DISK_LOG_SEEDS=10000 runs many; DISK_LOG_SEED=17 runs one and tells of it.

#include <gtest/gtest.h>

#include <cstdio>

#include "raft/disk/test_lives.h"
#include "sim/kernel/test_scenario.h"

namespace beach::raft::testing {
namespace {

struct Counts {
  std::uint64_t acknowledged = 0;
  std::uint64_t opened = 0;
  std::uint64_t failed = 0;
  std::uint64_t crashes = 0;
};

void RunWorld(sim::Simulation& simulation, Counts& counts) {
  World world{.simulation = simulation,
              .host = simulation.AddHost("a"),
              .random = simulation.Stream("raft_log.test")};
  const std::uint64_t lives = 2 + world.Draw(4);
  for (std::uint64_t life = 0; life < lives; ++life) {
    SetFaults(world, world.OneIn(4));
    const sim::Strike strike = world.OneIn(3) ? sim::Strike::kKill : sim::Strike::kPowerLoss;
    if (!world.OneIn(8)) {
      const std::uint64_t calls = world.OneIn(3) ? 200 : 4'000;
      simulation.ArmStrike(world.host, strike, 1 + world.Draw(calls));
    }
    RunLife(world, 1 + world.Draw(150));
    if (world.OneIn(4)) simulation.PowerLoss(world.host);
  }
  SetFaults(world, false);
  for (int again = 0; again < 2; ++again) {
    if (!RunLife(world, 0)) simulation.Fail("no-recovery", "an open without faults fails");
    simulation.PowerLoss(world.host);
  }
  counts.opened += world.opened;
  counts.acknowledged += world.acknowledged;
  counts.failed += world.failed;
  counts.crashes += world.crashes;
}

sim::RunReport RunSeed(std::uint64_t seed, Counts& counts, bool tell = false) {
  sim::RunOptions options;
  options.seed = seed;
  options.keep_trace = tell;
  return sim::RunBody([&counts](sim::Simulation& simulation) { RunWorld(simulation, counts); },
                      options);
}

TEST(DiskLogCrash, LeavesAllThatWasAcknowledgedAndAFirstPartOfTheRest) {
  const std::uint64_t only = FromEnvironment("DISK_LOG_SEED", 0);
  const std::uint64_t seeds = FromEnvironment("DISK_LOG_SEEDS", 150);
  Counts counts;
  for (std::uint64_t seed = only == 0 ? 1 : only; seed <= (only == 0 ? seeds : only); ++seed) {
    const sim::RunReport report = RunSeed(seed, counts, only != 0);
    EXPECT_EQ(report.verdict.signature, "ok") << "seed " << seed << ": " << report.verdict.message;
    if (only != 0) {
      for (const auto& line : report.trace) std::printf("%s\n", line.text.c_str());
    }
    if (HasFailure()) break;
  }
  if (only != 0) return;
  EXPECT_GT(counts.opened, 2 * seeds);
  EXPECT_GT(counts.crashes, seeds);
  EXPECT_GT(counts.failed, 0U);
  EXPECT_GT(counts.acknowledged, 20 * seeds);
}

}  // namespace
}  // namespace beach::raft::testing
