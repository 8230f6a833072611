// SPDX-License-Identifier: Apache-2.0
#include "env/marks.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace beach::env {
namespace {

TEST(Marks, DoNothingOutsideASimulation) {
  EXPECT_FALSE(BEACH_BUGGIFY("marks_test.buggify"));
  BEACH_SOMETIMES("marks_test.sometimes", true);
  BEACH_FAILPOINT("marks_test.failpoint");
  EXPECT_TRUE(BEACH_FAULTPOINT("marks_test.fault"));
}

TEST(Marks, AFaultPointFailsWhereTheHookSaysSo) {
  failpoint_hook.store([](Site site, FailpointKind kind) {
    return kind == FailpointKind::kFault && std::string_view(site.name) == "marks_test.fails";
  });
  EXPECT_TRUE(BEACH_FAULTPOINT("marks_test.goes_on"));
  const Status failed = BEACH_FAULTPOINT("marks_test.fails");
  failpoint_hook.store(nullptr);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::kIo);
  EXPECT_NE(failed.error().message().find("marks_test.fails"), std::string::npos);
}

// Run by hand: BEACH_MEASURE=1 prints what a passage costs where nothing is armed.
TEST(Marks, APassageThatIsNotArmedIsCheap) {
  const char* const measure = std::getenv("BEACH_MEASURE");
  const std::uint64_t passages = measure == nullptr ? 1'000 : 1'000'000'000;
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t failed = 0;
  for (std::uint64_t i = 0; i < passages; ++i) {
    BEACH_FAILPOINT("marks_test.passed");
    if (!BEACH_FAULTPOINT("marks_test.passed_too")) ++failed;
  }
  EXPECT_EQ(failed, 0U);
  const auto took = std::chrono::steady_clock::now() - begin;
  if (measure == nullptr) return;
  const auto ps = std::chrono::duration_cast<std::chrono::nanoseconds>(took).count() * 1'000;
  std::printf("a crash point and a fault point that are not armed: %llu ps\n",
              static_cast<unsigned long long>(ps) / passages);
}

TEST(MarksDeathTest, FailpointHookIsToldTheSite) {
  EXPECT_EXIT(
      {
        failpoint_hook.store([](Site site, FailpointKind) -> bool {
          std::_Exit(std::string_view(site.name) == "marks_test.killed" ? 3 : 4);
        });
        BEACH_FAILPOINT("marks_test.killed");
      },
      testing::ExitedWithCode(3), "");
}

}  // namespace
}  // namespace beach::env
