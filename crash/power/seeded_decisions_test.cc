// SPDX-License-Identifier: Apache-2.0
#include "crash/power/seeded_decisions.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace beach::crash {
namespace {

constexpr Site kSync = "disk.eio.sync";
constexpr std::uint64_t kMillion = 1'000'000;

TEST(SeededDecisionsTest, SameSeedSameValues) {
  SeededDecisions one(7);
  SeededDecisions same(7);
  SeededDecisions other(8);
  bool differs = false;
  for (int i = 0; i < 20; ++i) {
    const std::uint64_t value = one.Draw(kSync);
    EXPECT_EQ(value, same.Draw(kSync));
    differs = differs || value != other.Draw(kSync);
  }
  EXPECT_TRUE(differs);
}

TEST(SeededDecisionsTest, AValueDependsOnItsOwnSiteAlone) {
  SeededDecisions disturbed(7);
  SeededDecisions alone(7);
  disturbed.Draw("disk.cut.mode");
  EXPECT_EQ(disturbed.Draw(kSync), alone.Draw(kSync));
}

TEST(SeededDecisionsTest, AChoiceOfTheMachineDependsOnItsNumberAlone) {
  SeededDecisions one(7);
  SeededDecisions other(7);
  one.ChooseFor("disk.cut.mode", "", 1, 1000);
  one.Draw("disk.cut.mode");
  EXPECT_EQ(one.ChooseFor("disk.cut.mode", "", 2, kMillion),
            other.ChooseFor("disk.cut.mode", "", 2, kMillion));
  EXPECT_NE(other.ChooseFor("disk.cut.mode", "", 3, kMillion),
            other.ChooseFor("disk.cut.mode", "", 2, kMillion));
}

TEST(SeededDecisionsTest, FaultsStrikeAtTheirRateAndAreCounted) {
  SeededDecisions decisions(7);
  EXPECT_FALSE(decisions.Planned(kSync));
  EXPECT_EQ(decisions.Fault(kSync, 2), 0U);
  const std::uint64_t version = decisions.plan_version();
  ASSERT_TRUE(decisions.SetRate("disk.eio.sync", kMillion / 4));
  EXPECT_NE(decisions.plan_version(), version);
  EXPECT_TRUE(decisions.Planned(kSync));
  std::uint64_t strikes = 0;
  std::uint64_t second_outcomes = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::uint64_t outcome = decisions.Fault(kSync, 2);
    ASSERT_LE(outcome, 2U);
    strikes += outcome != 0 ? 1 : 0;
    second_outcomes += outcome == 2 ? 1 : 0;
  }
  EXPECT_GT(strikes, 800U);
  EXPECT_LT(strikes, 1200U);
  EXPECT_GT(second_outcomes, 300U);
  EXPECT_LT(second_outcomes, 700U);
  const auto faults = decisions.Faults();
  const auto told = std::ranges::find(faults, "disk.eio.sync", &FaultRate::site);
  ASSERT_NE(told, faults.end());
  EXPECT_EQ(told->strikes, strikes);
  EXPECT_EQ(told->label, "detect");
  ASSERT_TRUE(decisions.SetRate("disk.eio.sync", 0));
  EXPECT_EQ(decisions.Fault(kSync, 2), 0U);
  EXPECT_TRUE(decisions.Planned(kSync));  // it ever had a rate
}

TEST(SeededDecisionsTest, WhatHasNoRateIsRefused) {
  SeededDecisions decisions(7);
  for (const char* site : {"disk.none", "", "disk.full", "disk.torn_sector", "disk.stall"}) {
    const Status set = decisions.SetRate(site, 1);
    ASSERT_FALSE(set) << site;
    EXPECT_EQ(set.error().code(), ErrorCode::kInvalidArgument);
  }
  EXPECT_FALSE(decisions.SetRate("disk.eio.sync", kMillion + 1));
}

}  // namespace
}  // namespace beach::crash
