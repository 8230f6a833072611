// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/child.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "bench/machine.h"
#include "bench/signals.h"

namespace beach::bench {
namespace {

constexpr std::uint64_t kLong = 60'000'000'000;

TEST(RunInChild, BringsTheResultAndTheProgressAndChangesNothingHere) {
  int here = 0;
  std::uint64_t told = 0;
  const auto result = RunInChild(
      [&](Progress& progress) -> Result<CellResult> {
        here = 1;
        progress = 42;
        return CellResult{.operations = 7};
      },
      [&](std::uint64_t operations) { told = operations; }, kLong);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->operations, 7U);
  EXPECT_EQ(told, 42U);
  EXPECT_EQ(here, 0);
}

TEST(RunInChild, BringsAnErrorWithItsCodeHoweverLong) {
  const auto result = RunInChild(
      [](Progress&) -> Result<CellResult> {
        return Fail(ErrorCode::kCorruption, "torn " + std::string(5000, 'x'));
      },
      [](std::uint64_t) {}, kLong);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kCorruption);
  EXPECT_NE(result.error().message().find("torn xxx"), std::string::npos);
}

TEST(RunInChild, TellsHowAProcessDied) {
  const auto result = RunInChild(
      [](Progress&) -> Result<CellResult> {
        std::raise(SIGTERM);
        return CellResult{};
      },
      [](std::uint64_t) {}, kLong);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("signal 15"), std::string::npos);
}

TEST(RunInChild, StopsOneThatTakesTooLong) {
  const auto result = RunInChild(
      [](Progress&) -> Result<CellResult> {
        while (true) SleepNs(1'000'000'000);
      },
      [](std::uint64_t) {}, 30'000'000);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("out of time"), std::string::npos);
}

// The signal is there before the child is, as if it had come between two.
TEST(RunInChild, EndsTheChildWhenThisProcessIsAskedToEnd) {
  const HeldSignals signals;
  ::kill(::getpid(), SIGTERM);
  const auto result = RunInChild(
      [](Progress&) -> Result<CellResult> {
        while (true) SleepNs(1'000'000'000);
      },
      [](std::uint64_t) {}, kLong);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("asked to end"), std::string::npos);
}

TEST(RunInChild, OneThatExitsWithoutAResultHasFailed) {
  const auto result = RunInChild([](Progress&) -> Result<CellResult> { std::_Exit(0); },
                                 [](std::uint64_t) {}, kLong);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("without a result"), std::string::npos);
}

}  // namespace
}  // namespace beach::bench
