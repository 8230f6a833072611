// SPDX-License-Identifier: Apache-2.0
#include "sim/preempt/race_detector.h"

#include <gtest/gtest.h>

#include "sim/preempt/race_text.h"

namespace beach::sim::preempt {
namespace {

constexpr std::uintptr_t kData = 0x1000;
constexpr std::uintptr_t kFlag = 0x2000;
constexpr std::uintptr_t kMutex = 0x3000;
constexpr Order kRelaxed{};
constexpr Order kAcquire{.acquires = true};
constexpr Order kRelease{.releases = true};
constexpr Order kBoth{.acquires = true, .releases = true};

// Two threads that nothing orders, and a third that both know nothing of.
class RaceDetectorTest : public testing::Test {
 protected:
  bool Write(ThreadIndex thread, std::uintptr_t address = kData, std::size_t size = 8) {
    return detector.Touch(thread, address, size, Access::kIsWrite, {.at = 10}).has_value();
  }
  bool Read(ThreadIndex thread, std::uintptr_t address = kData, std::size_t size = 8) {
    return detector.Touch(thread, address, size, 0, {.at = 20}).has_value();
  }
  bool Load(ThreadIndex thread, Order order) {
    return detector.Atomic(thread, kFlag, 8, AtomicKind::kLoad, order, {}).has_value();
  }
  bool Store(ThreadIndex thread, Order order) {
    return detector.Atomic(thread, kFlag, 8, AtomicKind::kStore, order, {}).has_value();
  }
  bool Modify(ThreadIndex thread, Order order) {
    return detector.Atomic(thread, kFlag, 8, AtomicKind::kReadModifyWrite, order, {}).has_value();
  }

