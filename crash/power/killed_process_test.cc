// SPDX-License-Identifier: Apache-2.0
#include "crash/power/killed_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace beach::crash {
namespace {

std::string StatusOf(const std::string& state, const std::string& thread,
                     const std::string& process) {
  return "Name:\tSigPnd: x\nState:\t" + state + "\nSigPnd:\t" + thread + "\nShdPnd:\t" + process +
         "\nSigBlk:\tffffffffffffffff\n";
}

TEST(KilledProcessTest, AKillIsSeenAmongPendingSignals) {
  const std::string none = "0000000000000000";
  const std::string kill = "0000000000000100";   // bit 8: signal 9
  const std::string other = "fffffffffffffeff";  // all but that
  EXPECT_FALSE(StatusTellsOfKill(StatusOf("D (disk sleep)", none, none)));
  EXPECT_FALSE(StatusTellsOfKill(StatusOf("D (disk sleep)", other, other)));
  EXPECT_TRUE(StatusTellsOfKill(StatusOf("D (disk sleep)", kill, none)));
  EXPECT_TRUE(StatusTellsOfKill(StatusOf("D (disk sleep)", none, kill)));
}

TEST(KilledProcessTest, WhoIsGoneIsKilled) {
  EXPECT_TRUE(StatusTellsOfKill(StatusOf("Z (zombie)", "0", "0")));
  EXPECT_TRUE(StatusTellsOfKill(""));
  EXPECT_TRUE(IsBeingKilled(0));
  EXPECT_FALSE(IsBeingKilled(::getpid()));
}

}  // namespace
}  // namespace beach::crash
