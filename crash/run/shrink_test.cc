// SPDX-License-Identifier: Apache-2.0
#include "crash/run/shrink.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace beach::crash {
namespace {

bool Has(const Life& life, std::uint64_t id) {
  return std::ranges::any_of(life.operations, [&](const auto& one) { return one.id == id; });
}

TEST(Shrink, WhatTheFailureNeedsStays) {
  const Plan plan = MakePlan({.seed = 4, .cycles = 6, .operations = 40});
  // Fails with two operations of different lives, of which the later one dies somewhere.
  std::uint64_t asked = 0;
  const StillFails fails = [&](const Plan& candidate) -> Result<bool> {
    ++asked;
    bool first = false;
    for (const Life& life : candidate.lives) {
      first = first || Has(life, 17);
      if (first && Has(life, 171)) return true;
    }
    return false;
  };
  ASSERT_TRUE(*fails(plan));
  const auto small = Shrink(plan, fails, [] { return true; });
  ASSERT_TRUE(small);
  EXPECT_TRUE(*fails(*small));
  EXPECT_EQ(CountOperations(*small), 2U);
  EXPECT_EQ(small->lives.size(), 2U);
  EXPECT_EQ(small->options.at(kSettleKnob), 1U);
  for (const Life& life : small->lives) EXPECT_TRUE(life.armed.empty());
  EXPECT_LT(asked, 400U);
}

TEST(Shrink, StopsWhenItIsTold) {
  const Plan plan = MakePlan({.seed = 4});
  std::uint64_t asked = 0;
  const StillFails fails = [&](const Plan&) -> Result<bool> {
    ++asked;
    return true;
  };
  const auto small = Shrink(plan, fails, [&] { return asked < 3; });
  ASSERT_TRUE(small);
  EXPECT_EQ(asked, 3U);
}

TEST(Shrink, AnErrorEndsIt) {
  const StillFails fails = [](const Plan&) -> Result<bool> {
    return Fail(ErrorCode::kIo, "no process can be started");
  };
  EXPECT_FALSE(Shrink(MakePlan({.seed = 4}), fails, [] { return true; }));
}

}  // namespace
}  // namespace beach::crash