  RaceDetector detector;
  const ThreadIndex main = detector.Begin(std::nullopt);
  const ThreadIndex a = detector.Begin(main);
  const ThreadIndex b = detector.Begin(main);
};

TEST_F(RaceDetectorTest, TwoReadsAreNoRaceAWriteBesideAnyAccessIs) {
  EXPECT_FALSE(Read(a));
  EXPECT_FALSE(Read(b));
  EXPECT_TRUE(Write(b));
}

TEST_F(RaceDetectorTest, WritesRace) {
  EXPECT_FALSE(Write(a));
  EXPECT_TRUE(Write(b));
}

TEST_F(RaceDetectorTest, OverlapIsByByte) {
  EXPECT_FALSE(Write(a, kData, 4));
  EXPECT_FALSE(Write(b, kData + 4, 4));
  EXPECT_TRUE(Read(b, kData + 3, 1));
}

TEST_F(RaceDetectorTest, ALongAccessRacesInItsMiddle) {
  EXPECT_FALSE(Write(a, kData + 1000, 1));
  EXPECT_FALSE(Read(b, kData, 1000));
  EXPECT_TRUE(Read(b, kData + 3, 1001));
}

TEST_F(RaceDetectorTest, StartsAndJoinsOrder) {
  EXPECT_FALSE(Write(main));
  const ThreadIndex child = detector.Begin(main);
  EXPECT_FALSE(Write(child));
  detector.Join(main, child);
  EXPECT_FALSE(Write(main));
  EXPECT_TRUE(Read(a));  // it began before
}

TEST_F(RaceDetectorTest, WhatTheParentDoesAfterTheStartIsNotOrdered) {
  const ThreadIndex child = detector.Begin(main);
  EXPECT_FALSE(Write(main));
  EXPECT_TRUE(Read(child));
}

TEST_F(RaceDetectorTest, LocksOrder) {
  detector.Acquire(a, kMutex);
  EXPECT_FALSE(Write(a));
  detector.Release(a, kMutex);
  detector.Acquire(b, kMutex);
  EXPECT_FALSE(Write(b));
  detector.Release(b, kMutex);
  EXPECT_TRUE(Write(a));  // without the lock
}

TEST_F(RaceDetectorTest, AnotherLockOrdersNothing) {
  EXPECT_FALSE(Write(a));
  detector.Release(a, kMutex);
  detector.Acquire(b, kMutex + 8);
  EXPECT_TRUE(Write(b));
}

TEST_F(RaceDetectorTest, AReleaseIsSeenByAnAcquire) {
  EXPECT_FALSE(Write(a));
  EXPECT_FALSE(Store(a, kRelease));
  EXPECT_FALSE(Load(b, kAcquire));
  EXPECT_FALSE(Read(b));
  EXPECT_TRUE(Write(a)) << "what follows the release is not covered";
}

TEST_F(RaceDetectorTest, RelaxedOnEitherSideOrdersNothing) {
  EXPECT_FALSE(Write(a));
  EXPECT_FALSE(Store(a, kRelaxed));
  EXPECT_FALSE(Load(b, kAcquire));
  EXPECT_TRUE(Read(b));
}

TEST_F(RaceDetectorTest, ARelaxedLoadKnowsNothing) {
  EXPECT_FALSE(Write(a));
  EXPECT_FALSE(Store(a, kRelease));
  EXPECT_FALSE(Load(b, kRelaxed));
  EXPECT_TRUE(Read(b));
}

TEST_F(RaceDetectorTest, ARelaxedModificationCarriesTheReleaseOn) {
  const ThreadIndex c = detector.Begin(main);
  EXPECT_FALSE(Write(a));
  EXPECT_FALSE(Store(a, kRelease));
  EXPECT_FALSE(Modify(b, kRelaxed));
  EXPECT_FALSE(Load(c, kAcquire));
  EXPECT_FALSE(Read(c));
}

TEST_F(RaceDetectorTest, ARelaxedStoreEndsTheReleaseSequence) {
  EXPECT_FALSE(Write(a));
  EXPECT_FALSE(Store(a, kRelease));
  EXPECT_FALSE(Store(b, kRelaxed));
  EXPECT_FALSE(Load(b, kAcquire));
  EXPECT_TRUE(Read(b));
}

TEST_F(RaceDetectorTest, FencesMakeRelaxedOperationsCount) {
  EXPECT_FALSE(Write(a));
  detector.Fence(a, kRelease);
  EXPECT_FALSE(Store(a, kRelaxed));
  EXPECT_FALSE(Load(b, kRelaxed));
  detector.Fence(b, kAcquire);
  EXPECT_FALSE(Read(b));
}

TEST_F(RaceDetectorTest, AFenceCoversWhatWasDoneBeforeIt) {
  detector.Fence(a, kRelease);
  EXPECT_FALSE(Write(a));
  EXPECT_FALSE(Store(a, kRelaxed));
  EXPECT_FALSE(Load(b, kRelaxed));
  detector.Fence(b, kAcquire);
  EXPECT_TRUE(Read(b));
}

TEST_F(RaceDetectorTest, AtomicsDoNotRaceWithEachOtherButWithPlainAccesses) {
  EXPECT_FALSE(Store(a, kRelaxed));
  EXPECT_FALSE(Modify(b, kBoth));
  EXPECT_TRUE(Write(b, kFlag));
}

TEST_F(RaceDetectorTest, AFreeIsAWriteOfAllThatWasTouched) {
  EXPECT_FALSE(Read(a, kData + 64));
  const auto race = detector.Free(b, kData, 4096, {});
  ASSERT_TRUE(race.has_value());
  EXPECT_NE(race->now.kind & Access::kIsFree, 0);
}

TEST_F(RaceDetectorTest, FreshMemoryHasNoPast) {
  EXPECT_FALSE(Write(a));
  EXPECT_FALSE(Write(a, kFlag));
  EXPECT_FALSE(Store(a, kRelease));
  detector.Fresh(kData, 8);
  EXPECT_FALSE(Write(b));
  detector.Fresh(kFlag, 8);
  EXPECT_FALSE(Load(b, kAcquire));  // of another object: no edge either
  detector.Release(a, kMutex);
  EXPECT_FALSE(Write(a, kData + 8));
  EXPECT_TRUE(Read(b, kData + 8));
}

// Four accesses are kept of eight bytes; a write is not forgotten for a read by the same thread.
TEST_F(RaceDetectorTest, AReadDoesNotHideAWriteOfTheSameThread) {
  EXPECT_FALSE(Write(a));
  detector.Release(a, kMutex);
  EXPECT_FALSE(Read(a));
  EXPECT_TRUE(Read(b));
}

TEST_F(RaceDetectorTest, ForgetsTheOldestBeyondItsLimit) {
  EXPECT_FALSE(Write(a));
  for (std::uintptr_t page = 1; page <= Shadow::kPagesMax; ++page) {
    EXPECT_FALSE(Write(a, 0x100000 + page * Shadow::kPageBytes));
  }
  EXPECT_FALSE(Write(b)) << "forgotten";
  EXPECT_TRUE(Write(b, 0x100000 + Shadow::kPagesMax * Shadow::kPageBytes));
}

TEST(RaceText, HasNoValuesInTheRuleAndAllThatIsKnownInTheMessage) {
  const Race race{.before = {.thread = 1, .place = {.at = 0x20, .caller = 0x30}, .size = 4},
                  .now = {.thread = 0, .place = {.at = 0x10}, .kind = Access::kIsWrite, .size = 8}};
  const std::string names[] = {"main", "reader"};
  const RaceText text = Describe(race, names);
  EXPECT_EQ(text.rule, "data-race +0x10 + +0x20");  // nobody names places here
  EXPECT_EQ(
      text.message,
      "thread 'main' writes 8 bytes in +0x10; thread 'reader' read 4 of them in +0x20, called "
      "by +0x30; nothing orders the two");
}

}  // namespace
}  // namespace beach::sim::preempt
