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
}

TEST(MarksDeathTest, FailpointHookIsToldTheSite) {
  EXPECT_EXIT(
      {
        failpoint_hook.store([](Site site) {
          std::_Exit(std::string_view(site.name) == "marks_test.killed" ? 3 : 4);
        });
        BEACH_FAILPOINT("marks_test.killed");
      },
      testing::ExitedWithCode(3), "");
}

}  // namespace
}  // namespace beach::env
