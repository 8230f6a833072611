// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_memory.h"

#include <gtest/gtest.h>

#include "sim/scenarios/testing/whole_runs.h"

namespace beach::sim::scenarios {
namespace {

constexpr std::uint64_t kSeeds = testing::kSanitized ? 10 : 100;

TEST(EngineMemory, FreshSeedsFindNothing) {
  EXPECT_GT(testing::ExpectClean(EngineMemory(), 1, kSeeds).operations, 50 * kSeeds);
}

TEST(EngineMemory, EqualSeedsHaveEqualHashesWhereverMemoryLies) {
  testing::ExpectEqualHashes(EngineMemory(), 5);
}

TEST(EngineMemory, ReplaysFromItsArtifact) { testing::ExpectReplays(EngineMemory(), 3); }

}  // namespace

}  // namespace beach::sim::scenarios
