// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_tables.h"

#include <gtest/gtest.h>

#include "sim/scenarios/testing/whole_runs.h"

namespace beach::sim::scenarios {
namespace {

constexpr std::uint64_t kSeeds = testing::kSanitized ? 10 : 100;

TEST(EngineTables, FreshSeedsFindNothing) {
  EXPECT_GT(testing::ExpectClean(EngineTables(), 1, kSeeds).operations, 50 * kSeeds);
}

TEST(EngineTables, EqualSeedsHaveEqualHashesWhereverMemoryLies) {
  testing::ExpectEqualHashes(EngineTables(), 5);
}

TEST(EngineTables, ReplaysFromItsArtifact) { testing::ExpectReplays(EngineTables(), 3); }

}  // namespace

}  // namespace beach::sim::scenarios
