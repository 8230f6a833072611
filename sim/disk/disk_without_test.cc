// SPDX-License-Identifier: Apache-2.0

// What a disk leaves out that a run is without (sim/groups.h), beyond what Decisions::Fault says no
// to by itself.
#include <gtest/gtest.h>

#include <string>

#include "sim/disk/disk_fixture.h"

namespace beach::sim {
namespace {

constexpr std::uint64_t kBlock = 4096;

TEST(DiskWithoutTest, NoSectorIsTornAndTheCutIsTheSame) {
  int torn = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    std::string contents[2];
    for (const bool tears : {true, false}) {
      DiskFixture f(seed, {.torn_percent = 100});
      if (!tears) f.decisions.SwitchOff("disk.torn_sector");
      const Descriptor file = f.CreateDurable("a", std::string(4 * kSectorSize, 'o'));
      for (std::uint64_t sector = 0; sector < 4; ++sector) {
        const std::string data(kSectorSize, 'n');
        ASSERT_EQ(f.disk->WriteAt(file, sector * kSectorSize, data, false), 0);
      }
      const std::uint64_t torn_here = f.PowerLoss(kCutMix).sectors_torn;
      if (!tears) {
        EXPECT_EQ(torn_here, 0U);
      }
      torn += torn_here > 0 ? 1 : 0;
      contents[tears ? 0 : 1] = f.Content("a");
    }
    for (std::size_t begin = 0; begin < contents[0].size(); begin += kSectorSize) {
      const std::string whole = contents[1].substr(begin, kSectorSize);
      EXPECT_EQ(whole, std::string(kSectorSize, whole[0]));
      const std::string other = contents[0].substr(begin, kSectorSize);
      if (other == std::string(kSectorSize, other[0])) {
        EXPECT_EQ(other, whole);
      }
    }
  }
  EXPECT_GT(torn, 20);
}

// Two files, written in this order: the second has survived only where the first has.
TEST(DiskWithoutTest, WhatSurvivesACutIsAPrefix) {
  int reordered = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    for (const bool reorders : {true, false}) {
      DiskFixture f(seed);
      if (!reorders) f.decisions.SwitchOff("disk.cut.mode");
      const Descriptor first = f.CreateDurable("a", "o");
      const Descriptor second = f.CreateDurable("b", "o");
      ASSERT_EQ(f.disk->WriteAt(first, 0, "n", false), 0);
      ASSERT_EQ(f.disk->WriteAt(second, 0, "n", false), 0);
      f.PowerLoss(kCutMix);
      const bool wrong = f.Content("b") == "n" && f.Content("a") == "o";
      if (!reorders) {
        EXPECT_FALSE(wrong);
      }
      reordered += wrong ? 1 : 0;
    }
  }
  EXPECT_GT(reordered, 5);
}

TEST(DiskWithoutTest, APowerLossTakesNothing) {
  DiskFixture f;
  f.decisions.SwitchOff("crash.power_loss");
  const Descriptor file = f.Create("a");
  ASSERT_EQ(f.disk->WriteAt(file, 0, "new", false), 0);
  const CutSummary cut = f.PowerLoss(kCutNone);
  EXPECT_EQ(cut.operations_kept, cut.operations_pending);
  EXPECT_EQ(f.Content("a"), "new");
}

TEST(DiskWithoutTest, AFullDiskTakesMore) {
  DiskFixture f(1, {.capacity_bytes = kBlock});
  f.decisions.SwitchOff("disk.full");
  const Descriptor file = f.Create("a");
  EXPECT_EQ(f.disk->WriteAt(file, 0, std::string(3 * kBlock, 'x'), false), 0);
  EXPECT_EQ(f.disk->Allocate(file, 4 * kBlock), 0);
  EXPECT_EQ(f.disk->FreeSpace(), 0U);  // it does not say so
  EXPECT_EQ(f.decisions.Counted("disk.full"), 0U);
}

TEST(DiskWithoutTest, NothingRotsAndNoDiskIsSwapped) {
  DiskFixture f;
  f.decisions.SwitchOff("disk.bit_rot");
  f.decisions.SwitchOff("disk.swapped");
  f.CreateDurable("a", std::string(kBlock, 'x'));
  EXPECT_EQ(f.disk->DamageRange("a", 0, kBlock, DiskFault::kBitRot), 0U);
  EXPECT_EQ(f.disk->DamageRange("a", 0, kSectorSize, DiskFault::kLatentSector), 1U);
  f.disk->SwapForEmpty();
  EXPECT_EQ(f.List("/"), std::vector<std::string>{"a"});
  EXPECT_EQ(f.decisions.Counted("disk.swapped"), 0U);
  DiskFixture other;
  f.disk->SwapWith(*other.disk);
  EXPECT_EQ(f.List("/"), std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace beach::sim
