// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <gtest/gtest.h>

namespace beach {
namespace {

TEST(ParseSize, TakesBytesAndPowersOf1024) {
  EXPECT_EQ(ParseSize("4096"), 4096U);
  EXPECT_EQ(ParseSize("64K"), 65536U);
  EXPECT_EQ(ParseSize("256M"), std::uint64_t{256} << 20);
  EXPECT_EQ(ParseSize("4G"), std::uint64_t{4} << 30);
}

TEST(ParseSize, RefusesWhatIsNoSizeOrDoesNotFit) {
  for (const char* text : {"", "M", "-1", "1.5G", "4g", "4 G", "4GB", "18446744073709551616",
                           "16777216T", "99999999999G"}) {
    EXPECT_FALSE(ParseSize(text)) << text;
  }
  EXPECT_TRUE(ParseSize("16777215T"));
}

TEST(ParseTime, TakesUnitsAndSecondsWithout) {
  EXPECT_EQ(ParseTime("60"), 60'000'000'000U);
  EXPECT_EQ(ParseTime("500ms"), 500'000'000U);
  EXPECT_EQ(ParseTime("20m"), 1'200'000'000'000U);
  EXPECT_EQ(ParseTime("2h"), 7'200'000'000'000U);
}

TEST(ParseTime, RefusesOtherTextAndMoreThanAYear) {
  for (const char* text : {"", "s", "1d", "-5s", "1h30m", "8761h"}) EXPECT_FALSE(ParseTime(text));
  EXPECT_TRUE(ParseTime("8760h"));
}

}  // namespace
}  // namespace beach
