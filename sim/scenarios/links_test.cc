// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/links.h"

#include <gtest/gtest.h>

#include "sim/scenarios/testing/whole_runs.h"

namespace beach::sim::scenarios {
namespace {

constexpr std::uint64_t kSeeds = testing::kSanitized ? 10 : 100;

TEST(Links, FreshSeedsFindNothing) {
  EXPECT_GT(testing::ExpectClean(Links(), 1, kSeeds).operations, 20 * kSeeds);
}

TEST(Links, EqualSeedsHaveEqualHashesWhereverMemoryLies) { testing::ExpectEqualHashes(Links(), 5); }

TEST(Links, ReplaysFromItsArtifact) { testing::ExpectReplays(Links(), 3); }

}  // namespace

}  // namespace beach::sim::scenarios
