// SPDX-License-Identifier: Apache-2.0
#include "base/variant.h"

#include <gtest/gtest.h>

#include <string>

namespace beach {
namespace {

using Either = std::variant<int, std::string, bool>;

struct Name {
  std::string operator()(int number) const { return std::to_string(number); }
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(bool flag) const { return flag ? "yes" : "no"; }
};

TEST(Variant, VisitCallsWithWhatIsHeld) {
  const Either number = 7;
  Either text = std::string("seven");
  const Either flag = true;
  EXPECT_EQ(Visit(Name(), number), "7");
  EXPECT_EQ(Visit(Name(), text), "seven");
  EXPECT_EQ(Visit(Name(), flag), "yes");
}

TEST(Variant, WhatIsVisitedMayBeChanged) {
  Either text = std::string("one");
  Visit([](auto& held) { held = {}; }, text);
  EXPECT_EQ(As<std::string>(text), "");
  As<std::string>(text) = "two";
  EXPECT_EQ(std::get<std::string>(text), "two");
}

TEST(VariantDeathTest, AsAnotherKindStops) {
  const Either number = 7;
  EXPECT_DEATH(As<bool>(number), "check failed");
}

}  // namespace
}  // namespace beach
