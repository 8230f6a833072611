// SPDX-License-Identifier: Apache-2.0
#include "env/marks.h"

#include <gtest/gtest.h>

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
