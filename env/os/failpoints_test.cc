// SPDX-License-Identifier: Apache-2.0
#include "env/os/failpoints.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>

#include "env/marks.h"

namespace beach::env {
namespace {

TEST(Failpoints, NamesWithAndWithoutHits) {
  const auto all = ParseFailpoints("a,b_error:3");
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->front().name, "a");
  EXPECT_EQ(all->front().hit, 1U);
  EXPECT_EQ(all->back().name, "b_error");
  EXPECT_EQ(all->back().hit, 3U);
}

TEST(Failpoints, WhatMakesNoSenseIsSaid) {
  for (const char* text :
       {"", ",", "a,", ":1", "a:", "a:0", "a:x", "a:1x", "a:-1", "a:99999999999999999999999"}) {
    const auto all = ParseFailpoints(text);
    ASSERT_FALSE(all) << text;
    EXPECT_EQ(all.error().code(), ErrorCode::kInvalidArgument);
  }
}

// A process is armed once, so each of these is one of its own.
void Arm(const char* text) {
  ::setenv(kFailpointVariable, text, 1);
  if (!ArmFailpoints()) std::_Exit(9);
}

TEST(FailpointsDeathTest, DiesAtTheHitThatWasAskedFor) {
  EXPECT_EXIT(
      {
        Arm("failpoints_test.dies:2");
        for (int i = 0; i < 2; ++i) BEACH_FAILPOINT("failpoints_test.dies");
      },
      testing::KilledBySignal(SIGKILL), "failpoint failpoints_test.dies, passage 2: killed");
}

TEST(FailpointsDeathTest, FailsOnceCountsAndTellsWhatNeverStruck) {
  EXPECT_EXIT(
      {
        Arm("failpoints_test.fails:2,failpoints_test.nowhere");
        int failed = 0;
        for (int i = 0; i < 3; ++i) {
          if (!BEACH_FAULTPOINT("failpoints_test.fails")) failed = 10 * failed + i;
        }
        const auto unstruck = UnstruckFailpoints();
        const auto counts = FailpointCounts();
        const bool right = failed == 1 && unstruck.size() == 1 &&
                           unstruck[0] == "failpoints_test.nowhere" && counts.size() == 1 &&
                           counts[0].name == "failpoints_test.fails" && counts[0].passages == 3;
        std::_Exit(right ? 7 : 8);
      },
      testing::ExitedWithCode(7), "failpoint failpoints_test.fails, passage 2: failed");
}

TEST(FailpointsDeathTest, CountingStrikesNowhere) {
  EXPECT_EXIT(
      {
        Arm("count");
        BEACH_FAILPOINT("failpoints_test.counted");
        std::_Exit(UnstruckFailpoints().empty() && FailpointCounts().size() == 1 ? 7 : 8);
      },
      testing::ExitedWithCode(7), "");
}

TEST(FailpointsDeathTest, NonsenseInTheVariableIsAnError) {
  EXPECT_EXIT(
      {
        ::setenv(kFailpointVariable, "a:0", 1);
        std::_Exit(ArmFailpoints() ? 8 : 7);
      },
      testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace beach::env
