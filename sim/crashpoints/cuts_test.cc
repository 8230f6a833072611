// SPDX-License-Identifier: Apache-2.0
#include "sim/crashpoints/cuts.h"

#include <gtest/gtest.h>

#include <set>

namespace beach::sim::crashpoints {
namespace {

TEST(ChooseCutsTest, AllSubsetsWhereTheyAreFew) {
  std::set<std::uint64_t> lost;
  for (const PowerCut& cut : ChooseCuts(3, 8, 7)) {
    EXPECT_EQ(cut.mode, kCutChosen);
    lost.insert(cut.detail);
  }
  EXPECT_EQ(lost, (std::set<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(ChooseCuts(0, 8, 7).size(), 1U);
}

TEST(ChooseCutsTest, ExtremesAndEveryKindWhereTheyAreMany) {
  for (const std::uint64_t pending : {4U, 31U, 32U, 1000U}) {
    std::set<std::uint64_t> modes;
    const auto cuts = ChooseCuts(pending, 8, 7);
    EXPECT_EQ(cuts.size(), 8U);
    for (const PowerCut& cut : cuts) modes.insert(cut.mode);
    EXPECT_EQ(modes, (std::set<std::uint64_t>{kCutAll, kCutNone, 2, 4, 6, kCutChosen}));
  }
}

TEST(FindOrderingTest, NamesWhatHadToBeLostAndWhatKept) {
  // Fails when 2 is lost and 5 is kept, whatever the others.
  const auto fails = [](std::uint64_t lost) { return (lost & 4) != 0 && (lost & 32) == 0; };
  const Ordering ordering = FindOrdering(8, 0b1100'0111, fails);
  EXPECT_EQ(ordering.lost, 4U);
  EXPECT_EQ(ordering.kept, 32U);
}

TEST(FindOrderingTest, AFailureThatNeedsNothingLostSaysSo) {
  const Ordering ordering = FindOrdering(4, 0b1010, [](std::uint64_t) { return true; });
  EXPECT_EQ(ordering.lost, 0U);
  EXPECT_EQ(ordering.kept, 0U);
}

}  // namespace
}  // namespace beach::sim::crashpoints
